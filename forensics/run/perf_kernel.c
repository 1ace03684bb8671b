#include "run/perf_kernel.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "run/machine.h"

static int open_event(void *context, const struct perf_code *code, const struct perf_how *how)
{
    struct perf_event_attr attr = { .type = code->type,
                                    .size = sizeof attr,
                                    .config = code->config,
                                    .config1 = code->config1,
                                    .config2 = code->config2 };
    (void)context;
    attr.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    /* A group starts with its leader. */
    attr.disabled = how->leader < 0;
    attr.enable_on_exec = how->on_exec && how->leader < 0;
    attr.inherit = how->on_exec;
    attr.exclude_kernel = attr.exclude_hv = how->user_only;
    long fd = syscall(SYS_perf_event_open, &attr, how->pid, -1, how->leader, (unsigned long)PERF_FLAG_FD_CLOEXEC);
    return fd < 0 ? -errno : (int)fd;
}

static int read_event(void *context, int fd, struct perf_count *count)
{
    (void)context;
    ssize_t got = read(fd, count, sizeof *count);
    return got == (ssize_t)sizeof *count ? 0 : got < 0 ? -errno : -EIO;
}

static void close_event(void *context, int fd)
{
    (void)context;
    close(fd);
}

static int reserved(void *context)
{
    (void)context;
    return machine_number("/proc/sys/kernel/nmi_watchdog", 0) == 1;
}

static int paranoid(void *context)
{
    (void)context;
    return (int)machine_number("/proc/sys/kernel/perf_event_paranoid", -2);
}

_Static_assert(sizeof(struct perf_count) == 24, "the kernel writes value, time enabled, time running");

const struct perf_kernel perf_kernel_real = { open_event, read_event, close_event, reserved, paranoid, NULL };
