/* Physics of the front end and of branches: what must move moves, and its null twin does not. */
#include "sim_program.h"
#include "tap.h"

#include <unistd.h>

static struct cost cost_of(struct program *p)
{
    struct cost cost;
    model_total(p->model, &cost);
    program_free(p);
    return cost;
}

/* Only the components of `allowed` (and base, dependence) differ by more than 2 % of the slower total. */
static bool only(const struct cost *a, const struct cost *b, uint32_t allowed)
{
    double most = cost_cycles(a) > cost_cycles(b) ? cost_cycles(a) : cost_cycles(b);
    bool good = true;
    allowed |= MODEL_PERFECT(COMPONENT_BASE) | MODEL_PERFECT(COMPONENT_DEPENDENCE);
    for (int c = 0; c < COMPONENT_COUNT; c++)
        if (!(allowed >> c & 1) && fabs(a->cycles[c] - b->cycles[c]) > 0.02 * most) {
            diag("%s moved: %.0f against %.0f of %.0f cycles", component_table[c].name, a->cycles[c], b->cycles[c],
                 most);
            good = false;
        }
    return good;
}

#define C(name) MODEL_PERFECT(COMPONENT_##name)

/* ---- loop alignment ---- */

static struct cost aligned_loop(const char *profile, uint64_t address)
{
    struct program p = program_on(profile, 0);
    struct draft d = draft_at(address);
    for (int i = 0; i < 6; i++)
        MOVE_RDX_RBX(&d);
    TEST_ESI(&d);
    JNE(&d);
    uint32_t id = describe(&p, &d, STREAM_COND, address);
    for (int i = 0; i < 20000; i++)
        run(&p, id, 1, NULL, 0, 0);
    return cost_of(&p);
}

static void test_loop_alignment(void)
{
    struct cost first = aligned_loop("zen3", 0x400000), best = first, worst = first;
    bool split_costs = true, whole_same = true, nothing_else = true, far_same = true;
    for (unsigned shift = 0; shift < 64; shift++) {
        struct cost here = aligned_loop("zen3", 0x400000 + shift),
                    far = aligned_loop("zen3", 0x400000 + shift + 64 * 37);
        bool split = shift + 22 > 64;
        if (cost_cycles(&here) < cost_cycles(&best))
            best = here;
        if (cost_cycles(&here) > cost_cycles(&worst))
            worst = here;
        /* Seven operations, two of them fused, take 7/6 of a cycle; two windows take two. */
        split_costs = split_costs && (!split || cost_cycles(&here) > 1.3 * cost_cycles(&first));
        whole_same = whole_same && (split || cost_cycles(&here) < 1.02 * cost_cycles(&first));
        nothing_else = nothing_else && only(&first, &here, C(OPCACHE) | C(TAKEN));
        far_same = far_same && fabs(cost_cycles(&here) - cost_cycles(&far)) < 0.01 * cost_cycles(&here);
    }
    ok(split_costs, "a hot loop over two fetch windows costs more than 1.3 times one in one window");
    ok(whole_same, "at every alignment inside one window it costs the same");
    ok(nothing_else, "and only fetch windows and taken-branch bubbles move");
    ok(far_same, "moving the loop by whole windows changes nothing");
    ok(worst.counts[M_FETCH_WINDOWS] > 1.8 * best.counts[M_FETCH_WINDOWS], "the metric fetch-windows shows it");
}

/* zen3 with one parameter changed, as a file. */
static const char *changed(const char *parameter)
{
    static char path[] = "/tmp/sim_physics_XXXXXX";
    strcpy(path + sizeof path - 7, "XXXXXX");
    int fd = mkstemp(path);
    if (fd < 0 || dprintf(fd, "base = zen3\n%s\n", parameter) < 0)
        exit(1);
    close(fd);
    return path;
}

static void test_window_of_end(void)
{
    const char *by_start = changed("window-of-end = 0");
    struct cost first = aligned_loop(by_start, 0x400000 + 42), same = aligned_loop(by_start, 0x400000 + 43);
    unlink(by_start);
    struct cost inside = aligned_loop("zen3", 0x400000 + 42), over = aligned_loop("zen3", 0x400000 + 43);
    ok(cost_cycles(&over) > 1.3 * cost_cycles(&inside),
       "a jump that reaches over a line by its last byte takes another window where the last byte decides");
    is_near(cost_cycles(&same), cost_cycles(&first), 0.02 * cost_cycles(&first), "and none where the first byte does");
}

/* ---- code placement ---- */

/* Calls `count` leaf functions `stride` bytes apart, over and over. */
static struct cost call_all(const char *profile, unsigned count, uint64_t stride, uint64_t base, unsigned rounds)
{
    struct program p = program_on(profile, 0);
    uint32_t *calls = arena_array(p.arena, count, sizeof *calls), *leaves = arena_array(p.arena, count, sizeof *leaves);
    for (unsigned i = 0; i < count; i++) {
        struct draft caller = draft_at(0x10000 + 5 * (uint64_t)i), leaf = draft_at(base + stride * i);
        CALL(&caller);
        calls[i] = describe(&p, &caller, STREAM_CALL, leaf.address);
        for (int k = 0; k < 6; k++)
            LEA_EDX_RBX(&leaf);
        RET(&leaf);
        leaves[i] = describe(&p, &leaf, STREAM_RETURN, 0);
    }
    for (unsigned r = 0; r < rounds; r++)
        for (unsigned i = 0; i < count; i++) {
            run(&p, calls[i], 0, NULL, 0, 0);
            run(&p, leaves[i], 0, NULL, 0, 0x10000 + 5 * (uint64_t)i + 5);
        }
    return cost_of(&p);
}

static void test_placement(void)
{
    struct cost packed = call_all("zen3", 100, 64, 0x400000, 1000), moved = call_all("zen3", 100, 64, 0x800000, 1000);
    struct cost scattered = call_all("zen3", 100, 4096 + 64, 0x400000, 1000);
    double calls = 100 * 1000;
    ok(packed.counts[M_ITLB_MISSES] < 0.05 * calls && scattered.counts[M_ITLB_MISSES] > 0.9 * calls,
       "100 functions one a page miss the iTLB at each call; packed they do not");
    double more = (cost_cycles(&scattered) - cost_cycles(&packed)) / calls;
    ok(more > 0.9 && more < 2.5, "and cost a cycle or two more each: prediction runs ahead of translation (%.2f)", more);
    struct cost waits = call_all("skylake-sp", 250, 4096 + 64, 0x400000, 400),
                near = call_all("skylake-sp", 250, 64, 0x400000, 400);
    ok(cost_cycles(&waits) - cost_cycles(&near) > 5 * calls,
       "where nothing is known of running ahead they cost the whole wait");
    ok(only(&packed, &scattered, C(ITLB) | C(L1I) | C(L2I) | C(OPCACHE) | C(BTB) | C(TAKEN)),
       "only the front end moves");
    ok(fabs(cost_cycles(&packed) - cost_cycles(&moved)) < 0.01 * cost_cycles(&packed),
       "packed elsewhere costs the same");

    struct cost eight = call_all("zen3", 7, 4096, 0x400fc0, 2000), nine = call_all("zen3", 10, 4096, 0x400fc0, 2000);
    struct cost spread = call_all("zen3", 10, 4096 + 64, 0x400fc0, 2000);
    ok(eight.counts[M_L1I_MISSES] < 30 && nine.counts[M_L1I_MISSES] > 2000 * 9,
       "ten hot lines of one L1I set miss each time, seven fit");
    ok(spread.counts[M_L1I_MISSES] < 30, "ten lines in ten sets fit");
    ok(only(&spread, &nine, C(L1I) | C(OPCACHE) | C(TAKEN)), "only L1I and op cache move");
}

/* A chain of `count` jumps, `stride` bytes apart, and each 64 of them `group` bytes from the next. */
static struct cost jumps_in_groups(unsigned count, uint64_t stride, uint64_t group, unsigned jumps)
{
    struct program p = program_on("zen3", 0);
    uint32_t *ids = arena_array(p.arena, count, sizeof *ids);
    for (unsigned i = 0; i < count; i++) {
        unsigned next = (i + 1) % count;
        struct draft d = draft_at(0x400000 + stride * (i % 64) + group * (i / 64));
        LEA_EDX_RBX(&d);
        JMP(&d);
        ids[i] = describe(&p, &d, STREAM_JUMP, 0x400000 + stride * (next % 64) + group * (next / 64));
    }
    for (unsigned i = 0; i < jumps; i++)
        run(&p, ids[i % count], 0, NULL, 0, 0);
    return cost_of(&p);
}

static struct cost jumps_apart(unsigned count, uint64_t stride, unsigned jumps)
{
    return jumps_in_groups(count, stride, 64 * stride, jumps);
}

static struct cost jump_chain(unsigned count, unsigned jumps)
{
    return jumps_apart(count, 16, jumps);
}

/* Indirect jumps that nobody can predict, among 200 places `stride` bytes apart. */
static struct cost jumps_at_random(uint64_t stride)
{
    enum { JUMPS = 20000, COUNT = 200 };
    struct program p = program_on("zen3", 0);
    uint32_t ids[COUNT], random = 1, at = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        struct draft d = draft_at(0x400000 + stride * i);
        LEA_EDX_RBX(&d);
        JMP_RAX(&d);
        ids[i] = describe(&p, &d, STREAM_JUMP_INDIRECT, 0);
    }
    for (unsigned i = 0; i < JUMPS; i++) {
        random = random * 1664525 + 1013904223;
        uint32_t next = (random >> 12) % COUNT;
        run(&p, ids[at], 0, NULL, 0, 0x400000 + stride * next);
        at = next;
    }
    return cost_of(&p);
}

/* A hit in the second-level iTLB holds prediction up for a cycle; the rest of its time is seen only where fetch was not
 * ahead. Zen 3 timing loops: 1.0 and 2.0 cycles a jump over 64 and 80 pages; 7 to 8 cycles behind a mispredict. */
static void test_translation_ahead(void)
{
    enum { JUMPS = 200000 };
    struct cost fits = jumps_apart(60, 4096 + 64, JUMPS), near = jumps_apart(60, 64, JUMPS),
                many = jumps_apart(80, 4096 + 64, JUMPS);
    ok(fits.counts[M_ITLB_MISSES] < 100 && many.counts[M_ITLB_MISSES] > 0.9 * JUMPS,
       "jumps over 60 pages find their translations, over 80 they do not");
    ok(fabs(cost_cycles(&fits) - cost_cycles(&near)) < 0.02 * cost_cycles(&near), "60 pages cost what one page does");
    double each = (cost_cycles(&many) - cost_cycles(&fits)) / JUMPS;
    ok(each > 0.9 && each < 1.2, "80 cost a cycle a jump more (%.2f)", each);
    ok(only(&fits, &many, C(ITLB) | C(TAKEN)), "and it is booked to translation");

    struct cost few = jumps_at_random(64), spread = jumps_at_random(4096 + 64);
    double misses = spread.counts[M_ITLB_MISSES] - few.counts[M_ITLB_MISSES],
           exposed = (cost_cycles(&spread) - cost_cycles(&few)) / misses;
    ok(misses > 0.5 * 20000 && exposed > 6 && exposed < 9,
       "behind a mispredict nothing hides the second level's time (%.1f cycles a miss)", exposed);
}

static void test_btb(void)
{
    struct cost few = jump_chain(500, 200000), some = jump_chain(4000, 200000), many = jump_chain(16000, 200000);
    ok(few.counts[M_BTB_MISSES] < 600 && some.counts[M_BTB_MISSES] < 8000, "branches that fit in the BTB are known");
    ok(many.counts[M_BTB_MISSES] > 0.9 * 200000, "more taken branches than BTB entries are not");
    ok(some.cycles[COMPONENT_BTB] > 10 * few.cycles[COMPONENT_BTB] &&
           few.cycles[COMPONENT_BTB] < 0.05 * cost_cycles(&few),
       "the second level of the BTB costs a bubble");
    ok(cost_cycles(&many) > 1.5 * cost_cycles(&some), "and a resteer costs more");
    ok(only(&few, &many, C(BTB) | C(L1I) | C(L2I) | C(OPCACHE) | C(TAKEN) | C(ITLB)), "only the front end moves");

    struct cost calls = call_all("zen3", 112, 64, 0x400000, 400), near = jumps_in_groups(448, 64, 16384, 200000),
                apart = jumps_in_groups(448, 64, 65536, 200000);
    ok(calls.cycles[COMPONENT_BTB] < 0.02 * cost_cycles(&calls), "112 functions a line each, and their calls, fit in its first level");
    ok(near.cycles[COMPONENT_BTB] < 0.02 * cost_cycles(&near) && apart.cycles[COMPONENT_BTB] > 0.1 * cost_cycles(&apart),
       "so do 448 jumps, a line each, on pages 16 KiB apart; on pages 64 KiB apart they meet in few sets");
}

/* ---- branches ---- */

/* A loop with one conditional branch over a join block, its outcomes from `outcome`. */
static struct cost branchy(bool (*outcome)(unsigned i), bool inverted)
{
    struct program p = program_on("zen3", 0);
    struct draft test = draft_at(0x400000), then = draft_at(0x400000 + 16), back = draft_at(0x400000 + 32);
    for (int i = 0; i < 4; i++)
        LEA_EDX_RBX(&test);
    TEST_ESI(&test);
    JNE(&test);
    uint32_t t = describe(&p, &test, STREAM_COND, back.address);
    for (int i = 0; i < 5; i++)
        LEA_EDX_RBX(&then);
    insn(&then, STREAM_INSN_NOP, "\x90", 1);
    uint32_t n = describe(&p, &then, STREAM_FALL, 0);
    LEA_EDX_RBX(&back);
    JMP(&back);
    uint32_t b = describe(&p, &back, STREAM_JUMP, test.address);
    for (unsigned i = 0; i < 30000; i++) {
        bool taken = outcome(i) != inverted;
        run(&p, t, taken, NULL, 0, 0);
        if (!taken)
            run(&p, n, 0, NULL, 0, 0);
        run(&p, b, 0, NULL, 0, 0);
    }
    return cost_of(&p);
}

static bool at_random(unsigned i)
{
    uint64_t x = (i + 1) * 0x9e3779b97f4a7c15ull;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    return (x ^ x >> 27) >> 40 & 1;
}

static bool by_pattern(unsigned i)
{
    return 0x35 >> i % 7 & 1;
}

static void test_direction(void)
{
    struct cost random = branchy(at_random, false), pattern = branchy(by_pattern, false),
                other = branchy(by_pattern, true);
    ok(random.counts[M_COND_MISSES] > 0.4 * 30000 && random.counts[M_COND_MISSES] < 0.6 * 30000,
       "a random branch is mispredicted about every second time");
    ok(pattern.counts[M_COND_MISSES] < 0.02 * 30000 && other.counts[M_COND_MISSES] < 0.02 * 30000,
       "a pattern of seven is learned");
    double each = (cost_cycles(&random) - cost_cycles(&pattern)) / random.counts[M_COND_MISSES];
    ok(each > 11 && each < 22, "a mispredict costs 11 to 22 cycles (%.1f)", each);
    ok(only(&pattern, &random, C(DIRECTION) | C(TAKEN)), "only mispredicted directions move");
}

/* Six conditions in a row, almost never true: as fall-through, or as a taken branch to a place out of line and back. */
static struct cost expected(bool inverted)
{
    struct program p = program_on("zen3", 0);
    uint32_t ids[6], outs[6], back;
    uint64_t next = 0x400000;
    for (int i = 0; i < 6; i++) {
        struct draft d = draft_at(next), out = draft_at(0x400400 + 64 * (uint64_t)i);
        LEA_EDX_RBX(&d);
        TEST_ESI(&d);
        JNE(&d);
        ids[i] = describe(&p, &d, STREAM_COND, out.address);
        next = d.address + d.bytes;
        JMP(&out);
        outs[i] = describe(&p, &out, STREAM_JUMP, next);
    }
    struct draft d = draft_at(next);
    JMP(&d);
    back = describe(&p, &d, STREAM_JUMP, 0x400000);
    for (unsigned i = 0; i < 20000; i++) {
        for (int k = 0; k < 6; k++) {
            run(&p, ids[k], inverted, NULL, 0, 0);
            if (inverted)
                run(&p, outs[k], 0, NULL, 0, 0);
        }
        run(&p, back, 0, NULL, 0, 0);
    }
    return cost_of(&p);
}

static void test_inverted(void)
{
    struct cost fitting = expected(false), inverted = expected(true);
    ok(inverted.counts[M_TAKEN_BRANCHES] > 10 * fitting.counts[M_TAKEN_BRANCHES], "inverted hints take every branch");
    ok(inverted.counts[M_COND_MISSES] < 100 && fitting.counts[M_COND_MISSES] < 100, "without mispredicts");
    double extra = (cost_cycles(&inverted) - cost_cycles(&fitting)) / 20000;
    ok(extra > 6, "and cost more than a cycle for each taken pair (%.1f)", extra);
    ok(inverted.cycles[COMPONENT_TAKEN] - fitting.cycles[COMPONENT_TAKEN] > 0.6 * 20000 * extra,
       "booked to taken branches");
    ok(only(&fitting, &inverted, C(TAKEN) | C(OPCACHE)), "and nowhere else");
}

/* Calls `depth` deep and all the way back. */
static struct cost recursion(unsigned depth)
{
    struct program p = program_on("zen3", 0);
    struct draft call = draft_at(0x400000), ret = draft_at(0x400040), end = draft_at(0x400080);
    LEA_EDX_RBX(&call);
    CALL(&call);
    uint32_t c = describe(&p, &call, STREAM_CALL, 0x400000);
    LEA_EDX_RBX(&ret);
    RET(&ret);
    uint32_t r = describe(&p, &ret, STREAM_RETURN, 0);
    JMP(&end);
    uint32_t e = describe(&p, &end, STREAM_JUMP, 0x400000);
    uint64_t after = 0x400000 + call.bytes;
    for (int round = 0; round < 500; round++) {
        for (unsigned i = 0; i < depth; i++)
            run(&p, c, 0, NULL, 0, 0);
        for (unsigned i = 0; i < depth; i++)
            run(&p, r, 0, NULL, 0, i + 1 < depth ? after : after);
        run(&p, e, 0, NULL, 0, 0);
    }
    return cost_of(&p);
}

/* As recursion, but the outer half of the calls comes from another site, so that a wrapped stack gives wrong answers.
 */
static struct cost two_sites(unsigned depth)
{
    struct program p = program_on("zen3", 0);
    uint32_t calls[2];
    uint64_t after[2];
    for (int site = 0; site < 2; site++) {
        struct draft call = draft_at(0x400000 + 64 * (uint64_t)site);
        CALL(&call);
        calls[site] = describe(&p, &call, STREAM_CALL, 0x400200);
        after[site] = call.address + call.bytes;
    }
    struct draft ret = draft_at(0x400240);
    RET(&ret);
    uint32_t r = describe(&p, &ret, STREAM_RETURN, 0);
    for (int round = 0; round < 500; round++) {
        for (unsigned i = 0; i < depth; i++)
            run(&p, calls[i < depth / 2], 0, NULL, 0, 0);
        for (unsigned i = depth; i-- > 0;)
            run(&p, r, 0, NULL, 0, after[i < depth / 2]);
    }
    return cost_of(&p);
}

static void test_returns(void)
{
    struct cost shallow = two_sites(20), deep = two_sites(64), same = recursion(64);
    ok(shallow.counts[M_RETURN_MISSES] == 0, "twenty calls deep every return is predicted");
    ok(deep.counts[M_RETURN_MISSES] > 500 * 30, "sixty-four deep the outer half is not");
    ok(deep.cycles[COMPONENT_RETURN] > 0.5 * cost_cycles(&deep) && shallow.cycles[COMPONENT_RETURN] == 0,
       "and only returns pay for it");
    ok(same.counts[M_RETURN_MISSES] == 0, "a wrapped stack of one and the same site is still right");
}

/* A leaf called over and over, or jumped to and back from. */
static struct cost there_and_back(const char *profile, bool call)
{
    enum { ROUNDS = 20000 };
    struct program p = program_on(profile, 0);
    struct draft near = draft_at(0x400000), leaf = draft_at(0x400100), back = draft_at(0x400005);
    if (call)
        CALL(&near);
    else
        JMP(&near);
    uint32_t first = describe(&p, &near, call ? STREAM_CALL : STREAM_JUMP, 0x400100);
    if (call)
        RET(&leaf);
    else
        JMP(&leaf);
    uint32_t second = describe(&p, &leaf, call ? STREAM_RETURN : STREAM_JUMP, 0x400005);
    JMP(&back);
    uint32_t third = describe(&p, &back, STREAM_JUMP, 0x400000);
    for (unsigned i = 0; i < ROUNDS; i++) {
        run(&p, first, 0, NULL, 0, 0);
        run(&p, second, 0, NULL, 0, 0x400005);
        run(&p, third, 0, NULL, 0, 0);
    }
    return cost_of(&p);
}

/* Zen 3's first-level BTB has direct branches without a bubble, calls and returns with one. */
static void test_calls(void)
{
    struct cost call = there_and_back("zen3", true), jump = there_and_back("zen3", false);
    double more = (cost_cycles(&call) - cost_cycles(&jump)) / 20000;
    ok(more > 1.9 && more < 2.1, "a call and its return take two cycles more than two jumps (%.2f)", more);
    ok(only(&jump, &call, C(TAKEN)), "as taken branches");
    struct cost there = there_and_back("skylake-sp", true), plain = there_and_back("skylake-sp", false);
    ok(fabs(cost_cycles(&there) - cost_cycles(&plain)) < 0.1 * 20000, "where nothing is known of it they cost the same");
}

static struct cost jump_table(unsigned targets, bool random)
{
    struct program p = program_on("zen3", 0);
    struct draft d = draft_at(0x400000);
    LEA_EDX_RBX(&d);
    JMP_RAX(&d);
    uint32_t id = describe(&p, &d, STREAM_JUMP_INDIRECT, 0), legs[64];
    for (unsigned i = 0; i < targets; i++) {
        struct draft leg = draft_at(0x400100 + 64 * (uint64_t)i);
        JMP(&leg);
        legs[i] = describe(&p, &leg, STREAM_JUMP, 0x400000);
    }
    for (unsigned i = 0; i < 20000; i++) {
        unsigned to = random ? (i * 2654435761u >> 12 ^ i * 40503u >> 7) % targets : i % targets;
        run(&p, id, 0, NULL, 0, 0x400100 + 64 * (uint64_t)to);
        run(&p, legs[to], 0, NULL, 0, 0);
    }
    return cost_of(&p);
}

static void test_indirect(void)
{
    struct cost one = jump_table(1, false), cycle = jump_table(4, false), random = jump_table(16, true);
    ok(one.counts[M_INDIRECT_MISSES] < 5 && cycle.counts[M_INDIRECT_MISSES] < 400,
       "one target, or a cycle of four, is learned");
    ok(random.counts[M_INDIRECT_MISSES] > 0.6 * 20000, "sixteen at random are not");
    ok(only(&cycle, &random, C(INDIRECT) | C(TAKEN)), "only indirect mispredicts move");
}

/* ---- crowded lines, boundaries ---- */

/* `branches` conditional branches in one line, alternately taken in turn so that all are known to the BTB. */
static struct cost crowded(const char *profile, unsigned branches)
{
    struct program p = program_on(profile, 0);
    uint32_t ids[8];
    uint64_t next = 0x400000;
    for (unsigned i = 0; i < branches; i++) {
        struct draft d = draft_at(next);
        TEST_ESI(&d);
        JNE(&d);
        ids[i] = describe(&p, &d, STREAM_COND, 0x400080);
        next = d.address + d.bytes;
    }
    struct draft end = draft_at(0x400080), pad = draft_at(next);
    JMP(&end);
    JMP(&pad);
    uint32_t e = describe(&p, &end, STREAM_JUMP, 0x400000), o = describe(&p, &pad, STREAM_JUMP, 0x400000);
    for (unsigned i = 0; i < branches; i++) { /* each is taken once, so that it is known */
        for (unsigned k = 0; k <= i; k++)
            run(&p, ids[k], k == i, NULL, 0, 0);
        run(&p, e, 0, NULL, 0, 0);
    }
    for (unsigned i = 0; i < 20000; i++) {
        for (unsigned k = 0; k < branches; k++)
            run(&p, ids[k], 0, NULL, 0, 0);
        run(&p, o, 0, NULL, 0, 0);
    }
    return cost_of(&p);
}

/* A loop in one line: a branch that is never taken, `once` that are each taken in one round, and the one back to the top.
 */
static struct cost entered_anew(unsigned once)
{
    struct program p = program_on("zen3", 0);
    uint32_t ids[8];
    uint64_t next = 0x400000;
    for (unsigned i = 0; i < 2 + once; i++) {
        struct draft d = draft_at(next);
        TEST_ESI(&d);
        JNE(&d);
        ids[i] = describe(&p, &d, STREAM_COND, i == 1 + once ? 0x400000 : 0x400080);
        next += d.bytes;
    }
    for (unsigned round = 0; round < 20000 + once; round++) {
        unsigned last = round < once ? 1 + round : 1 + once;
        for (unsigned k = 0; k <= last; k++)
            run(&p, ids[k], k == last, NULL, 0, 0);
    }
    return cost_of(&p);
}

static void test_density(void)
{
    struct cost one = crowded("zen3", 1), six = crowded("zen3", 6), intel = crowded("golden-cove", 3);
    const char *narrow = changed("branches-per-fetch = 1");
    struct cost single = crowded(narrow, 6);
    unlink(narrow);
    ok(one.counts[M_BRANCH_DENSITY] == 0, "two branches in a line are predicted together");
    ok(six.counts[M_BRANCH_DENSITY] > 1.9 * 20000, "seven take further lookups");
    ok(single.cycles[COMPONENT_DENSITY] > 0.3 * cost_cycles(&single) && cost_cycles(&single) > 1.5 * cost_cycles(&six),
       "which cost time where prediction is slower than execution");
    ok(intel.counts[M_BRANCH_DENSITY] == 0, "four are not many for another processor");
    struct cost entered = entered_anew(0), run_into = entered_anew(2);
    ok(entered.counts[M_BRANCH_DENSITY] == 0, "each jump to the top of a loop starts the lookup anew");
    ok(run_into.counts[M_BRANCH_DENSITY] > 0.9 * 20000, "three known branches behind it take another");
}

static void test_jcc(void)
{
    struct cost inside = aligned_loop("skylake-sp", 0x400000),
                touching = aligned_loop("skylake-sp", 0x400000 + 32 - 22 + 1);
    struct cost zen = aligned_loop("zen3", 0x400000 + 32 - 22 + 1);
    ok(inside.counts[M_JCC_ERRATUM] == 0 && touching.counts[M_JCC_ERRATUM] == 20000,
       "a jump over a 32-byte boundary is not cached");
    ok(touching.cycles[COMPONENT_JCC] > 0.2 * cost_cycles(&touching), "and costs time");
    ok(zen.counts[M_JCC_ERRATUM] == 0, "but only where the erratum is");
}

int main(void)
{
    test_loop_alignment();
    test_window_of_end();
    test_placement();
    test_btb();
    test_translation_ahead();
    test_direction();
    test_inverted();
    test_returns();
    test_calls();
    test_indirect();
    test_density();
    test_jcc();
    return done_testing();
}
