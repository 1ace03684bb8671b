/* inspect: what changed between two ELF files, without running them. */
#include "cmd/finish.h"
#include "cmd/sides.h"
#include "cmd/verb.h"

static const struct argp_child children[] = { { &argp_output, 0, "How to show:", 2 }, { 0 } };

static const struct argp_option own[] = {
    { "all", 'a', NULL, 0, "Every fact, not the first of each kind (as --verbose)", 1 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    if (key != 'a')
        return options_positional(key, arg, state);
    ((struct options *)state->input)->output.verbose = true;
    return 0;
}

static const struct argp argp = {
    .options = own,
    .parser = parse,
    .args_doc = "OLD NEW",
    .doc = "Shows what changed between two ELF files and the shared libraries that they load: code, data, types, symbols, "
           "sections, TLS, relocations, compiler. Runs nothing; exit status 0 whatever changed.",
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
    result->session.complete = true; /* nothing was to run */
    struct progress progress = progress_new(o.output.quiet);
    if (!sides_read(result, o.positional, SIDES_READ, &progress, &err) || !show(result, &o.output, &err))
        status = fail(&err);
    result_free(result);
    options_free(&o);
    return status;
}
