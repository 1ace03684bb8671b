/* Records a program and prints what the stream holds, one name=value a line.
 *
 * usage: drive [-b] [-r] [-m] [-i] [-s FILE] [-q N] [-t SECONDS] [-n NAME] [-e NAME=value]... PROGRAM [ARG...]
 *   -b       also one line "block ADDRESS INSNS STEPS" a block: instructions retired in it, and the same with every
 *            iteration of a repeated string instruction counted, as cachegrind does
 *   -r       also the recipe
 *   -m       also one line "map ADDRESS BYTES KIND PROTECTION BUILD-ID-BYTES PATH" a mapping
 *   -s FILE  save the stream there, read it from there
 *   -q N     stop reading after N runs
 *   -i       interrupt it at once
 */
#include "sim/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct counts {
    unsigned long long insns, steps, refs, records, hash, events[STREAM_EVENT_END + 1];
    unsigned long long threads; /* bit set */
    unsigned long long bad_next;
    int end_status;
    unsigned runs_left;
    bool show_maps;
};

struct per_block {
    unsigned long long insns, steps;
};
static struct per_block *per_block;
static size_t per_block_room;

static void mix(struct counts *c, uint64_t word)
{
    c->hash = (c->hash ^ word) * 0x9e3779b97f4a7c15ull;
    c->hash ^= c->hash >> 29;
}

static void mix_block(struct counts *c, const struct stream_block *b)
{
    mix(c, b->address);
    mix(c, b->target);
    mix(c, (uint64_t)b->bytes << 32 | b->uops);
    for (unsigned i = 0; i < b->n_refs; i++) {
        mix(c, (uint64_t)b->refs[i].displacement);
        mix(c, (uint64_t)b->refs[i].slot << 32 | (uint64_t)b->refs[i].size << 16 | b->refs[i].flags);
    }
    for (unsigned i = 0; i < b->bytes; i++)
        mix(c, b->code[i]);
}

static void on_event(struct counts *c, const struct stream_event *e)
{
    if (e->type <= STREAM_EVENT_END)
        c->events[e->type]++;
    if (e->type == STREAM_EVENT_BLOCK)
        mix_block(c, e->block);
    if (e->type == STREAM_EVENT_THREAD)
        c->threads |= 1ull << (e->thread.thread & 63);
    if (e->type == STREAM_EVENT_END)
        c->end_status = e->end.status;
    if (e->type == STREAM_EVENT_MAP && c->show_maps)
        printf("map %llx %llx %d %u %u %s\n", (unsigned long long)e->map.address, (unsigned long long)e->map.bytes,
               e->map.kind, e->map.protection, e->map.build_id_bytes, e->map.path);
}

static void on_run(struct counts *c, struct stream *s, const struct stream_run *run)
{
    const struct stream_block *const *blocks = stream_blocks(s);
    uint64_t expected = 0;
    if (stream_block_count(s) > per_block_room) {
        size_t room = 2 * (size_t)stream_block_count(s);
        per_block = realloc(per_block, room * sizeof *per_block);
        memset(per_block + per_block_room, 0, (room - per_block_room) * sizeof *per_block);
        per_block_room = room;
    }
    for (const uint64_t *at = run->at; at < run->end; at += stream_words(*at)) {
        const struct stream_block *b = blocks[stream_id(*at)];
        const struct stream_exit *e = &b->exits[stream_exit_number(*at)];
        /* Inside a run nothing interrupts: each block must start where the one before said. */
        c->bad_next += expected && expected != b->address;
        expected = b->has_next ? at[1 + b->n_slots] : e->target;
        c->records++;
        c->insns += e->insns;
        c->steps += b->n_insns;
        c->refs += e->refs;
        per_block[b->id].insns += e->insns;
        per_block[b->id].steps += b->n_insns;
        for (unsigned i = 0; i < stream_words(*at); i++)
            mix(c, at[i]);
    }
}

static bool read_stream(struct stream *s, struct counts *c, struct err *err)
{
    struct stream_run run;
    struct stream_event event;
    enum stream_item item;
    while ((item = stream_next(s, &run, &event, err)) > STREAM_DONE) {
        if (item == STREAM_EVENT)
            on_event(c, &event);
        else
            on_run(c, s, &run);
        if (item == STREAM_RUN && c->runs_left && --c->runs_left == 0)
            return true;
    }
    return item == STREAM_DONE;
}

static void print(const struct counts *c)
{
    printf("insns=%llu\nsteps=%llu\nrefs=%llu\nrecords=%llu\nhash=%016llx\nbad_next=%llu\n", c->insns, c->steps,
           c->refs, c->records, c->hash, c->bad_next);
    printf("blocks=%llu\nmaps=%llu\nsignals=%llu\nsignal_ends=%llu\nsyscalls=%llu\nforks=%llu\nexecs=%llu\nthreads=%"
           "d\nend=%d\n",
           c->events[STREAM_EVENT_BLOCK], c->events[STREAM_EVENT_MAP], c->events[STREAM_EVENT_SIGNAL],
           c->events[STREAM_EVENT_SIGNAL_END], c->events[STREAM_EVENT_SYSCALL], c->events[STREAM_EVENT_FORK],
           c->events[STREAM_EVENT_EXEC], __builtin_popcountll(c->threads), c->end_status);
}

static void print_blocks(const struct stream *s)
{
    for (uint32_t i = 0; i < stream_block_count(s) && i < per_block_room; i++)
        printf("block %llx %llu %llu\n", (unsigned long long)stream_blocks(s)[i]->address, per_block[i].insns,
               per_block[i].steps);
}

static bool never(void *context)
{
    (void)context;
    return false;
}

static int fail(struct arena *arena, const struct err *err)
{
    printf("error=%s\n", err->text);
    arena_free(arena);
    free(per_block);
    return 2;
}

int main(int argc, char **argv)
{
    struct err err = ERR_INIT, reading = ERR_INIT;
    struct arena *arena = arena_new();
    struct record_spec spec = RECORD_SPEC_INIT;
    struct record_result result;
    struct counts counts = { 0 };
    const char *save = NULL, *env[64] = { NULL };
    bool blocks = false, recipe = false;
    size_t n_env = 0;
    spec.stdin_fd = 0;
    spec.stdout_fd = spec.stderr_fd = 2;
    for (int c; (c = getopt(argc, argv, "+brmis:t:n:e:q:")) != -1;) {
        switch (c) {
        case 'b': blocks = true; break;
        case 'r': recipe = true; break;
        case 'm': counts.show_maps = true; break;
        case 'i': spec.keep_on = never; break;
        case 's': save = optarg; break;
        case 't': spec.timeout = atof(optarg); break;
        case 'n': spec.name = optarg; break;
        case 'e': env[n_env++] = optarg; break;
        case 'q': counts.runs_left = (unsigned)atoi(optarg); break;
        default: return 2;
        }
    }
    if (optind >= argc)
        return 2;
    spec.program = argv[optind];
    spec.args = (const char *const *)&argv[optind + 1];
    spec.env = env;
    struct stream *s;
    struct record *r = NULL;
    if (save) {
        if (!record_to_file(&spec, save, arena, &result, &err))
            return fail(arena, &err);
        s = stream_open(save, &err);
    } else {
        r = record_start(&spec, arena, &err);
        s = r ? record_stream(r) : NULL;
    }
    if (!s)
        return fail(arena, &err);
    bool read = read_stream(s, &counts, &reading);
    print(&counts);
    if (blocks)
        print_blocks(s);
    if (r ? !record_finish(r, &result, &err) : (stream_close(s), false))
        return fail(arena, &err);
    if (!read)
        return fail(arena, &reading);
    if (result.messages[0])
        printf("messages=%s", result.messages);
    printf("status=%d\nsignal=%d\n%s", result.status, result.signal, recipe ? result.recipe : "");
    free(per_block);
    arena_free(arena);
    return 0;
}
