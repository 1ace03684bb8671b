/* Floor 7: statistics. hakmem.h has the public struct and calls. */
#ifndef HAK_STATS_H
#define HAK_STATS_H

#include "hakmem.h"

/* Writes a snapshot as text to a file descriptor. */
void hak_stats_write(int fd, const struct hakmem_stats *s);

#endif
