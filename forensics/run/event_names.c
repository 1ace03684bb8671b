#include "run/event_names.h"

#include <ctype.h>
#include <string.h>

/* Sources: perf-list(1); the Linux kernel's tools/perf/pmu-events for the makers' names, which are those of
 * Intel's perfmon event files and of AMD's Processor Programming References. docs/sources.md says more. */
const struct event_name event_names[] = {
    /* software and tool events; perf stat prints clocks in msec and says so in the unit */
    { "task-clock", M_CPU, 1 },
    { "cpu-clock", M_CPU, 1 },
    { "duration_time", M_WALL, 1 },
    { "user_time", M_USER, 1 },
    { "system_time", M_SYSTEM, 1 },
    { "minor-faults", M_FAULTS_MINOR, 1 },
    { "major-faults", M_FAULTS_MAJOR, 1 },
    /* all faults, but major ones are few where a comparison makes sense */
    { "page-faults", M_FAULTS_MINOR, 1 },
    { "faults", M_FAULTS_MINOR, 1 },
    { "context-switches", M_SWITCHES, 1 },
    { "cs", M_SWITCHES, 1 },
    { "cpu-migrations", M_MIGRATIONS, 1 },
    { "migrations", M_MIGRATIONS, 1 },

    /* perf's generic events */
    { "cycles", M_CYCLES, 1 },
    { "cpu-cycles", M_CYCLES, 1 },
    { "ref-cycles", M_REF_CYCLES, 1 },
    { "instructions", M_INSTRUCTIONS, 1 },
    { "branches", M_BRANCHES, 1 },
    { "branch-instructions", M_BRANCHES, 1 },
    { "branch-misses", M_BRANCH_MISSES, 1 },
    { "cache-references", M_CACHE_REFERENCES, 1 },
    { "cache-misses", M_CACHE_MISSES, 1 },
    { "stalled-cycles-frontend", M_FRONTEND_STALLS, 1 },
    { "idle-cycles-frontend", M_FRONTEND_STALLS, 1 },
    { "stalled-cycles-backend", M_BACKEND_STALLS, 1 },
    { "idle-cycles-backend", M_BACKEND_STALLS, 1 },
    { "l1-dcache-loads", M_L1D_ACCESSES, 1 },
    { "l1-dcache-load-misses", M_L1D_MISSES, 1 },
    { "l1-icache-loads", M_L1I_ACCESSES, 1 },
    { "l1-icache-load-misses", M_L1I_MISSES, 1 },
    { "llc-loads", M_LLC_ACCESSES, 1 },
    { "llc-load-misses", M_LLC_MISSES, 1 },
    { "dtlb-loads", M_DTLB_ACCESSES, 1 },
    { "dtlb-load-misses", M_DTLB_MISSES, 1 },
    { "itlb-load-misses", M_ITLB_MISSES, 1 },
    { "mem-loads", M_LOADS, 1 },
    { "mem-stores", M_STORES, 1 },
    { "slots", M_SLOTS, 1 },
    { "topdown-retiring", M_SLOTS_RETIRING, 1 },
    { "topdown-bad-spec", M_SLOTS_BAD_SPECULATION, 1 },
    { "topdown-fe-bound", M_SLOTS_FRONTEND, 1 },
    { "topdown-be-bound", M_SLOTS_BACKEND, 1 },
    { "topdown-total-slots", M_SLOTS, 1 },
    { "topdown-slots-retired", M_SLOTS_RETIRING, 1 },
    { "topdown-fetch-bubbles", M_SLOTS_FRONTEND, 1 },

    /* Intel, Skylake to Sapphire Rapids */
    { "inst_retired.any", M_INSTRUCTIONS, 1 },
    { "inst_retired.any_p", M_INSTRUCTIONS, 1 },
    { "cpu_clk_unhalted.thread", M_CYCLES, 1 },
    { "cpu_clk_unhalted.thread_p", M_CYCLES, 1 },
    { "cpu_clk_unhalted.core", M_CYCLES, 1 },
    { "cpu_clk_unhalted.ref_tsc", M_REF_CYCLES, 1 },
    { "uops_issued.any", M_UOPS, 1 },
    { "uops_retired.retire_slots", M_SLOTS_RETIRING, 1 },
    { "uops_retired.slots", M_SLOTS_RETIRING, 1 },
    { "idq_uops_not_delivered.core", M_SLOTS_FRONTEND, 1 },
    { "topdown.slots", M_SLOTS, 1 },
    { "topdown.slots_p", M_SLOTS, 1 },
    { "topdown.backend_bound_slots", M_SLOTS_BACKEND, 1 },
    { "mem_inst_retired.all_loads", M_LOADS, 1 },
    { "mem_inst_retired.all_stores", M_STORES, 1 },
    { "mem_inst_retired.split_loads", M_LINE_SPLITS, 1 },
    { "mem_load_retired.l1_miss", M_L1D_MISSES, 1 },
    { "mem_load_retired.l2_miss", M_L2D_MISSES, 1 },
    { "mem_load_retired.l3_miss", M_LLC_MISSES, 1 },
    { "l1d.replacement", M_L1D_MISSES, 1 },
    { "l2_rqsts.code_rd_miss", M_L2I_MISSES, 1 },
    { "br_inst_retired.all_branches", M_BRANCHES, 1 },
    { "br_inst_retired.cond", M_COND_BRANCHES, 1 },
    { "br_inst_retired.conditional", M_COND_BRANCHES, 1 },
    { "br_inst_retired.near_taken", M_TAKEN_BRANCHES, 1 },
    { "br_inst_retired.near_call", M_CALLS, 1 },
    { "br_inst_retired.near_return", M_RETURNS, 1 },
    { "br_inst_retired.indirect", M_INDIRECT_BRANCHES, 1 },
    { "br_misp_retired.all_branches", M_BRANCH_MISSES, 1 },
    { "br_misp_retired.cond", M_COND_MISSES, 1 },
    { "br_misp_retired.conditional", M_COND_MISSES, 1 },
    { "br_misp_retired.indirect", M_INDIRECT_MISSES, 1 },
    { "br_misp_retired.ret", M_RETURN_MISSES, 1 },
    { "baclears.any", M_BTB_MISSES, 1 },
    { "baclears.any_clear", M_BTB_MISSES, 1 },
    { "dsb2mite_switches.count", M_OPCACHE_SWITCHES, 1 },
    { "frontend_retired.dsb_miss", M_OPCACHE_MISSES, 1 },
    { "frontend_retired.l1i_miss", M_L1I_MISSES, 1 },
    { "icache_64b.iftag_miss", M_L1I_MISSES, 1 },
    { "frontend_retired.itlb_miss", M_ITLB_MISSES, 1 },
    { "itlb_misses.walk_completed", M_ITLB_WALKS, 1 },
    { "itlb_misses.stlb_hit", M_ITLB_MISSES, 1 },
    { "dtlb_load_misses.walk_completed", M_DTLB_WALKS, 1 },
    { "dtlb_load_misses.miss_causes_a_walk", M_DTLB_WALKS, 1 },
    { "dtlb_load_misses.stlb_hit", M_STLB_HITS, 1 },
    { "ld_blocks_partial.address_alias", M_ALIAS_4K, 1 },
    { "ld_blocks.store_forward", M_STORE_FORWARD_BLOCKS, 1 },

    /* AMD, Zen 2 to Zen 5 */
    { "ls_not_halted_cyc", M_CYCLES, 1 },
    { "ls_not_halted_p0_cyc.p0_freq_cyc", M_REF_CYCLES, 1 },
    { "ex_ret_instr", M_INSTRUCTIONS, 1 },
    { "ex_ret_ops", M_UOPS, 1 },
    { "ex_ret_cops", M_UOPS, 1 },
    { "ex_ret_brn", M_BRANCHES, 1 },
    { "ex_ret_brn_misp", M_BRANCH_MISSES, 1 },
    { "ex_ret_brn_tkn", M_TAKEN_BRANCHES, 1 },
    { "ex_ret_cond", M_COND_BRANCHES, 1 },
    { "ex_ret_cond_misp", M_COND_MISSES, 1 },
    { "ex_ret_msprd_brnch_instr_dir_msmtch", M_COND_MISSES, 1 },
    { "ex_ret_brn_ind_misp", M_INDIRECT_MISSES, 1 },
    { "ex_ret_ind_brch_instr", M_INDIRECT_BRANCHES, 1 },
    { "ex_ret_near_ret", M_RETURNS, 1 },
    { "ex_ret_near_ret_mispred", M_RETURN_MISSES, 1 },
    { "ic_cache_fill_l2", M_L1I_MISSES, 1 },
    { "ic_tag_hit_miss.instruction_cache_miss", M_L1I_MISSES, 1 },
    { "ic_tag_hit_miss.all_instruction_cache_accesses", M_L1I_ACCESSES, 1 },
    { "ic_cache_fill_sys", M_L2I_MISSES, 1 },
    { "op_cache_hit_miss.op_cache_miss", M_OPCACHE_MISSES, 1 },
    { "op_cache_hit_miss.all_op_cache_accesses", M_FETCH_WINDOWS, 1 },
    { "bp_l1_tlb_miss_l2_tlb_hit", M_ITLB_MISSES, 1 },
    { "bp_l1_tlb_miss_l2_tlb_miss", M_ITLB_WALKS, 1 },
    { "bp_l1_tlb_miss_l2_tlb_miss.all", M_ITLB_WALKS, 1 },
    { "l2_itlb_misses", M_ITLB_WALKS, 1 },
    { "bp_de_redirect", M_BTB_MISSES, 1 },
    { "ls_l1_d_tlb_miss.all", M_DTLB_MISSES, 1 },
    { "l1_dtlb_misses", M_DTLB_MISSES, 1 },
    { "ls_l1_d_tlb_miss.all_l2_miss", M_DTLB_WALKS, 1 },
    { "l2_dtlb_misses", M_DTLB_WALKS, 1 },
    { "ls_dc_accesses", M_L1D_ACCESSES, 1 },
    { "all_data_cache_accesses", M_L1D_ACCESSES, 1 },
    { "ls_any_fills_from_sys.all", M_L1D_MISSES, 1 },
    { "ls_dispatch.ld_dispatch", M_LOADS, 1 },
    { "ls_dispatch.store_dispatch", M_STORES, 1 },
    { "ls_bad_status2.stli_other", M_STORE_FORWARD_BLOCKS, 1 },
    { "ls_misal_loads.ma64", M_LINE_SPLITS, 1 },
    { "ls_misal_loads.ma4k", M_PAGE_SPLITS, 1 },
    { "de_no_dispatch_per_slot.no_ops_from_frontend", M_SLOTS_FRONTEND, 1 },
    { "de_no_dispatch_per_slot.backend_stalls", M_SLOTS_BACKEND, 1 },
    { NULL, METRIC_COUNT, 0 },
};

/* What follows a colon is a modifier when it is made of modifier letters alone (perf-list(1), EVENT MODIFIERS). */
static bool is_modifier(const char *text)
{
    return strspn(text, "ukhIGHpPSDWeb") == strlen(text);
}

void event_normalise(const char *name, char normal[EVENT_NAME_MAX])
{
    size_t used = 0;
    const char *slash = strchr(name, '/'), *end = slash ? strchr(slash + 1, '/') : NULL;
    if (slash && end)
        name = slash + 1;
    else
        end = name + strlen(name);
    for (const char *c = name; c < end && used + 1 < EVENT_NAME_MAX; c++) {
        if (*c == ':' && is_modifier(c + 1))
            break;
        normal[used++] = *c == ':' ? '.' : (char)tolower((unsigned char)*c);
    }
    normal[used] = '\0';
}

static const struct event_name *find_metric(const char *normal)
{
    /* One row per metric for the metrics' own names; filled once, always with the same values. */
    static struct event_name own[METRIC_COUNT];
    enum metric metric;
    if (!metric_by_name(normal, &metric) || metric_table[metric].derived)
        return NULL;
    own[metric] = (struct event_name){ metric_table[metric].name, metric, 1 };
    return &own[metric];
}

const struct event_name *event_find(const char *name)
{
    char normal[EVENT_NAME_MAX];
    event_normalise(name, normal);
    for (const struct event_name *row = event_names; row->name; row++)
        if (strcmp(row->name, normal) == 0)
            return row;
    return find_metric(normal);
}

/* Levenshtein distance of two short names. */
static size_t distance(const char *a, const char *b)
{
    size_t row[EVENT_NAME_MAX], length = strlen(b);
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < length; j++) {
            size_t change = diagonal + (a[i] != b[j]), gap = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
            diagonal = row[j + 1];
            row[j + 1] = change < gap ? change : gap;
        }
    }
    return row[length];
}

struct candidate {
    const char *name;
    size_t distance;
};

/* Keeps the `max` nearest, in order; a name that contains the other counts as near. */
static void offer(struct candidate *best, size_t *count, size_t max, const char *normal, const char *name)
{
    size_t far = strstr(name, normal) ? 1 : distance(normal, name), at;
    if (far > strlen(normal) / 2 + 1)
        return;
    for (at = 0; at < *count && best[at].distance <= far; at++)
        if (strcmp(best[at].name, name) == 0)
            return;
    if (at == max)
        return;
    if (*count < max)
        ++*count;
    memmove(best + at + 1, best + at, (*count - at - 1) * sizeof *best);
    best[at] = (struct candidate){ name, far };
}

size_t event_near(const char *name, const char **near, size_t max)
{
    struct candidate best[8];
    char normal[EVENT_NAME_MAX];
    size_t count = 0;
    max = max < 8 ? max : 8;
    event_normalise(name, normal);
    for (const struct event_name *row = event_names; row->name; row++)
        offer(best, &count, max, normal, row->name);
    for (int i = 0; i < METRIC_COUNT; i++)
        if (!metric_table[i].derived)
            offer(best, &count, max, normal, metric_table[i].name);
    for (size_t i = 0; i < count; i++)
        near[i] = best[i].name;
    return count;
}
