#include "run/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
enum { SIGNALS = sizeof signals / sizeof *signals };

static volatile sig_atomic_t caught;
static int wake[2] = { -1, -1 };
static struct sigaction former[SIGNALS];

static void note(int signal_number)
{
    int saved = errno;
    caught = signal_number;
    if (write(wake[1], "", 1) < 0) {
        /* Full or gone: the flag alone must do. */
    }
    errno = saved;
}

bool interrupt_watch(struct err *err)
{
    if (wake[0] >= 0)
        return true;
    if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) < 0)
        return err_sys(err, ERR_TOOL, errno, "cannot make a pipe for signals (raise `ulimit -n`)");
    caught = 0;
    struct sigaction action = { .sa_handler = note, .sa_flags = (int)SA_RESETHAND };
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < SIGNALS; i++) {
        sigaction(signals[i], NULL, &former[i]);
        /* nohup and background shells ignore on purpose: leave that. */
        if (former[i].sa_handler != SIG_IGN)
            sigaction(signals[i], &action, NULL);
    }
    return true;
}

void interrupt_unwatch(void)
{
    if (wake[0] < 0)
        return;
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &former[i], NULL);
    close(wake[0]);
    close(wake[1]);
    wake[0] = wake[1] = -1;
}

int interrupt_signal(void)
{
    return caught;
}

int interrupt_fd(void)
{
    return wake[0];
}
