/* Other layouts of a linked program without its objects: llvm-bolt writes its
 * functions anew in another order, with room between them. The program must
 * have kept its relocations (-Wl,--emit-relocs).
 *
 * BOLT drops nops and shortens instructions, so that what it wrote is compared
 * with what it wrote without any change, never with what was shipped. Both
 * sides get the same order and the same room; the same addresses only as far as
 * their functions have the same sizes. */
#ifndef FORENSICS_CMD_BOLT_H
#define FORENSICS_CMD_BOLT_H

#include "base/err.h"
#include "core/binary.h"
#include "core/real.h"

/* A command as --relink has it, that writes `program` anew; NULL: err says that
 * there is no llvm-bolt. */
const char *bolt_command(struct arena *arena, const char *program, struct err *err);

/* Whether a command is one of these. */
bool bolt_is(const char *command);

/* Options for llvm-bolt, one a line, for a drawn layout or a transplant: an
 * order, whose file is `list`, and room. `own` are both sides as written
 * without any change. *order: what `list` has to hold. */
const char *bolt_options(struct arena *arena, const struct inventory *const own[2], const struct real_layout *layout,
                         int side, uint64_t seed, const char *list, const char **order);

#endif
