/* The last step of every verb that ends in a verdict: reports out, exit status back. */
#ifndef FORENSICS_CMD_FINISH_H
#define FORENSICS_CMD_FINISH_H

#include "cmd/options.h"

/* Prints "PROGRAM: sentence" on stderr and returns the exit status of that kind of error. */
int fail(const struct err *err);

/* Judges `result` again with these options, shows it as they say, and returns the exit status of the verdict. */
int finish(struct result *result, const struct output_options *output);

/* Shows without judging (a saved verdict stands). */
int show(const struct result *result, const struct output_options *output, struct err *err);

/* The exit status of a verdict under --fail-on (NULL: none). */
int exit_status(const struct verdict *verdict, const char *fail_on);

/* Whether a report on `stream` is coloured: --color, NO_COLOR, terminal. */
bool use_color(const char *color, int fd);

#endif
