/* Giving up memory between fork and execve, for the sake of a figure.
 *
 * The kernel's peak resident set of a process includes the time before execve, so a program would be credited
 * with what this process had when it was forked. The child therefore lets go of its copies before it goes on.
 */
#ifndef FORENSICS_RUN_SHED_H
#define FORENSICS_RUN_SHED_H

enum {
    SHED_SMALLEST = 256 * 1024, /* bytes: smaller nameless mappings are libc's own and not worth it */
    SHED_REST = 512 * 1024,     /* bytes: what execve itself and the kernel's counting in batches can add to the peak */
};

/* Drops the contents of the heap, of every larger private anonymous mapping but the stack, and of the libraries but
 * libc, and starts the peak anew. After it only system calls, the stack, small static data and shared mappings may be
 * used: no malloc, no stdio, no arena, no other library. */
void shed_memory(void);

#endif
