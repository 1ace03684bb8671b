/* perf_event_open behind three functions, so that tests can play a kernel with any counters and any error. */
#ifndef FORENSICS_RUN_PERF_KERNEL_H
#define FORENSICS_RUN_PERF_KERNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What identifies an event to the kernel. */
struct perf_code {
    uint32_t type; /* PERF_TYPE_* */
    uint64_t config, config1, config2;
};

/* How it is opened. */
struct perf_how {
    pid_t pid;      /* 0: this process */
    int leader;     /* descriptor of the group's first event; -1: this is the first */
    bool user_only; /* do not count kernel and hypervisor */
    bool on_exec;   /* starts when the process executes a program, with all that it starts; else it never counts */
};

/* What was counted. */
struct perf_count {
    uint64_t value;      /* while on the hardware */
    uint64_t enabled_ns; /* since the start */
    uint64_t running_ns; /* on the hardware */
};

struct perf_kernel {
    /* A descriptor, or -errno. */
    int (*open)(void *context, const struct perf_code *code, const struct perf_how *how);
    /* 0, or -errno. */
    int (*read)(void *context, int fd, struct perf_count *count);
    void (*close)(void *context, int fd);
    /* Counters of every core that someone else holds for good: the NMI watchdog's one. */
    int (*reserved)(void *context);
    /* kernel.perf_event_paranoid; -2: no such file. */
    int (*paranoid)(void *context);
    void *context;
};

/* The running kernel. */
extern const struct perf_kernel perf_kernel_real;

#endif
