/* Running one program once, the same way every time.
 *
 * What is held equal for every side, because a program's speed depends on it:
 *   - the initial stack. The kernel copies onto it the name of the executed file, argv and the environment.
 *     The program is executed through a file descriptor of fixed number (execveat), so the name the kernel
 *     sees is "/dev/fd/63" whatever the path is; argv[0] is old's file name for every side; and the
 *     environment is filled up with LAYOUT_TAX_PAD until strings and pointers together are a multiple of
 *     4096 bytes, so that another --env value does not move the stack inside its page either.
 *     /proc/self/exe, and with it $ORIGIN, still tells the real path.
 *   - the environment itself: PATH, LC_ALL=C, TZ=UTC0 and what the spec adds; or the caller's (keep_env).
 *   - the core, the working directory, address randomisation (off unless asked for), no core dumps.
 * stdout and stderr go to unlinked temporary files: writing never waits for this process, and 100 MB of
 * output cost disk, not memory.
 *
 * A program is run in a process group of its own. Nothing of it survives its run: the group is killed when
 * its leader ends, descendants that left the group are adopted (child subreaper) and killed, and the leader
 * dies with this process (parent-death signal).
 */
#ifndef FORENSICS_RUN_LAUNCH_H
#define FORENSICS_RUN_LAUNCH_H

#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/sample.h"
#include "run/startup.h"

/* A run is ended when stdout or stderr exceeds this. */
#define LAUNCH_OUTPUT_LIMIT ((int64_t)1 << 30) /* bytes */

enum { LAUNCH_TAIL = 240 /* bytes of stderr kept for sentences */ };

/* How one execution went. */
struct launched {
    enum outcome outcome;
    int status;      /* exit status or signal number */
    int interrupted; /* signal sent to this process that ended the run; 0: none */
    bool flooded;    /* ended because of LAUNCH_OUTPUT_LIMIT */
    bool randomised; /* asked for no address randomisation, and the system refused */
    bool heap_stayed; /* asked for another heap, and the system does not let this process trace the program */
    uint64_t wall_ns; /* CLOCK_MONOTONIC, from just before execve until its end is seen */
    uint64_t user_ns, system_ns; /* from execve on, like the counts below; of the program and of what it waited for */
    uint64_t minor_faults, major_faults, switches;
    uint64_t peak_rss;      /* bytes */
    bool peak_rss_known;    /* false: not clearly above what the forked copy of this process had before execve */
    int stdout_fd;          /* what it printed, at offset 0; the caller closes it */
    char tail[LAUNCH_TAIL]; /* the end of its stderr on one line; "" when it said nothing */
};

struct launcher;

/* Whether `path` is a program that can be run here; else one sentence that says why not. */
bool launch_check(const char *path, struct err *err);

/* Checks paths and core, builds argv and environment. NULL: see err. `spec` and what it points to must
 * outlive the launcher; launcher_close after every success. */
struct launcher *launcher_open(struct arena *arena, const struct spec *spec, struct err *err);
void launcher_close(struct launcher *launcher); /* NULL is harmless */

/* A launcher for other programs on the core and with the input of `model`, which must outlive it. `spec` tells their
 * paths, arguments, environment and whether addresses are randomised; `shift` where they find their memory. */
struct launcher *launcher_like(struct arena *arena, struct launcher *model, const struct spec *spec,
                               const struct launch_shift *shift, struct err *err);

/* The core the program is pinned to; -1: none. */
int launcher_cpu(const struct launcher *launcher);

/* Called while the child stands just before execve, e.g. to attach counters; false ends the run. */
typedef bool launch_armer(void *context, pid_t child, struct err *err);

/* Runs the program of a side. False: it could not be started (see err); how it ended is in `out`.
 * On failure no descriptor is left in `out`. */
bool launcher_run(struct launcher *launcher, enum side side, launch_armer *arm, void *context, struct launched *out,
                  struct err *err);

#endif
