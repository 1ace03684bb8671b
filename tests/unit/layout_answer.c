/* What trials say: content, luck, percentiles, answers; on made-up cycles. */
#include "base/arena.h"
#include "stat/layouts.h"
#include "tap.h"

static struct arena *arena;

static void trial(struct layout_study *study, enum layout_family family, unsigned axes, double old, double new)
{
    *ARENA_PUSH(arena, study->trials, study->trial_count, study->trial_room) =
        (struct layout_trial){ .family = family, .axes = axes, .seed = 1, .cycles = { old, new } };
}

/* Eight layouts whose cost wanders by up to `spread`, the same for both sides; new's code costs `code`, give or take `noise`. */
static struct layout_study study_of(double shipped_old, double shipped_new, double code, double spread, double noise)
{
    static const double wander[] = { -0.9, 0.8, -0.5, 0.3, 0.1, -0.2, 0.9, -0.6 }, jitter[] = { 1, -1, 1, -1, -1, 1, -1, 1 };
    struct layout_study study = { .shipped = { shipped_old, shipped_new }, .instructions = { 1e6, 1e6 }, .transplant = { NAN, NAN } };
    trial(&study, FAMILY_SHIPPED, 0, shipped_old, shipped_new);
    trial(&study, FAMILY_OLD_PLACE, AXES_ALL, shipped_old, shipped_old * (1 + code));
    trial(&study, FAMILY_NEW_PLACE, AXES_ALL, shipped_new / (1 + code), shipped_new);
    for (int i = 0; i < 8; i++) {
        double base = 1000 * (1 + spread * wander[i]);
        trial(&study, i % 2 ? FAMILY_PAD : FAMILY_ORDER, AXES_ALL, base, base * (1 + code) * (1 + noise * jitter[i]));
    }
    return study;
}

static void test_luck(void)
{
    struct layout_study s = study_of(900, 1100, 0, 0.08, 0);
    layouts_conclude(arena, &s, 0.01);
    ok(s.answer == LAYOUT_IS_LUCK, "equal in every common layout, unequal as shipped: luck");
    is_near(s.effects[0].content, 0, 1e-12, "the code costs nothing");
    is_near(s.effects[0].luck, log(1100.0 / 900), 1e-12, "all of the difference is luck");
    ok(s.effects[0].percentile[0] == 0 && s.effects[0].percentile[1] == 1, "old is luckier than all layouts, new unluckier");
    ok(s.transplant_agrees, "the transplants agree");
    ok(strstr(s.sentences[0], "100 % of the +22.2 %") != NULL, "the sentence gives the share of luck");
    ok(strstr(s.sentences[1], "Old's own layout is luckier than all of 8") != NULL, "and says where old sits");
}

static void test_culprit(void)
{
    struct layout_study s = study_of(900, 1100, 0, 0.08, 0);
    s.culprits[0] = (struct layout_culprit){ "probe", { 0x401b00, 0x401b18 }, 198, COMPONENT_OPCACHE, NULL, log(902.0 / 1100) };
    s.culprit_count = 1;
    layouts_conclude(arena, &s, 0.01);
    const char *said = s.sentences[s.sentence_count - 1];
    ok(strstr(said, "probe costs 18.0 % of new's time") != NULL && strstr(said, "at 0x401b18 (byte 24 of its line) and not at old's 0x401b00 (byte 0)") != NULL &&
           strstr(said, "moved there alone: new -18.0 %") != NULL,
       "the function that carries it is named, with both places and what moving it does");
}

static void test_code(void)
{
    struct layout_study s = study_of(1000, 1120, 0.12, 0.02, 0.002);
    layouts_conclude(arena, &s, 0.01);
    ok(s.answer == LAYOUT_IS_CODE, "slower in every layout: the code");
    is_near(s.effects[0].content, log(1.12), 0.003, "its cost is found");
    ok(s.effects[0].content_lo < log(1.12) && log(1.12) < s.effects[0].content_hi, "the interval holds it");
    ok(!s.effects[0].luck_significant, "nothing is left for luck");
    ok(!layouts_blame_work(&s) && strstr(s.sentences[2], "+0.0 % only") != NULL, "with equal instructions it is not more work");
    s.instructions[1] = 1.11e6;
    layouts_conclude(arena, &s, 0.01);
    ok(layouts_blame_work(&s) && strstr(s.sentences[2], "+11.0 %: that is the code's part") != NULL, "with more instructions it is");
    ok(strstr(s.sentences[1], "No layout of new comes near old") != NULL, "the refutation is said");

    s = study_of(1120, 1000, -0.107, 0.02, 0.002);
    s.instructions[1] = 0.9e6;
    layouts_conclude(arena, &s, 0.01);
    bool said = false;
    for (size_t i = 0; i < s.sentence_count; i++)
        said |= strstr(s.sentences[i], "-10.0 %: that is the code's part") != NULL;
    ok(s.answer == LAYOUT_IS_CODE && said && !layouts_blame_work(&s), "fewer instructions explain what new saves, too");
}

static void test_both(void)
{
    struct layout_study s = study_of(1000, 1200, 0.08, 0.05, 0.002);
    layouts_conclude(arena, &s, 0.01);
    ok(s.answer == LAYOUT_IS_BOTH, "a part in every layout, a part in the shipped one only: both");
}

static void test_little_luck(void)
{
    struct layout_study s = study_of(1000, 1280, 0.30, 0.02, 0.001);
    layouts_conclude(arena, &s, 0.01);
    ok(s.effects[0].luck_significant && s.answer == LAYOUT_IS_CODE, "a little luck beside much code is no cause");

    s = study_of(1000, 1060, 0.2, 0.02, 0.001);
    layouts_conclude(arena, &s, 0.01);
    ok(s.effects[0].luck_significant && s.effects[0].luck < 0 && s.answer == LAYOUT_IS_CODE, "luck that new has does not make it slower: the code does");
    ok(strstr(s.sentences[0], "new costs +20.0 %") != NULL && strstr(s.sentences[0], "hides a part and leaves +6.0 %") != NULL,
       "and the sentence says what the place hides");
}

static void test_doubt(void)
{
    struct layout_study s = study_of(1000, 1020, 0.01, 0.05, 0.03);
    layouts_conclude(arena, &s, 0.01);
    ok(s.answer == LAYOUT_UNDECIDED, "an interval wider than the floor decides nothing");
    s = study_of(1000, 1003, 0, 0.05, 0);
    layouts_conclude(arena, &s, 0.01);
    ok(s.answer == LAYOUT_NO_DIFFERENCE, "nothing observed, nothing to explain");
    s = study_of(900, 1100, 0, 0.08, 0);
    s.trials[1].cycles[1] = 1095;
    s.trials[2].cycles[0] = 905;
    layouts_conclude(arena, &s, 0.01);
    ok(s.answer == LAYOUT_UNDECIDED && !s.transplant_agrees, "transplants that keep the difference forbid to call it luck");
    s = study_of(900, 1100, 0, 0.08, 0);
    s.trial_count = 4;
    layouts_conclude(arena, &s, 0.01);
    ok(s.answer == LAYOUT_UNDECIDED, "one layout decides nothing");
}

static void test_packed(void)
{
    static const struct { double left; enum layout_answer answer; const char *title; } rows[] = {
        { 0, LAYOUT_IS_DATA, "packing takes all of it away: data" },
        { .03, LAYOUT_IS_DATA, "packing leaves a sixth: data" },
        { .1, LAYOUT_IS_CODE, "packing leaves half: code" },
    };
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        struct layout_study s = study_of(1000, 1200, 0.2, 0.02, 0.001);
        for (int i = 0; i < 4; i++)
            trial(&s, FAMILY_PACK, 1u << AXIS_DATA | 1u << AXIS_HEAP, 1000 + i, (1000 + i) * (1 + rows[k].left + 0.001 * (i % 2)));
        layouts_conclude(arena, &s, 0.01);
        ok(s.answer == rows[k].answer, "%s", rows[k].title);
    }
}

static void test_loops(void)
{
    static const struct { double left, noise; enum layout_answer answer; const char *title; } rows[] = {
        { 0, 0, LAYOUT_IS_LUCK, "loops at the same bytes of a line leave nothing: luck inside functions" },
        { .12, 0, LAYOUT_IS_CODE, "loops have no part in it: code" },
        { .05, 0, LAYOUT_IS_CODE, "loops leave a part: code" },
        { 0, .05, LAYOUT_IS_CODE, "loops leave nobody knows what: code" },
    };
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        struct layout_study s = study_of(1000, 1120, 0.12, 0.02, 0.002);
        for (int i = 0; i < 4; i++)
            trial(&s, FAMILY_LOOPS, 1u << AXIS_TEXT, 1000 + i, (1000 + i) * (1 + rows[k].left + rows[k].noise * (i % 2 ? 1 : -1)));
        layouts_conclude(arena, &s, 0.01);
        ok(s.answer == rows[k].answer, "%s", rows[k].title);
        if (k == 0)
            ok(strstr(s.sentences[0], "Layout luck inside functions") && layout_luck_of(&s) == &s.effects[1], "which the sentence says");
    }
}

static void test_axes(void)
{
    struct layout_study s = study_of(900, 1100, 0, 0.08, 0);
    for (int i = 0; i < 4; i++) {
        trial(&s, i % 2 ? FAMILY_PAD : FAMILY_ORDER, 1u << AXIS_TEXT, 1000 + i, 1000 + i);
        trial(&s, i % 2 ? FAMILY_PAD : FAMILY_ORDER, 1u << AXIS_DATA, 900 + i, 1100 + i);
    }
    layouts_conclude(arena, &s, 0.01);
    ok(s.effect_count == 3 && s.effects[0].axes == AXES_ALL && s.effects[1].axes == 1u << AXIS_TEXT, "each set of axes has its effect, all first");
    ok(s.effects[1].luck_significant && s.effects[1].content_equivalent, "the axis that carries it takes the difference away");
    ok(!s.effects[2].luck_significant && s.effects[2].content_significant, "an axis that has no part in it leaves it");
}

int main(void)
{
    arena = arena_new();
    test_luck();
    test_culprit();
    test_code();
    test_both();
    test_little_luck();
    test_doubt();
    test_packed();
    test_loops();
    test_axes();
    arena_free(arena);
    return done_testing();
}
