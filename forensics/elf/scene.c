#include "elf/scene.h"

#include "elf/image.h"
#include "elf/names.h"
#include "elf/symbolize.h"

#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    const struct symbol *x = *(const struct symbol *const *)a, *y = *(const struct symbol *const *)b;
    int order = strcmp(x->name, y->name);
    return order ? order : (x > y) - (x < y);
}

struct scene *scene_make(struct arena *arena, const struct inventory *inv)
{
    struct scene *s = arena_alloc(arena, sizeof *s);
    s->inv = inv;
    s->slots = slots_read(arena, inv->image, &s->slot_count);
    s->frames = inv->image->frames;
    s->returns = arena_alloc(arena, inv->symbol_count);
    size_t colds = 0;
    for (size_t i = 0; i < inv->symbol_count; i++)
        colds += inv->symbols[i].kind == SYMBOL_FUNCTION && name_is_cold_part(inv->symbols[i].name);
    s->cold = arena_array(arena, colds, sizeof *s->cold);
    for (size_t i = 0; i < inv->symbol_count; i++)
        if (inv->symbols[i].kind == SYMBOL_FUNCTION && name_is_cold_part(inv->symbols[i].name))
            s->cold[s->cold_count++] = &inv->symbols[i];
    if (s->cold_count)
        qsort(s->cold, s->cold_count, sizeof *s->cold, by_name);
    return s;
}

const char *scene_slot_name(const struct scene *scene, uint64_t address)
{
    return slot_name(scene->slots, scene->slot_count, address);
}

const char *scene_plt_name(const struct scene *scene, uint64_t address)
{
    const struct image *image = scene->inv->image;
    struct insn insn;
    for (unsigned steps = 0; image->decodes && steps < 2; steps++) { /* endbr64, jmp *slot(%rip) */
        uint64_t room = image_room(image, address);
        if (!room || !disasm(image_at(image, address, room), room, address, &insn))
            return NULL;
        if (insn.flow == FLOW_JUMP_INDIRECT && insn.rip_relative)
            return scene_slot_name(scene, insn.reference);
        if (!insn.endbr)
            return NULL;
        address += insn.length;
    }
    return NULL;
}

const char *scene_callee(const struct scene *scene, uint64_t address)
{
    const struct symbol *s = symbol_at(scene->inv, address);
    if (s)
        return s->made_up ? NULL : s->base_name;
    return scene_plt_name(scene, address);
}

/* "foo.cold" and "foo.cold.7" belong to foo, "foo.isra.0.cold" to foo.isra.0. */
static bool is_cold_part_of(const char *name, const char *function, size_t length)
{
    return strncmp(name, function, length) == 0 && strncmp(name + length, ".cold", 5) == 0;
}

const struct symbol *scene_cold_part(const struct scene *scene, const struct symbol *function)
{
    size_t low = 0, high = scene->cold_count, length = strlen(function->name);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(scene->cold[middle]->name, function->name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    const struct symbol *first = NULL;
    for (size_t i = low; i < scene->cold_count && i < low + 64; i++) {
        const struct symbol *c = scene->cold[i];
        if (!is_cold_part_of(c->name, function->name, length))
            continue;
        bool same_file = !function->local || !c->file || !function->file || strcmp(c->file, function->file) == 0;
        if (same_file)
            return c;
        first = first ? first : c;
    }
    return function->local ? NULL : first;
}

/* Functions that the C and C++ libraries declare noreturn and that compilers call. */
static bool is_known_end(const char *name)
{
    static const char *const known[] = { "abort",
                                         "exit",
                                         "_exit",
                                         "_Exit",
                                         "quick_exit",
                                         "__stack_chk_fail",
                                         "__assert_fail",
                                         "__chk_fail",
                                         "__fortify_fail",
                                         "longjmp",
                                         "siglongjmp",
                                         "pthread_exit",
                                         "_Unwind_Resume",
                                         "__cxa_throw",
                                         "__cxa_rethrow",
                                         "__cxa_bad_cast",
                                         "__cxa_throw_bad_array_new_length",
                                         "__longjmp_chk",
                                         "err",
                                         "errx",
                                         "verr",
                                         "verrx" };
    for (size_t i = 0; name && i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i], name) == 0)
            return true;
    return name && strncmp(name, "_ZSt", 4) == 0 && strstr(name, "__throw_") != NULL;
}

/* Whether straight through all of a function's code there is a return or a jump out of it to something that may
 * return. */
static bool has_way_out(const struct scene *scene, const struct symbol *s)
{
    uint64_t extent = symbol_extent(scene->inv, s);
    const unsigned char *code = image_at(scene->inv->image, s->address, extent);
    for (uint64_t at = 0; code && at < extent;) {
        struct insn insn;
        if (!disasm(code + at, extent - at, s->address + at, &insn))
            return true;
        bool out = insn.target - s->address >= extent;
        if (insn.flow == FLOW_RETURN || insn.flow == FLOW_JUMP_INDIRECT)
            return true;
        if ((insn.flow == FLOW_JUMP || insn.flow == FLOW_BRANCH) && out &&
            !is_known_end(scene_callee(scene, insn.target)))
            return true;
        at += insn.length;
    }
    return !code;
}

bool scene_never_returns(struct scene *scene, uint64_t address)
{
    const struct symbol *s = symbol_at(scene->inv, address);
    if (!s)
        return is_known_end(scene_plt_name(scene, address));
    unsigned char *answer = &scene->returns[s - scene->inv->symbols];
    if (*answer == 0)
        *answer = is_known_end(s->name) || !has_way_out(scene, s) ? 2 : 1;
    return *answer == 2;
}
