/* The two binaries of a comparison: read, paired and compared without running them. */
#ifndef FORENSICS_CMD_SIDES_H
#define FORENSICS_CMD_SIDES_H

#include "base/err.h"
#include "cmd/progress.h"
#include "core/result.h"

/* What the files are for; each holds what the one before does. */
enum sides_use {
    SIDES_READ,   /* to be looked at */
    SIDES_PINNED, /* to be judged: a pin that stands beside a file must fit it (cmd/pin.h) */
    SIDES_RUN     /* to be run here */
};

/* Fills result's inventories, sides and delta with its facts from the two files. Says on `progress` what it is at. */
bool sides_read(struct result *result, const char *const path[2], enum sides_use use, struct progress *progress,
                struct err *err);

#endif
