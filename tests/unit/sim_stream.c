/* The stream's writer and reader agree, on files and on live rings, and damage ends in one sentence. */
#include "base/err.h"
#include "sim/stream.h"
#include "tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/sim_stream.XXXXXX";

static const struct stream_insn insns[] = {
    { .offset = 0, .length = 4, .kind = STREAM_INSN_MOVE, .uops = 1, .flags = STREAM_INSN_READS },
    { .offset = 4, .length = 7, .kind = STREAM_INSN_ALU, .uops = 2, .flags = STREAM_INSN_READS | STREAM_INSN_WRITES },
    { .offset = 11, .length = 2, .kind = STREAM_INSN_BRANCH, .uops = 1 },
};
static const struct stream_ref refs[] = {
    { .displacement = -8, .insn = 0, .slot = 0, .size = 8, .flags = STREAM_REF_LOAD },
    { .displacement = 0x404040, .insn = 1, .slot = STREAM_NO_SLOT, .size = 4, .flags = STREAM_REF_LOAD },
    { .displacement = 16, .insn = 1, .slot = 1, .size = 4, .flags = STREAM_REF_STORE | STREAM_REF_CONDITIONAL },
};
static const struct stream_exit exits[] = {
    { .target = 0x40100d, .insns = 3, .refs = 3, .slots = 2 },
    { .target = 0x401000, .insns = 3, .refs = 3, .slots = 2 },
    { .target = 0x401004, .insns = 1, .refs = 1, .slots = 1 },
};
static const uint8_t origins[] = { STREAM_FROM_RSP, STREAM_FROM_COMPUTED };
static const uint8_t code[13] = { 0x48, 0x8b, 0x44, 0x24, 0xf8 };

/* Block `id`: 0 is the full one, odd ones return with no slots, other even ones fall through with two. */
static struct stream_block make_block(uint32_t id)
{
    struct stream_block b = { .address = 0x401000 + 64u * id,
                              .target = 0x401000,
                              .id = id,
                              .bytes = sizeof code,
                              .uops = 4,
                              .ending = STREAM_COND,
                              .n_insns = 3,
                              .n_slots = 2,
                              .n_refs = 3,
                              .n_exits = 3,
                              .insns = insns,
                              .refs = refs,
                              .exits = exits,
                              .origins = origins,
                              .code = code };
    static const struct stream_exit back[] = { { .insns = 3 }, { .insns = 3 } };
    if (id % 2) {
        b.ending = STREAM_RETURN;
        b.target = 0;
        b.n_slots = b.n_refs = 0;
        b.n_exits = 2;
        b.exits = back;
    } else if (id) {
        b.ending = STREAM_FALL;
        b.code = NULL;
    }
    return b;
}

enum { BLOCKS = 1000, RECORDS = 200000 };

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 31) * 0x9e3779b97f4a7c15ull;
    return x ^ x >> 29;
}

/* A stream that spans many chunks, with events strewn in at odd places. */
static void write_sample(struct stream_writer *w)
{
    uint32_t described = 0;
    stream_write_start(w, "version=3.19.0\nargv=/bin/true a=b\nempty=\n");
    for (uint32_t i = 0; i < RECORDS; i++) {
        if (described < BLOCKS && i % 97 == 0) {
            struct stream_block b = make_block(described++);
            stream_write_block(w, &b);
        }
        if (i % 4999 == 0)
            stream_write_event(w, &(struct stream_event){ .type = STREAM_EVENT_THREAD,
                                                          .thread = { .thread = i % 7, .thread_pointer = i } });
        uint32_t id = (uint32_t)(mix(i) % described);
        uint64_t slots[2] = { mix(i + 1), mix(i + 2) };
        stream_write_run(w, id, (unsigned)(mix(i) >> 40) % 2, slots, i);
    }
}

struct seen {
    uint64_t records, wrong, blocks, threads;
    enum stream_item last;
    struct stream_end_wire end;
};

static void check_record(struct seen *seen, const struct stream_block *b, const uint64_t *at)
{
    uint64_t i = seen->records++;
    bool right = b->id == stream_id(*at) && stream_exit_number(*at) == (mix(i) >> 40) % 2;
    if (b->id % 2)
        right = right && stream_words(*at) == 2 && at[1] == i;
    else
        right = right && stream_words(*at) == 3 && at[1] == mix(i + 1) && at[2] == mix(i + 2);
    seen->wrong += !right;
}

static bool same_block(const struct stream_block *got)
{
    struct stream_block want = make_block(got->id);
    return got->address == want.address && got->target == want.target && got->bytes == want.bytes &&
           got->uops == want.uops && got->ending == want.ending && got->has_next == (got->id % 2) &&
           got->n_insns == want.n_insns && got->n_slots == want.n_slots && got->n_refs == want.n_refs &&
           got->n_exits == want.n_exits && memcmp(got->insns, want.insns, sizeof insns) == 0 &&
           memcmp(got->refs, want.refs, want.n_refs * sizeof *refs) == 0 &&
           memcmp(got->exits, want.exits, want.n_exits * sizeof *exits) == 0 &&
           memcmp(got->origins, want.origins, want.n_slots) == 0 &&
           (want.code ? got->code && memcmp(got->code, want.code, want.bytes) == 0 : !got->code);
}

static struct seen read_sample(struct stream *s, struct err *err)
{
    struct seen seen = { 0 };
    struct stream_run run;
    struct stream_event event;
    while ((seen.last = stream_next(s, &run, &event, err)) > STREAM_DONE) {
        if (seen.last == STREAM_EVENT) {
            if (event.type == STREAM_EVENT_BLOCK)
                seen.wrong += !same_block(event.block) || event.block->id != seen.blocks++;
            else if (event.type == STREAM_EVENT_THREAD)
                seen.wrong +=
                    event.thread.thread_pointer != 4999 * seen.threads++ || event.thread.thread_pointer != seen.records;
            else if (event.type == STREAM_EVENT_END)
                seen.end = event.end;
            continue;
        }
        for (const uint64_t *at = run.at; at < run.end; at += stream_words(*at))
            check_record(&seen, stream_blocks(s)[stream_id(*at)], at);
    }
    return seen;
}

static void test_file(void)
{
    struct err err = ERR_INIT;
    struct stream_writer *w = stream_writer_file(path, &err);
    write_sample(w);
    ok(stream_writer_close(w, 3, 0, &err), "a stream is written to a file");
    struct stream *s = stream_open(path, &err);
    if (!ok(s != NULL, "the file opens"))
        return;
    struct seen seen = read_sample(s, &err);
    ok(seen.last == STREAM_DONE && seen.records == RECORDS && seen.blocks == BLOCKS && stream_block_count(s) == BLOCKS,
       "every record and block comes back");
    ok(seen.wrong == 0, "in order, with the same contents (%llu wrong)", (unsigned long long)seen.wrong);
    ok(seen.end.status == 3 && seen.end.blocks_described == BLOCKS, "the end carries the exit status");
    is_str(stream_recipe(s, "argv"), "/bin/true a=b", "a recipe value is found");
    is_str(stream_recipe(s, "empty"), "", "an empty one too");
    ok(stream_recipe(s, "arg") == NULL, "a key that is only a prefix is not");
    stream_close(s);
}

static void test_addresses(void)
{
    uint64_t slots[2] = { 0x1000, 0 };
    ok(stream_ref_address(&refs[0], slots) == 0xff8, "an address is base plus displacement");
    ok(stream_ref_address(&refs[1], slots) == 0x404040, "or an absolute one");
    ok(stream_ref_address(&refs[2], slots) == 0, "or none when the reference was not performed");
}

static void test_events(void)
{
    struct err err = ERR_INIT;
    struct stream_run run;
    struct stream_event e;
    struct stream_writer *w = stream_writer_file(path, &err);
    stream_write_start(w, "");
    stream_write_event(w, &(struct stream_event){ .type = STREAM_EVENT_MAP,
                                                  .map = { .address = 0x400000,
                                                           .bytes = 0x1000,
                                                           .file_offset = 0x2000,
                                                           .kind = STREAM_MAP_FILE,
                                                           .protection = STREAM_PROT_READ | STREAM_PROT_EXEC,
                                                           .build_id_bytes = 2,
                                                           .build_id = { 0xab, 0xcd },
                                                           .path = "/bin/x" } });
    stream_write_event(w, &(struct stream_event){ .type = STREAM_EVENT_UNMAP, .unmap = { 0x400000, 0x1000 } });
    stream_write_event(w, &(struct stream_event){ .type = STREAM_EVENT_SIGNAL, .signal = { 1, 11, 0x1234 } });
    stream_write_event(w, &(struct stream_event){ .type = STREAM_EVENT_SYSCALL, .syscall = { 1, 231 } });
    stream_writer_close(w, -1, 9, &err);
    struct stream *s = stream_open(path, &err);
    ok(stream_next(s, &run, &e, &err) == STREAM_EVENT && e.type == STREAM_EVENT_START, "the start comes first");
    ok(stream_next(s, &run, &e, &err) == STREAM_EVENT && e.type == STREAM_EVENT_MAP && e.map.address == 0x400000 &&
       e.map.bytes == 0x1000 && e.map.file_offset == 0x2000 && e.map.protection == 5 && e.map.build_id_bytes == 2 &&
       e.map.build_id[1] == 0xcd && strcmp(e.map.path, "/bin/x") == 0, "a mapping comes back whole");
    ok(stream_next(s, &run, &e, &err) == STREAM_EVENT && e.type == STREAM_EVENT_UNMAP && e.unmap.bytes == 0x1000,
       "so does its end");
    ok(stream_next(s, &run, &e, &err) == STREAM_EVENT && e.signal.number == 11 && e.signal.handler == 0x1234,
       "so does a signal");
    ok(stream_next(s, &run, &e, &err) == STREAM_EVENT && e.syscall.number == 231, "and a system call");
    ok(stream_next(s, &run, &e, &err) == STREAM_EVENT && e.type == STREAM_EVENT_END && e.end.signal == 9 &&
           e.end.events == 6,
       "and the signal that ended the process");
    ok(stream_next(s, &run, &e, &err) == STREAM_DONE, "then the stream is done");
    stream_close(s);
}

static void *produce(void *arg)
{
    struct err err = ERR_INIT;
    struct stream_writer *w = stream_writer_ring(*(int *)arg, &err);
    write_sample(w);
    stream_writer_close(w, 0, 0, &err);
    return NULL;
}

static void test_ring(void)
{
    struct err err = ERR_INIT;
    pthread_t thread;
    int fd = stream_ring_create(2, 0, &err);
    if (!ok(fd >= 0, "a ring is made"))
        return;
    struct stream *s = stream_open_fd(fd, "ring", &err);
    pthread_create(&thread, NULL, produce, &fd);
    struct seen seen = read_sample(s, &err);
    pthread_join(thread, NULL);
    ok(seen.last == STREAM_DONE && seen.records == RECORDS && seen.wrong == 0,
       "a ring of two chunks carries a stream of many");
    stream_close(s);
    close(fd);
}

static void test_save(void)
{
    struct err err = ERR_INIT;
    pthread_t thread;
    int fd = stream_ring_create(3, 0, &err);
    struct stream *s = stream_open_fd(fd, "ring", &err);
    pthread_create(&thread, NULL, produce, &fd);
    ok(stream_save(s, path, &err) && stream_is_done(s), "a live ring is saved to a file");
    pthread_join(thread, NULL);
    stream_close(s);
    close(fd);
    s = stream_open(path, &err);
    struct seen seen = s ? read_sample(s, &err) : (struct seen){ 0 };
    ok(s && seen.last == STREAM_DONE && seen.records == RECORDS && seen.wrong == 0, "which reads like the ring");
    stream_close(s);
}

/* A block with 200 random base values does not get shorter by packing; blocks around it do. */
static void *produce_random(void *arg)
{
    static uint8_t from_nowhere[200];
    struct err err = ERR_INIT;
    struct stream_writer *w = stream_writer_ring(*(int *)arg, &err);
    struct stream_block small = make_block(0), big = make_block(1);
    uint64_t values[200];
    stream_write_start(w, "");
    stream_write_block(w, &small);
    big.n_slots = 200;
    big.origins = from_nowhere;
    stream_write_block(w, &big);
    for (uint32_t i = 0; i < 1000; i++) {
        for (uint32_t k = 0; k < 200; k++)
            values[k] = i / 300 % 2 ? mix(200 * i + k) : k + i;
        stream_write_run(w, i % 3 == 0, i % 2, values, 2 * i);
    }
    stream_writer_close(w, 0, 0, &err);
    return NULL;
}

static bool is_random_record(const uint64_t *at, uint32_t i)
{
    unsigned n = i % 3 == 0 ? 200 : 2;
    bool right = stream_id(*at) == (i % 3 == 0) && stream_exit_number(*at) == i % 2 && (n == 2 || at[201] == 2 * i);
    for (uint32_t k = 0; k < n; k++)
        right = right && at[1 + k] == (i / 300 % 2 ? mix(200 * i + k) : k + i);
    return right;
}

static void test_unpackable(void)
{
    struct err err = ERR_INIT;
    struct stream_run run;
    struct stream_event event;
    struct stat st;
    pthread_t thread;
    uint32_t records = 0, wrong = 0;
    int fd = stream_ring_create(0, 0, &err);
    struct stream *s = stream_open_fd(fd, "ring", &err);
    pthread_create(&thread, NULL, produce_random, &fd);
    stream_save(s, path, &err);
    pthread_join(thread, NULL);
    stream_close(s);
    close(fd);
    s = stream_open(path, &err);
    for (enum stream_item item; s && (item = stream_next(s, &run, &event, &err)) > STREAM_DONE;)
        for (const uint64_t *at = run.at; item == STREAM_RUN && at < run.end; at += stream_words(*at))
            wrong += !is_random_record(at, records++);
    ok(s && records == 1000 && wrong == 0 && err.kind == ERR_NONE, "what cannot be packed is kept as it is");
    stat(path, &st);
    ok(st.st_size < 8 * 60000, "and does not grow (%lld bytes)", (long long)st.st_size);
    stream_close(s);
}

static bool dead(void *context)
{
    (void)context;
    return false;
}

static void test_dead_producer(void)
{
    struct err err = ERR_INIT;
    int fd = stream_ring_create(0, 0, &err);
    struct stream_writer *w = stream_writer_ring(fd, &err);
    stream_write_start(w, "");
    stream_writer_abandon(w);
    struct stream *s = stream_open_fd(fd, "target", &err);
    stream_on_wait(s, dead, NULL);
    struct seen seen = read_sample(s, &err);
    ok(seen.last == STREAM_FAILED && strstr(err.text, "stopped before its end"), "a producer that dies is noticed");
    stream_close(s);
    close(fd);
}

/* Cuts the sample file to `bytes`, or flips a byte there, and reads it: it must fail with a sentence, or read on
 * unharmed. */
static enum stream_item read_damaged(off_t bytes, bool cut, char *text, size_t room)
{
    struct err err = ERR_INIT;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    char c = 0;
    if (cut) {
        if (ftruncate(fd, bytes) != 0)
            exit(2);
    } else if (pread(fd, &c, 1, bytes) == 1) {
        char flipped = (char)~c;
        if (pwrite(fd, &flipped, 1, bytes) != 1)
            exit(2);
    }
    struct stream *s = stream_open(path, &err);
    enum stream_item last = s ? read_sample(s, &err).last : STREAM_FAILED;
    snprintf(text, room, "%s", err.text);
    stream_close(s);
    if (!cut && pwrite(fd, &c, 1, bytes) != 1)
        exit(2);
    close(fd);
    return last;
}

/* A stream short enough to be read thousands of times. */
static void write_short(struct stream_writer *w)
{
    stream_write_start(w, "key=value\n");
    for (uint32_t id = 0; id < 8; id++) {
        struct stream_block b = make_block(id);
        stream_write_block(w, &b);
    }
    for (uint32_t i = 0; i < 40; i++)
        stream_write_run(w, (uint32_t)(mix(i) % 8), (unsigned)(mix(i) >> 40) % 2,
                         (uint64_t[]){ mix(i + 1), mix(i + 2) }, i);
}

static void write_short_file(bool packed)
{
    struct err err = ERR_INIT;
    struct stream_writer *w;
    if (!packed) {
        w = stream_writer_file(path, &err);
        write_short(w);
        stream_writer_close(w, 0, 0, &err);
        return;
    }
    int fd = stream_ring_create(0, 0, &err);
    struct stream *s = stream_open_fd(fd, "ring", &err);
    w = stream_writer_ring(fd, &err);
    write_short(w);
    stream_writer_close(w, 0, 0, &err);
    stream_save(s, path, &err);
    stream_close(s);
    close(fd);
}

static void test_damage(bool packed)
{
    char text[600];
    struct stat st;
    unsigned silent = 0, caught = 0;
    write_short_file(packed);
    stat(path, &st);
    for (off_t at = 0; at < 192 + st.st_size - STREAM_CONTROL_BYTES; at++) { /* the control structure, then the chunk */
        enum stream_item last = read_damaged(at < 192 ? at : STREAM_CONTROL_BYTES + at - 192, false, text, sizeof text);
        caught += last == STREAM_FAILED;
        silent += last == STREAM_FAILED && text[0] == '\0';
    }
    ok(caught > 100 && silent == 0,
       "flipped bytes of a %s file never crash the reader, and what it refuses has a reason (%u refused)",
       packed ? "packed" : "plain", caught);
    bool all = true;
    for (off_t size = st.st_size - 1; size > 0; size = size * 2 / 3)
        all = read_damaged(size, true, text, sizeof text) == STREAM_FAILED && text[0] && all;
    ok(all, "a file cut short anywhere is refused");
}

int main(void)
{
    int fd = mkstemp(path);
    if (fd < 0)
        return 2;
    close(fd);
    test_addresses();
    test_events();
    test_ring();
    test_dead_producer();
    test_save();
    test_unpackable();
    test_file();
    test_damage(false);
    test_damage(true);
    unlink(path);
    return done_testing();
}
