#include "run/heap.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

bool heap_catch(pid_t child)
{
    return ptrace(PTRACE_SEIZE, child, NULL, (void *)(uintptr_t)(PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD)) == 0;
}

/* Waits for the next stop and takes it; the end of the child is only looked at. `kind` is the stop's signal and, above
 * bit 8, its event. */
static bool wait_stop(pid_t child, int *kind)
{
    siginfo_t info = { .si_pid = 0 };
    while (waitid(P_PID, (id_t)child, &info, WSTOPPED | WEXITED | WNOWAIT) < 0)
        if (errno != EINTR)
            return false;
    if (info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED)
        return false;
    *kind = info.si_status;
    return waitid(P_PID, (id_t)child, &info, WSTOPPED) == 0;
}

static bool go_on(pid_t child, enum __ptrace_request how, int expected)
{
    int kind;
    return ptrace(how, child, NULL, NULL) == 0 && wait_stop(child, &kind) && kind == expected;
}

/* The child executes brk(want) in place of its first instruction; its answer is the new break. */
static bool call_brk(pid_t child, const struct user_regs_struct *first, uint64_t want, uint64_t *answer)
{
    struct user_regs_struct regs = *first;
    regs.rax = SYS_brk;
    regs.orig_rax = (unsigned long long)-1;
    regs.rdi = want;
    if (ptrace(PTRACE_SETREGS, child, NULL, &regs) < 0 || !go_on(child, PTRACE_SINGLESTEP, SIGTRAP) ||
        ptrace(PTRACE_GETREGS, child, NULL, &regs) < 0)
        return false;
    *answer = regs.rax;
    return true;
}

/* At the first instruction: borrows its place for a `syscall`, and gives it back as it was. */
static bool raise_break(pid_t child, unsigned bytes)
{
    struct user_regs_struct first;
    uint64_t now = 0, then = 0;
    if (ptrace(PTRACE_GETREGS, child, NULL, &first) < 0)
        return false;
    errno = 0;
    long code = ptrace(PTRACE_PEEKTEXT, child, (void *)(uintptr_t)first.rip, NULL);
    if (errno || ptrace(PTRACE_POKETEXT, child, (void *)(uintptr_t)first.rip, (void *)((code & ~0xffffl) | 0x050f)) < 0)
        return false;
    bool raised =
        call_brk(child, &first, 0, &now) && call_brk(child, &first, now + bytes, &then) && then == now + bytes;
    bool restored = ptrace(PTRACE_POKETEXT, child, (void *)(uintptr_t)first.rip, (void *)code) == 0 &&
                    ptrace(PTRACE_SETREGS, child, NULL, &first) == 0;
    return raised && restored;
}

bool heap_raise(pid_t child, unsigned bytes)
{
    int kind;
    /* Signals that come before execve are nobody's here: the group is ended by SIGKILL alone. */
    bool there = wait_stop(child, &kind) && kind == (SIGTRAP | PTRACE_EVENT_EXEC << 8);
    /* The kernel writes execve's result over the registers on its way out, so the change is made behind that. */
    bool raised = there && go_on(child, PTRACE_SYSCALL, SIGTRAP | 0x80) && raise_break(child, bytes);
    ptrace(PTRACE_DETACH, child, NULL, NULL);
    return raised;
}
