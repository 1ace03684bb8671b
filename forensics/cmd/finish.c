#include "cmd/finish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/save_file.h"
#include "cmd/verb.h"
#include "core/json.h"
#include "judge/judge.h"
#include "report/report.h"
#include "run/interrupt.h"

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

bool use_color(const char *color, int fd)
{
    const char *none = getenv("NO_COLOR");
    if (strcmp(color, "auto") != 0)
        return strcmp(color, "always") == 0;
    return isatty(fd) && !(none && *none);
}
