/* What compilers append to the names of functions and statics. */
#ifndef FORENSICS_ELF_NAMES_H
#define FORENSICS_ELF_NAMES_H

#include "base/arena.h"

#include <stdbool.h>

/* The name without .isra.0, .constprop.1, .part.0, .cold, .lto_priv.3, .llvm.123, .__uniq.456, a bare number and the
 * @VERSION that GNU ld writes into .symtab; the argument itself when there is nothing to take off. */
const char *name_base(struct arena *arena, const char *name);

/* Whether the name is of a part that the compiler moved out of line as cold: foo.cold, foo.isra.0.cold.7 */
bool name_is_cold_part(const char *name);

/* The C++ name as a person writes it; NULL: not a mangled name, too long (NAME_MOST), or no C++ library to ask. */
char *name_demangle(struct arena *arena, const char *name);

enum { NAME_MOST = 2048 /* bytes; longer ones cost the demangler more than they tell */ };

/* The text with every control byte and every byte that is not UTF-8 replaced by '?', so that it can be printed and
 * saved as JSON; the argument itself where nothing had to be. NULL gives NULL. */
const char *name_clean(struct arena *arena, const char *text);

#endif
