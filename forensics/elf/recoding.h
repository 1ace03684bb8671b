/* In what way a function's code is another for the same source. Internal to elf/. */
#ifndef FORENSICS_ELF_RECODING_H
#define FORENSICS_ELF_RECODING_H

#include "elf/cfg.h"

struct pairing;

/* Whether two functions are the same instructions in the same order but for the names of registers, each value being
 * where the other side has it: along every path, through the registers in which callees take and return values. What is
 * kept on the stack counts as kept in the same place. */
bool recoding_registers(struct arena *arena, const struct pairing *pairing, const struct graph *old,
                        const struct graph *new);

/* Which kind of other code it is: registers, allocation, unrolling, or something else. *times: of what was unrolled, how
 * often. */
enum recoding recoding_of(struct arena *arena, const struct pairing *pairing, const struct graph *old,
                          const struct graph *new, unsigned *times);

#endif
