#include "run/cores.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

void cores_format(const cpu_set_t *set, char *text, size_t room)
{
    size_t used = 0;
    text[0] = '\0';
    for (int first = 0; first < CPU_SETSIZE; first++) {
        int last = first;
        if (!CPU_ISSET((size_t)first, set))
            continue;
        while (last + 1 < CPU_SETSIZE && CPU_ISSET((size_t)last + 1, set))
            last++;
        const char *comma = used ? "," : "";
        int wrote = last > first ? snprintf(text + used, room - used, "%s%d-%d", comma, first, last)
                                 : snprintf(text + used, room - used, "%s%d", comma, first);
        if ((size_t)wrote >= room - used)
            return;
        used += (size_t)wrote;
        first = last;
    }
}

/* Ticks of /proc/stat that each core was idle or waited for a disk. */
static void read_idle(long long idle[CPU_SETSIZE])
{
    char line[512];
    FILE *f = fopen("/proc/stat", "re");
    for (int i = 0; i < CPU_SETSIZE; i++)
        idle[i] = 0;
    while (f && fgets(line, sizeof line, f)) {
        int core;
        long long ticks[5];
        if (sscanf(line, "cpu%d %lld %lld %lld %lld %lld", &core, &ticks[0], &ticks[1], &ticks[2], &ticks[3],
                   &ticks[4]) == 6 &&
            core >= 0 && core < CPU_SETSIZE)
            idle[core] = ticks[3] + ticks[4];
    }
    if (f)
        fclose(f);
}

static int most_idle(const cpu_set_t *set)
{
    long long before[CPU_SETSIZE], after[CPU_SETSIZE];
    int best = -1;
    read_idle(before);
    nanosleep(&(struct timespec){ 0, CORES_LOOK_MS * 1000000L }, NULL);
    read_idle(after);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET((size_t)i, set) && (best < 0 || after[i] - before[i] >= after[best] - before[best]))
            best = i;
    return best;
}

bool cores_choose(int wanted, cpu_set_t *own, int *chosen, struct err *err)
{
    if (sched_getaffinity(0, sizeof *own, own) < 0)
        return err_sys(err, ERR_TOOL, errno, "cannot read the cores of this process");
    if (wanted >= 0 && (wanted >= CPU_SETSIZE || !CPU_ISSET((size_t)wanted, own))) {
        char list[200];
        cores_format(own, list, sizeof list);
        return err_set(err, ERR_USAGE, "there is no core %d for this process: choose one of %s with --cpu", wanted,
                       list);
    }
    *chosen = wanted >= 0 ? wanted : wanted == -1 ? most_idle(own) : -1;
    return true;
}
