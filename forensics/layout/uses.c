#include "layout/uses.h"

#include <stdlib.h>

#include "sim/stream.h"

enum {
    LINE = 64,
    HOT_PART = 16,     /* of the loads of the field that has most makes one hot */
    ACROSS_PART = 100, /* of the loads may reach across fields */
};

/* ---- counting ---- */

struct counter {
    const struct layout_side *side;
    struct remap *index; /* moves variable i by i + 1 */
    struct variable_use *uses;
};

/* The field that holds a byte of the record; field_count: none. */
static size_t field_at(const struct layout_variable *v, uint64_t offset)
{
    size_t low = 0, high = v->field_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (v->fields[middle].offset + v->fields[middle].size <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low < v->field_count && v->fields[low].offset <= offset ? low : v->field_count;
}

static void note_field(const struct layout_variable *v, struct variable_use *use, const struct stream_ref *ref,
                       uint64_t address)
{
    uint64_t offset = (address - v->address) % v->stride, end = offset + ref->size;
    size_t field = field_at(v, offset);
    if (field == v->field_count)
        return;
    use->across += end > v->fields[field].offset + v->fields[field].size;
    use->fields[field]++;
}

static void note_ref(struct counter *c, const struct stream_ref *ref, uint64_t address)
{
    uint64_t number = remap_address(c->index, address) - address;
    if (!number)
        return;
    const struct layout_variable *v = &c->side->variables[number - 1];
    struct variable_use *use = &c->uses[number - 1];
    use->lines += address % LINE + ref->size > LINE;
    if (!(ref->flags & STREAM_REF_LOAD))
        return;
    use->loads++;
    if (use->fields)
        note_field(v, use, ref, address);
}

static void note_run(struct counter *c, const struct stream_block *const *blocks, const struct stream_run *run)
{
    for (const uint64_t *at = run->at; at < run->end; at += stream_words(*at)) {
        const struct stream_block *b = blocks[stream_id(*at)];
        unsigned refs = b->exits[stream_exit_number(*at)].refs;
        for (unsigned r = 0; r < refs; r++) {
            uint64_t address = stream_ref_address(&b->refs[r], at + 1);
            if (address)
                note_ref(c, &b->refs[r], address);
        }
    }
}

static struct counter counter_of(struct arena *arena, const struct layout_side *side)
{
    struct counter c = { side, remap_new(), arena_array(arena, side->variable_count + 1, sizeof *c.uses) };
    for (size_t i = 0; i < side->variable_count; i++) {
        const struct layout_variable *v = &side->variables[i];
        remap_add(c.index, v->address, v->size, (int64_t)i + 1);
        if (v->type)
            c.uses[i].fields = arena_array(arena, v->field_count + 1, sizeof *c.uses[i].fields);
    }
    return c;
}

struct variable_use *uses_learn(struct arena *arena, const char *recording, const struct layout_side *side,
                                bool (*stop)(void *), void *context, struct err *err)
{
    struct stream *stream = stream_open(recording, err);
    if (!stream)
        return NULL;
    struct counter c = counter_of(arena, side);
    struct stream_run run;
    struct stream_event event;
    enum stream_item item;
    while ((item = stream_next(stream, &run, &event, err)) > STREAM_DONE) {
        if (item != STREAM_RUN)
            continue;
        if (stop && stop(context)) {
            err_set(err, ERR_INTERRUPTED, "interrupted while looking at how data is used");
            item = STREAM_FAILED;
            break;
        }
        note_run(&c, stream_blocks(stream), &run);
    }
    remap_free(c.index);
    stream_close(stream);
    return item == STREAM_DONE ? c.uses : NULL;
}

/* ---- another order of fields ---- */

/* A field's place among the others: hot ones first, the widest first, so that nothing is wasted on holes. */
struct placed_field {
    size_t field;
    bool hot;
    uint64_t align, loads;
};

static int by_place(const void *a, const void *b)
{
    const struct placed_field *x = a, *y = b;
    if (x->hot != y->hot)
        return x->hot ? -1 : 1;
    if (x->align != y->align)
        return x->align > y->align ? -1 : 1;
    if (x->loads != y->loads)
        return x->loads > y->loads ? -1 : 1;
    return x->field < y->field ? -1 : x->field > y->field;
}

static uint64_t most_of(const struct layout_variable *v, const struct variable_use *use)
{
    uint64_t most = 0;
    for (size_t i = 0; i < v->field_count; i++)
        most = use->fields[i] > most ? use->fields[i] : most;
    return most;
}

bool uses_order(struct arena *arena, const struct layout_variable *v, const struct variable_use *use,
                struct field_order *order)
{
    struct placed_field *placed = arena_array(arena, v->field_count + 1, sizeof *placed);
    uint64_t end = 0, hot = most_of(v, use) / HOT_PART;
    bool moved = false;
    if (use->across > use->loads / ACROSS_PART)
        return false;
    for (size_t i = 0; i < v->field_count; i++)
        placed[i] = (struct placed_field){ i, use->fields[i] > hot, v->fields[i].align, use->fields[i] };
    qsort(placed, v->field_count, sizeof *placed, by_place);
    *order = (struct field_order){ arena_array(arena, v->field_count, sizeof *order->field),
                                   arena_array(arena, v->field_count, sizeof *order->offset) };
    for (size_t i = 0; i < v->field_count; i++) {
        const struct layout_field *f = &v->fields[placed[i].field];
        end = (end + placed[i].align - 1) & ~(placed[i].align - 1);
        order->field[i] = placed[i].field;
        order->offset[i] = end;
        moved = moved || end != f->offset;
        end += f->size;
    }
    return moved && end <= v->stride;
}

void uses_reorder(struct remap *remap, const struct layout_variable *v, const struct field_order *order, uint64_t by)
{
    for (uint64_t at = v->address; at + v->stride <= v->address + v->size; at += v->stride)
        for (size_t i = 0; i < v->field_count; i++) {
            const struct layout_field *f = &v->fields[order->field[i]];
            remap_add(remap, at + f->offset, f->size, (int64_t)(by + order->offset[i] - f->offset));
        }
}
