/* What can give the figures of one execution, behind one interface.
 *
 * A source either watches programs that the session runs (clock, perf: `arm` and `collect`) or serves figures
 * without the session running anything (script, and a simulator: `serve`). A session uses one source; where
 * programs are run the clock is read as well.
 *
 * A source is made by its own file's function (script_source, perf_source, ...), lives in the caller's arena
 * and is ended with source_close. Its readings carry its own SOURCE_* and keep absent apart from zero.
 */
#ifndef FORENSICS_RUN_SOURCE_H
#define FORENSICS_RUN_SOURCE_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/sample.h"
#include "run/launch.h"

struct source_object {
    const struct source_ops *ops;
    void *state;
};

/* Functions of a source; `run` tells side and round. Each false leaves a sentence in err. */
struct source_ops {
    enum source source;
    /* Warm-up rounds tell it nothing: it is asked for counting rounds only (serve sources). */
    bool skips_warmup;
    /* The child stands before execve: attach to it. NULL: nothing to attach. */
    bool (*arm)(struct source_object *source, const struct run *run, pid_t child, struct err *err);
    /* The child has ended and is reaped: fill run->readings and let go of it. Called after every arm,
     * whatever became of the run. NULL: nothing to add. */
    bool (*collect)(struct source_object *source, struct run *run, struct err *err);
    /* Instead of running the program: fill outcome, status and readings. NULL: the program is run. */
    bool (*serve)(struct source_object *source, struct run *run, struct err *err);
    void (*close)(struct source_object *source); /* NULL: nothing to let go of */
};

/* The clock alone: programs are run and nothing is attached. */
struct source_object clock_source(void);

void source_close(struct source_object *source);

#endif
