#include "run/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run/cores.h"
#include "run/heap.h"
#include "run/interrupt.h"
#include "run/orphans.h"
#include "run/shed.h"
#include "run/spool.h"
#include "run/startup.h"

/* The program's own file, in the child: AT_EXECFN becomes "/dev/fd/63". */
enum { PROGRAM_FD = 63 };

/* How often a running program's output is looked at. */
enum { WATCH_MS = 100 };

enum step { STEP_NONE, STEP_SETUP, STEP_STDIN, STEP_PIN, STEP_EXEC };

/* Written by the child, read by the parent. */
struct handshake {
    volatile enum step failed;
    volatile int errnum;
    volatile bool randomised;
    struct rusage before; /* what the forked copy of this process used until execve */
    struct timespec start;
};

struct launcher {
    const struct spec *spec;
    const char *name; /* argv[0] of every program */
    struct startup startup[2]; /* of old and new */
    int program[2]; /* O_PATH descriptors of old and new */
    int input;      /* stdin */
    int cpu;        /* -1: none */
    bool aslr;
    cpu_set_t own;  /* this process's cores before launcher_open */
    int was_subreaper;
    struct handshake *shared;
    struct launch_shift shift;
    bool guest; /* of launcher_like: core, input and handshake are another's */
};

/* ---- in the child ---- */

__attribute__((noreturn)) static void give_up(struct handshake *shared, enum step step)
{
    shared->errnum = errno;
    shared->failed = step;
    _exit(127);
}

static void reset_signals(void)
{
    sigset_t none;
    for (int s = 1; s < NSIG; s++)
        signal(s, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void pin_child(const struct launcher *l)
{
    cpu_set_t set = l->own;
    if (l->cpu >= 0) {
        CPU_ZERO(&set);
        CPU_SET((unsigned)l->cpu, &set);
    }
    if (sched_setaffinity(0, sizeof set, &set) < 0)
        give_up(l->shared, STEP_PIN);
}

static void connect_child(const struct launcher *l, int out, int errors)
{
    if (lseek(l->input, 0, SEEK_SET) < 0 && errno != ESPIPE)
        give_up(l->shared, STEP_STDIN);
    if (dup2(l->input, 0) < 0 || dup2(out, 1) < 0 || dup2(errors, 2) < 0)
        give_up(l->shared, STEP_SETUP);
}

static void settle_child(const struct launcher *l)
{
    if (!l->aslr && personality(ADDR_NO_RANDOMIZE) < 0)
        l->shared->randomised = true;
    const struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none);
}

/* Everything between fork and exec; waits for one byte on `go` just before execve. The launcher is taken by value:
 * after shed_memory the heap is empty. */
__attribute__((noreturn)) static void child(struct launcher own, int side, const int go[2], int out, int errors,
                                            pid_t parent)
{
    const struct launcher *l = &own;
    char byte;
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    close(go[1]);
    reset_signals();
    connect_child(l, out, errors);
    pin_child(l);
    settle_child(l);
    shed_memory();
    if (read(go[0], &byte, 1) != 1)
        _exit(127);
    if (dup2(l->program[side], PROGRAM_FD) < 0)
        give_up(l->shared, STEP_SETUP);
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    getrusage(RUSAGE_SELF, &l->shared->before);
    clock_gettime(CLOCK_MONOTONIC, &l->shared->start);
    syscall(SYS_execveat, PROGRAM_FD, "", l->startup[side].argv, l->startup[side].envp, AT_EMPTY_PATH);
    give_up(l->shared, STEP_EXEC);
}

/* ---- in the parent ---- */

static uint64_t since(const struct timespec *start, const struct timespec *end)
{
    int64_t ns = (end->tv_sec - start->tv_sec) * INT64_C(1000000000) + (end->tv_nsec - start->tv_nsec);
    return ns > 0 ? (uint64_t)ns : 0;
}

static bool too_much(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && st.st_size > LAUNCH_OUTPUT_LIMIT;
}

/* Waits for the end, the timeout, a signal to us or a flood of output; the last three kill the group. */
static void watch(const struct launcher *l, pid_t pid, int pidfd, int errors, struct launched *out)
{
    struct timespec begin, now;
    struct pollfd fds[2] = { { .fd = pidfd, .events = POLLIN }, { .fd = interrupt_fd(), .events = POLLIN } };
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (;;) {
        int ready = poll(fds, 2, WATCH_MS);
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (ready > 0 && fds[0].revents)
            break;
        if (interrupt_signal())
            out->interrupted = interrupt_signal();
        else if (l->spec->timeout_s > 0 && (double)since(&begin, &now) > l->spec->timeout_s * 1e9)
            out->outcome = OUTCOME_TIMEOUT;
        else if (too_much(out->stdout_fd) || too_much(errors))
            out->flooded = true;
        else
            continue;
        kill(-pid, SIGKILL);
        kill(pid, SIGKILL);
        struct pollfd last = { .fd = pidfd, .events = POLLIN };
        while (poll(&last, 1, -1) < 0 && errno == EINTR) {
        }
        break;
    }
    clock_gettime(CLOCK_MONOTONIC, &now);
    out->wall_ns = since(&l->shared->start, &now);
}

static uint64_t more(uint64_t now, uint64_t before)
{
    return now > before ? now - before : 0;
}

static uint64_t nanoseconds(const struct timeval *t)
{
    return (uint64_t)t->tv_sec * 1000000000 + (uint64_t)t->tv_usec * 1000;
}

/* The program's own share: rusage counts from fork, and the copy of this process has used something, too. */
static void take_usage(const struct rusage *usage, const struct rusage *before, struct launched *out)
{
    out->user_ns = more(nanoseconds(&usage->ru_utime), nanoseconds(&before->ru_utime));
    out->system_ns = more(nanoseconds(&usage->ru_stime), nanoseconds(&before->ru_stime));
    out->minor_faults = more((uint64_t)usage->ru_minflt, (uint64_t)before->ru_minflt);
    out->major_faults = more((uint64_t)usage->ru_majflt, (uint64_t)before->ru_majflt);
    out->switches =
        more((uint64_t)(usage->ru_nvcsw + usage->ru_nivcsw), (uint64_t)(before->ru_nvcsw + before->ru_nivcsw));
    out->peak_rss = (uint64_t)usage->ru_maxrss * 1024;
    /* A peak cannot be divided. */
    out->peak_rss_known = usage->ru_maxrss > before->ru_maxrss + SHED_REST / 1024;
}

/* Reaps the leader after it has ended and fills the figures of its rusage. */
static void reap(const struct launcher *l, pid_t pid, struct launched *out)
{
    int status;
    struct rusage usage;
    while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR) {
    }
    if (out->outcome != OUTCOME_TIMEOUT && WIFSIGNALED(status)) {
        out->outcome = OUTCOME_SIGNAL;
        out->status = WTERMSIG(status);
    } else if (out->outcome != OUTCOME_TIMEOUT && WEXITSTATUS(status) != 0) {
        out->outcome = OUTCOME_EXIT;
        out->status = WEXITSTATUS(status);
    }
    take_usage(&usage, &l->shared->before, out);
    out->randomised = l->shared->randomised;
}

static bool explain(const struct launcher *l, int side, struct err *err)
{
    const char *path = l->spec->path[side];
    switch (l->shared->failed) {
    case STEP_NONE: return true;
    case STEP_STDIN:
        return err_sys(err, ERR_TOOL, l->shared->errnum, "cannot rewind '%s' to feed it again", l->spec->stdin_path);
    case STEP_PIN:
        return err_sys(err, ERR_TOOL, l->shared->errnum, "cannot pin '%s' to core %d (choose another with --cpu)", path,
                       l->cpu);
    case STEP_SETUP:
        return err_sys(err, ERR_TOOL, l->shared->errnum, "cannot prepare '%s' (raise `ulimit -n`)", path);
    case STEP_EXEC:
        if (l->shared->errnum == ENOEXEC)
            return err_set(err, ERR_TOOL, "this kernel cannot run '%s': build it for this machine", path);
        return err_sys(err, ERR_TOOL, l->shared->errnum, "cannot start '%s'", path);
    }
    return true;
}

/* Lets a prepared child run and waits for its end. */
static bool see_through(struct launcher *l, enum side side, pid_t pid, int go, int errors, struct launched *out,
                        launch_armer *arm, void *context, struct err *err)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    bool fine = pidfd >= 0 || err_sys(err, ERR_TOOL, errno,
                                      "cannot watch a program (pidfd_open: raise `ulimit -n`; it needs Linux 5.3 and "
                                      "no seccomp filter)");
    fine = fine && (!arm || arm(context, pid, err));
    bool traced = fine && l->shift.heap && heap_catch(pid);
    if (fine && write(go, "", 1) == 1) {
        out->heap_stayed = l->shift.heap && !(traced && heap_raise(pid, l->shift.heap));
        watch(l, pid, pidfd, errors, out);
    }
    /* Whatever is left of the group; the leader is still a zombie, so the number cannot be another group's yet. */
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
    reap(l, pid, out);
    if (pidfd >= 0)
        close(pidfd);
    return fine && explain(l, side == SIDE_NEW, err);
}

static bool run_with(struct launcher *l, enum side side, const int go[2], int errors, struct launched *out,
                     launch_armer *arm, void *context, struct err *err)
{
    struct orphans before;
    orphans_note(&before);
    *l->shared = (struct handshake){ .failed = STEP_NONE };
    pid_t parent = getpid(), pid = fork();
    if (pid < 0)
        return err_sys(err, ERR_TOOL, errno, "cannot start another process (raise `ulimit -u`, or free memory)");
    if (pid == 0)
        child(*l, side == SIDE_NEW, go, out->stdout_fd, errors, parent);
    setpgid(pid, pid);
    bool fine = see_through(l, side, pid, go[1], errors, out, arm, context, err);
    orphans_end(&before);
    spool_tail(errors, out->tail, sizeof out->tail);
    lseek(out->stdout_fd, 0, SEEK_SET);
    return fine;
}

bool launcher_run(struct launcher *l, enum side side, launch_armer *arm, void *context, struct launched *out,
                  struct err *err)
{
    int go[2];
    *out = (struct launched){ .outcome = OUTCOME_OK, .stdout_fd = spool_open(err) };
    int errors = out->stdout_fd >= 0 ? spool_open(err) : -1;
    bool fine = errors >= 0;
    if (fine && pipe2(go, O_CLOEXEC) < 0)
        fine = err_sys(err, ERR_TOOL, errno, "cannot make a pipe (raise `ulimit -n`)");
    if (fine) {
        fine = run_with(l, side, go, errors, out, arm, context, err);
        close(go[0]);
        close(go[1]);
    }
    if (errors >= 0)
        close(errors);
    if (!fine && out->stdout_fd >= 0) {
        close(out->stdout_fd);
        out->stdout_fd = -1;
    }
    return fine;
}

/* ---- opening and closing ---- */

static bool open_input(struct launcher *l, struct err *err)
{
    const char *path = l->spec->stdin_path ? l->spec->stdin_path : "/dev/null";
    struct stat st;
    /* Asked before it is opened, since opening a pipe would wait for its writer. */
    if (stat(path, &st) == 0 && S_ISFIFO(st.st_mode))
        return err_set(err, ERR_USAGE, "stdin '%s' is a pipe and cannot be fed again for every run: save it to a file", path);
    l->input = open(path, O_RDONLY | O_CLOEXEC);
    if (l->input < 0)
        return err_sys(err, ERR_TOOL, errno, "cannot read '%s' for stdin", path);
    if (isatty(l->input))
        return err_set(err, ERR_USAGE, "stdin '%s' is a terminal and cannot be fed again for every run: save what is typed to a file", path);
    if (l->spec->stdin_path && fstat(l->input, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
        return err_set(err, ERR_TOOL,
                       "stdin '%s' is not a regular file and cannot be fed again for every run: save it to a file",
                       path);
    return true;
}

static bool open_program(struct launcher *l, int side, struct err *err)
{
    const char *path = l->spec->path[side];
    if (!launch_check(path, err))
        return false;
    l->program[side] = open(path, O_PATH | O_CLOEXEC);
    return l->program[side] >= 0 || err_sys(err, ERR_TOOL, errno, "cannot open '%s'", path);
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Keeps this process off the measured core, where there is another one. */
static void step_aside(const struct launcher *l)
{
    cpu_set_t others = l->own;
    if (l->cpu < 0)
        return;
    CPU_CLR((unsigned)l->cpu, &others);
    if (CPU_COUNT(&others) > 0)
        sched_setaffinity(0, sizeof others, &others);
}

static bool open_startups(struct launcher *l, struct arena *arena, struct err *err)
{
    for (int side = 0; side < 2; side++)
        if (!startup_open(arena, l->name, l->spec, side, &l->shift, &l->startup[side], err))
            return false;
    return true;
}

static bool prepare(struct launcher *l, struct arena *arena, struct err *err)
{
    const struct spec *spec = l->spec;
    if (!open_program(l, 0, err) || !open_program(l, 1, err) || !open_input(l, err))
        return false;
    if (!cores_choose(spec->cpu, &l->own, &l->cpu, err) || !interrupt_watch(err))
        return false;
    void *shared = mmap(NULL, sizeof *l->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return err_sys(err, ERR_TOOL, errno, "cannot map a page");
    l->shared = shared;
    if (!open_startups(l, arena, err))
        return false;
    prctl(PR_GET_CHILD_SUBREAPER, &l->was_subreaper);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    step_aside(l);
    return true;
}

struct launcher *launcher_open(struct arena *arena, const struct spec *spec, struct err *err)
{
    struct launcher *l = arena_alloc(arena, sizeof *l);
    *l = (struct launcher){ .spec = spec, .name = file_name(spec->path[0]), .program = { -1, -1 }, .input = -1, .cpu = -1, .aslr = spec->aslr };
    if (prepare(l, arena, err))
        return l;
    launcher_close(l);
    return NULL;
}

struct launcher *launcher_like(struct arena *arena, struct launcher *model, const struct spec *spec,
                               const struct launch_shift *shift, struct err *err)
{
    struct launcher *l = arena_alloc(arena, sizeof *l);
    *l = *model;
    l->spec = spec;
    l->aslr = spec->aslr;
    l->shift = *shift;
    l->guest = true;
    for (int side = 0; side < 2; side++) {
        l->program[side] = -1;
        l->startup[side] = (struct startup){ .map = NULL };
    }
    if (open_program(l, 0, err) && open_program(l, 1, err) && open_startups(l, arena, err))
        return l;
    launcher_close(l);
    return NULL;
}

void launcher_close(struct launcher *l)
{
    if (!l)
        return;
    int fds[] = { l->program[0], l->program[1], l->guest ? -1 : l->input };
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    startup_close(&l->startup[0]);
    startup_close(&l->startup[1]);
    if (!l->shared || l->guest)
        return;
    munmap(l->shared, sizeof *l->shared);
    prctl(PR_SET_CHILD_SUBREAPER, l->was_subreaper);
    sched_setaffinity(0, sizeof l->own, &l->own);
}

int launcher_cpu(const struct launcher *l)
{
    return l->cpu;
}
