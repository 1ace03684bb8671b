/* SIGINT, SIGTERM and SIGHUP as a flag and a file descriptor, so that work in progress can end in order.
 *
 * Signals belong to the process, so this is the one piece of global state in run/. A second signal of the
 * same kind has its default effect: a stage that does not look at the flag can still be ended by hand.
 */
#ifndef FORENSICS_RUN_INTERRUPT_H
#define FORENSICS_RUN_INTERRUPT_H

#include <stdbool.h>

#include "base/err.h"

/* Starts watching; does nothing when already watching. */
bool interrupt_watch(struct err *err);

/* Gives the signals their former effect back; interrupt_signal() keeps its answer. */
void interrupt_unwatch(void);

/* The signal that arrived since the last interrupt_watch that started watching; 0: none. */
int interrupt_signal(void);

/* Readable once a signal has arrived; -1 when not watching. */
int interrupt_fd(void);

#endif
