/* Recording one execution of a program: starts the recorder (a Valgrind tool, a program of its own) on it and hands out
 * the stream while the program runs.
 *
 *     struct record *r = record_start(&spec, arena, err);
 *     while ((item = stream_next(record_stream(r), &run, &event, err)) > STREAM_DONE) ...
 *     record_finish(r, &result, err);
 *
 * What is held equal, so that two recordings of one program are the same stream word for word, whatever the directory,
 * the environment and the user they are started from (threads apart: they are serialised, and where one blocks the
 * order may differ):
 *   - the program is started as /proc/self/fd/200/NAME, whatever its path and whatever the length of it; argv[0] too
 *   - the environment is a fixed list and what the spec adds; nothing of the caller's
 *   - no address randomisation; stack limit 8 MiB, 1024 descriptors, umask 022
 *   - processor identity (CPUID), time stamp counter, AT_RANDOM and getrandom() are the recorder's own
 * The clock, files, the process id and the user are the machine's; a program that computes with these may differ.
 *
 * What it follows: the process itself with all its threads. A forked child runs on, unrecorded; a program that replaces
 * itself (execve) ends the stream at that point.
 */
#ifndef FORENSICS_SIM_RECORD_H
#define FORENSICS_SIM_RECORD_H

#include "base/arena.h"
#include "base/err.h"
#include "sim/stream.h"

struct record_spec {
    const char *program;      /* path of an x86-64 ELF executable */
    const char *name;         /* last part of the argv[0] it sees; NULL: the program's own. The same for old and new */
    const char *const *args;  /* argv[1] onwards, NULL-terminated; NULL: none */
    const char *const *env;   /* "NAME=value" added to the fixed list, or replacing its entry; NULL: none */
    const char *const *own_env; /* the same, after `env`: what this side alone is given */
    const char *cwd;          /* NULL: the caller's */
    int stdin_fd;             /* these three are duplicated; -1: /dev/null. Start from RECORD_SPEC_INIT */
    int stdout_fd, stderr_fd;
    double timeout;           /* seconds; 0: none */
    bool (*keep_on)(void *context); /* asked ten times a second, from a thread of the recording; false ends it */
    void *context;                  /* NULL keep_on: nobody is asked */
    const char *tool_dir;     /* where the built recorder lies; NULL: look for it, build it if need be */
    uint32_t ring_chunks;     /* of 256 KiB; 0: 16 */
};
#define RECORD_SPEC_INIT ((struct record_spec){ .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1 })

/* How a recording ended. */
struct record_result {
    int status;          /* exit status, or -1 when a signal ended it */
    int signal;          /* the signal, or 0 */
    bool timed_out;      /* ended by us after `timeout` */
    const char *recipe;  /* "key=value\n" lines: all that was held equal (also the stream's START event) */
    const char *messages; /* what the engine had to say, "" as a rule */
};

struct record;

/* Whether `program` can be recorded at all: an x86-64 ELF executable, not setuid, no AVX-512 needed. False: the reason.
 */
bool record_check(const char *program, struct err *err);

/* Starts it. The handle and its texts live in `arena`. NULL: err says why, and nothing runs. */
struct record *record_start(const struct record_spec *spec, struct arena *arena, struct err *err);

/* The stream to read; closed by record_finish. */
struct stream *record_stream(struct record *record);

/* Waits for the end (the stream should have been read to it), or kills what still runs when it was not; removes every
 * trace and closes the stream. False: the engine itself failed, or the program did something it cannot run. */
bool record_finish(struct record *record, struct record_result *result, struct err *err);

/* Start, save to `path`, finish: a recording to be replayed later. */
bool record_to_file(const struct record_spec *spec, const char *path, struct arena *arena, struct record_result *result,
                    struct err *err);

/* The folder with the built recorder; built now if it is missing and Valgrind is installed. NULL: err has the remedy.
 */
const char *record_tool_dir(struct arena *arena, struct err *err);

#endif
