/* Floor 7: what stands behind the names. The plain front is the fast path alone; the checking front puts
 * canaries, poison and a quarantine around it. Both give the same functions:
 *
 *   front_malloc, front_calloc, front_aligned, front_realloc, front_free, front_free_sized,
 *   front_usable
 *
 * They set errno to ENOMEM when they return NULL, and free leaves errno alone. */
#ifndef HAK_FRONT_H
#define HAK_FRONT_H

#include "config.h"

#if HAK_CHECKING
#include "front_checking.h"
#else
#include "front_plain.h"
#endif

#endif
