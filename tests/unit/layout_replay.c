/* Replaying and packing, on streams written here. */
#include "layout/cold.h"
#include "layout/crowd.h"
#include "layout/loops.h"
#include "layout/pack.h"
#include "layout/place.h"
#include "layout/replay.h"
#include "layout/spread.h"
#include "layout/sweep.h"
#include "layout/uses.h"
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
    if (!replay_run(arena, &replay, 1, &result, &err))
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

/* Models that share one reading of a recording of several chunks share nothing else. */
static void test_at_once(void)
{
    write_stream(4096, 0x400);
    struct err err = ERR_INIT;
    struct replay replays[REPLAY_AT_ONCE + 1] = { { .recording = NULL } };
    struct replay_result results[REPLAY_AT_ONCE + 1];
    struct layout_side side = heap_side(4096, 0x400);
    size_t count = sizeof replays / sizeof replays[0], equal = 0, differing = 0;
    for (size_t i = 0; i < count; i++) {
        struct remap *remap = i ? remap_new() : NULL;
        for (uint64_t n = 0; i && n < NODES; n++)
            remap_add(remap, HEAP + n * 4096, 64, (int64_t)(n * 64 * i));
        replays[i] = (struct replay){ .recording = path, .profile = profile_find(arena, i == 2 ? "zen4" : "zen3", &err),
                                      .remap = remap, .side = i == 1 ? &side : NULL };
    }
    ok(replay_run(arena, replays, count, results, &err), "%zu replays of one recording run at once", count);
    for (size_t i = 0; i < count; i++) {
        struct replay_result alone;
        equal += replay_run(arena, &replays[i], 1, &alone, &err) && alone.cycles == results[i].cycles &&
                 alone.instructions == results[i].instructions &&
                 (i == 1 ? memcmp(alone.shares, results[i].shares, side.count * sizeof *alone.shares) == 0 : !results[i].shares);
        differing += i && results[i].cycles != results[0].cycles;
        remap_free((struct remap *)replays[i].remap);
    }
    ok(equal == count, "each comes to what it comes to alone (%zu of %zu)", equal, count);
    ok(differing == count - 1, "and not to what another one does");
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
        ok(pack[s].count == NODES && pack[s].items[1].address == HEAP + 7 * stride && pack[s].items[1].words == 1, "each word once, in the order of its first reading");
        struct remap *remap = pack_remap(&pack[s], 5, 3);
        ok(remap_address(remap, pack[s].items[9].address) == remap_address(remap, pack[s].items[8].address) + 8 &&
               remap_address(remap, pack[s].items[8].address + 8) == pack[s].items[8].address + 8,
           "words follow one another, what was not read stays");
        packed[s] = run(remap).cycles;
        remap_free(remap);
    }
    ok(packed[0] == packed[1], "packed, the two strides cost the same to the tick");
    struct layout_side side = heap_side(4096, 0x400);
    ok(pack_learn(arena, path, &side, 1u << AXIS_DATA, NULL, NULL, &pack[0], &err) && pack[0].count == 0, "only the axes asked for are packed");
}

/* Words that loads reach across stay side by side in one line; without such loads every word is by itself. */
static void test_pack_joins(void)
{
    struct pack pack;
    struct err err = ERR_INIT;
    write_stream(68, 0x400);
    struct layout_side side = heap_side(68, 0x400);
    ok(pack_learn(arena, path, &side, 1u << AXIS_HEAP, NULL, NULL, &pack, &err), "loads at any byte can be learnt");
    size_t alone = 0, pairs = 0, split = 0;
    struct remap *remap = pack_remap(&pack, 5, 3);
    for (size_t i = 0; i < pack.count; i++) {
        alone += pack.items[i].words == 1;
        pairs += pack.items[i].words == 2;
    }
    for (uint64_t i = 0; i < NODES; i++)
        split += remap_address(remap, HEAP + i * 68) % 64 + 8 > 64;
    remap_free(remap);
    ok(alone == NODES / 2 && pairs == NODES / 2, "words that a load reaches across are one item, others are not (%zu, %zu)", alone, pairs);
    ok(!split, "packed, no load lies across two lines (%zu)", split);
}

/* A conditional jump back from `from` and code in front of and behind the loop. */
static void test_loops(void)
{
    enum { FUNCTION = 0x401000, HEAD = FUNCTION + 23, BACK = FUNCTION + 41, END = FUNCTION + 64, BEHIND = FUNCTION + 50 };
    const struct layout_span spans[] = {
        { .address = FUNCTION, .end = HEAD, .falls = true },
        { .address = HEAD, .end = BACK, .falls = true, .target = HEAD },
        { .address = BACK, .end = BEHIND, .falls = false },
        { .address = BEHIND, .end = END, .falls = false },
    };
    struct layout_object f = { .name = "f", .address = FUNCTION, .size = 64, .extent = 64, .axis = AXIS_TEXT, .pair = 0, .function = true };
    struct layout_side side = { .objects = &f, .count = 1 };
    loops_find(arena, &side, spans, 4);
    ok(side.cut_count == 2 && side.cuts[0] == HEAD && side.cuts[1] == BEHIND, "loops are what jumps go back to, blocks what nothing falls into");
    unsigned bytes = 0, lined = 0;
    for (unsigned number = 0; number < 32; number++) {
        struct remap *remap = loops_remap(&side, 3, number), *again = loops_remap(&side, 3, number);
        uint64_t head = remap_address(remap, HEAD), behind = remap_address(remap, BEHIND);
        bytes += head % 64 != HEAD % 64;
        lined += head % 4 == 0 && behind % 4 == 0 && head >= remap_address(remap, FUNCTION) + 23 && behind >= head + 27 &&
                 remap_address(remap, FUNCTION) % 64 == FUNCTION % 64 && remap_address(again, HEAD) == head &&
                 remap_address(remap, BACK) == head + (BACK - HEAD);
        remap_free(remap);
        remap_free(again);
    }
    ok(lined == 32, "functions keep their byte of the line, pieces their order and inside, and the same seed gives the same places (%u)", lined);
    ok(bytes == 32, "loops get other bytes of the line (%u)", bytes);
    f.function = false;
    loops_find(arena, &side, spans, 4);
    ok(side.cut_count == 0, "what is no function is not cut");
}

/* 32 bytes that ran, 4096 that did not, 32 that ran, a tail that did not; and a function that never ran. */
static void test_cold(void)
{
    enum { F = 0x401000, G = 0x403000, AT = 0x500004, AWAY = 0x600000 };
    const struct layout_span spans[] = { { .address = F + 32 + 4096, .end = F + 64 + 4096 }, { .address = F, .end = F + 20 }, { .address = F + 20, .end = F + 32 } };
    struct layout_object objects[] = {
        { .name = "f", .address = F, .size = 64 + 4096 + 100, .extent = 64 + 4096 + 112, .axis = AXIS_TEXT, .function = true },
        { .name = "g", .address = G, .size = 4096, .extent = 4096, .axis = AXIS_TEXT, .function = true },
    };
    struct layout_side side = { .objects = objects, .count = 2, .spans = spans, .span_count = 3 };
    struct cold cold = cold_find(arena, &side);
    ok(cold.count == 2 && cold.items[0].address == F + 32 && cold.items[0].end == F + 32 + 4096 && cold.items[1].address == F + 64 + 4096,
       "what never ran is found between and behind what did, but no function that never ran at all (%zu)", cold.count);
    ok(cold_parts(&cold, &side, 0) && !cold_parts(&cold, &side, 1), "one of them can be parted");
    struct remap *remap = remap_new();
    uint64_t away = AWAY, end = cold_split(remap, &cold, &side, 0, AT, &away), seam = remap_address(remap, F + 32 + 4096);
    ok(remap_address(remap, F) == AT && remap_address(remap, F + 31) == AT + 31, "what ran first lies where it was put");
    ok(seam >= AT + 32 + 8 && seam < AT + 32 + 8 + 16 && (seam - (F + 32 + 4096)) % 16 == (AT - F) % 16, "what ran next closes up, behind room for a jump and at its byte of 16");
    ok(remap_address(remap, F + 32) == AWAY && remap_address(remap, F + 64 + 4096) == AWAY + 4096 && away == AWAY + 4196, "what never ran lies elsewhere, one part behind the other");
    ok(end >= seam + 32 && end < seam + 64 && remap_address(remap, G) == G, "the end is behind what ran, and others stay");
    away = AWAY;
    ok(cold_split(NULL, &cold, &side, 0, AT, &away) == end, "the end is the same where nothing is mapped");
    remap_free(remap);
    side.span_count = 0;
    ok(cold_find(arena, &side).count == 0, "where nothing ran nothing is cold");
}

static bool stop_at_once(void *context)
{
    (void)context;
    return true;
}

/* Records of 64 bytes whose last eight are read: `hot` is their field's size. */
static struct layout_variable records_of(struct layout_field fields[2], uint64_t hot)
{
    fields[0] = (struct layout_field){ "char cold[56];", 0, 56, 1 };
    fields[1] = (struct layout_field){ "uint64_t hot;", 56, hot, hot };
    return (struct layout_variable){ .name = "records", .address = HEAP - 56, .size = 64 * NODES, .pair = 0, .type = "struct record", .stride = 64,
                                     .fields = fields, .field_count = 2 };
}

static void test_fields(void)
{
    struct err err = ERR_INIT;
    struct layout_field fields[2];
    struct layout_variable variable = records_of(fields, 8);
    struct layout_side side = { .variables = &variable, .variable_count = 1 };
    struct field_order order;
    write_stream(64, 0x400);
    struct variable_use *use = uses_learn(arena, path, &side, NULL, NULL, &err);
    ok(use && use->loads == NODES * ROUNDS && use->fields[1] == use->loads && !use->fields[0] && !use->across && !use->lines, "loads are counted by variable and field");
    ok(uses_order(arena, &variable, use, &order) && order.field[0] == 1 && order.offset[0] == 0 && order.offset[1] == 8, "what is read comes first");
    struct remap *remap = remap_new();
    uses_reorder(remap, &variable, &order, 4096);
    ok(remap_address(remap, HEAP - 56) == HEAP - 56 + 4096 + 8 && remap_address(remap, HEAP + 64) == HEAP + 64 + 4096 - 56, "and every record has its fields there");
    remap_free(remap);
    fields[1].align = 64;
    ok(!uses_order(arena, &variable, use, &order) || order.offset[1] + 56 <= 64, "an order keeps the record's size");
    struct layout_field front[2] = { { "uint64_t hot;", 0, 8, 8 }, { "char cold[56];", 8, 56, 1 } };
    variable = (struct layout_variable){ .address = HEAP, .size = 64 * NODES, .type = "struct record", .stride = 64, .fields = front, .field_count = 2 };
    use = uses_learn(arena, path, &side, NULL, NULL, &err);
    ok(use->fields[0] == use->loads && !uses_order(arena, &variable, use, &order), "what comes first already is in no other order");
    variable = records_of(fields, 4);
    use = uses_learn(arena, path, &side, NULL, NULL, &err);
    ok(use->across == use->loads && !uses_order(arena, &variable, use, &order), "where loads reach across fields no order is replayed");
    variable.address = HEAP + 64 * NODES;
    ok(uses_learn(arena, path, &side, NULL, NULL, &err)->loads == 0, "what lies beside is not counted");
    ok(!uses_learn(arena, path, &side, stop_at_once, NULL, &err) && err.kind == ERR_INTERRUPTED, "counting can be stopped");
}

/* Ten functions a page apart want one set of eight ways; four do not fill it. */
static void test_crowd(void)
{
    struct layout_object objects[10];
    struct layout_span spans[10];
    static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j" };
    bool hot[10];
    for (uint64_t i = 0; i < 10; i++) {
        objects[i] = (struct layout_object){ .name = names[i], .address = 0x401000 + i * 4096, .size = 64, .extent = 64, .axis = AXIS_TEXT };
        spans[i] = (struct layout_span){ .address = 0x401000 + i * 4096, .end = 0x401040 + i * 4096 };
        hot[i] = true;
    }
    struct layout_side side = { .objects = objects, .count = 10, .spans = spans, .span_count = 10 };
    const char *said = crowd_of(arena, &side, 3, hot, 8);
    ok(said && strcmp(said, "1 set of the L1I with a, b and 7 more, where more than 8 lines want to be") == 0, "functions a page apart share a set (%s)", said ? said : "-");
    ok(!crowd_of(arena, &side, 3, hot, 12), "where there are ways enough they share none");
    for (int i = 4; i < 10; i++)
        hot[i] = false;
    ok(!crowd_of(arena, &side, 3, hot, 8), "neither do those of which few are hot");
}

/* A block that the map stretches: its instructions lie where the map has them, nops between and behind. */
static void test_stretch(void)
{
    static const uint8_t code[] = { 0x48, 0x8b, 0x07, 0x90, 0x75, 0xfa };
    static const struct stream_insn insns[] = { { .offset = 0, .length = 3 }, { .offset = 3, .length = 1 }, { .offset = 4, .length = 2 } };
    static const struct stream_exit exits[2] = { { .target = 0x401006 }, { .target = 0x401000 } };
    struct stream_block block = { .address = 0x401000, .target = 0x401000, .bytes = 6, .ending = STREAM_COND, .n_insns = 3, .n_exits = 2,
                                  .insns = insns, .exits = exits, .code = code };
    struct remap *remap = remap_new();
    remap_add(remap, 0x401000, 3, 0x1000);
    remap_add(remap, 0x401003, 3, 0x1010);
    remap_add(remap, 0x401006, 10, 0x1030);
    const struct stream_block *plain = replay_block(arena, remap, &block);
    ok(plain->bytes == 6 && plain->insns == insns, "objects that move whole keep their blocks");
    remap->stretched = true;
    const struct stream_block *moved = replay_block(arena, remap, &block);
    ok(moved->address == 0x402000 && moved->insns[1].offset == 0x13 && moved->insns[2].offset == 0x14, "instructions lie where the map has them");
    ok(moved->bytes == 0x36 && moved->exits[0].target == 0x402036 && moved->target == 0x402000, "a block that goes on reaches to where that is");
    ok(moved->code[0] == 0x48 && moved->code[3] == 0x90 && moved->code[0x13] == 0x90 && moved->code[0x14] == 0x75 && moved->code[0x35] == 0x90, "nops fill what is between");
    block.ending = STREAM_JUMP;
    ok(replay_block(arena, remap, &block)->bytes == 0x16, "a block that jumps away ends with its jump");
    remap_free(remap);
}

/* 400 words a page apart fall into one set of the L1D; pages that are turned do not. */
static void test_spread(void)
{
    write_stream(4096, 0x400);
    struct layout_side side = heap_side(4096, 0x400);
    struct remap *remap = spread_remap(&side, 5, 1), *again = spread_remap(&side, 5, 1);
    unsigned sets[64] = { 0 }, most = 0, stayed = 0;
    for (uint64_t i = 0; i < NODES; i++) {
        uint64_t to = remap_address(remap, HEAP + i * 4096);
        stayed += to / 4096 == HEAP / 4096 + i && to == remap_address(again, HEAP + i * 4096);
        most = ++sets[to / 64 % 64] > most ? sets[to / 64 % 64] : most;
    }
    ok(stayed == NODES, "every page stays, and the same seed turns it alike");
    ok(most < 20 && remap_address(remap, TEXT) == TEXT, "their first lines fall into many sets (%u at most), and code stays", most);
    double turned = run(remap).cycles, shipped = run(NULL).cycles;
    ok(turned < shipped * 0.98, "which takes a set conflict away (%.0f, %.0f)", turned, shipped);
    remap_free(remap);
    remap_free(again);
    write_stream(64, 0x400);
    side = heap_side(64, 0x400);
    remap = spread_remap(&side, 5, 1);
    turned = run(remap).cycles, shipped = run(NULL).cycles;
    ok(fabs(turned / shipped - 1) < 0.02, "and changes nothing where there is none (%.0f, %.0f)", turned, shipped);
    remap_free(remap);
}

/* Two functions 512 KiB apart, in 200 places: pages of 4 KiB run out of entries, pages of 2 MiB do not. */
static void test_huge_pages(void)
{
    struct err err = ERR_INIT;
    struct stream_writer *w = stream_writer_file(path, &err);
    stream_write_start(w, "test=1\n");
    for (uint32_t i = 0; i < 200; i++)
        describe(w, i, TEXT + i * 0x10040ull, TEXT + (i + 1) % 200 * 0x10040ull);
    for (int r = 0; r < ROUNDS; r++)
        for (uint32_t i = 0; i < 200; i++)
            stream_write_run(w, i, 0, &(uint64_t){ HEAP }, 0);
    stream_writer_close(w, 0, 0, &err);
    double small = run(NULL).cycles;
    struct remap *remap = remap_new();
    ok(run(remap).cycles == small, "a map without pages of 2 MiB changes nothing");
    remap->huge_text = true;
    double huge = run(remap).cycles;
    ok(huge < 0.9 * small, "code on 200 pages of 4 KiB waits for translations, on 7 of 2 MiB it does not (%.0f, %.0f)", small, huge);
    write_stream(64, 0x400);
    small = run(NULL).cycles;
    huge = run(remap).cycles;
    ok(fabs(huge / small - 1) < 0.01, "code on one page gains nothing (%.0f, %.0f)", small, huge);
    remap_free(remap);
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
                                   .packed = 2, .inside = 2, .huge_pages = true, .transplants = true, .seed = 9, .threads = i ? 3 : 1, .sides = sides, .recording = { path, path } };
        struct sweep_hooks hooks = { 0 };
        ok(sweep_run(arena, &spec, &hooks, &study[i], &err), "a sweep runs on %u threads", spec.threads);
    }
    ok(study[0].trial_count == 3 + 5 + 2 * 2 + 2 + 2 * 2 + 1, "shipped, transplants, drawn, each axis alone, packed, loops, spread, huge pages (%zu)", study[0].trial_count);
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
    ok(replay_run(arena, &replay, 1, &result, &err) && result.shares, "cycles can be told apart by function");
    double sum = 0;
    for (size_t i = 0; i < side.count; i++)
        for (int c = 0; c < COMPONENT_COUNT; c++)
            sum += result.shares[i].cycles[c];
    is_near(sum, result.cycles, 1e-6 * result.cycles, "they sum to the total");
    ok(run(NULL).cycles == result.cycles, "which is the same, to the tick, when nothing is explained");
    ok(result.shares[2].cycles[COMPONENT_BASE] == 0, "a heap takes none");
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
    test_at_once();
    test_stride_by_map();
    test_pack();
    test_pack_joins();
    test_loops();
    test_cold();
    test_fields();
    test_crowd();
    test_stretch();
    test_spread();
    test_huge_pages();
    test_sweep();
    test_shares();
    test_stop();
    unlink(path);
    arena_free(arena);
    return done_testing();
}
