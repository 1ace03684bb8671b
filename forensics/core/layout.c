#include "core/layout.h"

#include <string.h>

const struct layout_axis_row layout_axis_table[AXIS_COUNT] = {
    [AXIS_TEXT] = { "text", "functions" },
    [AXIS_DATA] = { "data", "data symbols and the TLS block" },
    [AXIS_HEAP] = { "heap", "the heap and anonymous mappings" },
    [AXIS_STACK] = { "stack", "the stack" },
};

const struct layout_family_row layout_family_table[FAMILY_COUNT] = {
    [FAMILY_SHIPPED] = { "shipped", "as the process had it", EXPERIMENT_NONE },
    [FAMILY_ORDER] = { "order", "another order, packed", EXPERIMENT_OBJECTS },
    [FAMILY_PAD] = { "pad", "shipped order, padded", EXPERIMENT_OBJECTS },
    [FAMILY_OLD_PLACE] = { "old-place", "common objects where old has them", EXPERIMENT_NONE },
    [FAMILY_NEW_PLACE] = { "new-place", "common objects where new has them", EXPERIMENT_NONE },
    [FAMILY_ONE] = { "one", "one function at old's place in the page", EXPERIMENT_NONE },
    [FAMILY_PACK] = { "pack", "data packed as it is first read", EXPERIMENT_PACKED },
    [FAMILY_LOOPS] = { "loops", "loops and blocks inside functions, padded", EXPERIMENT_LOOPS },
    [FAMILY_SPREAD] = { "spread", "the heap's pages, each turned by some lines", EXPERIMENT_SPREAD },
    [FAMILY_HUGE] = { "huge-pages", "as shipped, code on pages of 2 MiB", EXPERIMENT_NONE },
};

const struct layout_experiment_row layout_experiment_table[EXPERIMENT_COUNT] = {
    [EXPERIMENT_NONE] = { "none", NULL },
    [EXPERIMENT_OBJECTS] = { "objects", NULL },
    [EXPERIMENT_PACKED] = { "packed", "packed data" },
    [EXPERIMENT_LOOPS] = { "loops", "loops, blocks" },
    [EXPERIMENT_SPREAD] = { "spread", "spread heap" },
};

const struct remedy_row remedy_table[REMEDY_COUNT] = {
    [REMEDY_ALIGN] = { "align-function", "Align one function to 64 bytes" },
    [REMEDY_PLACE] = { "place-function", "Put one function where in the line old has it" },
    [REMEDY_LOOP] = { "align-loops", "Align the loops of one function to 64 bytes" },
    [REMEDY_VARIABLE] = { "align-variable", "Align one variable to 64 bytes" },
    [REMEDY_PAD] = { "pad-array", "Put 64 bytes in front of one array" },
    [REMEDY_FIELDS] = { "field-order", "Declare the fields of one record in another order" },
    [REMEDY_SPLIT] = { "split-function", "Move what never runs out of one function" },
    [REMEDY_OLD] = { "old-order", "Link the functions in old's order" },
    [REMEDY_HOT] = { "hot-order", "Link the functions in the order of their cycles" },
    [REMEDY_HUGE] = { "huge-pages", "Put the code on pages of 2 MiB" },
    [REMEDY_SPLIT_ALL] = { "split-functions", "Move what never runs out of all functions" },
};

const char *const layout_answer_name[LAYOUT_ANSWER_COUNT] = {
    [LAYOUT_NO_DIFFERENCE] = "no-difference", [LAYOUT_IS_LUCK] = "luck", [LAYOUT_IS_DATA] = "data",
    [LAYOUT_IS_CODE] = "code",                [LAYOUT_IS_BOTH] = "both",     [LAYOUT_UNDECIDED] = "undecided",
};

bool layout_axis_by_name(const char *name, size_t length, enum layout_axis *axis)
{
    for (int i = 0; i < AXIS_COUNT; i++)
        if (strlen(layout_axis_table[i].name) == length && strncmp(layout_axis_table[i].name, name, length) == 0) {
            *axis = (enum layout_axis)i;
            return true;
        }
    return false;
}

const struct layout_effect *layout_luck_of(const struct layout_study *study)
{
    const struct layout_effect *all = &study->effects[0];
    for (size_t i = 0; i < study->effect_count && !all->content_equivalent; i++) {
        const struct layout_effect *e = &study->effects[i];
        if (e->experiment == EXPERIMENT_LOOPS && e->layouts > 1 && e->content_equivalent && e->luck_significant)
            return e;
    }
    return all;
}
