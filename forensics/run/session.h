/* A session: the schedule of a spec carried out over old, new and control through one source. */
#ifndef FORENSICS_RUN_SESSION_H
#define FORENSICS_RUN_SESSION_H

#include "run/source.h"

/* How a session talks to its caller; functions may be NULL. */
struct session_hooks {
    void *context;
    /* After every run, warm-up included: runs done of `total`; seconds_left is NaN while it cannot be told. */
    void (*progress)(void *context, int done, int total, double seconds_left);
    /* Something that weakens the figures without ending the session: one sentence, each at most once. */
    void (*warn)(void *context, const char *sentence);
};

/* Runs everything and fills `session` (which lives in the arena). `spec->cpu` becomes the core that was used
 * (-2: none). Throughput is read from stdout where spec->throughput asks for it. What old and new print is compared;
 * a difference, or that it cannot be told because a program's own output changes, ends the session with ERR_TARGET
 * where spec->same_output asks for it and is else said in session->output_note.
 *
 * False: see err. ERR_TARGET: a program failed, hung, printed too much, nothing that matches, or (same_output)
 * something else than the other one. ERR_INTERRUPTED: SIGINT, SIGTERM or SIGHUP (interrupt_signal() tells which); then
 * session->complete is false and session->interrupted says why. In both cases what was measured until then is
 * in `session`, and no process is left. The session begins to watch for signals; interrupt_unwatch() ends that. */
bool session_run(struct arena *arena, struct spec *spec, struct source_object *source,
                 const struct session_hooks *hooks, struct session *session, struct err *err);

#endif
