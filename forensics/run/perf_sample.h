/* Sampling: where a program is, every so many events, while it runs once.
 *
 * Cycles, mispredicted branches, instruction-cache and data-TLB misses, as far as the processor counts them; where it
 * counts no cycles, the CPU clock, which every machine has. The kernel writes addresses into a ring of memory per core
 * (PERF_EVENT_IOC_SET_OUTPUT: all events into one), which a thread empties. User mode alone.
 */
#ifndef FORENSICS_RUN_PERF_SAMPLE_H
#define FORENSICS_RUN_PERF_SAMPLE_H

#include "run/launch.h"

enum sampled { SAMPLED_CYCLES, SAMPLED_BRANCH_MISSES, SAMPLED_L1I_MISSES, SAMPLED_DTLB_MISSES, SAMPLED_COUNT };

/* How often one instruction was met. */
struct sampled_place {
    const char *path; /* of the mapped file; "" for code that is in no file */
    uint64_t offset;  /* in the file; without one the address */
    double events[SAMPLED_COUNT]; /* estimated: the sum of periods; of SAMPLED_CYCLES by the clock: ns */
};

struct samples {
    bool open[SAMPLED_COUNT]; /* what was sampled */
    bool by_clock;            /* SAMPLED_CYCLES are ns of CPU time, for want of a cycle counter */
    uint64_t taken, lost;
    double squares; /* sum of the squared periods of SAMPLED_CYCLES: the variance of their sum */
    struct sampled_place *places; /* by path, then offset */
    size_t count, room;
};

/* The kernel's part, which tests play. Functions return 0 or a descriptor, or -errno. */
struct perf_sample_kernel {
    int (*open)(void *context, enum sampled event, bool clock, pid_t pid, int cpu);
    int (*number)(void *context, int fd, uint64_t *event); /* as it is called in the ring */
    int (*join)(void *context, int fd, int into);          /* write into the ring of another */
    void *(*map)(void *context, int fd, size_t bytes);     /* a page and that many bytes of records; NULL: cannot */
    void (*unmap)(void *context, void *ring, size_t bytes);
    void (*close)(void *context, int fd);
    void *context;
};

extern const struct perf_sample_kernel perf_sample_real;

/* Runs the program of a side once and adds what was met to `samples` (zeroed before the first run). `kernel` NULL: the
 * real one. False: it cannot be sampled or run; see err. */
bool perf_sample_run(struct arena *arena, struct launcher *launcher, enum side side,
                     const struct perf_sample_kernel *kernel, struct samples *samples, struct err *err);

#endif
