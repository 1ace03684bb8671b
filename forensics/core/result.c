#include "core/result.h"

#include <math.h>

struct result *result_new(void)
{
    struct arena *arena = arena_new();
    struct result *result = arena_alloc(arena, sizeof *result);
    result->arena = arena;
    result->comparison.slowdown = result->comparison.slowdown_lo = result->comparison.slowdown_hi = 1;
    for (int i = 0; i < SHARE_COUNT; i++)
        result->verdict.shares[i] = NAN;
    return result;
}

void result_free(struct result *result)
{
    if (result)
        arena_free(result->arena);
}

void result_warn(struct result *result, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    *ARENA_PUSH(result->arena, result->warnings, result->warning_count, result->warning_room) =
        arena_vprintf(result->arena, format, ap);
    va_end(ap);
}
