/* Floor 7: what stands behind the names. The plain front is the fast path alone; the checking front puts
 * canaries, poison and a quarantine around it. They set errno to ENOMEM when they return NULL; free keeps errno. */
#ifndef HAK_FRONT_H
#define HAK_FRONT_H

#include "front_checking.h"
#include "front_plain.h"

#if HAK_CHECKING
#define FRONT(name) checking_##name
#else
#define FRONT(name) plain_##name
#endif

static inline void *front_malloc(size_t size)
{
    return FRONT(malloc)(size);
}

static inline void *front_calloc(size_t n, size_t size)
{
    return FRONT(calloc)(n, size);
}

static inline void *front_aligned(size_t align, size_t size)
{
    return FRONT(aligned)(align, size);
}

/* An aligned block if one is at hand; NULL otherwise, and errno is as it was. */
static inline void *front_aligned_now(size_t align, size_t size)
{
    return HAK_CHECKING ? NULL : plain_aligned_now(align, size);
}

static inline void *front_realloc(void *p, size_t size)
{
    return FRONT(realloc)(p, size);
}

static inline void front_free(void *p)
{
    FRONT(free)(p);
}

/* `align` is 0 where the caller makes no promise about it. */
static inline void front_free_sized(void *p, size_t align, size_t size)
{
    FRONT(free_sized)(p, align, size);
}

static inline size_t front_usable(const void *p)
{
    return FRONT(usable)(p);
}

#endif
