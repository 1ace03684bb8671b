/* The objects that can move, from what the ELF files say and what a recording mapped. */
#ifndef FORENSICS_CMD_MOVABLE_H
#define FORENSICS_CMD_MOVABLE_H

#include "cmd/recording.h"

/* Objects of both sides, sorted, glued, paired and aligned: functions and data symbols of the programs, other ELF files
 * whole, heap regions, the stack, the first thread's TLS block. In the result's arena. */
void movable_objects(struct result *result, const struct recording recordings[2], struct layout_side sides[2]);

/* The variables of both sides' programs, with what their records hold. */
void movable_variables(struct result *result, const struct recording recordings[2], struct layout_side sides[2]);

/* The program itself among what a side mapped; NULL: it could not be read. */
const struct module *movable_program(const struct result *result, int side, const struct recording *recording);

#endif
