/* Other layouts of code and data by linking both programs again, with a command that the user gives. */
#ifndef FORENSICS_CMD_RELINK_H
#define FORENSICS_CMD_RELINK_H

#include "cmd/progress.h"
#include "core/result.h"

struct relink;

/* Whether a command can be used: it must have {output}, and {options} or {ld-options}. False: ERR_USAGE. */
bool relink_check(const char *command, struct err *err);

/* Links both sides once without any change, which tells the linker, its script and its map, and is the control of all
 * others; fills study->link. Its folder of programs lives until relink_close. NULL: see err. */
struct relink *relink_open(struct result *result, const char *const command[2], struct real_study *study,
                           struct progress *progress, struct err *err);
void relink_close(struct relink *relink); /* NULL is harmless */

/* Which of the wanted axes linking can move here. */
unsigned relink_axes(const struct relink *relink, unsigned wanted);

/* Whether one side's code can be put at the other's offsets. */
bool relink_transplants(const struct relink *relink);

/* Whether pieces can be padded; else there are orders alone. */
bool relink_pads(const struct relink *relink);

/* Whether a remedy can be built by linking. */
bool relink_remedies(const struct relink *relink, enum remedy_kind kind);

/* Links what the layout asks for; path[] of a side that needs no linking stays. False: ERR_TARGET when the link failed.
 */
bool relink_layout(struct relink *relink, const struct real_layout *layout, const char *path[2], struct err *err);

/* Adds what was found out to the study's notes. */
void relink_tell(const struct relink *relink, struct real_study *study);

#endif
