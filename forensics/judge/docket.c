#include "judge/docket.h"

#include <math.h>

void say(struct arena *arena, struct sentences *sentences, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    *ARENA_PUSH(arena, sentences->text, sentences->count, sentences->room) = arena_vprintf(arena, format, ap);
    va_end(ap);
}

void add_evidence(struct docket *docket, enum cause cause, const char *symbol, uint64_t address, double weight,
                  enum source source, const char *format, ...)
{
    struct verdict *v = docket->verdict;
    va_list ap;
    va_start(ap, format);
    *ARENA_PUSH(docket->arena, v->evidence, v->evidence_count, docket->evidence_room) = (struct evidence){
        .cause = cause, .symbol = symbol, .address = address, .weight = weight, .source = source,
        .text = arena_vprintf(docket->arena, format, ap),
    };
    va_end(ap);
}

bool clear_change(const struct figure *figure)
{
    return isnan(figure->lo) || figure->lo > 1 || figure->hi < 1;
}
