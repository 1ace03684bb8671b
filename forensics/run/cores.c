#include "run/cores.h"

#include <errno.h>
#include <stdio.h>

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

static int highest(const cpu_set_t *set)
{
    for (int i = CPU_SETSIZE - 1; i >= 0; i--)
        if (CPU_ISSET((size_t)i, set))
            return i;
    return -1;
}

bool cores_choose(int wanted, cpu_set_t *own, int *chosen, struct err *err)
{
    if (sched_getaffinity(0, sizeof *own, own) < 0)
        return err_sys(err, ERR_TOOL, errno, "cannot read the cores of this process");
    if (wanted >= 0 && (wanted >= CPU_SETSIZE || !CPU_ISSET((size_t)wanted, own))) {
        char list[200];
        cores_format(own, list, sizeof list);
        return err_set(err, ERR_USAGE, "there is no core %d for this process: choose one of %s with --cpu", wanted, list);
    }
    *chosen = wanted >= 0 ? wanted : wanted == -1 ? highest(own) : -1;
    return true;
}
