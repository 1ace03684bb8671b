/* Replaying and packing, on streams written here. */
#include "layout/pack.h"
#include "layout/place.h"
#include "layout/replay.h"
#include "layout/sweep.h"
#include "tap.h"

#include <unistd.h>

static struct arena *arena;
static char path[64];

enum { LOAD = 0, DONE = 1, NODES = 400, ROUNDS = 40, TEXT = 0x401000, HEAP = 0x10000000 };

/* mov (%rdi),%rax; jmp. Its own slot is the address. */
static void describe(struct stream_writer *w, uint32_t id, uint64_t address, uint64_t target)
{
    static const uint8_t code[] = { 0x48, 0x8b, 0x07, 0xe9, 0, 0, 0, 0 }, origins[] = { STREAM_FROM_RDI };
    static const struct stream_insn insns[] = { { .offset = 0, .length = 3, .kind = STREAM_INSN_MOVE, .uops = 1, .flags = STREAM_INSN_READS },
                                                { .offset = 3, .length = 5, .kind = STREAM_INSN_BRANCH, .uops = 1 } };
    static const struct stream_ref refs[] = { { .insn = 0, .slot = 0, .size = 8, .flags = STREAM_REF_LOAD } };
    struct stream_exit exits[2] = { { .target = target, .insns = 2, .refs = 1, .slots = 1 }, { .target = target, .insns = 2, .refs = 1, .slots = 1 } };
    struct stream_block block = { .address = address, .target = target, .id = id, .bytes = 8, .uops = 2, .ending = STREAM_JUMP, .n_insns = 2,
                                  .n_slots = 1, .n_refs = 1, .n_exits = 2, .insns = insns, .refs = refs, .exits = exits, .origins = origins, .code = code };
    stream_write_block(w, &block);
}

/* Reads NODES words `stride` bytes apart, ROUNDS times, from two functions `apart` bytes apart. */
static void write_stream(uint64_t stride, uint64_t apart)
{
    struct err err = ERR_INIT;
    struct stream_writer *w = stream_writer_file(path, &err);
    stream_write_start(w, "test=1\n");
    describe(w, 0, TEXT, TEXT + apart);
    describe(w, 1, TEXT + apart, TEXT);
    for (int r = 0; r < ROUNDS; r++)
        for (uint64_t i = 0; i < NODES; i++)
            stream_write_run(w, i & 1, 0, &(uint64_t){ HEAP + i * 7 % NODES * stride }, 0);
    if (!stream_writer_close(w, 0, 0, &err))
        diag("%s", err.text);
}

static struct replay_result run(const struct remap *remap)
{
    struct err err = ERR_INIT;
    struct replay replay = { .recording = path, .profile = profile_find(arena, "zen3", &err), .remap = remap };
    struct replay_result result = { .cycles = NAN };
    if (!replay_run(arena, &replay, &result, &err))
        diag("%s", err.text);
    return result;
}

static struct layout_side heap_side(uint64_t stride, uint64_t apart)
{
    struct layout_side side = { 0 };
    struct layout_object objects[] = {
        { .name = "f", .address = TEXT, .size = 8, .extent = 16, .axis = AXIS_TEXT, .group = 1, .pair = 0 },
        { .name = "g", .address = TEXT + apart, .size = 8, .extent = 16, .axis = AXIS_TEXT, .group = 1, .pair = 1 },
        { .name = "heap", .address = HEAP, .size = NODES * stride, .extent = NODES * stride, .axis = AXIS_HEAP, .group = 2, .pair = 2 },
    };
    for (size_t i = 0; i < 3; i++)
        *ARENA_PUSH(arena, side.objects, side.count, side.room) = objects[i];
    return side;
}

static void test_identity(void)
{
    write_stream(64, 0x400);
    struct replay_result plain = run(NULL);
    ok(plain.instructions == 2.0 * NODES * ROUNDS, "every instruction is replayed");
    struct remap *remap = remap_new();
    remap_add(remap, 0x400000, 0x10000, 0);
    struct replay_result same = run(remap);
    ok(same.cycles == plain.cycles, "a map that moves nothing changes nothing");
    remap_add(remap, TEXT, 0x10000, 0x100000);
    struct replay_result shifted = run(remap);
    ok(fabs(shifted.cycles / plain.cycles - 1) < 0.01, "neither does moving all of the code by whole megabytes");
    remap_free(remap);
}

/* 400 words at 4096 bytes fall into one L1D set and 400 pages; at 64 bytes they fit. A map makes one the other. */
static void test_stride_by_map(void)
{
    write_stream(4096, 0x400);
    double wide = run(NULL).cycles;
    struct remap *remap = remap_new();
    for (uint64_t i = 0; i < NODES; i++)
        remap_add(remap, HEAP + i * 4096, 64, (int64_t)(HEAP + 0x10000000 + i * 64) - (int64_t)(HEAP + i * 4096));
    double mapped = run(remap).cycles;
    remap_free(remap);
    write_stream(64, 0x400);
    double narrow = run(NULL).cycles;
    ok(wide > 1.5 * narrow, "reading a page a word costs");
    ok(fabs(mapped / narrow - 1) < 0.02, "under a map that closes the gaps it costs what a narrow stride costs");
}

static void test_pack(void)
{
    struct pack pack[2];
    struct err err = ERR_INIT;
    double packed[2];
    for (int s = 0; s < 2; s++) {
        uint64_t stride = s ? 4096 : 64;
        write_stream(stride, 0x400);
        struct layout_side side = heap_side(stride, 0x400);
        ok(pack_learn(arena, path, &side, 1u << AXIS_HEAP, NULL, NULL, &pack[s], &err), "what is read can be learnt");
        ok(pack[s].count == NODES && pack[s].words[1] == HEAP + 7 * stride, "each word once, in the order of its first reading");
        struct remap *remap = pack_remap(&pack[s], 5, 3);
        ok(remap_address(remap, pack[s].words[9]) == remap_address(remap, pack[s].words[8]) + 8 &&
               remap_address(remap, pack[s].words[8] + 8) == pack[s].words[8] + 8,
           "words follow one another, what was not read stays");
        packed[s] = run(remap).cycles;
        remap_free(remap);
    }
    ok(packed[0] == packed[1], "packed, the two strides cost the same to the tick");
    struct layout_side side = heap_side(4096, 0x400);
    ok(pack_learn(arena, path, &side, 1u << AXIS_DATA, NULL, NULL, &pack[0], &err) && pack[0].count == 0, "only the axes asked for are packed");
}

static void test_sweep(void)
{
    struct err err = ERR_INIT;
    struct layout_side sides[2];
    struct layout_study study[2];
    write_stream(64, 0x400);
    sides[0] = heap_side(64, 0x400);
    sides[1] = heap_side(64, 0x400);
    layout_align(sides);
    for (int i = 0; i < 2; i++) {
        struct sweep_spec spec = { .profile = profile_find(arena, "zen3", &err), .axes = 1u << AXIS_TEXT | 1u << AXIS_HEAP, .layouts = 5, .apart = 2,
                                   .packed = 2, .transplants = true, .seed = 9, .threads = i ? 3 : 1, .sides = sides, .recording = { path, path } };
        struct sweep_hooks hooks = { 0 };
        ok(sweep_run(arena, &spec, &hooks, &study[i], &err), "a sweep runs on %u threads", spec.threads);
    }
    ok(study[0].trial_count == 3 + 5 + 2 * 2 + 2, "shipped, transplants, drawn, each axis alone, packed (%zu)", study[0].trial_count);
    bool same = study[0].trial_count == study[1].trial_count, equal = true;
    for (size_t i = 0; same && i < study[0].trial_count; i++) {
        same &= memcmp(study[0].trials[i].cycles, study[1].trials[i].cycles, sizeof study[0].trials[i].cycles) == 0;
        equal &= study[0].trials[i].cycles[0] == study[0].trials[i].cycles[1];
    }
    ok(same, "the number of threads changes no figure");
    ok(equal, "a recording against itself costs the same in every layout, to the tick");
}

static void test_shares(void)
{
    struct err err = ERR_INIT;
    struct layout_side side = heap_side(64, 0x400);
    struct replay replay = { .recording = path, .profile = profile_find(arena, "zen3", &err), .side = &side };
    struct replay_result result;
    ok(replay_run(arena, &replay, &result, &err) && result.shares, "cycles can be told apart by function");
    double sum = 0;
    for (size_t i = 0; i < side.count; i++)
        for (int c = 0; c < COMPONENT_COUNT; c++)
            sum += result.shares[i].cycles[c];
    is_near(sum, result.cycles, 1e-6 * result.cycles, "they sum to the total");
    ok(result.shares[2].cycles[COMPONENT_BASE] == 0, "a heap takes none");
}

static bool stop_at_once(void *context)
{
    (void)context;
    return true;
}

static void test_stop(void)
{
    struct err err = ERR_INIT;
    struct layout_side sides[2] = { heap_side(64, 0x400), heap_side(64, 0x400) };
    struct layout_study study;
    layout_align(sides);
    struct sweep_spec spec = { .profile = profile_find(arena, "zen3", &err), .axes = 1u << AXIS_TEXT, .layouts = 50, .seed = 9, .threads = 2,
                               .sides = sides, .recording = { path, path } };
    struct sweep_hooks hooks = { .stop = stop_at_once };
    ok(!sweep_run(arena, &spec, &hooks, &study, &err) && err.kind == ERR_INTERRUPTED, "a sweep can be stopped");
    err_clear(&err);
    spec.recording[1] = "/nonexistent/recording";
    hooks.stop = NULL;
    ok(!sweep_run(arena, &spec, &hooks, &study, &err) && err.kind == ERR_TOOL, "a recording that cannot be read fails the sweep");
}

int main(void)
{
    arena = arena_new();
    snprintf(path, sizeof path, "/tmp/ltf_layout_replay.%d", (int)getpid());
    test_identity();
    test_stride_by_map();
    test_pack();
    test_sweep();
    test_shares();
    test_stop();
    unlink(path);
    arena_free(arena);
    return done_testing();
}
