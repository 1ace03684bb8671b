#include "sim/describe.h"

#include <assert.h>
#include <string.h>

#include "sim/state.h"

static struct code_line *line_of(struct model *m, uint64_t number)
{
    uint32_t slot = (uint32_t)(number * 0x9e3779b97f4a7c15ull >> 40) & (m->line_room - 1);
    for (struct code_line *line = m->line_table[slot]; line; line = line->next)
        if (line->line == number)
            return line;
    struct code_line *line = arena_alloc(m->arena, sizeof *line);
    *line = (struct code_line){ .line = number, .next = m->line_table[slot], .slot = -1, .unit = { -1, -1 } };
    m->line_table[slot] = line;
    m->line_total++;
    return line;
}

static void cover_lines(struct model *m, struct block *b)
{
    uint64_t first = b->address >> 6, last = (block_end(b) - 1) >> 6;
    b->rest->line_count = (uint32_t)(last - first + 1);
    b->rest->lines = arena_array(m->arena, b->rest->line_count, sizeof *b->rest->lines);
    for (uint32_t i = 0; i < b->rest->line_count; i++) {
        struct code_line *line = line_of(m, first + i);
        struct covering *covering = arena_alloc(m->arena, sizeof *covering);
        *covering = (struct covering){ .block = b, .next = line->covered_by };
        line->covered_by = covering;
        b->rest->lines[i] = line;
    }
}

/* Operations by fetch window, and with them the fetch cycles of the block. */
static void measure_windows(struct model *m, struct block *b)
{
    const struct stream_block *d = b->rest->described;
    uint32_t width = m->fetch_width, in_window = 0, windows = 0, surplus = d->uops > b->ops ? d->uops - b->ops : 0;
    uint64_t window = b->address >> m->window_shift;
    b->crossings = 0;
    for (unsigned i = 0; i <= d->n_insns; i++) {
        bool last = i == d->n_insns;
        uint64_t at = last ? 0 : b->address + d->insns[i].offset + (m->window_of_end ? d->insns[i].length - 1u : 0);
        uint64_t here = at >> m->window_shift;
        if (last || here != window) {
            if (last)
                in_window = in_window > surplus ? in_window - surplus : 1; /* the fused pair stands at the end */
            uint32_t cycles = (in_window + width - 1) / width, used = in_window ? (in_window - 1) % width + 1 : 0;
            if (windows++ == 0) {
                cycles += cycles == 0; /* its first instruction reaches over: looked up here, delivered there */
                b->first_ops = (uint16_t)in_window;
                b->first_cycles = (uint16_t)cycles;
                b->first_used = (uint16_t)used;
            } else {
                b->crossings++;
                b->rest_cycles = (uint16_t)(b->rest_cycles + cycles);
                b->rest_lost = (uint16_t)(b->rest_lost + (last ? 0 : width - used));
                b->last_used = (uint16_t)used;
            }
            in_window = 0;
            if (!last)
                window = here;
        }
        if (!last)
            in_window += d->insns[i].uops;
    }
}

/* The erratum: a jump, or a compare fused with it, that touches or ends at a 32-byte boundary. */
static bool touches_boundary(const struct stream_block *d, uint32_t fused)
{
    if (d->ending == STREAM_FALL || d->ending == STREAM_SYSCALL || d->ending == STREAM_REP)
        return false;
    unsigned first = d->n_insns - 1u - (fused && d->n_insns > 1);
    uint64_t begin = d->address + d->insns[first].offset, end = d->address + d->insns[d->n_insns - 1].offset + d->insns[d->n_insns - 1].length;
    return begin >> 5 != end >> 5;
}

static struct data_ref data_ref_of(const struct stream_block *d, const struct stream_ref *ref)
{
    unsigned origin = ref->slot == STREAM_NO_SLOT ? STREAM_FROM_COMPUTED : d->origins[ref->slot];
    return (struct data_ref){ .displacement = ref->displacement,
                              .slot = ref->slot == STREAM_NO_SLOT ? -1 : (int16_t)ref->slot,
                              .based = ref->slot == STREAM_NO_SLOT ? 0 : -1,
                              .size = ref->size,
                              .class = origin == STREAM_FROM_RSP  ? OBJECT_STACK
                                       : origin == STREAM_FROM_FS ? OBJECT_TLS
                                                                  : OBJECT_PLAIN,
                              .conditional = (ref->flags & STREAM_REF_CONDITIONAL) != 0,
                              .stored = !(ref->flags & STREAM_REF_LOAD) };
}

static bool is_plain(const struct stream_block *d, const struct flow *of)
{
    unsigned used = 0;
    for (unsigned i = 0; i < of->count; i++) {
        const struct flow_node *n = &of->nodes[i];
        if (n->kind != FLOW_LOAD && n->kind != FLOW_STORE)
            continue;
        if (n->ref != used || d->refs[used].flags & STREAM_REF_CONDITIONAL)
            return false;
        used++;
    }
    return true;
}

/* A block with its references and nodes behind it, on a cache line of its own. */
static struct block *block_alloc(struct model *m, const struct stream_block *d, const struct flow *of)
{
    size_t nodes = of->count * sizeof(struct flow_node), refs = d->n_refs * sizeof(struct data_ref);
    char *piece = arena_alloc(m->arena, sizeof(struct block) + nodes + refs + 63);
    struct block *b = (struct block *)(((uintptr_t)piece + 63) & ~(uintptr_t)63);
    for (unsigned r = 0; r < d->n_refs; r++)
        b->refs[r] = data_ref_of(d, &d->refs[r]);
    if (of->count)
        memcpy(b->refs + d->n_refs, of->nodes, nodes);
    return b;
}

static const struct flow_offsets code_offsets = { .ready = offsetof(struct model, ready),
                                                  .load = offsetof(struct model, load),
                                                  .load_wide = offsetof(struct model, load_wide),
                                                  .store = offsetof(struct model, store) };

void describe_block(struct model *m, const struct stream_block *d)
{
    assert(d->id == m->block_count && d->bytes <= UINT16_MAX);
    struct flow of = flow_of_block(m->arena, d, m->profile);
    struct block *b = block_alloc(m, d, &of);
    b->rest = arena_alloc(m->arena, sizeof *b->rest);
    b->rest->described = d;
    b->rest->map = maps_find(&m->maps, d->address);
    if (d->n_exits > 2)
        b->rest->left_early = arena_array(m->arena, d->n_exits - 2u, sizeof *b->rest->left_early);
    b->address = d->address;
    b->bytes = (uint16_t)d->bytes;
    b->branch_offset = d->insns[d->n_insns - 1].offset;
    b->window_offset = m->window_of_end ? (uint16_t)(d->bytes - 1) : b->branch_offset;
    b->plain_exits = d->ending == STREAM_REP ? 0 : 2;
    b->node_count = of.count;
    b->ref_count = d->n_refs;
    b->base = of.base;
    b->plain = is_plain(d, &of);
    b->ops = of.ops;
    b->ending = (uint8_t)d->ending;
    if (b->plain && d->ending != STREAM_REP)
        b->code = flow_compile(m->code, &of, b->refs, &code_offsets);
    b->next_slot = d->has_next ? (uint16_t)(d->n_slots + 1) : 0;
    b->jcc = m->profile->value[P_JCC_ERRATUM] && !PERFECT(m, COMPONENT_JCC) && touches_boundary(d, d->uops > of.ops);
    cover_lines(m, b);
    measure_windows(m, b);
    *ARENA_PUSH(m->arena, m->blocks, m->block_count, m->block_room) = b;
}
