/* A remedy as something to paste. */
#ifndef FORENSICS_REPORT_REMEDY_H
#define FORENSICS_REPORT_REMEDY_H

#include "base/arena.h"
#include "core/layout.h"

/* One clause: what to do. */
const char *remedy_said(struct arena *arena, const struct layout_remedy *remedy);

/* One sentence: how, with the words to paste; `file` is where remedy_file's text lies, NULL: nowhere yet. */
const char *remedy_how(struct arena *arena, const struct layout_remedy *remedy, const char *file);

/* What a file for the tools holds: functions, one a line, for a linker's symbol ordering; or the line to put into the
 * source. */
const char *remedy_file(struct arena *arena, const struct layout_remedy *remedy);

#endif
