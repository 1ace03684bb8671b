#include "layout/replay.h"

#include <assert.h>
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

/* What a chunk of the recording holds, in order. */
struct item {
    bool is_run;
    struct stream_run run;
    struct stream_event event;
};

struct items {
    struct item *at;
    size_t count, room;
};

/* One replay among several of one recording. */
struct player {
    const struct replay *replay;
    struct model *model;
    struct arena *arena; /* of moved blocks */
};

/* A whole chunk at once, so that the model's state stays in our own caches. */
static void play(const struct player *player, const struct items *items)
{
    for (const struct item *item = items->at; item < items->at + items->count; item++) {
        struct stream_event event = item->event;
        if (item->is_run) {
            model_run(player->model, item->run.at, item->run.end);
            continue;
        }
        if (event.type == STREAM_EVENT_BLOCK && player->replay->remap)
            event.block = replay_block(player->arena, player->replay->remap, event.block);
        model_event(player->model, &event);
    }
}

static bool feed(const struct player *players, size_t count, struct stream *stream, struct arena *arena, struct err *err)
{
    const struct replay *first = players->replay;
    struct items items = { 0 };
    struct item next = { 0 };
    enum stream_item kind;
    while ((kind = stream_next(stream, &next.run, &next.event, err)) > STREAM_DONE) {
        next.is_run = kind == STREAM_RUN;
        *ARENA_PUSH(arena, items.at, items.count, items.room) = next;
        if (!stream_at_chunk_end(stream))
            continue;
        if (first->stop && first->stop(first->context))
            return err_set(err, ERR_INTERRUPTED, "interrupted while replaying layouts");
        for (size_t i = 0; i < count; i++)
            play(&players[i], &items);
        items.count = 0;
    }
    assert(kind != STREAM_DONE || !items.count);
    return kind == STREAM_DONE;
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

static void conclude(struct arena *keep, const struct player *player, const struct stream *stream, struct replay_result *result)
{
    struct cost total;
    model_total(player->model, &total);
    *result = (struct replay_result){ .cycles = (double)model_ticks(player->model) / MODEL_TICKS, .instructions = total.instructions };
    if (player->replay->side)
        result->shares = shares_of(keep, player->replay, stream, player->model);
}

bool replay_run(struct arena *keep, const struct replay *replays, size_t count, struct replay_result *results, struct err *err)
{
    struct stream *stream = stream_open(replays->recording, err);
    if (!stream)
        return false;
    struct arena *arena = arena_new();
    struct player *players = arena_array(arena, count, sizeof *players);
    for (size_t i = 0; i < count; i++) {
        assert(strcmp(replays[i].recording, replays->recording) == 0);
        players[i] = (struct player){ .replay = &replays[i], .model = model_create(replays[i].profile, 0), .arena = arena };
        if (replays[i].side)
            model_without_objects(players[i].model);
        else
            model_unexplained(players[i].model);
        if (replays[i].remap)
            model_remap(players[i].model, replays[i].remap);
    }
    bool done = feed(players, count, stream, arena, err);
    for (size_t i = 0; i < count; i++) {
        if (done)
            conclude(keep, &players[i], stream, &results[i]);
        model_free(players[i].model);
    }
    arena_free(arena);
    stream_close(stream);
    return done;
}
