/* What kind of change a changed function went through: other code for the same source, other inlining, or another
 * function. Internal to elf/.
 */
#ifndef FORENSICS_ELF_RECODE_H
#define FORENSICS_ELF_RECODE_H

#include "elf/facts_add.h"

/* Refines the fates of functions that changed or were resized, and counts all fates again. Wants the facts about
 * inlining. */
void recode_find(struct finder *f);

#endif
