#include "cmd/finish.h"

#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/verb.h"
#include "core/json.h"
#include "judge/judge.h"
#include "report/report.h"
#include "run/interrupt.h"
#include "stat/compare.h"

int fail(const struct err *err)
{
    fprintf(stderr, PROGRAM ": %s\n", err->text);
    switch (err->kind) {
    case ERR_TARGET: return EXIT_TARGET;
    case ERR_INTERRUPTED: return 128 + interrupt_signal();
    case ERR_NONE:
    case ERR_USAGE:
    case ERR_TOOL: break;
    }
    return EXIT_TOOL;
}

int exit_status(const struct verdict *verdict, const char *fail_on)
{
    unsigned causes;
    struct err err = ERR_INIT;
    if (!fail_on || !fail_on_parse(fail_on, &causes, &err))
        return cause_table[verdict->cause].exit_status;
    bool listed = causes & 1u << verdict->cause;
    bool any = verdict->regression && (causes & 1u << CAUSE_COUNT);
    return listed || any;
}

/* Colour, characters and width of what goes to `fd` (-1: a file). */
struct report_options look_of(const struct output_options *output, int fd)
{
    const char *none = getenv("NO_COLOR"), *kind = getenv("TERM");
    bool terminal = fd >= 0 && isatty(fd);
    struct winsize window;
    setlocale(LC_CTYPE, "");
    return (struct report_options){
        .colour = strcmp(output->color, "auto") ? !strcmp(output->color, "always") : terminal && !(none && *none) && !(kind && strcmp(kind, "dumb") == 0),
        .unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
        .verbose = output->verbose,
        .quiet = output->quiet,
        .width = terminal && ioctl(fd, TIOCGWINSZ, &window) == 0 ? window.ws_col : 0,
    };
}

bool show(const struct result *result, const struct output_options *output, struct err *err)
{
    enum report_format format = REPORT_TEXT;
    report_format_by_name(output->format, &format);
    bool json_on_stdout = output->json_path && strcmp(output->json_path, "-") == 0;
    if (json_on_stdout && !result_save(result, stdout, "stdout", err))
        return false;
    if (output->json_path && !json_on_stdout && !result_save_file(result, output->json_path, err))
        return false;
    if (output->report_path) {
        struct report_options look = look_of(output, -1);
        return report_write_file(result, format, output->report_path, &look, err);
    }
    if (json_on_stdout)
        return true;
    struct report_options look = look_of(output, STDOUT_FILENO);
    return report_write(result, format, stdout, "stdout", &look, err);
}

struct comparison compare_runs(const struct result *result, const struct output_options *output)
{
    struct compare_options options = compare_options_default();
    if (output->judge.floor > 0) {
        options.floor = output->judge.floor;
        options.equivalence = fmax(options.equivalence, options.floor);
    }
    return compare_session(result->arena, &result->session, &result->spec, &options);
}

int finish(struct result *result, const struct output_options *output)
{
    struct err err = ERR_INIT;
    result->verdict = judge(result->arena, result, &output->judge);
    if (!show(result, output, &err))
        return fail(&err);
    return exit_status(&result->verdict, output->fail_on);
}
