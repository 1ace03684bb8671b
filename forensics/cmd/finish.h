/* The last step of every verb that ends in a verdict: reports out, exit status back. */
#ifndef FORENSICS_CMD_FINISH_H
#define FORENSICS_CMD_FINISH_H

#include "cmd/options.h"
#include "report/report.h"

/* Prints "PROGRAM: sentence" on stderr and returns the exit status of that kind of error. */
int fail(const struct err *err);

/* The statistics of result->session; a floor that the user set is also the one that equivalence is proved against. */
struct comparison compare_runs(const struct result *result, const struct output_options *output);

/* Judges `result`, shows it as the options say, and returns the exit status of the verdict. */
int finish(struct result *result, const struct output_options *output);

/* Shows without judging: the verdict in `result` stands. */
bool show(const struct result *result, const struct output_options *output, struct err *err);

/* The exit status of a verdict under --fail-on (NULL: none). */
int exit_status(const struct verdict *verdict, const char *fail_on);

/* Colour, characters and width of what goes to `fd` (-1: a file): --color, NO_COLOR, the locale, the terminal. */
struct report_options look_of(const struct output_options *output, int fd);

#endif
