#include "core/sample.h"

const char *const side_name[SIDE_COUNT] = { "old", "new", "control" };

struct spec spec_default(void)
{
    return (struct spec){
        .runs = 10,
        .warmup = 1,
        .cpu = -1,
        .control = true,
        .timeout_s = 300,
        .source = SOURCE_CLOCK,
        .source_auto = true,
        .profile = "native",
        .seed = 1,
    };
}
