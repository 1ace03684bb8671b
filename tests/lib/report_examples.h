/* Results as the stages would make them, one per kind of verdict, for the tests of JSON and of the reports.
 * Every figure is made up; they are only chosen to agree with one another.
 */
#ifndef TESTS_REPORT_EXAMPLES_H
#define TESTS_REPORT_EXAMPLES_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/fact_costs.h"
#include "core/result.h"
#include "stat/layouts.h"

struct example {
    const char *name; /* of the golden files */
    struct result *(*build)(void);
};

/* One figure; lo and hi are of the ratio. EXACT for the simulator, SINGLE when lo is NaN, else paired. */
static struct figure *example_figure(struct result *r, enum metric metric, enum source source, double old_value,
                                     double new_value, double lo, double hi)
{
    enum { ROOM = 2 * METRIC_COUNT };
    struct comparison *c = &r->comparison;
    if (!c->figures)
        c->figures = arena_array(r->arena, ROOM, sizeof *c->figures);
    if (c->count == ROOM)
        abort();
    struct figure *f = &c->figures[c->count++];
    double ratio = new_value / old_value;
    bool exact = source == SOURCE_SIM, single = isnan(lo);
    *f = (struct figure){ .metric = metric, .source = source, .state = READING_READ,
                          .estimator = exact ? ESTIMATOR_EXACT : single ? ESTIMATOR_SINGLE : ESTIMATOR_HODGES_LEHMANN,
                          .old_value = old_value, .new_value = new_value, .ratio = ratio,
                          .lo = exact ? ratio : lo, .hi = exact ? ratio : hi, .p = exact || single ? NAN : .002,
                          .old_n = exact || single ? 1 : 10, .new_n = exact || single ? 1 : 10,
                          .mde = exact || single ? NAN : .006 };
    f->change = single         ? CHANGE_UNKNOWN
                : f->lo > 1.01 ? CHANGE_UP
                : f->hi < .99  ? CHANGE_DOWN
                : f->lo > .99 && f->hi < 1.01 ? CHANGE_EQUIVALENT
                                              : CHANGE_UNKNOWN;
    return f;
}

static void example_gap(struct result *r, enum metric metric, enum source source, enum reading_state state)
{
    struct figure *f = example_figure(r, metric, source, 1, 1, 1, 1);
    *f = (struct figure){ .metric = metric, .source = source, .state = state };
}

/* Judged on the first figure of `metric`. */
static void example_time(struct result *r, enum metric metric, double floor)
{
    struct comparison *c = &r->comparison;
    for (size_t i = 0; i < c->count && !c->time; i++)
        if (c->figures[i].metric == metric)
            c->time = &c->figures[i];
    bool inverted = metric_table[metric].worse == WORSE_DOWN;
    c->slowdown = inverted ? 1 / c->time->ratio : c->time->ratio;
    c->slowdown_lo = inverted ? 1 / c->time->hi : c->time->lo;
    c->slowdown_hi = inverted ? 1 / c->time->lo : c->time->hi;
    c->floor = floor;
}

static void example_control(struct result *r, double lo, double hi, bool passed)
{
    r->comparison.control.present = true;
    r->comparison.control.ratio = sqrt(lo * hi);
    r->comparison.control.lo = lo;
    r->comparison.control.hi = hi;
    r->comparison.control.p = passed ? .49 : .002;
    r->comparison.control.passed = passed;
}

/* A list of sentences, ended by NULL. */
static const char **example_list(struct result *r, size_t *count, const char *const *sentences)
{
    *count = 0;
    while (sentences[*count])
        (*count)++;
    const char **list = arena_array(r->arena, *count + 1, sizeof *list);
    memcpy(list, sentences, *count * sizeof *list);
    return list;
}
#define LIST(r, count, ...) example_list((r), &(count), (const char *const[]){ __VA_ARGS__, NULL })

static void example_base(struct result *r)
{
    static char *const args[] = { "20000000", "400", "1", NULL };
    static char *const env[] = { "HAKMEM_WARM_POOL_SIZE=16", NULL };
    r->has_machine = true;
    r->machine = (struct machine){ .cpu_model = "AMD EPYC 7763 64-Core Processor", .vendor = "AuthenticAMD", .family = 25,
                                   .model = 1, .stepping = 1, .cores = 8, .kernel = "Linux 6.1.0-18-amd64",
                                   .governor = "performance", .perf_event_paranoid = 2, .aslr = true,
                                   .memory_bytes = 33567645696, .thp = "madvise" };
    r->spec = spec_default();
    r->spec.path[0] = "./bench_old";
    r->spec.path[1] = "./bench_new";
    r->spec.args = args;
    r->spec.arg_count = 3;
    r->spec.env = env;
    r->spec.env_count = 1;
    r->spec.cpu = 3;
    r->spec.source = SOURCE_PERF;
    r->side[0] = (struct side_info){ "./bench_old", "5f1c0a9be2d94c7786b03a8c21d3e4f5a6978012",
                                     "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", 458752 };
    r->side[1] = (struct side_info){ "./bench_new", "77ab01c3d5e7f9012345678901234567890abcde",
                                     "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752", 471040 };
    r->session.complete = true;
    r->comparison.notes = LIST(r, r->comparison.note_count, "Hodges-Lehmann on paired rounds: both sides have one mode and no heavy tail");
}

/* Raw readings of `rounds` rounds, so that a saved example has what a real one has. */
static void example_runs(struct result *r, int rounds)
{
    for (int round = 0; round < rounds; round++)
        for (int side = 0; side < SIDE_COUNT; side++) {
            struct run *run = ARENA_PUSH(r->arena, r->session.runs, r->session.count, r->session.room);
            *run = (struct run){ .side = (enum side)side, .round = round, .position = (side + round) % SIDE_COUNT };
            run->readings[M_CPU] = (struct reading){ READING_READ, SOURCE_CLOCK, 319e6 * (side == SIDE_NEW ? 1.0513 : 1) + round / 3., 0, 0 };
            run->readings[M_INSTRUCTIONS] = (struct reading){ READING_READ, SOURCE_PERF, 1.8e9 + round, 1000, 1000 };
            run->readings[M_BRANCH_MISSES] = (struct reading){ READING_READ, SOURCE_PERF, 12345.678, 1000, 333 };
            run->readings[M_L1I_MISSES] = (struct reading){ READING_NOT_COUNTED, SOURCE_PERF, 0, 1000, 0 };
            run->readings[M_DTLB_WALKS] = (struct reading){ READING_NOT_SUPPORTED, SOURCE_PERF, 0, 0, 0 };
        }
}

static void example_rules(struct result *r, const double values[RULE_COUNT], const double weights[RULE_COUNT])
{
    for (int i = 0; i < RULE_COUNT; i++) {
        const struct rule_row *row = &rule_table[i];
        r->verdict.rules[i] = (struct rule_result){ .rule = (enum rule_id)i, .known = !isnan(values[i]), .metric = row->metrics[0],
                                                    .fired = values[i] > row->threshold, .value = values[i],
                                                    .threshold = row->threshold, .weight = weights[i] };
    }
}
#define RULES(r, ...) example_rules((r), (const double[RULE_COUNT]){ __VA_ARGS__ }, (const double[RULE_COUNT]){ NAN, .21, .02, 0, .03 })

static void example_shares(struct result *r, double work, double layout, double hint, double data, double residual)
{
    struct verdict *v = &r->verdict;
    v->shares[SHARE_WORK] = work;
    v->shares[SHARE_LAYOUT] = layout;
    v->shares[SHARE_HINT] = hint;
    v->shares[SHARE_DATA] = data;
    v->attribution.known = true;
    memcpy(v->attribution.shares, v->shares, sizeof v->shares);
    v->attribution.residual = residual;
    for (int i = 0; i < COMPONENT_COUNT; i++)
        v->attribution.components[i] = NAN;
}

static struct result *example_none(void)
{
    struct result *r = result_new();
    example_base(r);
    example_figure(r, M_CPU, SOURCE_CLOCK, 319.4e6, 319.9e6, .9978, 1.0052);
    example_figure(r, M_WALL, SOURCE_CLOCK, 321.0e6, 321.6e6, .9961, 1.0079);
    example_figure(r, M_INSTRUCTIONS, SOURCE_PERF, 1.802e9, 1.802e9, .99999, 1.00001);
    example_figure(r, M_CYCLES, SOURCE_PERF, 1.011e9, 1.013e9, .998, 1.0049);
    example_figure(r, M_IPC, SOURCE_PERF, 1.782, 1.779, .995, 1.002);
    example_time(r, M_CPU, .01);
    example_control(r, .9971, 1.0034, true);
    RULES(r, .17, NAN, NAN, NAN, .0);
    struct verdict *v = &r->verdict;
    v->cause = v->primary = CAUSE_NONE;
    v->confidence = .97;
    v->summary = "Old and new take the same CPU time: the 90 % interval lies inside the floor of 1.0 %.";
    v->reasons = LIST(r, v->reason_count, "CPU time changed by +0.16 %, and anything beyond 1.0 % is ruled out", "the A/A control passed");
    return r;
}

/* Two ELF files with a hot function that moved, one that changed and a removed and an added one. */
static void example_delta(struct result *r)
{
    static struct symbol old_symbols[] = {
        { .name = "hash_probe", .base_name = "hash_probe", .address = 0x401a40, .size = 412, .section = 0, .code_hash = 0x9e3779b97f4a7c15 },
        { .name = "main", .base_name = "main", .address = 0x401e00, .size = 1210, .section = 0, .code_hash = 0x1234 },
        { .name = "parse_line.part.0", .base_name = "parse_line", .local = true, .address = 0x402300, .size = 96, .section = 0, .code_hash = 7 },
        { .name = "table", .base_name = "table", .kind = SYMBOL_OBJECT, .address = 0x405000, .size = 4096, .section = 1 },
    };
    static struct symbol new_symbols[] = {
        { .name = "fast_path", .base_name = "fast_path", .address = 0x401900, .size = 64, .section = 0, .code_hash = 8 },
        { .name = "hash_probe", .base_name = "hash_probe", .address = 0x401b18, .size = 412, .section = 0, .code_hash = 0x9e3779b97f4a7c15 },
        { .name = "main", .base_name = "main", .address = 0x402000, .size = 1296, .section = 0, .code_hash = 0x5678 },
        { .name = "table", .base_name = "table", .kind = SYMBOL_OBJECT, .address = 0x405000, .size = 4096, .section = 1 },
    };
    static struct section sections[] = { { .name = ".text", .address = 0x401000, .offset = 0x1000, .size = 9000, .align = 64, .flags = 6, .type = 1, .use = USE_TEXT },
                                         { .name = ".data", .address = 0x405000, .offset = 0x5000, .size = 4096, .align = 32, .flags = 3, .type = 1, .use = USE_DATA } };
    static struct segment segments[] = { { 0x401000, 0x1000, 9000, 9000, 4096, 1, 5 } };
    for (int side = 0; side < 2; side++) {
        struct inventory *elf = r->inventory[side] = arena_alloc(r->arena, sizeof *elf);
        *elf = (struct inventory){ .path = r->side[side].path, .build_id = r->side[side].build_id, .sha256 = r->side[side].sha256,
                                   .size = r->side[side].size, .type = "PIE", .interpreter = "/lib64/ld-linux-x86-64.so.2",
                                   .machine = "x86-64", .bits = 64, .entry = 0x401040, .sections = sections,
                                   .section_count = 2, .segments = segments, .segment_count = 1, .symbols = side ? new_symbols : old_symbols,
                                   .symbol_count = 4, .text_bytes = side ? 471040 : 457728, .tls_size = 16, .tls_align = 8,
                                   .plt_slots = 12, .relocations = 31, .compiler = "GCC: (Debian 12.2.0-14) 12.2.0", .has_symbols = true };
        elf->bytes[USE_TEXT] = elf->text_bytes;
        elf->bytes[USE_DATA] = 4096;
        elf->needed = LIST(r, elf->needed_count, "libc.so.6");
        elf->missing = LIST(r, elf->missing_count, "no DWARF: inlining and struct changes cannot be seen; build with -g");
    }
    struct delta *d = r->delta = arena_alloc(r->arena, sizeof *d);
    static struct symbol_change changes[] = {
        { FATE_ADDED, "fast_path", NULL, &new_symbols[0], NULL, false, false, false, false, RECODING_OTHER, 0 },
        { FATE_MOVED, "hash_probe", &old_symbols[0], &new_symbols[1], NULL, false, false, false, false, RECODING_OTHER, 0 },
        { FATE_RESIZED, "main", &old_symbols[1], &new_symbols[2], NULL, false, false, false, false, RECODING_OTHER, 0 },
        { FATE_SAME, "table", &old_symbols[3], &new_symbols[3], NULL, false, false, false, false, RECODING_OTHER, 0 },
        { FATE_REMOVED, "parse_line.part.0", &old_symbols[2], NULL, &new_symbols[2], false, false, false, false, RECODING_OTHER, 0 },
    };
    static struct fact_change facts[] = { { "section .text", "457728 bytes", "471040 bytes", 457728, 471040 },
                                          { "compiler flags", "-O2 -g -march=x86-64-v3 -fprofile-use=old.gcda", "-O2 -g -march=x86-64-v3 -fprofile-use=new.gcda -g3", NAN, NAN } };
    *d = (struct delta){ .old = r->inventory[0], .new = r->inventory[1], .symbols = changes, .symbol_count = 5, .facts = facts, .fact_count = 2 };
    static const struct code_fact told[] = {
        { FACT_INSNS, &changes[2], "main", 0x401e00, 0x402000, 310, 334, 1296, NAN, NAN, NAN, { NULL, NULL }, NULL, "main has 334 instructions, before 310" },
        { FACT_JCC, &changes[1], "hash_probe", 0x401a40, 0x401b18, 1, 2, 412, NAN, NAN, NAN, { NULL, NULL }, NULL,
          "hash_probe: jumps that cross or end at a 32-byte boundary (the JCC erratum of Skylake): 2, before 1" },
        { FACT_LOOP_OPS, &changes[1], "hash_probe", 0x401a60, 0x401b38, 2, 3, 44, NAN, NAN, NAN, { NULL, NULL }, NULL,
          "the loop at hash_probe+0x20 (14 instructions) takes 3 op-cache lines of a 32-byte window, before 2" },
        { FACT_STRUCT_SIZE, NULL, "row", 0, 0, 24, 32, 32, NAN, NAN, NAN, { NULL, NULL }, NULL, "struct row has 32 bytes, 8 of them holes, before 24 with 0" },
    };
    d->code_fact_count = d->code_fact_room = sizeof told / sizeof *told;
    d->code_facts = arena_array(r->arena, d->code_fact_count, sizeof *d->code_facts);
    memcpy(d->code_facts, told, sizeof told);
    for (size_t i = 0; i < d->symbol_count; i++) {
        const struct symbol *s = changes[i].new ? changes[i].new : changes[i].old;
        d->fates[s->kind][changes[i].fate]++;
        d->fate_bytes[s->kind][changes[i].fate] += s->size;
    }
}

/* Two functions and one object on the model; new pays `extra` cycles more of `component` in hash_probe. */
static void example_costs(struct result *r, enum component component, double extra, double extra_instructions)
{
    for (int side = 0; side < 2; side++) {
        struct cost_profile *p = r->cost[side] = arena_alloc(r->arena, sizeof *p);
        *p = (struct cost_profile){ .source = SOURCE_SIM, .processor = "zen3", .taken_share = side ? .61 : .58, .cold_share = side ? .02 : .001 };
        p->recipe = LIST(r, p->recipe_count, "aslr=off", "argv0=./bench", "env=64 bytes");
        p->function_count = 2;
        p->functions = arena_array(r->arena, 2, sizeof *p->functions);
        p->functions[0] = (struct cost_item){ .name = "hash_probe", .module = "bench", .address = side ? 0x401b18 : 0x401a40, .size = 412 };
        p->functions[1] = (struct cost_item){ .name = "main", .module = "bench", .address = side ? 0x402000 : 0x401e00, .size = side ? 1296 : 1210 };
        struct cost *hot = &p->functions[0].cost, *cold = &p->functions[1].cost;
        hot->instructions = 1.4e9 + (side ? extra_instructions : 0);
        cold->instructions = .4e9;
        hot->cycles[COMPONENT_BASE] = hot->instructions / 4;
        cold->cycles[COMPONENT_BASE] = cold->instructions / 4;
        hot->cycles[COMPONENT_DIRECTION] = 120e6;
        hot->cycles[component] += side ? extra : 0;
        cold->cycles[COMPONENT_L1D] = 40.25e6;
        hot->counts[M_OPCACHE_MISSES] = side ? 9.1e6 : .4e6;
        p->object_count = 1;
        p->objects = arena_array(r->arena, 1, sizeof *p->objects);
        p->objects[0] = (struct cost_item){ .name = "table", .module = "bench", .address = 0x405000, .size = 4096 };
        p->objects[0].cost.cycles[COMPONENT_L1D] = 40.25e6;
        for (size_t i = 0; i < 2; i++) {
            p->total.instructions += p->functions[i].cost.instructions;
            for (int k = 0; k < COMPONENT_COUNT; k++)
                p->total.cycles[k] += p->functions[i].cost.cycles[k];
        }
    }
}

static void example_evidence(struct result *r, const struct evidence *rows, size_t count)
{
    r->verdict.evidence = arena_array(r->arena, count, sizeof *rows);
    memcpy(r->verdict.evidence, rows, count * sizeof *rows);
    r->verdict.evidence_count = count;
}
#define EVIDENCE(r, ...) \
    example_evidence((r), (const struct evidence[]){ __VA_ARGS__ }, sizeof (const struct evidence[]){ __VA_ARGS__ } / sizeof(struct evidence))

static void example_verdict(struct result *r, enum cause cause, enum cause primary, double confidence, const char *summary)
{
    r->verdict.cause = cause;
    r->verdict.primary = primary;
    r->verdict.regression = r->comparison.slowdown_lo > 1 && r->comparison.slowdown >= 1 + r->comparison.floor;
    r->verdict.confidence = confidence;
    r->verdict.summary = summary;
}

/* Old's layout is lucky, new's is not, the code costs nothing. */
static void example_layouts(struct result *r)
{
    static const double drawn[] = { 617.1e6, 622.9e6, 611.4e6, 641.2e6, 619.7e6, 628.3e6 };
    struct layout_study *study = r->layouts = arena_alloc(r->arena, sizeof *study);
    *study = (struct layout_study){ .processor = "zen3", .seed = 1, .instructions = { 1.8e9, 1.8e9 }, .shipped = { 610.25e6, 645.3e6 },
                                    .moved = { 1210, 340, 8, 2 }, .common = 771, .transplant = { NAN, NAN } };
    study->trials = arena_array(r->arena, 11, sizeof *study->trials);
    study->trials[0] = (struct layout_trial){ FAMILY_SHIPPED, 0, 0, { 610.25e6, 645.3e6 } };
    study->trials[1] = (struct layout_trial){ FAMILY_OLD_PLACE, AXES_ALL, 0, { 610.25e6, 610.9e6 } };
    study->trials[2] = (struct layout_trial){ FAMILY_NEW_PLACE, AXES_ALL, 0, { 644.8e6, 645.3e6 } };
    for (int i = 0; i < 6; i++)
        study->trials[3 + i] = (struct layout_trial){ i % 2 ? FAMILY_PAD : FAMILY_ORDER, AXES_ALL, 1,
                                                      { drawn[i], drawn[i] * (i % 2 ? 1.0011 : 1.0005) } };
    for (int i = 0; i < 2; i++)
        study->trials[9 + i] = (struct layout_trial){ i ? FAMILY_PAD : FAMILY_ORDER, 1u << AXIS_DATA, 1, { 610.3e6 + i * 1e5, 645.4e6 } };
    study->trial_count = study->trial_room = 11;
    study->culprits[0] = (struct layout_culprit){ "hash_probe", { 0x401b00, 0x401b18 }, 34.1e6, COMPONENT_OPCACHE, NULL, -.0541 };
    study->culprit_count = 1;
    layouts_conclude(r->arena, study, .01);
}

/* A machine without counters: the clock sees it, the model says why. */
static struct result *example_layout(void)
{
    struct result *r = result_new();
    example_base(r);
    r->spec.source = SOURCE_SIM;
    r->machine.hypervisor = "KVM";
    example_figure(r, M_CPU, SOURCE_CLOCK, 319.4e6, 335.8e6, 1.0481, 1.0544);
    example_figure(r, M_WALL, SOURCE_CLOCK, 321.0e6, 338.1e6, 1.043, 1.064);
    example_figure(r, M_FAULTS_MINOR, SOURCE_CLOCK, 212, 213, .99, 1.02);
    example_figure(r, M_CYCLES, SOURCE_SIM, 610.25e6, 645.3e6, 0, 0);
    example_figure(r, M_INSTRUCTIONS, SOURCE_SIM, 1.8e9, 1.8e9, 0, 0);
    example_figure(r, M_IPC, SOURCE_SIM, 2.9496, 2.7894, 0, 0);
    example_figure(r, M_BRANCH_MPKI, SOURCE_SIM, 4.4312, 4.4315, 0, 0);
    example_figure(r, M_OPCACHE_MISSES, SOURCE_SIM, .4e6, 9.1e6, 0, 0);
    example_figure(r, M_L1I_MPKI, SOURCE_SIM, .0121, .0123, 0, 0);
    example_gap(r, M_DTLB_WALKS, SOURCE_PERF, READING_NOT_SUPPORTED);
    example_time(r, M_CPU, .01);
    example_control(r, .9971, 1.0034, true);
    example_runs(r, 3);
    example_delta(r);
    example_costs(r, COMPONENT_OPCACHE, 35.05e6, 0);
    facts_join(r->arena, r->delta, r->cost[0], r->cost[1]);
    RULES(r, 5.43, .01, NAN, NAN, .0);
    example_shares(r, 0, .96, .01, 0, .03);
    struct attribution *a = &r->verdict.attribution;
    a->method = "CPI stack of the model";
    a->source = SOURCE_SIM;
    a->total = .0574;
    a->components[COMPONENT_OPCACHE] = .95;
    a->components[COMPONENT_DIRECTION] = .01;
    a->arithmetic = LIST(r, a->arithmetic_count, "+35.05 M cycles of 610.25 M: op-cache and fetch windows +33.6 M, everything else +1.4 M");
    example_verdict(r, CAUSE_LAYOUT, CAUSE_LAYOUT, .86,
                    "The same instructions run slower because hash_probe moved: its hot loop no longer fits the op-cache windows it used to fit.");
    r->verdict.reasons = LIST(r, r->verdict.reason_count, "96 % of the lost cycles sit in functions whose code is byte for byte the same",
                              "instructions are equal on both sides (1.80 G), so there is no extra work",
                              "the clock sees +5.1 %, the model predicts +5.7 %: they agree");
    EVIDENCE(r, { CAUSE_LAYOUT, "hash_probe", 0x401b18, "unchanged code moved from line offset 0 to 24; op-cache misses 0.4 M -> 9.1 M", .95, SOURCE_SIM },
             { CAUSE_LAYOUT, "hash_probe", 0x401b38,
               "the loop at hash_probe+0x20 (14 instructions) takes 3 op-cache lines of a 32-byte window, before 2.", .95, SOURCE_ELF },
             { CAUSE_HINT, NULL, 0, "taken branches rose from 58 % to 61 % of conditional ones", .01, SOURCE_SIM });
    r->verdict.advice = LIST(r, r->verdict.advice_count, "align hash_probe: __attribute__((aligned(64))), or build with -falign-functions=64 -falign-loops=32",
                             "prove it on hardware: layout_tax_forensics sweep ./bench_old ./bench_new");
    result_warn(r, "no hardware counters here (no PMU in this virtual machine): causes come from the model of zen3");
    example_layouts(r);
    return r;
}

static struct result *example_work(void)
{
    struct result *r = result_new();
    example_base(r);
    example_figure(r, M_CPU, SOURCE_CLOCK, 1.204e9, 1.329e9, 1.1001, 1.1079);
    example_figure(r, M_CYCLES, SOURCE_PERF, 4.211e9, 4.650e9, 1.1012, 1.1071);
    example_figure(r, M_INSTRUCTIONS, SOURCE_PERF, 9.310e9, 10.322e9, 1.10868, 1.10873);
    example_figure(r, M_IPC, SOURCE_PERF, 2.2109, 2.2198, 1.001, 1.007);
    example_figure(r, M_BRANCH_MISS_RATE, SOURCE_PERF, .912, .921, .99, 1.03);
    example_figure(r, M_BRANCHES, SOURCE_PERF, 1.71e9, 1.92e9, 1.1225, 1.1232)->scaled = true;
    example_figure(r, M_L1I_MPKI, SOURCE_PERF, .0312, .0309, .95, 1.04);
    example_time(r, M_CPU, .01);
    example_control(r, .9971, 1.0034, true);
    RULES(r, -.4, 1, NAN, NAN, 10.87);
    example_shares(r, 1.03, -.04, .01, .01, -.01);
    r->verdict.attribution.method = "exact split + event penalties";
    r->verdict.attribution.source = SOURCE_PERF;
    r->verdict.attribution.total = .1042;
    r->verdict.attribution.arithmetic = LIST(r, r->verdict.attribution.arithmetic_count,
                                             "dI x mean CPI = 1.012 G x 0.4514 = 457 M of 439 M cycles: work 104 %",
                                             "mean I x dCPI = 9.816 G x -0.0018 = -18 M: CPI -4 %");
    example_verdict(r, CAUSE_WORK, CAUSE_WORK, .94, "New executes 10.9 % more instructions at the same rate; that alone accounts for the slowdown.");
    r->verdict.reasons = LIST(r, r->verdict.reason_count, "instructions rose by 10.9 %, cycles by 10.4 %, IPC did not fall");
    EVIDENCE(r, { CAUSE_WORK, "parse_line", 0x4023c0, "+0.98 G instructions; code changed, 96 -> 402 bytes", .97, SOURCE_PERF });
    r->verdict.advice = LIST(r, r->verdict.advice_count, "read the diff of parse_line first: it carries 97 % of the extra instructions");
    return r;
}

static struct result *example_hint(void)
{
    struct result *r = example_layout();
    r->layouts = NULL;
    r->comparison.figures[8].change = CHANGE_UNKNOWN;
    r->delta = NULL;
    r->inventory[0] = r->inventory[1] = NULL;
    example_costs(r, COMPONENT_DIRECTION, 35.05e6, 0);
    example_shares(r, .02, .03, .91, .01, .03);
    example_verdict(r, CAUSE_HINT, CAUSE_HINT, .8, "The branches of hash_probe were laid out for other input: its hot path is now the taken one.");
    r->verdict.reasons = LIST(r, r->verdict.reason_count, "91 % of the lost cycles are mispredicts and taken branches");
    EVIDENCE(r, { CAUSE_HINT, "hash_probe", 0x401b18, "hot blocks run from .text.unlikely", .91, SOURCE_SIM });
    r->verdict.advice = LIST(r, r->verdict.advice_count, "train the profile again with the input and the settings that production uses");
    return r;
}

static struct result *example_data(void)
{
    struct result *r = result_new();
    example_base(r);
    example_figure(r, M_CPU, SOURCE_CLOCK, .882e9, .981e9, 1.098, 1.127);
    example_figure(r, M_CYCLES, SOURCE_PERF, 3.1e9, 3.45e9, 1.1, 1.126);
    example_figure(r, M_INSTRUCTIONS, SOURCE_PERF, 4.2e9, 4.2e9, .99998, 1.00003);
    example_figure(r, M_IPC, SOURCE_PERF, 1.3548, 1.2174, .89, .909);
    example_figure(r, M_CACHE_MPKI, SOURCE_PERF, 2.1, 6.72, 3.05, 3.36);
    example_figure(r, M_DTLB_MPKI, SOURCE_PERF, .41, .44, 1.01, 1.13);
    example_gap(r, M_LLC_MISSES, SOURCE_PERF, READING_NOT_COUNTED);
    example_time(r, M_CPU, .01);
    example_control(r, .996, 1.0041, true);
    RULES(r, 10.1, NAN, 220, 7.3, 0);
    r->verdict.rules[RULE_DTLB_MISS].threshold = 7.5;
    example_shares(r, 0, .05, .01, .9, .04);
    r->verdict.attribution.method = "exact split + event penalties";
    r->verdict.attribution.source = SOURCE_PERF;
    r->verdict.attribution.total = .1129;
    example_verdict(r, CAUSE_DATA, CAUSE_DATA, .9, "Cache misses tripled at equal instructions: table grew past the L2 cache.");
    r->verdict.reasons = LIST(r, r->verdict.reason_count, "cache misses per 1000 instructions rose from 2.1 to 6.7");
    EVIDENCE(r, { CAUSE_DATA, "table", 0x405000, "16-byte rows became 24-byte rows", .9, SOURCE_PERF });
    r->verdict.advice = LIST(r, r->verdict.advice_count, "put the 8 cold bytes of each row into an array of their own");
    return r;
}

/* perf stat files recorded elsewhere: no machine, no spec, no ELF files. */
static struct result *example_mixed(void)
{
    struct result *r = result_new();
    r->spec = spec_default();
    r->spec.source = SOURCE_FILE;
    r->side[0].path = "old.perf";
    r->side[1].path = "new.perf";
    r->session.complete = true;
    example_figure(r, M_THROUGHPUT, SOURCE_FILE, 62.63e6, 55.04e6, NAN, NAN);
    example_figure(r, M_CYCLES, SOURCE_FILE, 100e9, 113.8e9, NAN, NAN);
    example_figure(r, M_INSTRUCTIONS, SOURCE_FILE, 180e9, 190.1e9, NAN, NAN);
    example_figure(r, M_IPC, SOURCE_FILE, 1.8, 1.67, NAN, NAN);
    example_figure(r, M_BRANCH_MISS_RATE, SOURCE_FILE, 3.81, 4.56, NAN, NAN);
    example_time(r, M_THROUGHPUT, .01);
    RULES(r, 7.2, 19.7, NAN, NAN, 5.6);
    example_shares(r, .42, .18, .4, NAN, NAN);
    r->verdict.shares[SHARE_DATA] = NAN;
    r->verdict.attribution.residual = 0;
    r->verdict.attribution.method = "exact split + event penalties";
    r->verdict.attribution.source = SOURCE_FILE;
    r->verdict.attribution.total = .138;
    example_verdict(r, CAUSE_MIXED, CAUSE_WORK, .55, "Three causes carry it: more instructions, more mispredicts, and a rest that only layout explains.");
    r->verdict.regression = true;
    r->verdict.reasons = LIST(r, r->verdict.reason_count, "IPC fell by 7.2 % but throughput by 12.1 %: instructions per operation rose by 5.6 %",
                              "branch-miss rate rose from 3.81 % to 4.56 %");
    r->verdict.advice = LIST(r, r->verdict.advice_count, "give ten runs a side (perf stat -r 10): one value a side has no interval");
    result_warn(r, "one value a side: no interval can be given");
    return r;
}

static struct result *example_clock(void)
{
    struct result *r = result_new();
    example_base(r);
    r->spec.source = SOURCE_CLOCK;
    r->machine.hypervisor = "KVM";
    example_figure(r, M_CPU, SOURCE_CLOCK, 18.2e6, 19.1e6, 1.021, 1.083);
    example_figure(r, M_WALL, SOURCE_CLOCK, 19.9e6, 21.4e6, .97, 1.21)->bimodal = true;
    example_figure(r, M_PEAK_RSS, SOURCE_CLOCK, 3.8 * 1048576, 3.8 * 1048576, 1, 1);
    example_gap(r, M_CYCLES, SOURCE_PERF, READING_NOT_SUPPORTED);
    example_gap(r, M_INSTRUCTIONS, SOURCE_PERF, READING_NOT_SUPPORTED);
    example_time(r, M_CPU, .012);
    example_control(r, .994, 1.0061, true);
    RULES(r, NAN, NAN, NAN, NAN, NAN);
    example_verdict(r, CAUSE_INCONCLUSIVE, CAUSE_INCONCLUSIVE, .7, "New is slower, but the clock alone cannot say why.");
    r->verdict.reasons = LIST(r, r->verdict.reason_count, "no counter was read: causes need instructions, mispredicts and cache misses");
    r->verdict.advice = LIST(r, r->verdict.advice_count, "add --source sim: the model needs no hardware counters", "or run on a machine with a PMU: layout_tax_forensics doctor says what is missing here");
    return r;
}

static struct result *example_unreliable(void)
{
    struct result *r = result_new();
    example_base(r);
    example_figure(r, M_CPU, SOURCE_CLOCK, 319.4e6, 341e6, 1.04, 1.09);
    example_time(r, M_CPU, .07);
    example_control(r, 1.021, 1.068, false);
    example_verdict(r, CAUSE_UNRELIABLE, CAUSE_UNRELIABLE, .9, "Old differs from its own copy by +4.4 % here, so a difference between old and new means nothing.");
    r->verdict.regression = false;
    r->verdict.reasons = LIST(r, r->verdict.reason_count, "the A/A control failed: +4.4 % [+2.1 %, +6.8 %], p = 0.002");
    r->verdict.advice = LIST(r, r->verdict.advice_count, "stop other load, fix the clock speed (cpupower frequency-set -g performance), and run more rounds: --runs 30");
    return r;
}

/* Ctrl-C after two rounds. */
static struct result *example_partial(void)
{
    struct result *r = result_new();
    example_base(r);
    r->session.complete = false;
    r->session.interrupted = "interrupted by Ctrl-C after 2 of 10 rounds";
    example_runs(r, 2);
    example_figure(r, M_CPU, SOURCE_CLOCK, 319e6, 335e6, .97, 1.14)->old_n = 2;
    r->comparison.figures[0].new_n = 2;
    example_time(r, M_CPU, .01);
    example_verdict(r, CAUSE_INCONCLUSIVE, CAUSE_INCONCLUSIVE, .1, "Two rounds are too few to tell.");
    r->verdict.advice = LIST(r, r->verdict.advice_count, "run it again to the end");
    return r;
}

/* Both load a library that differs; new loads one more, and one was not found. */
static void example_libraries(struct result *r)
{
    static struct symbol olds[] = { { .name = "pack", .base_name = "pack", .address = 0x1100, .size = 80, .code_hash = 3 } };
    static struct symbol news[] = { { .name = "pack", .base_name = "pack", .address = 0x1100, .size = 96, .code_hash = 4 } };
    static struct symbol_change changes[] = { { FATE_RECODED, "pack", &olds[0], &news[0], NULL, false, false, false, false, RECODING_UNROLLED, 4 } };
    static struct code_fact told[] = {
        { FACT_INSNS, &changes[0], "pack", 0x1100, 0x1100, 20, 24, 96, NAN, NAN, NAN, { NULL, NULL }, NULL, "pack has 24 instructions, before 20" },
    };
    static struct fact_change facts[] = { { "text bytes", "80", "96", 80, 96 } };
    struct libraries *l = r->libraries = arena_alloc(r->arena, sizeof *l);
    *l = (struct libraries){ .same = 2, .left_out = 0, .changed_count = 2, .changed_room = 2,
                             .changed = arena_array(r->arena, 2, sizeof *l->changed) };
    l->missing = LIST(r, l->missing_count, "'libgone.so.2', which app needs, was not found where the loader looks: it is not compared");
    l->changed[0] = (struct library){ .name = "libpack.so.1", .path = { "/old/libpack.so.1", "/new/libpack.so.1" } };
    l->changed[1] = (struct library){ .name = "libmore.so", .path = { NULL, "/new/libmore.so" } };
    for (int side = 0; side < 2; side++) {
        struct inventory *elf = l->changed[0].inventory[side] = arena_alloc(r->arena, sizeof *elf);
        *elf = (struct inventory){ .path = l->changed[0].path[side], .sha256 = side ? "22" : "11", .size = 16000, .type = "shared object",
                                   .machine = "x86-64", .bits = 64, .symbols = side ? news : olds, .symbol_count = 1, .text_bytes = side ? 96 : 80 };
    }
    struct delta *d = l->changed[0].delta = arena_alloc(r->arena, sizeof *d);
    *d = (struct delta){ .old = l->changed[0].inventory[0], .new = l->changed[0].inventory[1], .symbols = changes, .symbol_count = 1,
                         .facts = facts, .fact_count = 1, .code_facts = told, .code_fact_count = 1, .code_fact_room = 1 };
    d->fates[SYMBOL_FUNCTION][FATE_RESIZED] = 1;
    d->fate_bytes[SYMBOL_FUNCTION][FATE_RESIZED] = 96;
}

/* Two files and no run. */
static struct result *example_inspect(void)
{
    struct result *r = result_new();
    example_base(r);
    example_delta(r);
    example_libraries(r);
    r->comparison.note_count = 0;
    return r;
}

/* Names that would steer a terminal, close a tag, end a table cell or a code span. */
static struct result *example_hostile(void)
{
    struct result *r = example_work();
    r->side[0].path = r->spec.path[0] = "it's <b>old</b>";
    r->side[1].path = r->spec.path[1] = "new\033[31m\r\n| pipe | `tick`";
    r->verdict.summary = "<script>alert(1)</script> & \"quotes\" *stars* _lines_ [link](x)\nsecond line \xc2\x9b\x7f";
    r->verdict.evidence[0].symbol = "operator<<(std::ostream&, a_very_long_type_name<with, many, template, parameters> const&)";
    r->verdict.evidence[0].text = "|cell| ``two`` ticks, and_a_word_without_any_place_to_break_it_that_is_longer_than_the_column_it_stands_in_by_far";
    result_warn(r, "</details><h1>not a title</h1>");
    return r;
}

static const struct example examples[] = {
    { "none", example_none },
    { "work", example_work },
    { "layout", example_layout },
    { "hint", example_hint },
    { "data", example_data },
    { "mixed", example_mixed },
    { "clock", example_clock },
    { "unreliable", example_unreliable },
    { "partial", example_partial },
    { "inspect", example_inspect },
    { "hostile", example_hostile },
};
enum { EXAMPLE_COUNT = sizeof examples / sizeof *examples };

#endif
