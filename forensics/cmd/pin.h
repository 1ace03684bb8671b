/* Pins: a program that lies beside a manifest must still be what the manifest says. */
#ifndef FORENSICS_CMD_PIN_H
#define FORENSICS_CMD_PIN_H

#include "base/arena.h"
#include "base/err.h"

/* `path` may be a link to the pin; `sha256` is that of the file now. True: not a pin, or unchanged. In a folder called
 * pinned every program needs a manifest; elsewhere a NAME.json that is no manifest is nobody's business. */
bool pin_check(struct arena *arena, const char *path, const char *sha256, struct err *err);

#endif
