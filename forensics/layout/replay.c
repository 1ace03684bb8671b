#include "layout/replay.h"

#include <string.h>

#include "core/cost.h"

enum { NOPS_MOST = 64 /* bytes of padding, less than these */, NOP = 0x90 };

/* The block's instructions where the map has them, nops between; `falls`: and up to where it goes on. */
static void stretch(struct arena *arena, const struct remap *remap, const struct stream_block *block, struct stream_block *moved)
{
    struct stream_insn *insns = arena_array(arena, block->n_insns, sizeof *insns);
    for (unsigned i = 0; i < block->n_insns; i++) {
        insns[i] = block->insns[i];
        insns[i].offset = (uint16_t)(remap_address(remap, block->address + block->insns[i].offset) - moved->address);
    }
    const struct stream_insn *last = &insns[block->n_insns - 1];
    uint64_t end = (uint64_t)last->offset + last->length, next = remap_address(remap, block->address + block->bytes) - moved->address;
    bool goes_on = block->ending != STREAM_JUMP && block->ending != STREAM_JUMP_INDIRECT && block->ending != STREAM_RETURN;
    /* Its own end may be its object's, where the map speaks of another. */
    moved->bytes = (uint32_t)(goes_on && next >= end && next < end + NOPS_MOST ? next : end);
    moved->insns = insns;
    if (!block->code)
        return;
    uint8_t *code = arena_alloc(arena, moved->bytes);
    memset(code, NOP, moved->bytes);
    for (unsigned i = 0; i < block->n_insns; i++)
        memcpy(code + insns[i].offset, block->code + block->insns[i].offset, insns[i].length);
    moved->code = code;
}

const struct stream_block *replay_block(struct arena *arena, const struct remap *remap, const struct stream_block *block)
{
    struct stream_block *moved = arena_alloc(arena, sizeof *moved);
    struct stream_exit *exits = arena_array(arena, block->n_exits, sizeof *exits);
    *moved = *block;
    moved->address = remap_address(remap, block->address);
    moved->target = block->target ? remap_address(remap, block->target) : 0;
    if (remap->stretched)
        stretch(arena, remap, block, moved);
    uint64_t end = block->address + block->bytes;
    for (unsigned i = 0; i < block->n_exits; i++) {
        exits[i] = block->exits[i];
        /* Its own end may be its object's end, where the map already speaks of the next object. */
        if (exits[i].target)
            exits[i].target = exits[i].target == end ? moved->address + moved->bytes : remap_address(remap, exits[i].target);
    }
    moved->exits = exits;
    return moved;
}

static bool feed(const struct replay *replay, struct stream *stream, struct model *model, struct arena *arena, struct err *err)
{
    struct stream_run run;
    struct stream_event event;
    enum stream_item item;
    while ((item = stream_next(stream, &run, &event, err)) > STREAM_DONE) {
        if (item == STREAM_RUN) {
            if (replay->stop && replay->stop(replay->context))
                return err_set(err, ERR_INTERRUPTED, "interrupted while replaying layouts");
            model_run(model, run.at, run.end);
            continue;
        }
        if (event.type == STREAM_EVENT_BLOCK && replay->remap)
            event.block = replay_block(arena, replay->remap, event.block);
        model_event(model, &event);
    }
    return item == STREAM_DONE;
}

/* Cycles by function: blocks are asked by the addresses that the recording has. */
static struct replay_share *shares_of(struct arena *arena, const struct replay *replay, const struct stream *stream,
                                      const struct model *model)
{
    struct replay_share *shares = arena_array(arena, replay->side->count + 1, sizeof *shares);
    const struct stream_block *const *blocks = stream_blocks(stream);
    for (uint32_t id = 0; id < model_block_count(model); id++) {
        struct model_block block;
        size_t at = layout_text_at(replay->side, blocks[id]->address);
        model_block(model, id, &block, NULL);
        for (int c = 0; at != SIZE_MAX && c < COMPONENT_COUNT; c++)
            shares[at].cycles[c] += (double)block.ticks[c] / MODEL_TICKS;
    }
    return shares;
}

bool replay_run(struct arena *keep, const struct replay *replay, struct replay_result *result, struct err *err)
{
    struct stream *stream = stream_open(replay->recording, err);
    if (!stream)
        return false;
    struct arena *arena = arena_new();
    struct model *model = model_create(replay->profile, 0);
    if (replay->remap)
        model_remap(model, replay->remap);
    bool done = feed(replay, stream, model, arena, err);
    if (done) {
        struct cost total;
        model_total(model, &total);
        *result = (struct replay_result){ .cycles = (double)model_ticks(model) / MODEL_TICKS, .instructions = total.instructions };
        if (replay->side)
            result->shares = shares_of(keep, replay, stream, model);
    }
    model_free(model);
    arena_free(arena);
    stream_close(stream);
    return done;
}
