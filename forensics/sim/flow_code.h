/* The data flow of a block as machine code: what an interpreter asks of every node at every execution (of which kind,
 * from where, is there another) is asked once. Nodes become additions and maxima of 64-bit times; what touches memory
 * is a call to the model's own functions, so that the code knows times and nothing else. The figures are those of
 * the interpreter, bit for bit (tests/unit/sim_flow_code.c).
 *
 * Code lies in memory that is written through one mapping and executed through another. Where the machine has
 * none of that to give, or is no x86-64, there is no code, and the model interprets.
 */
#ifndef FORENSICS_SIM_FLOW_CODE_H
#define FORENSICS_SIM_FLOW_CODE_H

#include <stddef.h>
#include <stdint.h>

#include "sim/flow.h"

struct model;
struct data_ref;

/* What an execution comes to: the tick the last of it is done, and that at which its branch is decided. */
struct flow_end {
    uint64_t done, resolved;
};

/* One execution: `slots` follow the record's head, `now` is its first dispatch; nothing is done before `least`. */
typedef struct flow_end flow_code(struct model *model, const uint64_t *slots, uint64_t now, uint64_t least);

/* What the code calls, and where it finds it: the model holds these pointers. */
typedef uint64_t flow_load(struct model *model, const struct data_ref *ref, uint64_t address, uint64_t tick);
typedef void flow_store(struct model *model, const struct data_ref *ref, uint64_t address, uint64_t tick, uint64_t data);

/* Where a model keeps what its code uses, bytes from its start. */
struct flow_offsets {
    uint32_t ready, load, load_wide, store;
};

struct code_space;

/* Empty; NULL: no memory here can be executed. */
struct code_space *code_space_new(void);

/* With all code in it; NULL is harmless. */
void code_space_free(struct code_space *space);

/* The code of a flow whose nodes use `refs` in order, each once and always; `refs` must outlive it. NULL: no room, or no
 * space. */
flow_code *flow_compile(struct code_space *space, const struct flow *flow, const struct data_ref *refs,
                        const struct flow_offsets *model);

#endif
