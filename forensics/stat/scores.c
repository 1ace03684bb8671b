#include <string.h>

#include "stat/gains.h"

const struct score_build_row score_build_table[SCORE_BUILD_COUNT] = {
    [SCORE_FAST] = { "fast", "fast_baseline", "FAST" },
    [SCORE_STANDARD] = { "standard", "standard_baseline", "Standard" },
};

const char *const score_move_name[] = { [SCORE_FIRST] = "first", [SCORE_MOVES] = "moves", [SCORE_STAYS] = "stays" };

/* The subject's index; the count when it is not there. */
static size_t index_of(const struct bench_file *file, const char *name)
{
    size_t i = 0;
    while (i < file->subject_count && strcmp(file->subjects[i].name, name) != 0)
        i++;
    return i;
}

static struct score_baseline baseline_of(struct arena *arena, const struct scorecard *card,
                                         const struct bench_panel *panel, enum score_build build)
{
    size_t now = index_of(card->file, score_build_table[build].name);
    size_t then = index_of(card->file, score_build_table[build].baseline);
    if (then == card->row_count)
        return (struct score_baseline){ .move = SCORE_FIRST, .row = &card->rows[now] };
    struct gain gain = gain_paired(arena, panel->cost[then], panel->cost[now], panel->rounds);
    return (struct score_baseline){ .move = gain.lo > 0 ? SCORE_MOVES : SCORE_STAYS, .row = &card->rows[then],
                                    .gain = gain };
}

bool scorecard_gains(struct arena *arena, const struct bench_file *file, struct scorecard *card, struct err *err)
{
    struct bench_panel panel;
    size_t count = file->subject_count;
    const char **names = arena_array(arena, count ? count : 1, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = file->subjects[i].name;
    for (int b = 0; b < SCORE_BUILD_COUNT; b++)
        if (index_of(file, score_build_table[b].name) == count)
            return err_set(err, ERR_TOOL, "%s has no subject '%s': measure with scripts/box/scorecard_box.sh",
                           file->file, score_build_table[b].name);
    if (!bench_panel(arena, file, names, count, &panel, err))
        return false;
    const double *fast = panel.cost[index_of(file, score_build_table[SCORE_FAST].name)];
    *card = (struct scorecard){ .file = file, .rounds = panel.rounds, .row_count = count };
    card->rows = arena_array(arena, count, sizeof *card->rows);
    for (size_t i = 0; i < count; i++)
        card->rows[i] = (struct score_row){ .subject = &file->subjects[i],
                                            .cost = cost_median(arena, panel.cost[i], panel.rounds),
                                            .fast = gain_paired(arena, panel.cost[i], fast, panel.rounds) };
    for (int b = 0; b < SCORE_BUILD_COUNT; b++)
        card->baseline[b] = baseline_of(arena, card, &panel, (enum score_build)b);
    return true;
}
