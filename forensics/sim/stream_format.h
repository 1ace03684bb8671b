/* The stream on the wire: what a front end (the Valgrind recorder, a test, later a QEMU plugin) writes
 * and the reader of stream.h decodes. Free of libc, of any engine and of any cache; little-endian words of 8 bytes.
 *
 *   file   control page, then chunks back to back, each only as long as it is filled; packed, as a rule
 *   ring   control page, then `chunks` slots of chunk_words words in shared memory; chunk n sits in slot n % chunks
 *   chunk  struct stream_chunk, then records; no record straddles two chunks
 *
 * Two sorts of records, told apart without looking at them: events are chained (chunk.first_event, then each
 * event head's `next`), and everything between two events is a run of executed blocks.
 *
 *   executed block   head word | one word per slot of the block | next address, where the block's ending has one
 *     head           bits 0-7 exit number, 8-15 words of the whole record, 16-47 block id, 48-63 zero
 *   event            head word (struct stream_event_head) | payload, padded to whole words
 */
#ifndef FORENSICS_SIM_STREAM_FORMAT_H
#define FORENSICS_SIM_STREAM_FORMAT_H

#include <stdint.h>

#define STREAM_MAGIC "LTFSTRM" /* 8 bytes with the NUL */
#define STREAM_VERSION 1       /* raised by every change of this file that an older reader would misread */

#define STREAM_CONTROL_BYTES 4096   /* the control page, before the first chunk */
#define STREAM_CHUNK_WORDS 32768    /* default: 256 KiB, a fraction of any L2 */
#define STREAM_RING_CHUNKS 16       /* default: 4 MiB in flight */
#define STREAM_SLOTS_MAX 250        /* base values of one block; the head's words field has 8 bits */
#define STREAM_RECORD_WORDS_MAX (STREAM_SLOTS_MAX + 2)
#define STREAM_EVENT_WORDS_MAX 16384 /* the longest event; at least two fit in a chunk */

/* What the producer is doing; the reader looks at it only when no chunk is left. */
enum stream_producer {
    STREAM_PRODUCER_OPEN = 0,  /* more chunks will come (in a file: it was cut short) */
    STREAM_PRODUCER_ENDED = 1, /* the last chunk is complete */
};

/* First bytes of a file or ring. The counters are each written by one side only: release stores, acquire loads.
 * A side that finds nothing to do spins briefly, then raises its `*_asleep` word and waits on the low half of the
 * other side's counter (a shared futex). */
struct stream_control {
    char magic[8];
    uint32_t version;
    uint32_t chunk_words; /* room of one chunk with its header */
    uint32_t chunks;      /* slots of the ring; 0: a file */
    uint32_t producer;    /* enum stream_producer */
    uint64_t
        recipe_bytes; /* a ring: text of the START event, right behind the last chunk, for a producer that is told so */
    uint64_t reserved[4];
    uint64_t produced;        /* chunks completed; producer's line */
    uint32_t producer_asleep; /* 1: wake me when `consumed` moves */
    uint32_t pad1[13];
    uint64_t consumed;        /* chunks given back; consumer's line */
    uint32_t consumer_asleep; /* 1: wake me when `produced` moves */
    uint32_t pad2[13];
};
_Static_assert(sizeof(struct stream_control) == 192, "the two counters sit on cache lines of their own");

enum stream_encoding {
    STREAM_PLAIN,      /* records as described above; a ring has no other */
    STREAM_PACKED,     /* as in stream_pack.h */
    STREAM_UNPACKABLE, /* plain among packed ones, as packing would not have made it shorter: the unpacker learns from
                          it */
};

/* First words of a chunk. */
struct stream_chunk {
    uint32_t words;       /* filled words with this header; 4 <= words <= chunk_words */
    uint32_t first_event; /* word index of the first event in the chunk; 0: none */
    uint32_t encoding;    /* enum stream_encoding; others are refused */
    uint32_t reserved;
    uint64_t number;      /* 0, 1, 2, ...: a gap or repeat is an error */
    uint64_t check;       /* number ^ words ^ STREAM_CHUNK_MARK: catches a torn or foreign chunk */
};
#define STREAM_CHUNK_HEADER_WORDS 4
#define STREAM_CHUNK_MARK 0x6b6e756863465453ull
_Static_assert(sizeof(struct stream_chunk) == 8 * STREAM_CHUNK_HEADER_WORDS, "chunk header is whole words");

enum stream_event_type {
    STREAM_EVENT_START = 1,      /* first event: the recipe, text of "key=value\n" lines */
    STREAM_EVENT_BLOCK = 2,      /* a block's description, before its first execution */
    STREAM_EVENT_MAP = 3,        /* a mapping appeared or its permissions changed */
    STREAM_EVENT_UNMAP = 4,      /* addresses went away */
    STREAM_EVENT_THREAD = 5,     /* from here on this thread runs; also when its thread pointer changes */
    STREAM_EVENT_SIGNAL = 6,     /* a handler is entered */
    STREAM_EVENT_SIGNAL_END = 7, /* the handler returns to the interrupted code */
    STREAM_EVENT_SYSCALL = 8,    /* the running thread enters the kernel */
    STREAM_EVENT_FORK = 9,       /* the process forked; the stream follows the parent */
    STREAM_EVENT_EXEC = 10, /* the process is about to replace its program: the stream's last event unless it fails */
    STREAM_EVENT_END = 11,  /* last event: the process ended */
};

/* Head word of an event. */
struct stream_event_head {
    uint16_t type;  /* enum stream_event_type; unknown types are skipped */
    uint16_t words; /* with this head; 1 <= words <= STREAM_EVENT_WORDS_MAX */
    uint32_t next;  /* word index of the chunk's next event; 0: none */
};

/* How a block ends, that is what its last instruction is. */
enum stream_ending {
    STREAM_FALL,          /* no branch: the engine's size limit, or the next block starts here */
    STREAM_JUMP,          /* direct */
    STREAM_CALL,          /* direct */
    STREAM_COND,          /* conditional, direct: exit 0 not taken, exit 1 taken */
    STREAM_JUMP_INDIRECT, /* the record's last word is the address it went to; so for the next two */
    STREAM_CALL_INDIRECT,
    STREAM_RETURN,
    STREAM_REP, /* a repeated string instruction: exit 0 one iteration done and more to come (at the same
                   instruction, which has not retired yet), exit 1 done by its condition, exit >= 2 done by its count */
    STREAM_SYSCALL,
    STREAM_ENDINGS,
};

/* Whether records of blocks that end so carry the next address. */
static inline int stream_ending_has_next(unsigned ending)
{
    return ending == STREAM_JUMP_INDIRECT || ending == STREAM_CALL_INDIRECT || ending == STREAM_RETURN;
}

/* Coarse kind of an instruction, for a reader that does not want to decode the bytes. Memory access is in `flags`. */
enum stream_insn_kind {
    STREAM_INSN_ALU, /* integer and everything not below */
    STREAM_INSN_MOVE, /* loads, stores, register copies, lea, push and pop */
    STREAM_INSN_MUL,
    STREAM_INSN_DIV,
    STREAM_INSN_FP,    /* x87 and SSE/AVX arithmetic and data */
    STREAM_INSN_FPDIV, /* divide and square root */
    STREAM_INSN_BRANCH,
    STREAM_INSN_NOP,
    STREAM_INSN_STRING,
    STREAM_INSN_SYSTEM, /* fences, cpuid, rdtsc, syscall */
    STREAM_INSN_KINDS,
};
enum { STREAM_INSN_READS = 1, STREAM_INSN_WRITES = 2, STREAM_INSN_LOCKED = 4 };

struct stream_insn {
    uint16_t offset; /* from the block's address, bytes */
    uint8_t length;  /* 1..15 */
    uint8_t kind;    /* enum stream_insn_kind */
    uint8_t uops;    /* fused-domain estimate, >= 1 (nop too) */
    uint8_t flags;   /* STREAM_INSN_* bits */
    uint16_t reserved;
};
_Static_assert(sizeof(struct stream_insn) == 8, "one word");

/* One static data reference: address = (slot == STREAM_NO_SLOT ? 0 : slots[slot]) + displacement. */
#define STREAM_NO_SLOT 0xffff
enum {
    STREAM_REF_LOAD = 1,
    STREAM_REF_STORE = 2,        /* both bits: read-modify-write in one access (compare-and-swap) */
    STREAM_REF_CONDITIONAL = 4,  /* not performed when slots[slot] == 0 */
    STREAM_REF_LOCKED = 8,
};
struct stream_ref {
    int64_t displacement; /* the whole address when slot == STREAM_NO_SLOT (RIP-relative and absolute operands) */
    uint16_t insn;        /* index into the block's instructions; refs are in program order */
    uint16_t slot;
    uint16_t size;        /* bytes, >= 1 */
    uint8_t flags;        /* STREAM_REF_* bits */
    uint8_t reserved;
};
_Static_assert(sizeof(struct stream_ref) == 16, "two words");

/* Where a slot's value came from: a guest register as it was when the block was entered, or a computation. */
enum stream_slot_origin {
    STREAM_FROM_RAX, STREAM_FROM_RCX, STREAM_FROM_RDX, STREAM_FROM_RBX, /* numbered as the processor does */
    STREAM_FROM_RSP, STREAM_FROM_RBP, STREAM_FROM_RSI, STREAM_FROM_RDI,
    STREAM_FROM_R8, STREAM_FROM_R9, STREAM_FROM_R10, STREAM_FROM_R11,
    STREAM_FROM_R12, STREAM_FROM_R13, STREAM_FROM_R14, STREAM_FROM_R15,
    STREAM_FROM_FS = 16,      /* the thread pointer: thread-local data */
    STREAM_FROM_GS = 17,
    STREAM_FROM_COMPUTED = 255, /* loaded or computed inside the block */
};

/* One way out of a block, indexed by the head's exit number. Exit 1 exists for STREAM_COND and STREAM_REP only
 * (elsewhere its entry repeats exit 0); exits >= 2 leave before the end: a failed compare-and-swap, a
 * repeat of zero, an instruction at which the engine pauses.
 */
struct stream_exit {
    uint64_t target; /* where execution goes on; 0: not known beforehand (see the record's next word) */
    uint16_t insns;  /* instructions retired when leaving here */
    uint16_t refs;   /* references performed: the first `refs` of the list */
    uint16_t slots;  /* slots that hold values; later ones are 0 */
    uint16_t reserved;
};
_Static_assert(sizeof(struct stream_exit) == 16, "two words");

/* Payload of STREAM_EVENT_BLOCK: this, then insns, refs, exits, origins (one byte a slot), the code bytes; the last two
 * padded. */
struct stream_block_wire {
    uint64_t address;
    uint64_t target; /* direct jump, call, conditional (when taken); else 0 */
    uint32_t id;     /* 0, 1, 2, ... in order of first appearance */
    uint32_t bytes;
    uint16_t n_insns; /* >= 1 */
    uint16_t n_slots;
    uint16_t n_refs;
    uint16_t n_exits; /* >= 2 */
    uint8_t ending;   /* enum stream_ending */
    uint8_t reserved[3];
    uint32_t uops;    /* sum over the instructions */
};

enum stream_map_kind {
    STREAM_MAP_FILE,
    STREAM_MAP_ANON,
    STREAM_MAP_BRK,   /* the sbrk heap; a longer range at the same address replaces it */
    STREAM_MAP_STACK, /* the main thread's stack; others are ANON */
    STREAM_MAP_ENGINE, /* pages the engine itself gives the target (trampolines, vdso) */
};
enum { STREAM_PROT_READ = 1, STREAM_PROT_WRITE = 2, STREAM_PROT_EXEC = 4 };
#define STREAM_BUILD_ID_MAX 20

/* Payload of STREAM_EVENT_MAP: this, then the path, NUL-terminated and padded. What was mapped there before is
 * replaced. */
struct stream_map_wire {
    uint64_t address;
    uint64_t bytes;
    uint64_t file_offset;
    uint8_t kind;       /* enum stream_map_kind */
    uint8_t protection; /* STREAM_PROT_* bits */
    uint8_t build_id_bytes; /* 0: none, or this mapping does not hold the ELF header */
    uint8_t build_id[STREAM_BUILD_ID_MAX];
    uint8_t reserved;
};
_Static_assert(sizeof(struct stream_map_wire) == 48, "six words");

struct stream_unmap_wire {
    uint64_t address;
    uint64_t bytes;
};

struct stream_thread_wire {
    uint32_t thread; /* 1, 2, 3, ... ; a number may be used again after a thread ended */
    uint32_t reserved;
    uint64_t thread_pointer; /* fs base; 0 before it is set */
    uint64_t stack_pointer;
};

/* STREAM_EVENT_SIGNAL and STREAM_EVENT_SIGNAL_END (there number and handler are 0). */
struct stream_signal_wire {
    uint32_t thread;
    uint32_t number;
    uint64_t handler;
};

/* STREAM_EVENT_SYSCALL, _FORK (number: the child's process id) and _EXEC (number: 1 it failed, 0 it is tried). */
struct stream_syscall_wire {
    uint32_t thread;
    uint32_t number;
};

struct stream_end_wire {
    int32_t status;  /* exit status, or -1 when a signal ended it */
    uint32_t signal; /* the signal, or 0: none, or not known to the front end */
    uint64_t blocks_described;
    uint64_t events;
};

#endif
