/* The ring of memory into which the kernel writes what it saw while a program ran. */
#ifndef FORENSICS_RUN_PERF_RING_H
#define FORENSICS_RUN_PERF_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One record. Which fields are filled depends on the kind. */
struct perf_seen {
    enum { SEEN_SAMPLE, SEEN_MAP, SEEN_FORK, SEEN_LOST } kind;
    uint64_t event;     /* sample: the kernel's number of the event */
    uint64_t address;   /* sample: of the instruction; map: where it begins */
    uint64_t period;    /* sample: events, or ns, that it stands for */
    uint64_t length, offset; /* map: bytes, and where in the file it begins */
    uint32_t process, parent; /* fork: parent, too */
    uint64_t lost;      /* lost: records */
    const char *path;   /* map: lives until the next record */
};

typedef void perf_see(void *context, const struct perf_seen *seen);

/* Hands over every record between the ring's tail and head, in order, and gives their room back to the kernel. `ring` is
 * the first page of the mapping, behind which are `bytes` of records, a power of two. Records of other kinds are stepped
 * over. False: a record is damaged, and the rest is dropped. */
bool perf_ring_drain(void *ring, size_t bytes, perf_see *see, void *context);

#endif
