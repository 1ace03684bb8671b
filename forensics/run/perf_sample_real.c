/* perf_event_open, ioctl and mmap behind struct perf_sample_kernel. */
#include "run/perf_sample.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FREQUENCY = 1999 /* samples a second; a prime number, so that loops do not keep step with it */ };

#define CACHE_MISS(cache) \
    (PERF_COUNT_HW_CACHE_##cache | PERF_COUNT_HW_CACHE_OP_READ << 8 | PERF_COUNT_HW_CACHE_RESULT_MISS << 16)

static const struct {
    uint32_t type;
    uint64_t config;
} codes[SAMPLED_COUNT] = {
    [SAMPLED_CYCLES] = { PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES },
    [SAMPLED_BRANCH_MISSES] = { PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES },
    [SAMPLED_L1I_MISSES] = { PERF_TYPE_HW_CACHE, CACHE_MISS(L1I) },
    [SAMPLED_DTLB_MISSES] = { PERF_TYPE_HW_CACHE, CACHE_MISS(DTLB) },
};

static int open_event(void *context, enum sampled event, bool clock, pid_t pid, int cpu)
{
    struct perf_event_attr attr = { .type = clock ? PERF_TYPE_SOFTWARE : codes[event].type,
                                    .size = sizeof attr,
                                    .config = clock ? PERF_COUNT_SW_CPU_CLOCK : codes[event].config };
    (void)context;
    attr.sample_freq = FREQUENCY;
    attr.freq = 1;
    attr.sample_type = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_PERIOD;
    attr.disabled = attr.enable_on_exec = attr.inherit = 1;
    attr.exclude_kernel = attr.exclude_hv = 1;
    attr.mmap = attr.task = event == SAMPLED_CYCLES; /* maps and forks once, not by every event */
    long fd = syscall(SYS_perf_event_open, &attr, pid, cpu, -1, (unsigned long)PERF_FLAG_FD_CLOEXEC);
    return fd < 0 ? -errno : (int)fd;
}

static int number(void *context, int fd, uint64_t *event)
{
    (void)context;
    return ioctl(fd, PERF_EVENT_IOC_ID, event) < 0 ? -errno : 0;
}

static int join(void *context, int fd, int into)
{
    (void)context;
    return ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, into) < 0 ? -errno : 0;
}

static void *map(void *context, int fd, size_t bytes)
{
    (void)context;
    void *ring = mmap(NULL, bytes + (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return ring == MAP_FAILED ? NULL : ring;
}

static void unmap(void *context, void *ring, size_t bytes)
{
    (void)context;
    munmap(ring, bytes + (size_t)sysconf(_SC_PAGESIZE));
}

static void close_event(void *context, int fd)
{
    (void)context;
    close(fd);
}

const struct perf_sample_kernel perf_sample_real = { open_event, number, join, map, unmap, close_event, NULL };
