/* What a model has found: totals, blocks, functions, data objects, knock-outs. */
#include <stdlib.h>
#include <string.h>

#include "sim/model.h"
#include "sim/sample.h"
#include "sim/state.h"

const enum component data_component[OBJECT_TERMS] = { COMPONENT_MEMORY, COMPONENT_L2D, COMPONENT_DTLB, COMPONENT_L1D,
                                                      COMPONENT_FORWARD, COMPONENT_ALIAS, COMPONENT_SPLIT };

static const enum metric event_metric[EVENT_COUNT] = {
    [EVENT_DIRECTION] = M_COND_MISSES,
    [EVENT_INDIRECT] = M_INDIRECT_MISSES,
    [EVENT_RETURN] = M_RETURN_MISSES,
    [EVENT_L1I] = M_L1I_MISSES,
    [EVENT_L2I] = M_L2I_MISSES,
    [EVENT_LLCI] = M_LLCI_MISSES,
    [EVENT_ITLB] = M_ITLB_MISSES,
    [EVENT_ITLB_WALK] = M_ITLB_WALKS,
    [EVENT_OPCACHE] = M_OPCACHE_MISSES,
    [EVENT_SWITCH] = M_OPCACHE_SWITCHES,
    [EVENT_BTB] = M_BTB_MISSES,
    [EVENT_DENSITY] = M_BRANCH_DENSITY,
    [EVENT_JCC] = M_JCC_ERRATUM,
    [EVENT_L1D] = M_L1D_MISSES,
    [EVENT_L2D] = M_L2D_MISSES,
    [EVENT_LLCD] = M_LLC_MISSES,
    [EVENT_DTLB] = M_DTLB_MISSES,
    [EVENT_DTLB_WALK] = M_DTLB_WALKS,
    [EVENT_PREFETCH] = M_PREFETCHES,
    [EVENT_SPLIT] = M_LINE_SPLITS,
    [EVENT_PAGE_SPLIT] = M_PAGE_SPLITS,
    [EVENT_ALIAS] = M_ALIAS_4K,
    [EVENT_FORWARD] = M_STORE_FORWARD_BLOCKS,
};

/* ---- one block ---- */

static uint64_t left_by(const struct block *b, unsigned exit)
{
    return exit < 2 ? b->left[exit] : b->rest->left_early[exit - 2];
}

static bool jumps_always(const struct block *b)
{
    return b->ending == STREAM_JUMP || b->ending == STREAM_CALL || b->ending == STREAM_JUMP_INDIRECT ||
           b->ending == STREAM_CALL_INDIRECT || b->ending == STREAM_RETURN;
}

static void count_branches(const struct block *b, double *counts)
{
    double whole = (double)(b->left[0] + b->left[1]);
    bool cond = b->ending == STREAM_COND, always = jumps_always(b);
    counts[M_BRANCHES] += cond || always ? whole : 0;
    counts[M_COND_BRANCHES] += cond ? whole : 0;
    counts[M_TAKEN_BRANCHES] += cond ? (double)b->left[1] : always ? whole : 0;
    counts[M_INDIRECT_BRANCHES] += b->ending == STREAM_JUMP_INDIRECT || b->ending == STREAM_CALL_INDIRECT ? whole : 0;
    counts[M_CALLS] += b->ending == STREAM_CALL || b->ending == STREAM_CALL_INDIRECT ? whole : 0;
    counts[M_RETURNS] += b->ending == STREAM_RETURN ? whole : 0;
}

static void count_references(const struct block *b, double *counts)
{
    for (unsigned exit = 0; exit < b->rest->described->n_exits; exit++) {
        double times = (double)left_by(b, exit);
        for (unsigned r = 0; times && r < b->rest->described->exits[exit].refs; r++) {
            counts[M_LOADS] += b->rest->described->refs[r].flags & STREAM_REF_LOAD ? times : 0;
            counts[M_STORES] += b->rest->described->refs[r].flags & STREAM_REF_STORE ? times : 0;
        }
    }
}

/* Metrics that are sums of others. */
static void sum_metrics(const struct profile *profile, struct cost *cost)
{
    double *n = cost->counts;
    n[M_INSTRUCTIONS] = cost->instructions;
    n[M_CYCLES] = cost_cycles(cost);
    n[M_BRANCH_MISSES] = n[M_COND_MISSES] + n[M_INDIRECT_MISSES] + n[M_RETURN_MISSES];
    n[M_L1D_ACCESSES] = n[M_DTLB_ACCESSES] = n[M_LOADS] + n[M_STORES];
    n[M_STLB_HITS] = n[M_DTLB_MISSES] - n[M_DTLB_WALKS];
    n[M_LLC_ACCESSES] = n[M_CACHE_REFERENCES] = n[M_L2I_MISSES] + n[M_L2D_MISSES];
    n[M_CACHE_MISSES] = n[M_LLCI_MISSES] + n[M_LLC_MISSES];
    double layout = 0, wrong = 0, data = 0;
    for (int c = 0; c < COMPONENT_COUNT; c++) {
        layout += component_table[c].share == SHARE_LAYOUT || c == COMPONENT_TAKEN ? cost->cycles[c] : 0;
        wrong += component_table[c].share == SHARE_HINT && c != COMPONENT_TAKEN ? cost->cycles[c] : 0;
        data += component_table[c].share == SHARE_DATA || c == COMPONENT_DEPENDENCE ? cost->cycles[c] : 0;
    }
    double width = profile->value[P_DISPATCH_WIDTH];
    n[M_FRONTEND_STALLS] = layout;
    n[M_BACKEND_STALLS] = data;
    n[M_SLOTS] = n[M_CYCLES] * width;
    n[M_SLOTS_RETIRING] = n[M_UOPS];
    n[M_SLOTS_FRONTEND] = layout * width;
    n[M_SLOTS_BAD_SPECULATION] = wrong * width;
    n[M_SLOTS_BACKEND] = n[M_SLOTS] - n[M_SLOTS_RETIRING] - n[M_SLOTS_FRONTEND] - n[M_SLOTS_BAD_SPECULATION];
}

uint32_t model_block_count(const struct model *m)
{
    return m->block_count;
}

static void block_result(const struct model *m, const struct block *b, struct model_block *out)
{
    *out = (struct model_block){ .block = b->rest->described, .map = b->rest->map };
    for (unsigned exit = 0; exit < b->rest->described->n_exits; exit++) {
        uint64_t times = left_by(b, exit);
        out->executed += times;
        out->instructions += times * b->rest->described->exits[exit].insns;
    }
    out->taken = b->ending == STREAM_COND ? b->left[1] : jumps_always(b) ? b->left[0] : 0;
    if (m->pool) {
        sample_expand(m, b, out->executed, out->ticks);
    } else {
        memcpy(out->ticks, b->rest->tally.ticks, sizeof out->ticks);
        out->ticks[COMPONENT_DEPENDENCE] += b->dependence;
    }
    out->ticks[COMPONENT_BASE] += (b->ending == STREAM_REP ? b->rest->entries : out->executed) * b->base;
}

/* Adds a block's cost without the metrics that are sums. */
static void add_block(const struct model *m, const struct block *b, struct cost *cost)
{
    struct model_block result;
    block_result(m, b, &result);
    if (!result.executed)
        return;
    cost->instructions += (double)result.instructions;
    for (int c = 0; c < COMPONENT_COUNT; c++)
        cost->cycles[c] += (double)result.ticks[c] / TICKS;
    for (int e = 0; e < EVENT_COUNT; e++)
        cost->counts[event_metric[e]] +=
            (double)(b->rest->settled.events[e] +
                     (e == EVENT_FORWARD || e == EVENT_ALIAS
                          ? sample_scaled(b, result.executed, b->rest->tally.events[e])
                          : b->rest->tally.events[e]));
    cost->counts[M_UOPS] += (double)(b->ending == STREAM_REP ? b->rest->entries : result.executed) * b->ops;
    cost->counts[M_L1I_ACCESSES] += (double)result.executed * b->rest->line_count;
    cost->counts[M_FETCH_WINDOWS] += (double)(b->rest->settled_windows + sample_scaled(b, result.executed, b->windows));
    count_branches(b, cost->counts);
    count_references(b, cost->counts);
}

uint64_t model_ticks(const struct model *m)
{
    if (!m->pool)
        return m->retired - START;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < m->block_count; i++) {
        struct model_block result;
        block_result(m, m->blocks[i], &result);
        for (int c = 0; c < COMPONENT_COUNT; c++)
            sum += result.ticks[c];
    }
    return sum;
}

void model_block(const struct model *m, uint32_t id, struct model_block *block, struct cost *cost)
{
    block_result(m, m->blocks[id], block);
    if (!cost)
        return;
    *cost = (struct cost){ .instructions = 0 };
    add_block(m, m->blocks[id], cost);
    sum_metrics(m->profile, cost);
}

void model_total(const struct model *m, struct cost *total)
{
    *total = (struct cost){ .instructions = 0 };
    for (uint32_t i = 0; i < m->block_count; i++)
        add_block(m, m->blocks[i], total);
    sum_metrics(m->profile, total);
}

/* ---- by name ---- */

/* Items found so far, hashed by name and module. */
struct gather {
    struct arena *arena;
    struct cost_item *items;
    size_t count, room;
    uint32_t *slots; /* item + 1; 0: empty */
    uint32_t slot_room;
};

static uint32_t hash_text(uint32_t hash, const char *text)
{
    for (; text && *text; text++)
        hash = (hash ^ (uint8_t)*text) * 16777619u;
    return hash;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static uint32_t *gather_slot(struct gather *g, const char *name, const char *module, uint64_t address)
{
    uint32_t slot =
        hash_text(hash_text(2166136261u ^ (uint32_t)(address * 0x9e3779b1u), name), module) & (g->slot_room - 1);
    for (; g->slots[slot]; slot = (slot + 1) & (g->slot_room - 1)) {
        const struct cost_item *item = &g->items[g->slots[slot] - 1];
        if (item->address == address && same_text(item->name, name) && same_text(item->module, module))
            break;
    }
    return &g->slots[slot];
}

static struct cost_item *gather_item(struct gather *g, const struct sim_symbol *symbol)
{
    if (g->count >= g->slot_room / 2) {
        g->slot_room = g->slot_room ? 2 * g->slot_room : 1024;
        g->slots = arena_array(g->arena, g->slot_room, sizeof *g->slots);
        for (size_t i = 0; i < g->count; i++)
            *gather_slot(g, g->items[i].name, g->items[i].module, g->items[i].address) = (uint32_t)i + 1;
    }
    uint32_t *slot = gather_slot(g, symbol->name, symbol->module, symbol->address);
    if (!*slot) {
        *ARENA_PUSH(g->arena, g->items, g->count, g->room) = (struct cost_item){
            .name = arena_strdup(g->arena, symbol->name), .module = arena_strdup(g->arena, symbol->module),
            .address = symbol->address, .size = symbol->size };
        *slot = (uint32_t)g->count;
    }
    return &g->items[*slot - 1];
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* What a mapping alone says of an address. */
static const char *name_of_map(const struct sim_map *map)
{
    if (!map)
        return "[unmapped]";
    switch (map->kind) {
    case STREAM_MAP_FILE: return base_name(map->path);
    case STREAM_MAP_ANON: return "[anonymous]";
    case STREAM_MAP_BRK: return "[heap]";
    case STREAM_MAP_STACK: return "[stack]";
    case STREAM_MAP_ENGINE: return "[engine]";
    }
    return "[unmapped]";
}

static void complete_symbol(const struct sim_map *map, struct sim_symbol *symbol)
{
    if (!symbol->module && map && *map->path)
        symbol->module = base_name(map->path);
    if (!symbol->name)
        symbol->name = name_of_map(map);
}

static void name_function(const struct sim_names *names, const struct block *b, struct sim_symbol *symbol)
{
    *symbol = (struct sim_symbol){ .name = NULL };
    if (names && names->function)
        names->function(names->context, b->rest->map, b->address, symbol);
    complete_symbol(b->rest->map, symbol);
}

static double cycles_of(const struct cost_item *item)
{
    return cost_cycles(&item->cost);
}

/* Most cycles first; ties by name, then address, so that the order is one. */
static int by_cycles(const void *x, const void *y)
{
    const struct cost_item *a = x, *b = y;
    double ca = cycles_of(a), cb = cycles_of(b);
    if (ca != cb)
        return ca > cb ? -1 : 1;
    int names = strcmp(a->name, b->name);
    return names ? names : a->address < b->address ? -1 : a->address > b->address;
}

/* Adds a cell's events and waits. */
static void add_cell(const struct object_cell *cell, struct cost *cost)
{
    cost->counts[M_L1D_MISSES] += cell->l1d;
    cost->counts[M_L2D_MISSES] += cell->l2d;
    cost->counts[M_LLC_MISSES] += cell->llc;
    cost->counts[M_DTLB_MISSES] += cell->dtlb;
    cost->counts[M_DTLB_WALKS] += cell->walks;
    cost->counts[M_STLB_HITS] += cell->dtlb - cell->walks;
    cost->counts[M_LINE_SPLITS] += cell->splits;
    cost->counts[M_ALIAS_4K] += cell->aliases;
    cost->counts[M_STORE_FORWARD_BLOCKS] += cell->blocks;
    for (int i = 0; i < OBJECT_TERMS; i++)
        cost->cycles[data_component[i]] += (double)cell->ticks[i] / TICKS;
}

static void name_object(const struct model *m, const struct sim_names *names, struct arena *arena,
                        const struct object_cell *cell, struct sim_symbol *symbol)
{
    uint64_t where = object_where(cell);
    if (object_class(cell) == OBJECT_STACK) {
        name_function(names, m->blocks[where], symbol);
        symbol->name = arena_printf(arena, "[stack of %s]", symbol->name);
        return;
    }
    const struct sim_map *map = maps_find(&m->maps, where);
    *symbol = (struct sim_symbol){ .name = NULL };
    if (names && names->object)
        names->object(names->context, map, where, object_class(cell), symbol);
    if (!symbol->name && object_class(cell) == OBJECT_TLS)
        symbol->name = "[TLS]";
    complete_symbol(map, symbol);
}

/* Sampled waits of objects were not scaled by block; here they are, each component by its blocks' mean. */
static void scale_objects(const struct model *m, struct gather *g)
{
    double sampled[COMPONENT_COUNT] = { 0 }, whole[COMPONENT_COUNT] = { 0 };
    for (uint32_t i = 0; i < m->block_count; i++) {
        struct model_block result;
        block_result(m, m->blocks[i], &result);
        for (int c = 0; c < COMPONENT_COUNT; c++) {
            sampled[c] += (double)(m->blocks[i]->rest->tally.ticks[c] + m->blocks[i]->rest->settled.ticks[c]);
            whole[c] += (double)result.ticks[c];
        }
    }
    for (size_t i = 0; i < g->count; i++)
        for (int t = 0; t < OBJECT_TERMS; t++) {
            enum component c = data_component[t];
            g->items[i].cost.cycles[c] *= sampled[c] > 0 ? whole[c] / sampled[c] : 1;
        }
}

static void gather_objects(const struct model *m, struct gather *g, const struct sim_names *names)
{
    for (uint32_t i = 0; i < m->objects.room; i++) {
        struct sim_symbol symbol;
        if (!m->objects.cells[i].key)
            continue;
        name_object(m, names, g->arena, &m->objects.cells[i], &symbol);
        add_cell(&m->objects.cells[i], &gather_item(g, &symbol)->cost);
    }
    if (m->objects.overflow.l1d)
        add_cell(&m->objects.overflow, &gather_item(g, &(struct sim_symbol){ .name = "[elsewhere]" })->cost);
    if (m->pool)
        scale_objects(m, g);
}

/* Instructions by sort of code, beside the functions' costs. */
static void gather_functions(const struct model *m, struct gather *g, const struct sim_names *names, double by_text[4])
{
    for (uint32_t i = 0; i < m->block_count; i++) {
        struct sim_symbol symbol;
        struct model_block result;
        block_result(m, m->blocks[i], &result);
        if (!result.executed)
            continue;
        name_function(names, m->blocks[i], &symbol);
        by_text[symbol.text] += (double)result.instructions;
        struct cost_item *item = gather_item(g, &symbol);
        item->entries += symbol.first ? (double)result.executed : 0;
        add_block(m, m->blocks[i], &item->cost);
    }
    for (size_t i = 0; i < g->count; i++)
        sum_metrics(m->profile, &g->items[i].cost);
}

static void sort_items(struct gather *g)
{
    if (g->count)
        qsort(g->items, g->count, sizeof *g->items, by_cycles);
}

static double share_of(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

struct cost_profile *model_costs(const struct model *m, struct arena *arena, const struct sim_names *names)
{
    struct cost_profile *profile = arena_alloc(arena, sizeof *profile);
    struct gather functions = { .arena = arena }, objects = { .arena = arena };
    double by_text[4] = { 0 };
    gather_functions(m, &functions, names, by_text);
    gather_objects(m, &objects, names);
    sort_items(&functions);
    sort_items(&objects);
    profile->source = SOURCE_SIM;
    profile->processor = m->profile->name;
    model_total(m, &profile->total);
    profile->functions = functions.items;
    profile->function_count = functions.count;
    profile->objects = objects.items;
    profile->object_count = objects.count;
    profile->cold_share = share_of(by_text[SIM_TEXT_COLD], profile->total.instructions);
    profile->plt_share = share_of(by_text[SIM_TEXT_PLT], profile->total.instructions);
    profile->tls_helper_share = share_of(by_text[SIM_TEXT_TLS_HELPER], profile->total.instructions);
    double cond_taken = 0;
    for (uint32_t i = 0; i < m->block_count; i++)
        if (m->blocks[i]->ending == STREAM_COND)
            cond_taken += (double)m->blocks[i]->left[1];
    profile->taken_share = share_of(cond_taken, profile->total.counts[M_COND_BRANCHES]);
    return profile;
}

/* ---- knock-out ---- */

uint32_t model_group(enum share share)
{
    uint32_t set = 0;
    for (int c = 0; c < COMPONENT_COUNT; c++)
        if (component_table[c].share == share && c != COMPONENT_BASE && c != COMPONENT_DEPENDENCE)
            set |= MODEL_PERFECT(c);
    return set;
}

void knockout_create(const struct profile *profile, struct model *models[8])
{
    static const enum share groups[] = { SHARE_LAYOUT, SHARE_HINT, SHARE_DATA };
    for (unsigned subset = 0; subset < 8; subset++) {
        uint32_t perfect = 0;
        for (unsigned g = 0; g < 3; g++)
            if (subset >> g & 1)
                perfect |= model_group(groups[g]);
        models[subset] = model_create(profile, perfect);
    }
}

struct knockout knockout_of(struct model *const models[8])
{
    /* Shapley's weights for three players, by how many others are perfect already: 2/6, 1/6, 2/6. */
    static const double weight[] = { 1.0 / 3, 1.0 / 6, 1.0 / 3 };
    struct knockout k = { .shapley = { 0 } };
    for (unsigned subset = 0; subset < 8; subset++)
        k.cycles[subset] = (double)model_ticks(models[subset]) / TICKS;
    for (unsigned g = 0; g < 3; g++)
        for (unsigned subset = 0; subset < 8; subset++)
            if (!(subset >> g & 1))
                k.shapley[g] += weight[__builtin_popcount(subset)] * (k.cycles[subset] - k.cycles[subset | 1u << g]);
    return k;
}
