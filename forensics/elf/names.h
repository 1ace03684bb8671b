/* What compilers append to the names of functions and statics. */
#ifndef FORENSICS_ELF_NAMES_H
#define FORENSICS_ELF_NAMES_H

#include "base/arena.h"

#include <stdbool.h>

/* The name without .isra.0, .constprop.1, .part.0, .cold, .lto_priv.3, .llvm.123, .__uniq.456 and a bare number;
 * the argument itself when there is nothing to take off. */
const char *name_base(struct arena *arena, const char *name);

/* Whether the name is of a part that the compiler moved out of line as cold: foo.cold, foo.isra.0.cold.7 */
bool name_is_cold_part(const char *name);

#endif
