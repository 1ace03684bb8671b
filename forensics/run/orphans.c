#include "run/orphans.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* A fork bomb could outrun the killing; its author's terminal ends it. */
enum { ROUNDS = 1000 };

/* Reads the children of this thread; -1: the kernel does not list them (CONFIG_PROC_CHILDREN). */
static int list_children(pid_t *pids, int room)
{
    int count = 0, pid;
    FILE *f = fopen("/proc/thread-self/children", "re");
    if (!f)
        return -1;
    while (fscanf(f, "%d", &pid) == 1) {
        if (count < room)
            pids[count] = pid;
        count++;
    }
    fclose(f);
    return count;
}

void orphans_note(struct orphans *before)
{
    before->count = list_children(before->known, ORPHANS_KNOWN);
}

static bool is_known(const struct orphans *before, pid_t pid)
{
    for (int i = 0; i < before->count; i++)
        if (before->known[i] == pid)
            return true;
    return false;
}

void orphans_end(const struct orphans *before)
{
    if (before->count < 0 || before->count > ORPHANS_KNOWN)
        return;
    for (int round = 0; round < ROUNDS; round++) {
        pid_t now[ORPHANS_KNOWN * 2];
        int count = list_children(now, ORPHANS_KNOWN * 2), ended = 0;
        for (int i = 0; i < count && i < ORPHANS_KNOWN * 2; i++) {
            if (is_known(before, now[i]))
                continue;
            kill(now[i], SIGKILL);
            while (waitpid(now[i], NULL, 0) < 0 && errno == EINTR) {
            }
            ended++;
        }
        if (!ended)
            return;
    }
}
