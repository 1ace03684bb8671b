#include "sim/stream.h"

#include "base/arena.h"
#include "sim/stream_ring.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct stream_writer {
    struct arena *arena;
    int fd;                         /* the file; -1: a ring */
    struct stream_control *control; /* the ring; NULL: a file */
    uint64_t *buffer;               /* a file's chunk */
    uint64_t *chunk;                /* the chunk being filled */
    uint32_t chunk_words, at;       /* at: next free word */
    uint32_t *link;                 /* where the next event's index goes: chunk.first_event or the last event's next */
    uint64_t number;                /* of the chunk being filled */
    uint64_t events;
    int failed; /* errno of the first failed write */

    uint16_t *words; /* by block id: words of its records */
    uint8_t *has_next;
    size_t n_blocks, words_room, has_next_room;
};

static void begin_chunk(struct stream_writer *w)
{
    if (w->control) {
        while (!stream_ring_await_slot(w->control, w->number))
            ;
        w->chunk =
            (uint64_t *)((char *)w->control + STREAM_CONTROL_BYTES) + w->number % w->control->chunks * w->chunk_words;
    } else {
        w->chunk = w->buffer;
    }
    struct stream_chunk *head = (struct stream_chunk *)w->chunk;
    *head = (struct stream_chunk){ .number = w->number };
    w->link = &head->first_event;
    w->at = STREAM_CHUNK_HEADER_WORDS;
}

static void put_bytes(struct stream_writer *w, const void *bytes, size_t n)
{
    for (const char *p = bytes; n && !w->failed;) {
        ssize_t done = write(w->fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            w->failed = done ? errno : ENOSPC;
            return;
        }
        p += done;
        n -= (size_t)done;
    }
}

static void end_chunk(struct stream_writer *w)
{
    struct stream_chunk *head = (struct stream_chunk *)w->chunk;
    head->words = w->at;
    head->check = head->number ^ head->words ^ STREAM_CHUNK_MARK;
    w->number++;
    if (w->control)
        stream_ring_publish(w->control, w->number);
    else
        put_bytes(w, w->chunk, (size_t)w->at * 8);
}

/* The place of `words` words in a chunk. */
static uint64_t *claim(struct stream_writer *w, size_t words)
{
    if (w->chunk_words - w->at < words) {
        end_chunk(w);
        begin_chunk(w);
    }
    uint64_t *at = w->chunk + w->at;
    w->at += (uint32_t)words;
    return at;
}

/* An event with a payload of `bytes` bytes, zeroed; returns the payload's place. */
static void *claim_event(struct stream_writer *w, enum stream_event_type type, size_t bytes)
{
    size_t words = 1 + (bytes + 7) / 8;
    assert(words <= STREAM_EVENT_WORDS_MAX);
    uint64_t *at = claim(w, words);
    memset(at, 0, words * 8);
    struct stream_event_head *head = (struct stream_event_head *)at;
    head->type = (uint16_t)type;
    head->words = (uint16_t)words;
    *w->link = (uint32_t)(at - w->chunk);
    w->link = &head->next;
    w->events++;
    return at + 1;
}

static struct stream_writer *writer_new(uint32_t chunk_words)
{
    struct arena *arena = arena_new();
    struct stream_writer *w = arena_alloc(arena, sizeof *w);
    *w = (struct stream_writer){ .arena = arena, .fd = -1, .chunk_words = chunk_words };
    return w;
}

static void control_init(struct stream_control *c, uint32_t chunks, uint32_t chunk_words)
{
    *c = (struct stream_control){
        .magic = STREAM_MAGIC, .version = STREAM_VERSION, .chunks = chunks, .chunk_words = chunk_words
    };
}

struct stream_writer *stream_writer_file(const char *path, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        err_sys(err, ERR_TOOL, errno, "cannot create the recording %s", path);
        return NULL;
    }
    struct stream_writer *w = writer_new(STREAM_CHUNK_WORDS);
    w->fd = fd;
    w->buffer = arena_array(w->arena, w->chunk_words, 8);
    char page[STREAM_CONTROL_BYTES] = { 0 };
    control_init((struct stream_control *)(void *)page, 0, w->chunk_words);
    put_bytes(w, page, sizeof page);
    begin_chunk(w);
    return w;
}

int stream_ring_create(uint32_t chunks, uint32_t chunk_words, struct err *err)
{
    chunks = chunks ? chunks : STREAM_RING_CHUNKS;
    chunk_words = chunk_words ? chunk_words : STREAM_CHUNK_WORDS;
    assert(chunks >= 2 && chunk_words >= 2 * STREAM_EVENT_WORDS_MAX);
    struct stream_control control;
    control_init(&control, chunks, chunk_words);
    int fd = memfd_create("layout_tax_forensics", MFD_CLOEXEC);
    if (fd >= 0 && ftruncate(fd, (off_t)stream_ring_bytes(chunks, chunk_words)) == 0 &&
        pwrite(fd, &control, sizeof control, 0) == sizeof control)
        return fd;
    err_sys(err, ERR_TOOL, errno, "cannot make a ring of %zu bytes in shared memory",
            stream_ring_bytes(chunks, chunk_words));
    if (fd >= 0)
        close(fd);
    return -1;
}

struct stream_writer *stream_writer_ring(int fd, struct err *err)
{
    struct stat st;
    struct stream_control *control = MAP_FAILED;
    if (fstat(fd, &st) == 0)
        control = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (control == MAP_FAILED) {
        err_sys(err, ERR_TOOL, errno, "cannot map the ring");
        return NULL;
    }
    struct stream_writer *w = writer_new(control->chunk_words);
    w->control = control;
    begin_chunk(w);
    return w;
}

void stream_write_start(struct stream_writer *w, const char *recipe)
{
    size_t bytes = strlen(recipe) + 1;
    memcpy(claim_event(w, STREAM_EVENT_START, bytes), recipe, bytes);
}

void stream_write_block(struct stream_writer *w, const struct stream_block *b)
{
    assert(b->id == w->n_blocks && b->n_insns >= 1 && b->n_exits >= 2 && b->n_slots <= STREAM_SLOTS_MAX);
    bool has_next = stream_ending_has_next(b->ending);
    struct stream_block_wire wire = { .address = b->address,
                                      .target = b->target,
                                      .id = b->id,
                                      .bytes = b->bytes,
                                      .uops = b->uops,
                                      .n_insns = b->n_insns,
                                      .n_slots = b->n_slots,
                                      .n_refs = b->n_refs,
                                      .n_exits = b->n_exits,
                                      .ending = (uint8_t)b->ending };
    size_t insns = b->n_insns * sizeof *b->insns, refs = b->n_refs * sizeof *b->refs,
           exits = b->n_exits * sizeof *b->exits;
    size_t origins = (b->n_slots + 7u) / 8 * 8, code = b->code ? b->bytes : 0;
    char *at = claim_event(w, STREAM_EVENT_BLOCK, sizeof wire + insns + refs + exits + origins + code);
    memcpy(at, &wire, sizeof wire);
    at = (char *)memcpy(at + sizeof wire, b->insns, insns) + insns;
    if (refs)
        memcpy(at, b->refs, refs);
    at = (char *)memcpy(at + refs, b->exits, exits) + exits;
    if (b->n_slots)
        memcpy(at, b->origins, b->n_slots);
    if (code)
        memcpy(at + origins, b->code, code);
    size_t known = w->n_blocks;
    *ARENA_PUSH(w->arena, w->words, w->n_blocks, w->words_room) = (uint16_t)(1 + b->n_slots + has_next);
    *ARENA_PUSH(w->arena, w->has_next, known, w->has_next_room) = has_next;
}

void stream_write_run(struct stream_writer *w, uint32_t id, unsigned exit, const uint64_t *slots, uint64_t next)
{
    assert(id < w->n_blocks && exit <= 0xff);
    unsigned words = w->words[id], n_slots = words - 1u - w->has_next[id];
    uint64_t *at = claim(w, words);
    at[0] = stream_head(id, exit, words);
    if (n_slots)
        memcpy(at + 1, slots, n_slots * sizeof *slots);
    if (w->has_next[id])
        at[words - 1] = next;
}

static void write_map(struct stream_writer *w, const struct stream_map *m)
{
    const char *path = m->path ? m->path : "";
    struct stream_map_wire wire = { .address = m->address,
                                    .bytes = m->bytes,
                                    .file_offset = m->file_offset,
                                    .kind = (uint8_t)m->kind,
                                    .protection = (uint8_t)m->protection,
                                    .build_id_bytes = m->build_id_bytes };
    memcpy(wire.build_id, m->build_id, sizeof wire.build_id);
    char *at = claim_event(w, STREAM_EVENT_MAP, sizeof wire + strlen(path) + 1);
    memcpy(at, &wire, sizeof wire);
    strcpy(at + sizeof wire, path);
}

void stream_write_event(struct stream_writer *w, const struct stream_event *e)
{
    switch (e->type) {
    case STREAM_EVENT_MAP:
        write_map(w, &e->map);
        return;
    case STREAM_EVENT_UNMAP:
        memcpy(claim_event(w, e->type, sizeof e->unmap), &e->unmap, sizeof e->unmap);
        return;
    case STREAM_EVENT_THREAD:
        memcpy(claim_event(w, e->type, sizeof e->thread), &e->thread, sizeof e->thread);
        return;
    case STREAM_EVENT_SIGNAL:
    case STREAM_EVENT_SIGNAL_END:
        memcpy(claim_event(w, e->type, sizeof e->signal), &e->signal, sizeof e->signal);
        return;
    case STREAM_EVENT_SYSCALL:
    case STREAM_EVENT_FORK:
    case STREAM_EVENT_EXEC:
        memcpy(claim_event(w, e->type, sizeof e->syscall), &e->syscall, sizeof e->syscall);
        return;
    case STREAM_EVENT_START:
    case STREAM_EVENT_BLOCK:
    case STREAM_EVENT_END:
        break;
    }
    assert(!"this event has a function of its own");
}

static void writer_free(struct stream_writer *w)
{
    if (w->control)
        munmap(w->control, stream_ring_bytes(w->control->chunks, w->control->chunk_words));
    if (w->fd >= 0 && close(w->fd) != 0 && !w->failed)
        w->failed = errno;
}

bool stream_writer_close(struct stream_writer *w, int status, int signal, struct err *err)
{
    struct stream_end_wire end = { .status = status, .signal = (uint32_t)signal, .blocks_described = w->n_blocks,
                                   .events = w->events + 1 };
    memcpy(claim_event(w, STREAM_EVENT_END, sizeof end), &end, sizeof end);
    end_chunk(w);
    if (w->control) {
        stream_ring_end(w->control);
    } else {
        uint32_t ended = STREAM_PRODUCER_ENDED;
        if (pwrite(w->fd, &ended, sizeof ended, offsetof(struct stream_control, producer)) != sizeof ended &&
            !w->failed)
            w->failed = errno;
    }
    writer_free(w);
    int failed = w->failed;
    arena_free(w->arena);
    return failed ? err_sys(err, ERR_TOOL, failed, "cannot write the recording") : true;
}

void stream_writer_abandon(struct stream_writer *w)
{
    end_chunk(w);
    writer_free(w);
    arena_free(w->arena);
}
