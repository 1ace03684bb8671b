/* The inside of a model: what model.c, its parts (fetch.h, branch.h, memory.h, retire.h) and the files around it share.
 * Not an interface.
 *
 * Time is counted in ticks (TICKS a cycle) by four clocks that run at their own pace and wait for one another:
 *   predicted   the branch predictor has named the next block; runs ahead of fetch by P_FETCH_AHEAD
 *   fetched     the block's operations are in the op queue; runs ahead of dispatch by P_OP_QUEUE
 *   dispatched  the block's operations have entered the reorder buffer; waits for `fetched` and for room
 *   retired     the block has left it in order; total cycles are this clock's, and its advance is what is explained
 * A value's ready time is kept per register, so that misses overlap or chain as the program's own data flow says.
 */
#ifndef FORENSICS_SIM_STATE_H
#define FORENSICS_SIM_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hints.h"
#include "core/cost.h"
#include "sim/cache.h"
#include "sim/flow.h"
#include "sim/flow_code.h"
#include "sim/maps.h"
#include "sim/model.h"
#include "sim/objects.h"
#include "sim/predict.h"
#include "sim/profile.h"
#include "sim/remap.h"
#include "sim/stream.h"

enum {
    L1_SETS = 64,              /* both L1 caches of every profile */
    L1_SLOTS = L1_SETS * 16,   /* and at most 16 ways */
    L1D_INDEX = 1024,          /* direct-mapped shortcut into the L1D; a power of two */
    DTLB_MAX = 512,
    DTLB_INDEX = 1024,
    STORE_TABLE = 512,         /* by address bits 3..11: exactly the bits that 4 KiB aliasing compares */
    RETIRE_STEP = 8,           /* the reorder buffer is followed by groups of so many operations */
    RETIRE_RING = 256,         /* groups: more than P_WINDOW's largest */
    BUFFERS_MAX = 64,
    QUEUE_MAX = 256,
    STRIDES_MAX = 64,
    STRIDE_TIMES = 32,
    THREADS_MAX = 4096,
};

/* Events counted per block, each a metric. */
enum event {
    EVENT_DIRECTION, EVENT_INDIRECT, EVENT_RETURN, EVENT_L1I, EVENT_L2I, EVENT_LLCI, EVENT_ITLB, EVENT_ITLB_WALK,
    EVENT_OPCACHE, EVENT_SWITCH, EVENT_BTB, EVENT_DENSITY, EVENT_JCC, EVENT_L1D, EVENT_L2D, EVENT_LLCD, EVENT_DTLB,
    EVENT_DTLB_WALK, EVENT_PREFETCH, EVENT_SPLIT, EVENT_PAGE_SPLIT, EVENT_ALIAS, EVENT_FORWARD, EVENT_COUNT
};

/* How fetch came to a block. */
enum entry { ENTRY_SAME_WINDOW, ENTRY_NEXT_WINDOW, ENTRY_JUMP };

/* What a block cost beyond its base and plain dependence. */
struct tally {
    uint64_t ticks[COMPONENT_COUNT];
    uint64_t events[EVENT_COUNT];
};

struct code_line;

/* One data reference of a block, beside the nodes that use it. */
struct data_ref {
    int64_t displacement;
    int16_t slot;        /* -1: absolute; then the word in its place, the record's head, counts for nothing: */
    int8_t based;        /* -1, or 0 when it is absolute: a mask over the slot's value */
    uint8_t class;       /* enum object_class, as far as the base register tells */
    uint16_t size;       /* bytes */
    uint8_t conditional; /* not performed when its slot is 0 */
    uint8_t stored;      /* it writes */
};

/* What only slow paths look at. */
struct block_rest {
    const struct stream_block *described;
    const struct sim_map *map; /* where its code lay when it was described; NULL: unknown */
    struct code_line **lines;  /* the code lines it covers, in order */
    uint32_t line_count;
    uint64_t *left_early;      /* executions by exit 2, 3, ... */
    uint64_t entries;          /* repeats only: times entered, where `left` counts iterations */
    struct tally tally;
    struct tally settled;      /* sampling: of the first stretch, which stands for itself alone */
    uint64_t settled_executions, settled_windows;
};

/* One described block as every execution sees it: two lines of 64 bytes, then its references, then its nodes, in one
 * piece so that a run's next blocks can be fetched ahead. */
struct block {
    uint64_t address;
    uint64_t epoch;           /* equal to the model's: all of its lines and op-cache units are resident */
    uint64_t stamp;           /* code clock of its last fetch */
    uint64_t left[2];         /* executions by exit 0 and 1 */
    uint64_t dependence;      /* ticks not explained by anything else */
    uint64_t windows;         /* fetch cycles used */
    uint32_t base;            /* ticks */
    uint32_t btb_slot;

    struct block_rest *rest;
    flow_code *code;          /* of its data flow; NULL: its nodes are interpreted */
    uint64_t detailed;        /* executions with the clocks running: all of them unless the model samples */
    uint16_t bytes;           /* of code */
    uint16_t branch_offset;   /* of the last instruction */
    uint16_t node_count, ref_count, ops;
    uint16_t first_ops;       /* operations in the first fetch window */
    uint16_t first_cycles;    /* fetch cycles of the first window when entered by a jump */
    uint16_t first_used;      /* operations of the last of these cycles */
    uint16_t rest_cycles;     /* fetch cycles of the other windows */
    uint16_t rest_lost;       /* operation slots lost at its inner window boundaries */
    uint16_t last_used;       /* operations of the last fetch cycle when rest_cycles > 0 */
    uint16_t next_slot;       /* where its records carry the next address, counted like slots; 0: they do not */
    uint16_t itlb_slot;
    uint8_t ending;           /* enum stream_ending */
    uint8_t jcc;              /* the erratum applies */
    uint8_t known_branch;     /* it ends in a branch that was taken before, so prediction must look it up */
    uint8_t plain;            /* its nodes use its references in order, each once and always */
    struct branch_bias bias;
    uint8_t crossings;        /* window boundaries inside it */
    uint16_t window_offset;   /* of the byte whose fetch window and line its last instruction counts for */
    uint8_t plain_exits;      /* exits below this one leave it after all of it ran once: 2, a repeat's none */
    uint8_t pad[3];
    struct data_ref refs[];
};
_Static_assert(sizeof(struct block) == 128, "two cache lines");
_Static_assert(sizeof(struct data_ref) == 16, "four a cache line");

/* Its data flow, in program order. */
static inline const struct flow_node *block_nodes(const struct block *b)
{
    return (const struct flow_node *)(b->refs + b->ref_count);
}

static inline uint64_t block_end(const struct block *b)
{
    return b->address + b->bytes;
}

/* The address of its last instruction. */
static inline uint64_t block_branch(const struct block *b)
{
    return b->address + b->branch_offset;
}

/* The byte whose fetch window its last instruction counts for. */
static inline uint64_t block_window(const struct block *b)
{
    return b->address + b->window_offset;
}

/* One 64-byte line of code that some block covers. */
struct code_line {
    uint64_t line;            /* address / 64 */
    struct code_line *next;   /* of its hash bucket */
    struct covering {
        struct block *block;
        struct covering *next;
    } *covered_by;
    int16_t slot;             /* in the L1I; -1: not there */
    int16_t unit[2];          /* its two 32-byte halves' places in the op cache; -1: not there */
};

/* L1I or op cache: who sits where; ages are recovered from the blocks' stamps. */
struct residence {
    uint32_t sets, ways;
    struct code_line **line; /* by slot */
    uint8_t *half;           /* which half of the line: op cache only */
    uint64_t *used;          /* stamps written eagerly */
};

struct l1d {
    uint32_t ways;
    uint64_t tags[L1_SLOTS];   /* line + 1 */
    struct {
        uint64_t used;
        uint64_t ready;        /* tick at which the line arrives */
    } line[L1_SLOTS];          /* side by side, as each access needs both */
    uint8_t why[L1_SLOTS];     /* component to blame for the wait */
    bool dirty[L1_SLOTS];      /* written since it was brought in */
    uint64_t filled[L1_SLOTS]; /* tick it was brought in */
    uint64_t turnover[L1_SETS]; /* how long the line pushed out last had been in the set */
    uint64_t replacing[L1_SETS]; /* tick until which a set brings in lines, one after the other */
    struct leaving {           /* the line that was in a slot before */
        uint64_t tag, ready;   /* as they were */
        uint64_t until;        /* tick at which its place is taken: till then loads find it, whatever program order says */
        uint8_t why;
    } leaving[L1_SLOTS];
    struct resident {          /* the shortcut: a line that is here and whose page is in the TLB */
        uint64_t line;         /* ~0: none */
        uint32_t slot;         /* in the L1D */
        uint32_t translation;  /* and its page's in the TLB */
    } index[L1D_INDEX];
};

struct tlb {
    uint32_t entries;
    uint64_t pages[DTLB_MAX]; /* page + 1 */
    uint64_t used[DTLB_MAX];
    uint64_t index[DTLB_INDEX]; /* (page + 1) << 9 | slot; 0: empty */
    uint8_t sharing[DTLB_INDEX]; /* how many resident pages have this place in `index` */
    uint64_t lines[DTLB_MAX];   /* of a page, by their place in it: those that l1d.index may know */
};

/* The newest store to each 8-byte granule modulo 4 KiB. */
struct store {
    uint64_t address, end; /* bytes [address, end) */
    uint64_t ready;        /* tick its data is known */
    uint64_t drained;      /* tick it leaves the queue for the L1D */
};

/* A page watched for a constant stride of lines. */
struct stride {
    uint64_t page;
    int32_t last, step;
    uint32_t confidence;
    uint32_t steps;
    uint64_t times[STRIDE_TIMES]; /* when each of the last steps was taken */
};

struct model {
    const struct profile *profile;
    uint32_t perfect;          /* bit per component */
    struct arena *arena;
    const struct remap *remap; /* where addresses of the stream lie instead; NULL: where they are */

    /* sampling, in blocks */
    uint64_t phase_left;       /* until the next phase */
    struct model_sample sample;
    bool warming;              /* caches and predictors only */
    bool started;              /* the first stretch is over */
    struct sample_pool *pool;  /* what blocks alike have shown; NULL: no sampling */

    /* clocks, ticks */
    uint64_t predicted, fetched, dispatched, retired, now; /* now: first dispatch of the running block */
    uint64_t retire_floor;     /* a full store queue lets nothing retire before */
    uint64_t ready[FLOW_SLOTS];

    /* reorder buffer */
    uint64_t ops;              /* dispatched so far */
    uint64_t group;            /* of operations that retires next */
    uint64_t ring[RETIRE_RING]; /* tick each of the last groups of operations retired */

    /* fetch state */
    uint64_t fall_through;     /* where execution goes on in sequence; 0: it jumped */
    uint64_t window;           /* address of the last branch fetched: it lies in the window being fetched */
    uint32_t window_ops;
    uint64_t branch_line;      /* 64-byte line of the branches counted */
    uint32_t line_branches;
    bool decoding;             /* the last unit came from the decoders */
    uint64_t code_arrival;     /* tick the last missing line, or its address, arrives; 0: none missing */
    struct residence l1i, opcache;
    uint64_t epoch, epoch_start, code_clock;
    uint64_t last_code_page;
    uint64_t translated;       /* tick at which the address of the last page that the first iTLB lacked is known */
    uint64_t itlb_pages[DTLB_MAX], itlb_used[DTLB_MAX];
    struct code_line **line_table;
    uint32_t line_room, line_total;

    /* waits still to be explained: ticks by component, and the block whose fault they are */
    uint64_t explained;        /* all ones; 0: no wait is */
    uint32_t due, late;        /* bit sets over components: front end; data */
    uint64_t due_ticks[COMPONENT_COUNT], late_ticks[COMPONENT_COUNT];
    struct block *due_block[COMPONENT_COUNT];
    uint64_t late_key[COMPONENT_COUNT]; /* object_key() of the reference that waited */
    uint32_t slots_before;     /* operations in the last fetch cycle before the running block */
    enum entry entry;          /* how the running block was entered */

    /* branches */
    struct predictor predictor;
    struct tage_lookup lookup;  /* of the running block's conditional branch */
    struct btb btb;
    struct branch_path **paths; /* by thread */
    struct branch_path *path;   /* the running thread's */

    /* data side */
    struct l1d l1d;
    struct tlb dtlb;
    struct cache l2, llc, stlb, itlb2;
    struct pages pages;
    struct store stores[STORE_TABLE];
    uint64_t committed;        /* tick of the last store's write to the L1D */
    struct queued {
        uint64_t turn;
        uint32_t why;          /* enum component it waited for; DEPENDENCE: nothing but its turn */
    } queue[QUEUE_MAX];        /* the last stores, a ring */
    uint32_t queue_at, queue_entries;
    uint64_t touch;
    uint64_t buffers[BUFFERS_MAX];
    uint32_t next_buffer;
    uint64_t channel[3];       /* tick until which the path from L2, LLC, memory is taken */
    struct stride strides[STRIDES_MAX];
    struct objects objects;
    const struct data_ref *ref; /* being looked at */
    struct block *running;     /* whose code runs */
    flow_load *load, *load_wide; /* what the code calls; wide: of more than 8 bytes */
    flow_store *store;
    struct code_space *code;   /* NULL: data flow is interpreted */

    /* parameters in the form the fast path wants */
    uint32_t window_ops_room;  /* operations in the reorder buffer */
    uint32_t forward_ticks, taken_ticks, ahead_ticks, queue_ticks, fetch_width, window_shift, l1d_ticks,
        branches_per_fetch;
    uint64_t window_bytes;     /* 1 << window_shift */
    uint64_t fetch_share;      /* more than 2^32 / fetch_width, by one at most: to divide by it */
    uint32_t line_occupancy[3], latency[3];
    uint32_t write_back_ticks; /* a written line on the path from L2 */
    uint32_t replace_ticks;    /* an L1D set is busy with bringing in a line */
    uint32_t itlb2_hold_ticks; /* prediction waits for a hit in the second-level iTLB */
    uint32_t call_ticks;       /* prediction takes longer to follow a call or a return */
    uint32_t microcode_ticks;  /* from a store's address to a microcoded load behind it */
    bool alias_matters;
    bool window_of_end;        /* an instruction belongs to the fetch window of its last byte, not its first */

    /* what was described and seen */
    struct block **blocks;
    uint32_t block_count, block_room;
    struct maps maps;
    uint64_t stack_low, stack_high; /* the main thread's */
    uint64_t syscalls, signals, rep_iterations;
};

/* Components of the data side, longest wait first: the order of blame, and of object_cell.ticks. */
extern const enum component data_component[OBJECT_TERMS];

/* Clocks start here so that "some cycles before" never falls below zero. */
#define START (1ull << 32)

#define PERFECT(m, component) ((m)->perfect >> (component) & 1)

/* Where an address of the stream lies. */
static inline uint64_t placed(const struct remap *remap, uint64_t address)
{
    return remap ? remap_address(remap, address) : address;
}

static inline uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* The base value of a reference; `slots` follow their record's head. */
static inline uint64_t base_of(const struct data_ref *ref, const uint64_t *slots)
{
    return slots[ref->slot] & (uint64_t)(int64_t)ref->based;
}

/* Chooses what the code of blocks calls, by where references lie (model.c). */
void model_set_calls(struct model *model);

/* Execution goes on in another thread (events.c). */
void model_switch_thread(struct model *model, uint32_t thread);

#endif
