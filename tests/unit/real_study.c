/* What real layouts say: on made-up costs with made-up noise whose truth is known. */
#include "base/arena.h"
#include "core/json.h"
#include "core/result.h"
#include "stat/real.h"
#include "stat/rng.h"
#include "tap.h"

enum { LAYOUTS = 16, ROUNDS = 20, COPIES = 4 };

static struct arena *arena;

/* The truth of a study: logarithms. */
struct truth {
    double shipped[2]; /* of old and new */
    double code;       /* new beyond old in any layout */
    double spread;     /* over the layouts, the same for both */
    double own;        /* of each side alone: layouts are not quite the same for both */
    double noise;      /* of a run */
    bool bursts;       /* noise only ever adds, now and then */
    double copies;     /* odd copies of what is shipped cost this much more */
};

static double noisy(struct rng *rng, const struct truth *t, double cost)
{
    double extra = t->bursts ? (rng_unit(rng) < 0.6 ? 20 * t->noise * rng_unit(rng) : 0.05 * t->noise * rng_unit(rng)) : t->noise * rng_normal(rng);
    return 1e7 * exp(cost + extra);
}

static void add(struct real_study *study, struct rng *rng, const struct truth *t, enum real_kind kind, unsigned number, double old, double new)
{
    struct real_layout *l = ARENA_PUSH(arena, study->layouts, study->layout_count, study->layout_room);
    *l = (struct real_layout){ .kind = kind, .number = number, .axes = kind == REAL_DRAWN ? study->axes : 0, .rounds = ROUNDS, .room = ROUNDS };
    for (int side = 0; side < 2; side++)
        l->cost[side] = arena_array(arena, ROUNDS, sizeof(double));
    for (int r = 0; r < ROUNDS; r++) {
        l->cost[SIDE_OLD][r] = noisy(rng, t, old);
        l->cost[SIDE_NEW][r] = noisy(rng, t, new);
    }
}

static struct real_study study_of(const struct truth *t, uint64_t seed)
{
    struct rng rng = rng_seeded(seed);
    struct real_study study = { .metric = M_CPU, .source = SOURCE_CLOCK, .seed = 1, .axes = AXES_ALL, .rounds = ROUNDS, .shard = 1, .shards = 1 };
    for (unsigned copy = 0; copy < COPIES; copy++)
        add(&study, &rng, t, REAL_SHIPPED, copy, t->shipped[0] + (copy % 2 ? t->copies : 0), t->shipped[1]);
    for (unsigned n = 0; n < LAYOUTS; n++) {
        double place = t->spread * rng_normal(&rng);
        add(&study, &rng, t, REAL_DRAWN, n, place + t->own * rng_normal(&rng), place + t->code + t->own * rng_normal(&rng));
    }
    return study;
}

static struct real_study concluded(const struct truth *t, uint64_t seed)
{
    struct real_study study = study_of(t, seed);
    real_conclude(arena, &study, 0.01);
    return study;
}

static void test_answers(void)
{
    struct truth luck = { .shipped = { -0.1, 0.12 }, .spread = 0.06, .own = 0.004, .noise = 0.01 };
    struct real_study s = concluded(&luck, 1);
    ok(s.answer == LAYOUT_IS_LUCK, "the same cost in common layouts, another as shipped: luck (%s)", layout_answer_name[s.answer]);
    is_near(s.all.luck, 0.22, 0.02, "the layout tax is found");
    ok(s.all.luck_lo < 0.22 && 0.22 < s.all.luck_hi, "its interval holds the truth");
    ok(s.all.percentile[SIDE_NEW] == 1 && s.all.percentile[SIDE_OLD] < 0.2, "new's own layout is the worst, old's is lucky");
    ok(!real_too_wide(&s), "no more layouts are needed");
    ok(strstr(s.sentences[0], "Layout luck on the clock") != NULL, "and the words say so");

    struct truth code = { .shipped = { 0, 0.12 }, .code = 0.12, .spread = 0.02, .own = 0.004, .noise = 0.01 };
    s = concluded(&code, 2);
    ok(s.answer == LAYOUT_IS_CODE, "slower in every layout: the code (%s)", layout_answer_name[s.answer]);
    struct truth both = { .shipped = { 0, 0.22 }, .code = 0.12, .spread = 0.02, .own = 0.004, .noise = 0.01 };
    s = concluded(&both, 3);
    ok(s.answer == LAYOUT_IS_BOTH, "slower in every layout, and still more as shipped: both (%s)", layout_answer_name[s.answer]);
    struct truth none = { .spread = 0.05, .own = 0.002, .noise = 0.005 };
    s = concluded(&none, 4);
    ok(s.answer == LAYOUT_NO_DIFFERENCE, "nothing differs (%s)", layout_answer_name[s.answer]);
    struct truth wide = { .shipped = { 0, 0.1 }, .spread = 0.05, .own = 0.3, .noise = 0.01 };
    s = concluded(&wide, 5);
    ok(s.answer == LAYOUT_UNDECIDED && real_too_wide(&s), "layouts that scatter leave it undecided, and more are wanted");
}

static void test_control(void)
{
    struct truth t = { .shipped = { -0.1, 0.12 }, .spread = 0.06, .own = 0.004, .noise = 0.004, .copies = 0.05 };
    struct real_study s = concluded(&t, 6);
    ok(s.answer == LAYOUT_UNDECIDED && strstr(s.sentences[0], "differs from its own copies"), "when old differs from its copies nothing is claimed");
    struct truth loud = { .shipped = { 0, 0 }, .spread = 0.001, .own = 0.001, .noise = 0.15 };
    s = concluded(&loud, 7);
    ok(s.floor > 0.03, "a noisy machine raises the smallest effect of interest (%.3f)", s.floor);
}

static void test_text_stayed(void)
{
    struct truth code = { .shipped = { 0, 0.12 }, .code = 0.12, .spread = 0.02, .own = 0.004, .noise = 0.01 };
    struct real_study s = study_of(&code, 8);
    for (size_t i = 0; i < s.layout_count; i++)
        s.layouts[i].axes &= 1u << AXIS_STACK;
    real_conclude(arena, &s, 0.01);
    ok(s.answer == LAYOUT_UNDECIDED && strstr(s.sentences[0], "give --relink"), "moving the stack alone cannot blame the code");
}

static void test_bursts(void)
{
    struct truth t = { .shipped = { 0, 0.1 }, .spread = 0.03, .own = 0.002, .noise = 0.02, .bursts = true };
    struct real_study s = concluded(&t, 9);
    ok(s.estimator == ESTIMATOR_LOW_TAIL, "bursts that only ever add: the low tail is taken");
    is_near(s.observed.value, 0.1, 0.01, "and finds what was shipped");
    ok(s.answer == LAYOUT_IS_LUCK, "and the answer (%s)", layout_answer_name[s.answer]);
}

/* The claim of an interval: over many studies it holds the truth about as often as it says. */
static void test_coverage(void)
{
    enum { TRIALS = 200 };
    struct truth t = { .shipped = { -0.02, 0.03 }, .code = 0.02, .spread = 0.03, .own = 0.01, .noise = 0.02 };
    int code = 0, luck = 0;
    for (uint64_t k = 0; k < TRIALS; k++) {
        struct real_study s = concluded(&t, 100 + k);
        code += s.all.content_lo <= 0.02 && 0.02 <= s.all.content_hi;
        luck += s.all.luck_lo <= 0.03 && 0.03 <= s.all.luck_hi;
    }
    /* 95 % of 200, less three standard errors. */
    ok(code >= 180, "the code's interval holds the truth %d times of %d", code, TRIALS);
    ok(luck >= 180, "the layout tax's interval holds the truth %d times of %d", luck, TRIALS);
}

static void test_null(void)
{
    enum { TRIALS = 200 };
    struct truth t = { .spread = 0.03, .own = 0.01, .noise = 0.02 };
    int claims = 0;
    for (uint64_t k = 0; k < TRIALS; k++)
        claims += concluded(&t, 1000 + k).all.content_significant;
    /* 5 % of 200, and three standard errors more. */
    ok(claims <= 19, "equal code is blamed %d times of %d", claims, TRIALS);
}

static void test_refused(void)
{
    struct truth luck = { .shipped = { -0.1, 0.12 }, .spread = 0.06, .own = 0.004, .noise = 0.01 };
    struct real_study s = study_of(&luck, 1);
    for (int r = 0; r < ROUNDS; r++)
        s.layouts[COPIES].cost[SIDE_NEW][r] *= 100;
    s.layouts[COPIES].refused = "new prints other results in this layout";
    real_conclude(arena, &s, 0.01);
    ok(s.all.layouts == LAYOUTS - 1 && s.refused == 1 && s.answer == LAYOUT_IS_LUCK, "a refused layout does not count");
    ok(strstr(s.sentences[s.sentence_count - 1], "1 layout does not count"), "and is told of");
}

int main(void)
{
    arena = arena_new();
    test_answers();
    test_control();
    test_text_stayed();
    test_bursts();
    test_coverage();
    test_null();
    test_refused();
    arena_free(arena);
    return done_testing();
}
