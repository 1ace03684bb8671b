#include "run/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/interrupt.h"
#include "run/spool.h"

enum { TAIL = 400 };

__attribute__((noreturn)) static void child(const char *command, int out, int errors)
{
    sigset_t none;
    int empty = open("/dev/null", O_RDONLY | O_CLOEXEC);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int s = 1; s < NSIG; s++)
        signal(s, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (empty >= 0 && dup2(empty, 0) >= 0 && dup2(out, 1) >= 0 && dup2(errors, 2) >= 0)
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

/* Waits for its end or for a signal to us, which ends the group. */
static bool wait_end(pid_t pid, int *status, struct err *err)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd fds[2] = { { .fd = pidfd, .events = POLLIN }, { .fd = interrupt_fd(), .events = POLLIN } };
    while (pidfd >= 0 && !interrupt_signal() && !(fds[0].revents & POLLIN))
        poll(fds, 2, -1);
    bool stopped = interrupt_signal() != 0;
    kill(-pid, SIGKILL); /* what is left of the group; the leader cannot be another's yet */
    int state;
    while (waitpid(pid, &state, 0) < 0 && errno == EINTR) {
    }
    if (pidfd >= 0)
        close(pidfd);
    *status = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
    return !stopped || err_set(err, ERR_INTERRUPTED, "interrupted while a command ran");
}

static const char *all_of(struct arena *arena, int fd)
{
    struct stat st;
    size_t bytes = fstat(fd, &st) == 0 && st.st_size > 0 ? (size_t)st.st_size : 0, at = 0;
    char *text = arena_alloc(arena, bytes + 1);
    for (ssize_t got; at < bytes && (got = pread(fd, text + at, bytes - at, (off_t)at)) > 0;)
        at += (size_t)got;
    text[at] = '\0';
    return text;
}

static bool run_into(struct arena *arena, const char *command, int out, int errors, struct command_end *end,
                     struct err *err)
{
    pid_t pid = fork();
    if (pid < 0)
        return err_sys(err, ERR_TOOL, errno, "cannot start another process (raise `ulimit -u`, or free memory)");
    if (pid == 0)
        child(command, out, errors);
    setpgid(pid, pid);
    if (!wait_end(pid, &end->status, err))
        return false;
    char *tail = arena_alloc(arena, TAIL);
    spool_tail(errors, tail, TAIL);
    end->output = all_of(arena, out);
    end->tail = tail;
    return true;
}

bool command_run(struct arena *arena, const char *command, struct command_end *end, struct err *err)
{
    int out = spool_open(err), errors = out >= 0 ? spool_open(err) : -1;
    bool done = errors >= 0 && run_into(arena, command, out, errors, end, err);
    if (out >= 0)
        close(out);
    if (errors >= 0)
        close(errors);
    return done;
}
