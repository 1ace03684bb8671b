/* Evidence that needs no run: what changed in code and data, one sentence each. */
#ifndef FORENSICS_ELF_FACTS_H
#define FORENSICS_ELF_FACTS_H

#include "base/arena.h"
#include "core/binary.h"

/* Fills delta.code_facts from the code, the data symbols and, where both files have it, the debug information. The
 * inventories' arenas must still be alive; a delta loaded from JSON keeps the facts it has. */
void facts_find(struct arena *arena, struct delta *delta);

#endif
