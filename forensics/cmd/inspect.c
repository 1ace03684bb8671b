/* inspect: what changed between two ELF files, without running them. */
#include "cmd/finish.h"
#include "cmd/verb.h"
#include "elf/delta.h"
#include "elf/inventory.h"

static const struct argp_child children[] = { { &argp_output, 0, "How to show:", 2 }, { 0 } };

static const struct argp argp = {
    .parser = options_positional,
    .args_doc = "OLD NEW",
    .doc = "Shows what changed between two ELF files: sections, symbols, TLS, relocations, compiler. Runs nothing; exit "
           "status 0 whatever changed.",
    .children = children,
};

int verb_inspect(int argc, char **argv)
{
    struct options o = options_new();
    struct err err = ERR_INIT;
    struct result *result = result_new();
    int status = EXIT_OK;
    o.positional_min = o.positional_max = 2;
    o.missing = "two ELF files are needed: OLD NEW";
    options_parse(&o, &argp, argc, argv);
    for (int side = 0; side < 2 && status == EXIT_OK; side++) {
        struct inventory *inv = inventory_read(result->arena, o.positional[side], &err);
        if (!inv) {
            status = fail(&err);
            continue;
        }
        result->inventory[side] = inv;
        result->side[side] = (struct side_info){ .path = inv->path, .build_id = inv->build_id, .sha256 = inv->sha256, .size = inv->size };
    }
    if (status == EXIT_OK) {
        result->session.complete = true; /* nothing was to run */
        result->delta = delta_make(result->arena, result->inventory[SIDE_OLD], result->inventory[SIDE_NEW]);
        if (!show(result, &o.output, &err))
            status = fail(&err);
    }
    result_free(result);
    options_free(&o);
    return status;
}
