/* From layouts to a verdict. */
#ifndef FORENSICS_CMD_CONCLUDE_H
#define FORENSICS_CMD_CONCLUDE_H

#include "core/result.h"

/* Fills the verdict from the modelled layouts, the real ones, or both: the clock is believed where it could decide. At
 * least one of them must be there. */
void conclude_layouts(struct result *result);

#endif
