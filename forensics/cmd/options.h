/* Command-line options that several verbs share: how to run, how to judge, how to show. */
#ifndef FORENSICS_CMD_OPTIONS_H
#define FORENSICS_CMD_OPTIONS_H

#include <argp.h>

#include "base/arena.h"
#include "core/result.h"

/* What every verb that ends in a verdict takes. */
struct output_options {
    struct judge_options judge;
    const char *json_path;   /* also write the result there; "-": stdout */
    const char *report_path; /* the report goes there instead of stdout */
    const char *format;      /* a row of the report formats */
    const char *color;       /* "auto", "always", "never" */
    const char *fail_on;     /* NULL, or causes that fold the exit status to 1 */
    bool quiet, verbose;
};

struct options {
    struct arena *arena; /* owns what the options point at */
    struct spec spec;
    struct output_options output;
    const char *script;  /* --script: readings from a file instead of runs */
    const char *elf[2];  /* import: --old-elf, --new-elf */
    size_t env_room, side_env_room[2], arg_room;
    bool locate;         /* --locate: measure time by function, too */
    unsigned layouts;    /* compare: how many other layouts to try where place is suspected; 0: none */
    int positional_max;  /* before `--`; more is an error */
    const char *positional[2];
    int positional_count;
    const char *missing; /* sentence when there are fewer than positional_min */
    int positional_min;
    bool program_args;   /* what follows `--` is the program's */
};

struct options options_new(void);
void options_free(struct options *options);

/* The children for a verb's argp: how to run, how to judge and show. Input of both: struct options *. */
extern const struct argp argp_running;
extern const struct argp argp_output;

/* Where and how to show: what every verb with a report or table takes. Keys are above 1024, or letters. */
enum { OPT_JSON = 1025, OPT_FORMAT, OPT_COLOR };
#define SHOW_OPTIONS(json_help, formats, quiet_help)                                                                   \
    { "json", OPT_JSON, "FILE", 0, json_help, 10 },                                                                    \
    { "format", OPT_FORMAT, "NAME", 0, formats " (default text)", 10 },                                                \
    { "output", 'o', "FILE", 0, "Write the report to FILE instead of stdout", 10 },                                    \
    { "color", OPT_COLOR, "auto|always|never", 0, "Colour (default auto: on a terminal, unless NO_COLOR is set)", 10 }, \
    { "quiet", 'q', NULL, 0, quiet_help, 10 }

/* Takes one of these options; `formats` is what its help says. ARGP_ERR_UNKNOWN: another option. */
error_t parse_show_option(int key, char *arg, struct argp_state *state, const char *formats,
                          struct output_options *output);

/* The parser for positionals (OLD NEW -- ARGS); give it as `parser` of the verb's own argp, children as wanted. */
error_t options_positional(int key, char *arg, struct argp_state *state);

/* Parses; on a wrong command line argp prints the sentence and exits with 1. */
void options_parse(struct options *options, const struct argp *argp, int argc, char **argv);

/* The causes of --fail-on, as a set of 1 << enum cause; false: err names the word that is no cause. */
bool fail_on_parse(const char *list, unsigned *causes, struct err *err);

#endif
