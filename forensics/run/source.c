#include "run/source.h"

static const struct source_ops clock_ops = { .source = SOURCE_CLOCK };

struct source_object clock_source(void)
{
    return (struct source_object){ &clock_ops, NULL };
}

void source_close(struct source_object *source)
{
    if (source->ops && source->ops->close)
        source->ops->close(source);
    *source = (struct source_object){ NULL, NULL };
}
