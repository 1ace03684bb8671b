#include "judge/gate.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

const struct gate_word_row gate_word_table[GATE_WORD_COUNT] = {
    [GATE_GO] = { "GO", 0, "the baseline recovers and D against A stays at or above the gain" },
    [GATE_NEUTRAL] = { "NEUTRAL", 10, "D against A is positive but the baseline stays low, or it cannot be told" },
    [GATE_NO_GO] = { "NO-GO", 11, "D against A is negative" },
};

/* "The old order of magnitude": the regression that the workflow was founded on was 12 % and the smallest one that was
 * called layout tax 4 %; 3 % is the smallest loss that the founding rules speak of (IPC). */
const struct gate_rule_row gate_rule_table[GATE_RULE_COUNT] = {
    [GATE_BASELINE] = { "baseline", "baseline", "new FAST baseline against old", -3,
                        "a loss the founding rules overlook" },
    [GATE_SIGN] = { NULL, "sign", "D against A", 0, "negative: NO-GO" },
    [GATE_GAIN] = { "gain", "gain", "D against A", 1, "what the promoted knobs must earn" },
};

const char *const gate_answer_name[ANSWER_COUNT] = { "yes", "no", "open" };

/* The decision, first row that fits; ANSWER_COUNT fits all. */
static const struct decision {
    enum gate_answer sign, gain, baseline;
    enum gate_word word;
    bool undecided;
    const char *summary;
} decisions[] = {
    { ANSWER_NO, ANSWER_COUNT, ANSWER_COUNT, GATE_NO_GO, false, "D is slower than A: the promoted knobs cost speed." },
    { ANSWER_OPEN, ANSWER_COUNT, ANSWER_COUNT, GATE_NEUTRAL, true,
      "The interval of D against A lies across 0: whether the knobs win or lose cannot be told, so nothing is "
      "decided." },
    { ANSWER_YES, ANSWER_NO, ANSWER_COUNT, GATE_NEUTRAL, false,
      "D is faster than A, but by less than the gain that the knobs must earn." },
    { ANSWER_YES, ANSWER_OPEN, ANSWER_COUNT, GATE_NEUTRAL, true,
      "D is faster than A, but its interval lies across the gain that the knobs must earn, so that is not decided." },
    { ANSWER_YES, ANSWER_YES, ANSWER_NO, GATE_NEUTRAL, false, "The knobs win, but the baseline stays low." },
    { ANSWER_YES, ANSWER_YES, ANSWER_OPEN, GATE_NEUTRAL, true,
      "The knobs win, but the interval of the baseline lies across its threshold: whether it recovers is not "
      "decided." },
    { ANSWER_YES, ANSWER_YES, ANSWER_YES, GATE_GO, false, "The baseline has recovered and the knobs win." },
};

struct gate_options gate_options_default(void)
{
    struct gate_options options;
    for (int i = 0; i < GATE_RULE_COUNT; i++)
        options.threshold[i] = gate_rule_table[i].threshold;
    return options;
}

/* A sign is proved only by an interval that leaves 0 out. */
static enum gate_answer answer_of(struct gain gain, enum gate_rule rule, double percent)
{
    double threshold = log1p(percent / 100);
    if (rule == GATE_SIGN ? gain.lo > threshold : gain.lo >= threshold)
        return ANSWER_YES;
    return gain.hi < threshold ? ANSWER_NO : ANSWER_OPEN;
}

static struct gate_finding find(struct arena *arena, enum gate_rule rule, struct gain gain, double percent)
{
    static const char *const words[ANSWER_COUNT] = {
        [ANSWER_YES] = "all of the interval is above", [ANSWER_NO] = "all of the interval is below",
        [ANSWER_OPEN] = "the interval lies across",
    };
    struct gate_finding f = { .gain = gain, .threshold = percent, .answer = answer_of(gain, rule, percent) };
    f.sentence = arena_printf(arena, "%s: %+.2f %% [%+.2f, %+.2f]; %s %+g %%", gate_rule_table[rule].title,
                              gain_percent(gain.log), gain_percent(gain.lo), gain_percent(gain.hi), words[f.answer],
                              percent);
    return f;
}

static bool fits(enum gate_answer row, enum gate_answer is)
{
    return row == ANSWER_COUNT || row == is;
}

void gate_judge(struct arena *arena, const struct gate_options *options, struct gain baseline, struct gain d_over_a,
                struct gate *gate)
{
    for (int i = 0; i < GATE_RULE_COUNT; i++)
        gate->finding[i] = find(arena, (enum gate_rule)i, i == GATE_BASELINE ? baseline : d_over_a,
                                options->threshold[i]);
    const struct gate_finding *f = gate->finding;
    const struct decision *d = decisions;
    while (!(fits(d->sign, f[GATE_SIGN].answer) && fits(d->gain, f[GATE_GAIN].answer) &&
             fits(d->baseline, f[GATE_BASELINE].answer)))
        d++;
    gate->word = d->word;
    gate->undecided = d->undecided;
    gate->summary = d->undecided ? arena_printf(arena, "%s It counts as NEUTRAL: measure longer to decide.", d->summary)
                                 : d->summary;
}

/* One thing that two sessions must share. */
struct shared {
    const char *name, *a, *b;
};

static const char *number(struct arena *arena, uint64_t n)
{
    return arena_printf(arena, "%" PRIu64, n);
}

static bool same(const struct shared *s, size_t count, const struct bench_file *x, const struct bench_file *y,
                 struct err *err)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(s[i].a, s[i].b) != 0)
            return err_set(err, ERR_TOOL, "%s and %s differ in %s ('%.60s', '%.60s'): measure both under the same "
                           "conditions",
                           x->file, y->file, s[i].name, s[i].a, s[i].b);
    return true;
}

/* Load and machine: what all three share. */
static bool same_session(struct arena *arena, const struct bench_file *x, const struct bench_file *y, struct err *err)
{
    const struct shared shared[] = {
        { "load", x->load, y->load },
        { "ws", number(arena, x->ws), number(arena, y->ws) },
        { "seed", number(arena, x->seed), number(arena, y->seed) },
        { "processor", x->cpu, y->cpu },
        { "kernel", x->kernel, y->kernel },
    };
    return same(shared, sizeof shared / sizeof *shared, x, y, err);
}

static bool same_series(struct arena *arena, const struct bench_file *x, const struct bench_file *y, struct err *err)
{
    const struct shared shared[] = {
        { "iters", number(arena, x->iters), number(arena, y->iters) },
        { "the smallest block", number(arena, x->min), number(arena, y->min) },
        { "the largest block", number(arena, x->max), number(arena, y->max) },
        { "knobs", x->knobs, y->knobs },
        { "preload", x->preload, y->preload },
    };
    return same(shared, sizeof shared / sizeof *shared, x, y, err);
}

/* Every knob that all points of the matrix share must be what the new baseline ran with. */
static bool same_knobs(const struct bench_file *matrix, const struct bench_file *new, struct err *err)
{
    for (const char *knob = matrix->knobs; *knob;) {
        size_t length = strcspn(knob, " ");
        const char *found = new->knobs;
        while (found && !(strncmp(found, knob, length) == 0 && (found[length] == ' ' || !found[length])))
            found = strchr(found, ' ') ? strchr(found, ' ') + 1 : NULL;
        if (!found)
            return err_set(err, ERR_TOOL, "%s was run with %.*s and %s with %.200s: measure both with the same knobs",
                           matrix->file, (int)length, knob, new->file, new->knobs);
        knob += length + (knob[length] == ' ');
    }
    return true;
}

static void warn(struct arena *arena, struct gate *gate, const char *sentence)
{
    *ARENA_PUSH(arena, gate->warnings, gate->warning_count, gate->warning_room) = sentence;
}

bool gate_comparable(struct arena *arena, struct gate *gate, struct err *err)
{
    const struct bench_file *old = gate->old_runs, *new = gate->new_runs, *matrix = gate->matrix.file;
    if (strcmp(matrix->source, "clock") != 0)
        return err_set(err, ERR_TOOL, "%s is modelled, not measured: the gate decides by the clock: give it a matrix "
                       "of scripts/box/mixed_matrix_box.sh without --source sim", matrix->file);
    if (!same_session(arena, old, new, err) || !same_series(arena, old, new, err) ||
        !same_session(arena, new, matrix, err) || !same_knobs(matrix, new, err))
        return false;
    if (strcmp(new->sha256, matrix->sha256) != 0)
        return err_set(err, ERR_TOOL, "%s is a matrix of another binary than %s was measured with (sha256 %.12s, "
                       "%.12s): run the matrix on the new binary", matrix->file, new->file, matrix->sha256, new->sha256);
    if (strcmp(old->sha256, new->sha256) == 0)
        warn(arena, gate, "old and new are the same binary: the baseline compares it with itself");
    if (!gate->interleaved)
        warn(arena, gate, "old and new baseline were run one after the other, not interleaved: what the machine did in "
                          "between is in their difference; the interleaved figure is that of `compare`");
    return true;
}
