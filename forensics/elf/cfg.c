#include "elf/cfg.h"

#include "elf/image.h"
#include "elf/symbolize.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOST_CASES = 4096,         /* entries of one jump table */
    TABLE_LOOKBACK = 24,       /* instructions between loading a table's address and the jump */
    MOST_LOOP_STEPS = 1 << 22, /* block visits spent on the loops of one function */
};

struct builder {
    struct arena *arena;
    struct scene *scene;
    struct graph *g;
    size_t insn_room;
    bool *leader; /* by instruction; one more at the end */
    size_t *block_of;
};

static void decode_part(struct builder *b, const struct symbol *part)
{
    struct graph *g = b->g;
    const struct inventory *inv = b->scene->inv;
    uint64_t extent = symbol_extent(inv, part);
    const unsigned char *code = image_at(inv->image, part->address, extent);
    for (uint64_t at = 0; code && at < extent;) {
        struct insn *i = ARENA_PUSH(b->arena, g->insns, g->insn_count, b->insn_room);
        if (!disasm(code + at, extent - at, part->address + at, i)) {
            *i = (struct insn){ .address = part->address + at, .length = 1, .flow = FLOW_STOP };
            g->damaged = true;
        }
        at += i->length;
    }
}

/* The index of the instruction at an address; SIZE_MAX: none starts there. */
static size_t insn_at(const struct graph *g, uint64_t address)
{
    bool cold = g->cold_first < g->insn_count && address >= g->insns[g->cold_first].address &&
                address - g->cold->address < g->cold_bytes;
    size_t low = cold ? g->cold_first : 0, high = cold ? g->insn_count : g->cold_first, end = high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (g->insns[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < end && g->insns[low].address == address ? low : SIZE_MAX;
}

/* Reads entry `i` of a jump table: 4-byte offsets from the table in position-independent code, else 8-byte
 * addresses. */
static size_t table_entry(const struct graph *g, uint64_t table, size_t i, bool relative)
{
    unsigned size = relative ? 4 : 8;
    const unsigned char *bytes = image_at(g->scene->inv->image, table + i * size, size);
    uint64_t target = 0;
    if (!bytes)
        return SIZE_MAX;
    memcpy(&target, bytes, size);
    return insn_at(g, relative ? table + (uint64_t)(int64_t)(int32_t)target : target);
}

/* The jump table behind an indirect jump: the last address loaded before it whose first entry is an instruction of this
 * function. *relative tells the form. 0: none found. */
static uint64_t find_table(const struct graph *g, size_t jump, bool *relative)
{
    const struct insn *j = &g->insns[jump];
    *relative = false;
    if (j->memory && !j->rip_relative && j->disp_size == 4 && table_entry(g, j->reference, 0, false) != SIZE_MAX)
        return j->reference;
    *relative = true;
    for (size_t back = 1; back <= TABLE_LOOKBACK && back <= jump; back++) {
        const struct insn *i = &g->insns[jump - back];
        if (i->rip_relative && !i->access && table_entry(g, i->reference, 0, true) != SIZE_MAX)
            return i->reference;
        if (i->flow == FLOW_RETURN)
            break;
    }
    return 0;
}

static size_t count_cases(const struct graph *g, uint64_t table, bool relative)
{
    size_t count = 0;
    while (count < MOST_CASES && table_entry(g, table, count, relative) != SIZE_MAX)
        count++;
    return count;
}

static bool ends_block(struct builder *b, const struct insn *i)
{
    return i->flow != FLOW_NEXT && i->flow != FLOW_CALL_INDIRECT &&
           !(i->flow == FLOW_CALL && !scene_never_returns(b->scene, i->target));
}

static void mark_leaders(struct builder *b)
{
    struct graph *g = b->g;
    b->leader = arena_array(b->arena, g->insn_count + 1, sizeof *b->leader);
    b->leader[0] = b->leader[g->cold_first] = b->leader[g->insn_count] = true;
    for (size_t n = 0; n < g->insn_count; n++) {
        const struct insn *i = &g->insns[n];
        size_t target = i->target_size && i->flow != FLOW_CALL ? insn_at(g, i->target) : SIZE_MAX;
        if (target != SIZE_MAX)
            b->leader[target] = true;
        if (ends_block(b, i))
            b->leader[n + 1] = true;
        bool relative;
        uint64_t table = i->flow == FLOW_JUMP_INDIRECT ? find_table(g, n, &relative) : 0;
        for (size_t c = table ? count_cases(g, table, relative) : 0; c-- > 0;)
            b->leader[table_entry(g, table, c, relative)] = true;
    }
}

static void cut_blocks(struct builder *b)
{
    struct graph *g = b->g;
    size_t count = 0;
    for (size_t n = 0; n < g->insn_count; n++)
        count += b->leader[n];
    g->blocks = arena_array(b->arena, count, sizeof *g->blocks);
    b->block_of = arena_array(b->arena, g->insn_count, sizeof *b->block_of);
    for (size_t n = 0; n < g->insn_count; n++) {
        const struct insn *i = &g->insns[n];
        if (b->leader[n])
            g->blocks[g->block_count++] = (struct block){
                .first = n, .start = i->address, .jump = NO_BLOCK, .next = NO_BLOCK, .cold = n >= g->cold_first
            };
        struct block *block = &g->blocks[g->block_count - 1];
        b->block_of[n] = g->block_count - 1;
        block->count++;
        block->end = i->address + i->length;
    }
}

static void join_blocks(struct builder *b)
{
    struct graph *g = b->g;
    for (size_t k = 0; k < g->block_count; k++) {
        struct block *block = &g->blocks[k];
        size_t n = block->first + block->count - 1;
        const struct insn *i = &g->insns[n];
        bool runs_on = i->flow == FLOW_BRANCH || !ends_block(b, i);
        if (runs_on && n + 1 < g->insn_count && n + 1 != g->cold_first)
            block->next = k + 1;
        size_t target = i->target_size && i->flow != FLOW_CALL ? insn_at(g, i->target) : SIZE_MAX;
        if (target != SIZE_MAX)
            block->jump = b->block_of[target];
        bool relative;
        uint64_t table = i->flow == FLOW_JUMP_INDIRECT ? find_table(g, n, &relative) : 0;
        if (!table)
            continue;
        block->case_count = count_cases(g, table, relative);
        size_t *cases = arena_array(b->arena, block->case_count, sizeof *cases);
        for (size_t c = 0; c < block->case_count; c++)
            cases[c] = b->block_of[table_entry(g, table, c, relative)];
        block->cases = cases;
    }
}

/* Successor number i of a block; NO_BLOCK past the last. */
static size_t successor(const struct block *b, size_t i)
{
    size_t plain[2], count = 0;
    if (b->jump != NO_BLOCK)
        plain[count++] = b->jump;
    if (b->next != NO_BLOCK)
        plain[count++] = b->next;
    if (i < count)
        return plain[i];
    return i - count < b->case_count ? b->cases[i - count] : NO_BLOCK;
}

struct walk {
    size_t block, edge;
};

struct back_edge {
    size_t from, to;
};

/* Depth-first from the entry: marks what is reached, counts entries, and returns the edges that lead back onto the
 * path. */
static struct back_edge *walk_blocks(struct arena *arena, struct graph *g, size_t *count)
{
    struct walk *stack = arena_array(arena, g->block_count + 1, sizeof *stack);
    bool *on_path = arena_alloc(arena, g->block_count);
    struct back_edge *edges = NULL;
    size_t depth = 0, room = 0;
    *count = 0;
    stack[depth++] = (struct walk){ 0, 0 };
    g->blocks[0].reached = on_path[0] = true;
    g->blocks[0].entries = 1;
    while (depth) {
        struct walk *w = &stack[depth - 1];
        size_t to = successor(&g->blocks[w->block], w->edge++);
        if (to == NO_BLOCK) {
            on_path[w->block] = false;
            depth--;
            continue;
        }
        g->blocks[to].entries++;
        if (on_path[to])
            *ARENA_PUSH(arena, edges, *count, room) = (struct back_edge){ w->block, to };
        if (g->blocks[to].reached)
            continue;
        g->blocks[to].reached = on_path[to] = true;
        stack[depth++] = (struct walk){ to, 0 };
    }
    return edges;
}

/* Edges turned round, as one list per block inside one array. */
struct backward {
    size_t *first; /* by block; first[block_count] ends the last */
    size_t *from;
};

static struct backward turn_edges(struct arena *arena, const struct graph *g)
{
    struct backward b = { arena_array(arena, g->block_count + 2, sizeof *b.first), NULL };
    size_t edges = 0, to;
    for (size_t k = 0; k < g->block_count; k++)
        for (size_t e = 0; g->blocks[k].reached && (to = successor(&g->blocks[k], e)) != NO_BLOCK; e++, edges++)
            b.first[to + 2]++;
    for (size_t k = 2; k < g->block_count + 2; k++)
        b.first[k] += b.first[k - 1];
    b.from = arena_array(arena, edges, sizeof *b.from);
    for (size_t k = 0; k < g->block_count; k++)
        for (size_t e = 0; g->blocks[k].reached && (to = successor(&g->blocks[k], e)) != NO_BLOCK; e++)
            b.from[b.first[to + 1]++] = k;
    return b;
}

/* Distinct cells of a grid that a set of blocks touches; the blocks come by address except for the cold part's. */
static uint64_t cells(const struct graph *g, const bool *body, unsigned shift)
{
    uint64_t count = 0, last = UINT64_MAX;
    for (size_t k = 0; k < g->block_count; k++) {
        if (!body[k])
            continue;
        uint64_t from = g->blocks[k].start >> shift, to = (g->blocks[k].end - 1) >> shift;
        count += to - from + (from != last);
        last = to;
    }
    return count;
}

static void measure_loop(const struct graph *g, const bool *body, struct loop *loop)
{
    size_t after = 0;
    loop->first_insn = SIZE_MAX;
    for (size_t k = 0; k < g->block_count; k++) {
        if (!body[k])
            continue;
        loop->first_insn = loop->first_insn == SIZE_MAX ? g->blocks[k].first : loop->first_insn;
        after = g->blocks[k].first + g->blocks[k].count;
        loop->bytes += g->blocks[k].end - g->blocks[k].start;
        loop->insns += g->blocks[k].count;
        loop->blocks++;
    }
    loop->last_insn = after - 1;
    loop->whole = after - loop->first_insn == loop->insns;
    loop->lines = cells(g, body, 6);
    loop->windows = cells(g, body, 5);
    loop->pages = cells(g, body, 12);
}

static int by_header(const void *a, const void *b)
{
    const struct back_edge *x = a, *y = b;
    if (x->to != y->to)
        return x->to < y->to ? -1 : 1;
    return (x->from > y->from) - (x->from < y->from);
}

/* Every loop of one header is one loop (several `continue`s are several back edges). */
static void find_loops(struct arena *arena, struct graph *g)
{
    struct arena *scratch = arena_new();
    size_t count, steps = 0;
    struct back_edge *edges = walk_blocks(scratch, g, &count);
    struct backward back = turn_edges(scratch, g);
    size_t *queue = arena_array(scratch, g->block_count + 1, sizeof *queue);
    bool *body = arena_alloc(scratch, g->block_count), *heads = arena_alloc(scratch, g->block_count);
    if (count)
        qsort(edges, count, sizeof *edges, by_header);
    for (size_t i = 0; i < count; i++)
        heads[edges[i].to] = true;
    for (size_t i = 0; i < count && steps < MOST_LOOP_STEPS;) {
        size_t header = edges[i].to, queued = 0, inside = 0;
        memset(body, 0, g->block_count);
        body[header] = true;
        for (; i < count && edges[i].to == header; i++) {
            if (!body[edges[i].from])
                queue[queued++] = edges[i].from;
            body[edges[i].from] = true;
        }
        for (size_t q = 0; q < queued; q++, steps++) {
            inside += heads[queue[q]] && queue[q] != header;
            for (size_t e = back.first[queue[q]]; e < back.first[queue[q] + 1]; e++) {
                if (!body[back.from[e]])
                    queue[queued++] = back.from[e];
                body[back.from[e]] = true;
            }
        }
        steps += g->block_count;
        struct loop *loop = ARENA_PUSH(arena, g->loops, g->loop_count, g->loop_room);
        *loop = (struct loop){ .header = header, .start = g->blocks[header].start, .inner = inside == 0 };
        measure_loop(g, body, loop);
    }
    g->damaged = g->damaged || steps >= MOST_LOOP_STEPS;
    arena_free(scratch);
}

struct graph *graph_build(struct arena *arena, struct scene *scene, const struct symbol *function)
{
    const struct inventory *inv = scene->inv;
    const struct symbol *cold = scene_cold_part(scene, function);
    uint64_t extent = symbol_extent(inv, function), cold_extent = cold ? symbol_extent(inv, cold) : 0;
    if (!inv->image->decodes || extent == 0 || extent > GRAPH_MOST_CODE || cold_extent > GRAPH_MOST_CODE ||
        cold == function || !image_at(inv->image, function->address, extent))
        return NULL;
    struct graph *g = arena_alloc(arena, sizeof *g);
    *g = (struct graph){
        .scene = scene, .function = function, .cold = cold, .bytes = extent, .cold_bytes = cold_extent
    };
    struct builder b = { .arena = arena, .scene = scene, .g = g };
    decode_part(&b, function);
    g->cold_first = g->insn_count;
    if (cold)
        decode_part(&b, cold);
    mark_leaders(&b);
    cut_blocks(&b);
    join_blocks(&b);
    find_loops(arena, g);
    return g;
}

struct cold_entry *graph_cold_entries(struct arena *arena, const struct graph *g, size_t *count)
{
    struct cold_entry *list = NULL;
    size_t room = 0, to;
    *count = 0;
    for (size_t k = 0; k < g->block_count; k++) {
        const struct block *b = &g->blocks[k];
        for (size_t e = 0; !b->cold && (to = successor(b, e)) != NO_BLOCK; e++)
            if (g->blocks[to].cold)
                *ARENA_PUSH(arena, list, *count, room) =
                    (struct cold_entry){ g->insns[b->first + b->count - 1].address, g->blocks[to].start };
    }
    return list;
}
