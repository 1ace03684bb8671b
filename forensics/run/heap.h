/* Another place for a program's heap: its break is raised before its first instruction runs, so that what malloc takes
 * from it lies elsewhere within lines and pages. Nothing in the program, its files or its environment differs. */
#ifndef FORENSICS_RUN_HEAP_H
#define FORENSICS_RUN_HEAP_H

#include <stdbool.h>
#include <sys/types.h>

/* Before the child executes the program: asks to be stopped there. False: tracing is not allowed here. */
bool heap_catch(pid_t child);

/* Waits for execve of a caught child, raises the break by `bytes` and lets it go untraced. False: the break stayed, or
 * the child ended before; its end is left to be waited for. */
bool heap_raise(pid_t child, unsigned bytes);

#endif
