/* Facts joined with cycles: by address and name, cold parts counted in, ranked by the change they belong to; and which
 * of them the judge takes for evidence. */
#include "core/fact_costs.h"

#include <math.h>
#include <string.h>

#include "judge/judge.h"
#include "tap.h"

enum { HOT, COLDER, TABLE, SYMBOLS };

static struct symbol symbols[2][SYMBOLS];
static struct symbol_change changes[SYMBOLS];
static struct cost_item functions[2][4], objects[2][1];
static struct cost_profile profiles[2];

static struct code_fact fact(enum code_fact_kind kind, int of, double old, double new, double weight,
                             const char *sentence)
{
    return (struct code_fact){ .kind = kind,
                               .change = of < 0 ? NULL : &changes[of],
                               .name = of < 0 ? "row" : changes[of].name,
                               .new_address = of < 0 ? 0 : changes[of].new->address,
                               .old = old,
                               .new = new,
                               .weight = weight,
                               .old_cycles = NAN,
                               .new_cycles = NAN,
                               .cause_cycles = NAN,
                               .sentence = sentence };
}

static void add_cycles(int side, struct cost_item *item, enum component component, double cycles)
{
    item->cost.cycles[component] += cycles;
    profiles[side].total.cycles[component] += cycles;
    item->cost.instructions += 100;
    profiles[side].total.instructions += 100;
}

/* hot: 1000 cycles, in new 300 more for its op-cache and 100 more in its cold part; colder: 500, in new 100 fewer; a
 * libc function at hot's old address; table: 50 cycles of L1D, in new 80. */
static void make_program(void)
{
    static const char *const names[SYMBOLS] = { "hot", "colder", "table" };
    memset(functions, 0, sizeof functions);
    memset(objects, 0, sizeof objects);
    memset(profiles, 0, sizeof profiles);
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i < SYMBOLS; i++) {
            symbols[side][i] = (struct symbol){ .name = names[i],
                                                .base_name = names[i],
                                                .kind = i == TABLE ? SYMBOL_OBJECT : SYMBOL_FUNCTION,
                                                .address = 0x1000 * (i + 1) + 0x20 * side,
                                                .size = 64 };
            changes[i] = (struct symbol_change){
                .fate = FATE_MOVED, .name = names[i], .old = &symbols[0][i], .new = &symbols[1][i]
            };
        }
        struct cost_item *f = functions[side];
        f[0] =
            (struct cost_item){ .name = "hot", .module = "program", .address = symbols[side][HOT].address, .size = 64 };
        f[1] = (struct cost_item){
            .name = "colder", .module = "program", .address = symbols[side][COLDER].address, .size = 64
        };
        f[2] = (struct cost_item){ .name = "hot.cold", .module = "program", .address = 0x9000, .size = 16 };
        f[3] = (struct cost_item){
            .name = "memcpy", .module = "libc.so.6", .address = symbols[side][HOT].address, .size = 64
        };
        objects[side][0] = (struct cost_item){
            .name = "table", .module = "program", .address = symbols[side][TABLE].address, .size = 64
        };
        profiles[side] = (struct cost_profile){ .source = SOURCE_SIM,
                                                .processor = "zen3",
                                                .functions = f,
                                                .function_count = 4,
                                                .objects = objects[side],
                                                .object_count = 1 };
        add_cycles(side, &f[0], COMPONENT_BASE, 1000);
        add_cycles(side, &f[0], COMPONENT_OPCACHE, side ? 300 : 0);
        add_cycles(side, &f[1], COMPONENT_BASE, side ? 400 : 500);
        add_cycles(side, &f[2], COMPONENT_L1I, side ? 100 : 0);
        add_cycles(side, &f[3], COMPONENT_BASE, 7000);
        f[0].entries = side ? 12 : 10;
        f[2].entries = 5;
        f[0].cost.counts[M_BRANCH_MISSES] = side ? 40 : 30;
        f[2].cost.counts[M_BRANCH_MISSES] = 2;
        f[0].cost.counts[M_L1I_MISSES] = side ? 9 : 0;
        objects[side][0].cost.counts[M_DTLB_MISSES] = side ? 6 : 4;
        objects[side][0].cost.cycles[COMPONENT_L1D] = side ? 80 : 50;
    }
}

enum { JCC, LINES, INSNS, OPS, SIZE, STRUCT, FEWER, COLD, FACTS };

static struct delta delta_with(struct code_fact *facts)
{
    facts[JCC] = fact(FACT_JCC, HOT, 1, 2, 64, "jcc");
    facts[LINES] = fact(FACT_LINES, HOT, 1, 2, 64, "lines");
    facts[INSNS] = fact(FACT_INSNS, COLDER, 10, 8, 900, "insns");
    facts[OPS] = fact(FACT_LOOP_OPS, HOT, 2, 3, 20, "ops");
    facts[SIZE] = fact(FACT_OBJECT_SIZE, TABLE, 64, 128, 128, "size");
    facts[STRUCT] = fact(FACT_STRUCT_SIZE, -1, 24, 32, 32, "struct");
    facts[COLD] = fact(FACT_COLD_ENTRIES, HOT, 2, 3, 20, "cold");
    facts[FEWER] = fact(FACT_LOOP_LINES, HOT, 2, 1, 20, "fewer");
    return (struct delta){ .symbols = changes, .symbol_count = SYMBOLS, .code_facts = facts, .code_fact_count = FACTS };
}

static const struct code_fact *find(const struct delta *d, const char *sentence)
{
    for (size_t i = 0; i < d->code_fact_count; i++)
        if (strcmp(d->code_facts[i].sentence, sentence) == 0)
            return &d->code_facts[i];
    return NULL;
}

static void joined(struct arena *arena)
{
    struct code_fact facts[FACTS];
    struct delta d = delta_with(facts);
    facts_join(arena, &d, NULL, &profiles[1]);
    ok(isnan(find(&d, "lines")->old_cycles) && strcmp(facts[0].sentence, "jcc") == 0,
       "without both profiles nothing is joined or moved");
    facts_join(arena, &d, &profiles[0], &profiles[1]);
    is_near(find(&d, "lines")->old_cycles, 1000, 0,
            "a function's cycles, and not those of another module at the same address");
    is_near(find(&d, "lines")->new_cycles, 1400, 0, "its cold part is counted in");
    is_near(find(&d, "lines")->cause_cycles, 400, 0, "a fact of layout accounts for all of layout's components");
    is_near(find(&d, "ops")->cause_cycles, 300, 0, "one of the op-cache for the op-cache alone");
    is_near(find(&d, "jcc")->cause_cycles, 0, 0, "one of the JCC erratum for nothing on a processor without it");
    is_near(find(&d, "insns")->new_cycles - find(&d, "insns")->old_cycles, -100, 0,
            "what got faster has a negative change");
    is_near(find(&d, "size")->cause_cycles, 30, 0, "an object has its own cycles");
    ok(isnan(find(&d, "struct")->new_cycles), "a type has none: not known, not zero");
    const struct fact_counts *old = find(&d, "jcc")->counts[0], *new = find(&d, "jcc")->counts[1];
    ok(old && new && old->entries == 10 && new->entries == 12, "a function was entered so often, its cold part apart");
    ok(old && new && old->branch_misses == 32 && new->branch_misses == 42 && new->l1i_misses == 9,
       "its misses are its own and its cold part's");
    ok(old && old->instructions == 300, "and its instructions, too");
    const struct fact_counts *object = find(&d, "size")->counts[1];
    ok(object && object->dtlb_misses == 6 && isnan(object->entries) && isnan(object->branch_misses),
       "an object has misses, and no executions: not known, not zero");
    ok(!find(&d, "struct")->counts[0] && !find(&d, "struct")->counts[1], "a type has no counts");
    ok(d.has_fate_cycles && d.fate_cycles[0][FATE_MOVED] == 1500 && d.fate_cycles[1][FATE_MOVED] == 1700,
       "cycles are summed by what became of the functions");
    is_near(d.other_cycles[1], 7100, 0, "another module's, and what has no record, apart");
    static const char *const order[FACTS] = { "lines", "fewer", "ops", "jcc", "cold", "insns", "size", "struct" };
    for (int i = 0; i < FACTS; i++)
        is_str(d.code_facts[i].sentence, order[i], "most cycles first, then what accounts for more");
    const struct fact_counts *cold = find(&d, "cold")->counts[1];
    ok(cold && cold->entries == 5 && cold->instructions == 100 && cold->branch_misses == 2,
       "a fact about a cold part counts what happened there alone");
    is_near(find(&d, "cold")->new_cycles, 1400, 0, "and has the cycles of the whole function");
}

static void not_run(struct arena *arena)
{
    struct code_fact facts[2] = { fact(FACT_LINES, HOT, 1, 2, 10, "small"),
                                  fact(FACT_LINES, COLDER, 1, 2, 20, "large") };
    struct delta d = { .symbols = changes, .symbol_count = SYMBOLS, .code_facts = facts, .code_fact_count = 2 };
    struct cost_profile none = { .source = SOURCE_SIM };
    facts_join(arena, &d, &none, &none);
    ok(isnan(facts[0].old_cycles) && isnan(facts[1].new_cycles), "functions that did not run have no cycles");
    is_str(facts[0].sentence, "large", "and are ranked by size");
}

static void ranks(void)
{
    static struct section sections[] = { { .name = "" }, { .name = ".text" }, { .name = ".init" } };
    struct inventory inv = { .sections = sections, .section_count = 3, .entry = 0x500 };
    struct symbol s[] = { { .name = "f", .section = 1, .address = 0x600, .file = "main.c" },
                          { .name = "_start", .section = 1, .address = 0x500 },
                          { .name = "frame_dummy", .section = 1, .address = 0x540, .file = "crtstuff.c" },
                          { .name = "_init", .section = 2, .address = 0x100 } };
    size_t start_up = 0;
    for (size_t i = 0; i < 4; i++)
        start_up += symbol_is_start_up(&inv, &s[i]);
    ok(start_up == 3 && !symbol_is_start_up(&inv, &s[0]), "the start files' code is told by file, section and entry");
    struct symbol_change own = { .old = &s[0], .new = &s[0], .name = "f" }, not_own = { .new = &s[2], .name = "frame_dummy" };
    struct delta d = { .old = &inv, .new = &inv };
    struct code_fact twice = { .kind = FACT_INSNS, .change = &own, .old = 10, .new = 20, .weight = 100 },
                     little = { .kind = FACT_INSNS, .change = &own, .old = 99, .new = 100, .weight = 1000 },
                     place = { .kind = FACT_ENTRY, .change = &own, .old = 0, .new = 1, .weight = 30 },
                     start = { .kind = FACT_INSNS, .change = &not_own, .old = 10, .new = 20, .weight = 1e6 };
    is_near(fact_rank(&d, &twice), 50, 0, "what doubled in a small function");
    ok(fact_rank(&d, &twice) > fact_rank(&d, &little), "is ranked before what grew by a hundredth in a large one");
    is_near(fact_rank(&d, &place), 30, 0, "of places only the bytes count");
    is_near(fact_rank(&d, &start), 0, 0, "the start files' code comes last");
}

static size_t count_evidence(const struct verdict *v, const char *text, double *weight)
{
    size_t count = 0;
    for (size_t i = 0; i < v->evidence_count; i++)
        if (v->evidence[i].source == SOURCE_ELF && (!text || strcmp(v->evidence[i].text, text) == 0)) {
            count++;
            *weight = v->evidence[i].weight;
        }
    return count;
}

static void judged(struct arena *arena)
{
    struct result r = { .arena = arena, .spec = spec_default(), .cost = { &profiles[0], &profiles[1] } };
    struct code_fact facts[FACTS];
    struct delta d = delta_with(facts);
    static struct inventory none;
    double weight = 0;
    d.old = d.new = &none;
    r.delta = &d;
    facts_join(arena, &d, r.cost[0], r.cost[1]);
    struct verdict v = judge(arena, &r, NULL);
    is_near((double)count_evidence(&v, "ops.", &weight), 1, 0, "the op-cache fact is evidence");
    is_near(weight, 1, 0, "its weight is its part of the 300 extra cycles");
    is_near((double)count_evidence(&v, "lines.", &weight), 1, 0, "so is the other fact of layout");
    is_near((double)count_evidence(&v, "fewer.", &weight), 0, 0, "a loop on fewer lines is no reason to be slower");
    is_near((double)count_evidence(&v, "jcc.", &weight), 0, 0, "nor is the erratum of another processor");
    is_near((double)count_evidence(&v, "insns.", &weight), 0, 0, "nor a function that got faster");
    is_near((double)count_evidence(&v, "struct.", &weight), 0, 0, "nor a struct where data did not grow");
    add_cycles(1, &functions[1][0], COMPONENT_L2D, 500);
    facts_join(arena, &d, r.cost[0], r.cost[1]);
    v = judge(arena, &r, NULL);
    is_near((double)count_evidence(&v, "struct.", &weight), 1, 0, "it is where data carries the change");
    ok(isnan(weight), "without a weight");
    r.cost[0] = r.cost[1] = NULL;
    v = judge(arena, &r, NULL);
    is_near((double)count_evidence(&v, "ops.", &weight), 0, 0,
            "without costs no fact is evidence: nothing says what carries the change");
}

static void bounded(struct arena *arena)
{
    enum { MANY = 40 };
    static struct code_fact facts[MANY];
    static struct inventory none;
    double weight;
    for (int i = 0; i < MANY; i++)
        facts[i] = fact(i % 2   ? FACT_LOOP_LINES
                        : i % 4 ? FACT_LINES
                                : FACT_ENTRY,
                        HOT, 1, 2, i, arena_printf(arena, "fact %d", i));
    struct delta d = { .old = &none,
                       .new = &none,
                       .symbols = changes,
                       .symbol_count = SYMBOLS,
                       .code_facts = facts,
                       .code_fact_count = MANY };
    struct result r = { .arena = arena, .spec = spec_default(), .delta = &d, .cost = { &profiles[0], &profiles[1] } };
    facts_join(arena, &d, r.cost[0], r.cost[1]);
    struct verdict v = judge(arena, &r, NULL);
    is_near((double)count_evidence(&v, NULL, &weight), 5, 0, "at most five facts");
}

static struct figure counted(enum metric metric, double old, double new)
{
    return (struct figure){ .metric = metric, .source = SOURCE_PERF, .state = READING_READ, .estimator = ESTIMATOR_SINGLE,
                            .old_value = old, .new_value = new, .ratio = new / old, .lo = NAN, .hi = NAN };
}

/* The same cycles sampled: samples know no components, so that counters have to say what the cause is. */
static void measured(struct arena *arena)
{
    static struct inventory none;
    struct cost_profile sampled[2] = { profiles[0], profiles[1] };
    struct code_fact facts[FACTS];
    struct delta d = delta_with(facts);
    struct result r = { .arena = arena, .spec = spec_default(), .delta = &d, .sampled = { &sampled[0], &sampled[1] } };
    double weight = 0;
    d.old = d.new = &none;
    sampled[0].source = sampled[1].source = SOURCE_PERF;
    facts_join(arena, &d, &sampled[0], &sampled[1]);
    struct verdict v = judge(arena, &r, NULL);
    static const char ops[] = "ops (its function took 133 % of the extra cycles, as sampled).";
    is_near((double)count_evidence(&v, ops, &weight), 1, 0, "a fact of a function that took the measured time is evidence");
    ok(isnan(weight), "without a weight where nothing says what the cause is");
    is_near((double)count_evidence(&v, "insns (its function took -33 % of the extra cycles, as sampled).", &weight), 0, 0,
            "one of a function that got faster is not");
    struct figure figures[] = { counted(M_CPU, 8.5e-6, 8.8e-6), counted(M_CYCLES, 8500, 8800), counted(M_INSTRUCTIONS, 800, 800),
                                counted(M_FRONTEND_STALLS, 100, 370), counted(M_BACKEND_STALLS, 100, 130) };
    r.comparison = (struct comparison){ .figures = figures, .count = 5, .time = &figures[0], .slowdown = 8.8 / 8.5 };
    v = judge(arena, &r, NULL);
    ok(v.attribution.known && v.attribution.shares[SHARE_LAYOUT] > .5, "counters book the change to layout");
    is_near((double)count_evidence(&v, ops, &weight), 1, 0, "then the fact of layout is evidence");
    is_near(weight, fmin(1, 4. / 3 * v.attribution.shares[SHARE_LAYOUT]), 1e-9, "weighed with its function's part of layout's");
    sampled[1].sampling_error = 200;
    v = judge(arena, &r, NULL);
    is_near((double)count_evidence(&v, NULL, &weight), 0, 0, "a change within twice its standard error is none");
}

/* hot and its fact in a library of the same name on both sides. */
static void in_library(struct arena *arena)
{
    static struct inventory none;
    struct code_fact facts[FACTS];
    struct delta d = delta_with(facts), program = { .old = &none, .new = &none };
    struct library library = { .name = "libhot.so", .path = { "/old/program", "/new/program" }, .delta = &d };
    struct libraries libraries = { .changed = &library, .changed_count = 1 };
    struct result r = { .arena = arena, .spec = spec_default(), .delta = &program, .libraries = &libraries, .cost = { &profiles[0], &profiles[1] } };
    double weight = 0;
    d.old = d.new = &none;
    facts_join(arena, &program, r.cost[0], r.cost[1]);
    facts_join_libraries(arena, &program, &libraries, r.cost[0], r.cost[1]);
    is_near(program.fate_cycles[1][FATE_MOVED], 1700, 0, "its cycles are among those by fate");
    is_near(program.other_cycles[1], 7100, 0, "and no longer elsewhere");
    struct verdict v = judge(arena, &r, NULL);
    is_near((double)count_evidence(&v, "in libhot.so: ops.", &weight), 1, 0, "a fact of a library is told with its name");
    bool named = false;
    for (size_t i = 0; i < v.evidence_count; i++)
        named |= v.evidence[i].symbol && strcmp(v.evidence[i].symbol, "libhot.so") == 0 && v.evidence[i].source == SOURCE_SIM;
    ok(named, "and the library that carries the cycles is named");
    libraries.changed_count = 0;
    v = judge(arena, &r, NULL);
    is_near((double)count_evidence(&v, "in libhot.so: ops.", &weight), 0, 0, "nothing of a library that is the same");
}

int main(void)
{
    struct arena *arena = arena_new();
    make_program();
    joined(arena);
    not_run(arena);
    ranks();
    judged(arena);
    bounded(arena);
    make_program();
    measured(arena);
    in_library(arena);
    arena_free(arena);
    return done_testing();
}
