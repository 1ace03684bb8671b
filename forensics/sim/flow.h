/* The data flow inside a block: which values each load, store and branch waits for, as a short program over the
 * ready times of registers. Made once per block from its code; run once per execution by the model.
 *
 * A node does: ready[to] = max(ready[a], ready[b], dispatched) + latency; loads and stores also touch memory.
 * Not modelled: renaming limits, scheduler sizes, execution pipes beyond a block's totals but for enum flow_unit.
 */
#ifndef FORENSICS_SIM_FLOW_H
#define FORENSICS_SIM_FLOW_H

#include <stdint.h>

#include "base/arena.h"
#include "sim/profile.h"
#include "sim/stream.h"

/* Fractions of a cycle that the model counts in: every dispatch width up to 6, and 8, divides it. */
enum { TICKS = 120 };

/* Places of ready times. */
enum {
    FLOW_NONE = 0,     /* always ready; never written */
    FLOW_GPR = 1,      /* 16 general registers, numbered as the processor does */
    FLOW_FLAGS = 17,
    FLOW_VECTOR = 18,  /* 16 vector registers */
    FLOW_X87 = 34,     /* the whole stack, MMX and mask registers, coarsely */
    FLOW_UNITS = 35,   /* enum flow_unit: when it takes the next operation */
    FLOW_TEMP = 38,    /* values between nodes of one instruction */
    FLOW_SINK = 62,    /* results nobody waits for */
    FLOW_STORES = 63,  /* the addresses of all older stores; stores write it, microcoded loads wait for it */
    FLOW_SLOTS = 64
};

/* Units of which there is one, each busy for a while with an operation. Their time runs from dispatch: an operation that
 * waits for its inputs keeps nobody else waiting. */
enum flow_unit { UNIT_NONE, UNIT_MULTIPLIER, UNIT_DIVIDER, UNIT_FP_DIVIDER, FLOW_UNIT_COUNT };

enum flow_kind { FLOW_OP, FLOW_LOAD, FLOW_STORE, FLOW_BRANCH };

struct flow_node {
    uint8_t kind; /* enum flow_kind */
    uint8_t to;   /* FLOW_* place written; loads and operations */
    uint8_t a, b; /* places waited for; the address of loads and stores */
    uint8_t data; /* stores: the place of the stored value */
    uint8_t pad;
    uint16_t after;   /* ticks from the block's first dispatch to this instruction's */
    uint16_t latency; /* ticks; loads: L1D hit */
    uint16_t ref;     /* loads and stores: index into the block's references */
};

struct flow {
    const struct flow_node *nodes; /* in program order */
    uint16_t count;
    uint16_t ops;         /* dispatched, after fusing compare and branch */
    uint32_t base;        /* ticks to dispatch or execute the block when nothing waits: the widest of width and pipes */
};

/* The flow of `block`. Without code bytes only its references are known: nothing waits for anything but dispatch. */
struct flow flow_of_block(struct arena *arena, const struct stream_block *block, const struct profile *profile);

#endif
