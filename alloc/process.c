/* Floor 7: the start and the end of the process. */
#include <stdlib.h>

#include "knobs.h"
#include "stats.h"
#include "thread.h"

/* As early as constructors go: our fork handlers then run after all others before a fork, and first after it. */
__attribute__((constructor(101))) static void start(void)
{
    hak_knobs_read();
    if (hak_knobs.help)
        hak_knobs_help(2, false);
    hak_thread_heap();
    hak_fork_handlers();
}

/* As late as destructors go. The memory itself stays: others may still run. */
__attribute__((destructor(101))) static void finish(void)
{
    if (hak_knobs.stats)
        hakmem_stats_print();
    hak_knobs_record();
}
