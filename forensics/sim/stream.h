/* A recording of one process as a stream: executed blocks with the base values of their data references, and the
 * events between them (mappings, threads, signals, system calls). One reader for a file and for a live ring, and a
 * plain writer, so that tests can make streams without an engine. The bytes are defined in stream_format.h.
 *
 * A consumer's loop:
 *
 *     while ((item = stream_next(stream, &run, &event, err)) > STREAM_DONE) {
 *         if (item == STREAM_EVENT) { ...; continue; }
 *         const struct stream_block *const *blocks = stream_blocks(stream);    // fetch again for each run
 *         for (const uint64_t *at = run.at; at < run.end; at += stream_words(*at)) {
 *             const struct stream_block *b = blocks[stream_id(*at)];
 *             const uint64_t *slots = at + 1;                    // address of reference r: stream_ref_address(r,
 * slots) const struct stream_exit *left_by = &b->exits[stream_exit_number(*at)]; uint64_t next = b->has_next ?
 * slots[b->n_slots] : left_by->target;
 *         }
 *     }
 *
 * What holds:
 *  - A block is described (STREAM_EVENT_BLOCK) before its first execution; ids are dense from 0, descriptions never
 *    change and stay valid until stream_close. The same code translated again keeps its id; changed code gets a new
 * one.
 *  - Records stand in execution order of the process; threads are serialised, and STREAM_EVENT_THREAD says who runs
 * next.
 *  - A block cut short by a fault leaves no record; the signal's event follows.
 *  - Instructions retired = sum over records of exits[exit].insns; references likewise with exits[exit].refs.
 *  - Addresses are the target's own; nothing is made relative. To move objects, map addresses through the MAP events,
 *    the thread pointer of the THREAD events, and the slots whose origin is STREAM_FROM_RSP or STREAM_FROM_FS.
 */
#ifndef FORENSICS_SIM_STREAM_H
#define FORENSICS_SIM_STREAM_H

#include "base/err.h"
#include "sim/stream_format.h"

#include <stdbool.h>
#include <stddef.h>

/* The static description of a basic block: straight code, entered at the top, branching at most once, at its end. */
struct stream_block {
    uint64_t address;
    uint64_t target; /* direct jump, call, or conditional when taken; else 0 */
    uint32_t id;
    uint32_t bytes; /* of code; the fall-through address is address + bytes */
    uint32_t uops;  /* fused-domain estimate, sum over the instructions */
    enum stream_ending ending;
    bool has_next;  /* its records carry the next address after the slots (indirect endings) */
    uint16_t n_insns, n_slots, n_refs, n_exits;
    const struct stream_insn *insns;
    const struct stream_ref *refs;
    const struct stream_exit *exits; /* by exit number; n_exits >= 2 */
    const uint8_t *origins;          /* enum stream_slot_origin of each slot */
    const uint8_t *code;             /* `bytes` bytes of machine code as executed; NULL when not recorded */
};

struct stream_map {
    uint64_t address, bytes;
    uint64_t file_offset; /* of `address` in `path` */
    enum stream_map_kind kind;
    unsigned protection; /* STREAM_PROT_* bits */
    uint8_t build_id_bytes;
    uint8_t build_id[STREAM_BUILD_ID_MAX];
    const char *path; /* "" when no file; valid as long as its chunk */
};

/* One event, decoded. Only the union member of `type` is set. */
struct stream_event {
    enum stream_event_type type;
    union {
        const char *recipe;               /* START: "key=value\n" lines; valid until stream_close */
        const struct stream_block *block; /* BLOCK */
        struct stream_map map;            /* MAP */
        struct stream_unmap_wire unmap;   /* UNMAP */
        struct stream_thread_wire thread; /* THREAD */
        struct stream_signal_wire signal; /* SIGNAL, SIGNAL_END */
        struct stream_syscall_wire syscall; /* SYSCALL, FORK, EXEC */
        struct stream_end_wire end;       /* END */
    };
};

/* Block records back to back, each stream_words(*at) words long. */
struct stream_run {
    const uint64_t *at, *end;
};

enum stream_item {
    STREAM_FAILED = -1, /* err says why */
    STREAM_DONE = 0, /* after the END event, or where the process went on in another program (the last event is EXEC) */
    STREAM_RUN,
    STREAM_EVENT,
};

/* The block id in a record's head. */
static inline uint32_t stream_id(uint64_t head)
{
    return (uint32_t)(head >> 16);
}

/* How the block was left, an index into its exits. */
static inline unsigned stream_exit_number(uint64_t head)
{
    return head & 0xff;
}

/* Words of the record, head included. */
static inline unsigned stream_words(uint64_t head)
{
    return head >> 8 & 0xff;
}

/* The record head of block `id`, left by `exit`, `words` long. */
static inline uint64_t stream_head(uint32_t id, unsigned exit, unsigned words)
{
    return (uint64_t)id << 16 | (uint64_t)words << 8 | exit;
}

/* The address a reference touched in one execution; 0 for a conditional one that was not performed. */
static inline uint64_t stream_ref_address(const struct stream_ref *ref, const uint64_t *slots)
{
    uint64_t base = ref->slot == STREAM_NO_SLOT ? 0 : slots[ref->slot];
    if ((ref->flags & STREAM_REF_CONDITIONAL) && !base)
        return 0;
    return base + (uint64_t)ref->displacement;
}

/* ---- reading ---- */

struct stream;

/* Opens a recorded file. NULL: err says why. */
struct stream *stream_open(const char *path, struct err *err);

/* Attaches to a ring or file by descriptor (`name` is for messages); the descriptor stays the caller's. */
struct stream *stream_open_fd(int fd, const char *name, struct err *err);

/* A ring only: asked about ten times a second while waiting; when it says false and no chunk is left, the producer
 * died. */
void stream_on_wait(struct stream *stream, bool (*producer_lives)(void *context), void *context);

/* The next run or event, in order. What a chunk holds stays valid until the first call behind its end, which gives the
 * chunk back to the producer. Records of a file are checked before they are handed out; those of a ring are trusted. */
enum stream_item stream_next(struct stream *stream, struct stream_run *run, struct stream_event *event,
                             struct err *err);

/* Whether what stream_next gave last is the last of its chunk. */
bool stream_at_chunk_end(const struct stream *stream);

/* All blocks described so far, by id; the array may move on the next stream_next, the blocks do not. */
const struct stream_block *const *stream_blocks(const struct stream *stream);

/* How many. */
uint32_t stream_block_count(const struct stream *stream);

/* The value of `key` in the recipe of the START event, or NULL; valid until stream_close, for one key at a time. */
const char *stream_recipe(struct stream *stream, const char *key);

/* Instead of stream_next: copies a ring to a file, chunk by chunk while it is produced, for a replay later. */
bool stream_save(struct stream *stream, const char *path, struct err *err);

/* Whether stream_next or stream_save reached the end. */
bool stream_is_done(const struct stream *stream);

/* Whether the producer completed the stream, read or not. */
bool stream_producer_ended(const struct stream *stream);

/* Detaches and forgets every block; NULL is harmless. */
void stream_close(struct stream *stream);

/* ---- writing ---- */

struct stream_writer;

/* A new file. */
struct stream_writer *stream_writer_file(const char *path, struct err *err);

/* The producer of a ring that stream_ring_create made. */
struct stream_writer *stream_writer_ring(int fd, struct err *err);

/* Makes a ring of `chunks` (>= 2) chunks of `chunk_words` words (>= 2 * STREAM_EVENT_WORDS_MAX) in shared memory that
 * has no name; 0 for either means the default. Returns its descriptor (close-on-exec), or -1. */
int stream_ring_create(uint32_t chunks, uint32_t chunk_words, struct err *err);

/* The START event; `recipe` is "key=value\n" lines. First of all writes. */
void stream_write_start(struct stream_writer *writer, const char *recipe);

/* Describes the next block: its id must be the number of blocks described before. has_next is derived from `ending`. */
void stream_write_block(struct stream_writer *writer, const struct stream_block *block);

/* One execution of a described block: its n_slots base values, and `next` where its ending needs one (else ignored). */
void stream_write_run(struct stream_writer *writer, uint32_t id, unsigned exit, const uint64_t *slots, uint64_t next);

/* Any event but START, BLOCK and END. */
void stream_write_event(struct stream_writer *writer, const struct stream_event *event);

/* Writes END, completes the stream and frees the writer. False: some write failed, and err says which. */
bool stream_writer_close(struct stream_writer *writer, int status, int signal, struct err *err);

/* Ends without END, as a producer that died would, and frees the writer. */
void stream_writer_abandon(struct stream_writer *writer);

#endif
