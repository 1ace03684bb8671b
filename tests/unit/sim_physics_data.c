/* Physics of the data side: what must move moves, and its null twin does not. */
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

#define C(name) MODEL_PERFECT(COMPONENT_##name)

static bool only(const struct cost *a, const struct cost *b, uint32_t allowed)
{
    double most = cost_cycles(a) > cost_cycles(b) ? cost_cycles(a) : cost_cycles(b);
    bool good = true;
    allowed |= C(BASE) | C(DEPENDENCE);
    for (int c = 0; c < COMPONENT_COUNT; c++)
        if (!(allowed >> c & 1) && fabs(a->cycles[c] - b->cycles[c]) > 0.02 * most) {
            diag("%s moved: %.0f against %.0f of %.0f cycles", component_table[c].name, a->cycles[c], b->cycles[c],
                 most);
            good = false;
        }
    return good;
}

/* A loop of one instruction sequence; body(d) appends it with at most two slots. */
static uint32_t loop_of(struct program *p, void (*body)(struct draft *d))
{
    struct draft d = draft_at(0x400000);
    body(&d);
    TEST_ESI(&d);
    JNE(&d);
    return describe(p, &d, STREAM_COND, 0x400000);
}

static void chase(struct draft *d)
{
    CHASE_RAX(d);
}

static void independent_load(struct draft *d)
{
    LOAD_RCX_RDI(d);
}

/* The permutation i -> a*i + c visits all of `count` (a power of two) in an order without a stride. */
static uint64_t scramble(uint64_t i, uint64_t count)
{
    uint64_t x = i * 2654435761u + 12345;
    return x & (count - 1);
}

/* Loads over `bytes` of memory, 64 bytes apart, in scrambled order, `loads` times after one warming round. */
static struct cost walk(void (*body)(struct draft *), const char *profile, uint64_t bytes, unsigned loads,
                        uint32_t perfect)
{
    struct program p = program_on(profile, perfect);
    uint32_t id = loop_of(&p, body);
    uint64_t count = bytes / 64;
    struct cost before, after;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t slot = 0x10000000 + scramble(i, count) * 64;
        run(&p, id, 1, &slot, 1, 0);
    }
    model_total(p.model, &before);
    for (uint64_t i = 0; i < loads; i++) {
        uint64_t slot = 0x10000000 + scramble(i, count) * 64;
        run(&p, id, 1, &slot, 1, 0);
    }
    after = cost_of(&p);
    for (int c = 0; c < COMPONENT_COUNT; c++)
        after.cycles[c] -= before.cycles[c];
    for (int n = 0; n < METRIC_COUNT; n++)
        after.counts[n] -= before.counts[n];
    return after;
}

/* zen3 with a last level of 2 MiB, as a file: reaching memory then takes fewer steps of a test. */
static const char *small_llc(void)
{
    static char path[] = "/tmp/sim_physics_XXXXXX";
    static const char text[] = "base = zen3\nllc-sets = 2048\n";
    int fd = mkstemp(path);
    if (fd < 0 || write(fd, text, sizeof text - 1) != (ssize_t)sizeof text - 1)
        exit(1);
    close(fd);
    return path;
}

static void test_chase(void)
{
    const unsigned loads = 20000;
    struct cost l1 = walk(chase, "zen3", 16 << 10, loads, 0), l2 = walk(chase, "zen3", 128 << 10, loads, 0);
    struct cost llc = walk(chase, "zen3", 4 << 20, loads, 0), memory = walk(chase, "zen3", 64 << 20, loads, 0);
    is_near(cost_cycles(&l1) / loads, 4, 0.2, "a pointer chase in 16 KiB takes the L1D latency each step");
    is_near(cost_cycles(&l2) / loads, 12, 1.5, "in 128 KiB the L2 latency");
    ok(cost_cycles(&llc) / loads > 46 && cost_cycles(&llc) / loads < 65,
       "in 4 MiB the LLC latency and translation (%.0f)", cost_cycles(&llc) / loads);
    ok(cost_cycles(&memory) / loads > 320 && cost_cycles(&memory) / loads < 400,
       "in 64 MiB memory latency and a walk (%.0f)", cost_cycles(&memory) / loads);
    ok(l1.cycles[COMPONENT_L1D] == 0 && l2.cycles[COMPONENT_L1D] > 0.5 * cost_cycles(&l2),
       "L2's part is booked to l1d");
    ok(llc.cycles[COMPONENT_L2D] > 0.5 * cost_cycles(&llc), "the LLC's to l2d");
    ok(memory.cycles[COMPONENT_MEMORY] > 0.7 * cost_cycles(&memory), "memory's to memory");
    ok(llc.cycles[COMPONENT_DTLB] > 0.05 * cost_cycles(&llc) && l1.cycles[COMPONENT_DTLB] == 0,
       "translation's to dtlb, where pages are many");
    ok(only(&l1, &memory, C(L1D) | C(L2D) | C(MEMORY) | C(DTLB)), "only the data side moves");

    const char *small = small_llc();
    struct cost far = walk(chase, small, 8 << 20, loads, 0);
    is_near(cost_cycles(&far) / loads, cost_cycles(&memory) / loads, 0.1 * cost_cycles(&memory) / loads,
            "8 MiB over a last level of 2 MiB take as long");
    struct cost wide = walk(independent_load, small, 8 << 20, loads, 0),
                near = walk(independent_load, "zen3", 16 << 10, loads, 0);
    ok(cost_cycles(&wide) < 0.2 * cost_cycles(&far),
       "independent misses overlap: less than a fifth of the chase (%.1f a load)", cost_cycles(&wide) / loads);
    ok(cost_cycles(&near) / loads < 1.5, "independent hits cost nearly nothing");

    struct cost perfect = walk(chase, small, 8 << 20, loads, C(L1D) | C(DTLB));
    is_near(cost_cycles(&perfect) / loads, 4, 0.2, "with a perfect L1D and dTLB the far chase takes the L1D latency");
    struct cost warm = walk(chase, small, 8 << 20, loads, C(MEMORY));
    ok(warm.cycles[COMPONENT_MEMORY] == 0 && warm.cycles[COMPONENT_L2D] > 0,
       "with a perfect LLC memory costs nothing and the LLC does");
    unlink(small);
}

/* `lines` lines `stride` apart, loaded in turn, each waiting for the one before. */
static struct cost strided(const char *profile, unsigned lines, uint64_t stride)
{
    struct program p = program_on(profile, 0);
    uint32_t id = loop_of(&p, chase);
    for (unsigned i = 0; i < 40000; i++) {
        uint64_t slot = 0x10000000 + i % lines * stride;
        run(&p, id, 1, &slot, 1, 0);
    }
    return cost_of(&p);
}

static void load_store(struct draft *d)
{
    LOAD_RCX_RDI(d);
    STORE_RDI_RAX(d);
}

/* Loads and stores `lines` lines `stride` apart in turn, none waiting for another. */
static struct cost updated(unsigned lines, uint64_t stride)
{
    struct program p = program_on("zen3", 0);
    uint32_t id = loop_of(&p, load_store);
    for (unsigned i = 0; i < 40000; i++) {
        uint64_t place = 0x10000000 + i % lines * stride, slots[2] = { place, place };
        run(&p, id, 1, slots, 2, 0);
    }
    return cost_of(&p);
}

/* The same loaded only: cycles a load. */
static double loaded(const char *profile, unsigned lines, uint64_t stride)
{
    struct program p = program_on(profile, 0);
    uint32_t id = loop_of(&p, independent_load);
    for (unsigned i = 0; i < 40000; i++) {
        uint64_t slot = 0x10000000 + i % lines * stride;
        run(&p, id, 1, &slot, 1, 0);
    }
    struct cost cost = cost_of(&p);
    return cost_cycles(&cost) / 40000;
}

static void test_sets(void)
{
    is_near(loaded("zen3", 60, 4096), 10, 0.5, "a set brings in one line after the other");
    is_near(loaded("zen3", 60, 2048), 5, 0.3, "two sets two");
    is_near(loaded("zen3", 60, 4096 + 64), 1, 0.1, "where no set has more than its ways nothing is waited for");
    is_near(loaded("zen3", 1000, 64), 2, 0.4, "nor where all sets take part: there the path to L2 is full");
    ok(loaded("skylake-sp", 60, 4096) < 3, "and a row that does not say so has no such wait");
    struct cost one = updated(48, 4096), two = updated(48, 2048);
    ok(cost_cycles(&one) > 1.7 * cost_cycles(&two), "what stores must bring in again takes its set's turn, too");
}

static void test_commit(void)
{
    struct cost thrash = updated(48, 4096), spread = updated(48, 4096 + 64), few = updated(8, 4096);
    ok(cost_cycles(&thrash) > 5 * cost_cycles(&spread),
       "stores whose lines are pushed out before their turn cost far more than misses that overlap");
    ok(only(&spread, &thrash, C(L1D) | C(TAKEN)) && cost_cycles(&few) < 1.1 * cost_cycles(&spread),
       "only l1d moves (and hides the taken branch of the loop), eight lines of the set do not");
}

/* Lines of an array in L2, each loaded; stores go to the same line or all to one. */
static struct cost swept(const char *profile, uint64_t bytes, bool dirty)
{
    struct program p = program_on(profile, 0);
    uint32_t id = loop_of(&p, load_store);
    for (unsigned i = 0; i < 40000; i++) {
        uint64_t line = 0x10000000 + scramble(i, bytes / 64) * 64, slots[2] = { line, dirty ? line : 0x8000000 };
        run(&p, id, 1, slots, 2, 0);
    }
    return cost_of(&p);
}

static void test_write_back(void)
{
    struct cost dirty = swept("skylake-sp", 128 << 10, true), clean = swept("skylake-sp", 128 << 10, false);
    struct cost near_dirty = swept("skylake-sp", 16 << 10, true), near_clean = swept("skylake-sp", 16 << 10, false);
    struct cost apart_dirty = swept("zen3", 128 << 10, true), apart_clean = swept("zen3", 128 << 10, false);
    ok(cost_cycles(&dirty) > 1.3 * cost_cycles(&clean),
       "written lines take the path to L2 twice where there is one (%.1f against %.1f cycles)", cost_cycles(&dirty) / 40000,
       cost_cycles(&clean) / 40000);
    ok(only(&clean, &dirty, C(L1D) | C(TAKEN)), "only l1d moves");
    is_near(cost_cycles(&near_dirty), cost_cycles(&near_clean), 0.02 * cost_cycles(&near_clean),
            "where they stay in the L1D, writing costs nothing");
    is_near(cost_cycles(&apart_dirty), cost_cycles(&apart_clean), 0.05 * cost_cycles(&apart_clean),
            "nor where written lines have a path of their own");
}

static void test_conflicts(void)
{
    struct cost eight = strided("zen3", 8, 4096), nine = strided("zen3", 9, 4096),
                spread = strided("zen3", 9, 4096 + 64);
    struct cost twelve = strided("golden-cove", 12, 4096), thirteen = strided("golden-cove", 13, 4096);
    ok(eight.counts[M_L1D_MISSES] == 8 && spread.counts[M_L1D_MISSES] == 9,
       "eight lines of one L1D set stay, nine of nine sets too");
    ok(nine.counts[M_L1D_MISSES] > 39000, "nine lines of one set of eight ways miss each time");
    ok(only(&spread, &nine, C(L1D)) && cost_cycles(&nine) > 2 * cost_cycles(&spread),
       "only l1d moves, and the loop slows");
    ok(twelve.counts[M_L1D_MISSES] == 12 && thirteen.counts[M_L1D_MISSES] > 39000,
       "with twelve ways it takes thirteen");

    struct cost few = strided("zen3", 60, 4096 + 64), many = strided("zen3", 200, 4096 + 64);
    ok(few.counts[M_DTLB_MISSES] == 60 && many.counts[M_DTLB_MISSES] > 39000,
       "sixty pages fit in the dTLB, two hundred do not");
    ok(many.counts[M_DTLB_WALKS] == 200, "but in the second level");
    ok(only(&few, &many, C(DTLB) | C(MEMORY)) && many.cycles[COMPONENT_DTLB] > 0.3 * cost_cycles(&many),
       "only dtlb moves");
}

/* ---- streams ---- */

/* Consecutive lines over 4 MiB: with and without a step the prefetcher can see. */
static struct cost streamed(void (*body)(struct draft *), bool in_order)
{
    struct program p = program_on("zen3", 0);
    uint32_t id = loop_of(&p, body);
    for (unsigned i = 0; i < 65536; i++) {
        uint64_t line = in_order ? i : (i & ~63u) | (i * 29 + (i >> 6) * 7 + (i & 8 ? 3 : 0)) % 64;
        uint64_t slot = 0x10000000 + line * 64;
        run(&p, id, 1, &slot, 1, 0);
    }
    return cost_of(&p);
}

static void test_prefetch(void)
{
    struct cost order = streamed(chase, true), mixed = streamed(chase, false), loose = streamed(independent_load, true);
    ok(order.counts[M_PREFETCHES] > 0.9 * 65536 && mixed.counts[M_PREFETCHES] < 0.1 * 65536,
       "a stream is prefetched, a mixture is not");
    ok(cost_cycles(&order) < 0.2 * cost_cycles(&mixed), "which hides latency");
    is_near(cost_cycles(&loose) / 65536, 10, 1.5, "but not bandwidth: a line from memory takes its share of the path");
}

/* ---- splits, forwarding, aliases ---- */

static struct cost repeated_load(int64_t place)
{
    struct program p = program_on("skylake-sp", 0);
    uint32_t id = loop_of(&p, chase);
    uint64_t slot = 0x10000000 + (uint64_t)place;
    for (unsigned i = 0; i < 20000; i++)
        run(&p, id, 1, &slot, 1, 0);
    return cost_of(&p);
}

static void test_splits(void)
{
    struct cost inside = repeated_load(56), line = repeated_load(60), page = repeated_load(4092);
    ok(inside.counts[M_LINE_SPLITS] == 0 && line.counts[M_LINE_SPLITS] == 20000,
       "eight bytes at offset 60 of a line cross it, at 56 they do not");
    ok(page.counts[M_PAGE_SPLITS] == 20000 && line.counts[M_PAGE_SPLITS] == 0, "at 4092 they cross a page");
    ok(only(&inside, &line, C(SPLIT)) && cost_cycles(&line) > 1.5 * cost_cycles(&inside), "only split moves");
    ok(cost_cycles(&page) > 1.2 * cost_cycles(&line), "a page costs more than a line");
}

static void store4_load8(struct draft *d)
{
    STORE_RDI_EAX(d);
    CHASE_RAX(d);
}

static void store8_load8(struct draft *d)
{
    STORE_RDI_RAX(d);
    CHASE_RAX(d);
}

static struct cost forwarded(const char *profile, void (*body)(struct draft *), uint64_t store, uint64_t load)
{
    struct program p = program_on(profile, 0);
    uint32_t id = loop_of(&p, body);
    uint64_t slots[2] = { store, load };
    for (unsigned i = 0; i < 20000; i++)
        run(&p, id, 1, slots, 2, 0);
    return cost_of(&p);
}

static void test_forwarding(void)
{
    const uint64_t at = 0x10000000;
    struct cost narrow = forwarded("zen3", store4_load8, at, at), same = forwarded("zen3", store8_load8, at, at);
    struct cost apart = forwarded("zen3", store4_load8, at, at + 64);
    ok(narrow.counts[M_STORE_FORWARD_BLOCKS] > 19000, "four bytes stored, eight loaded: blocked");
    ok(same.counts[M_STORE_FORWARD_BLOCKS] == 0 && apart.counts[M_STORE_FORWARD_BLOCKS] == 0,
       "the same eight, or other ones: not");
    ok(only(&same, &narrow, C(FORWARD)) && narrow.cycles[COMPONENT_FORWARD] > 0.4 * cost_cycles(&narrow),
       "only forward moves");
    struct cost chain = forwarded("skylake-sp", store8_load8, at, at);
    is_near(cost_cycles(&chain) / 20000, 5, 1, "a forwarded chain takes the forwarding latency");
    ok(cost_cycles(&same) / 20000 < 2, "and nearly none where forwarding is predicted");

    struct cost alias = forwarded("skylake-sp", store8_load8, at, at + 8192),
                near = forwarded("skylake-sp", store8_load8, at, at + 8192 + 64);
    struct cost zen = forwarded("zen3", store8_load8, at, at + 8192);
    ok(alias.counts[M_ALIAS_4K] > 19000 && near.counts[M_ALIAS_4K] == 0,
       "a load 8 KiB behind a store aliases, 64 bytes further not");
    ok(only(&near, &alias, C(ALIAS)) && alias.cycles[COMPONENT_ALIAS] > 0.1 * cost_cycles(&alias), "only alias moves");
    ok(zen.counts[M_ALIAS_4K] == 0, "and not where the processor compares whole addresses");
}

int main(void)
{
    test_chase();
    test_conflicts();
    test_commit();
    test_sets();
    test_write_back();
    test_prefetch();
    test_splits();
    test_forwarding();
    return done_testing();
}
