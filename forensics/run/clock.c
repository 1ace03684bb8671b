#include "run/clock.h"

static void put(struct reading *readings, enum metric metric, uint64_t value)
{
    readings[metric] = (struct reading){ .state = READING_READ, .source = SOURCE_CLOCK, .value = (double)value };
}

void clock_read(const struct launched *l, struct reading readings[METRIC_COUNT])
{
    put(readings, M_WALL, l->wall_ns);
    put(readings, M_USER, l->user_ns);
    put(readings, M_SYSTEM, l->system_ns);
    put(readings, M_CPU, l->user_ns + l->system_ns);
    put(readings, M_FAULTS_MINOR, l->minor_faults);
    put(readings, M_FAULTS_MAJOR, l->major_faults);
    put(readings, M_SWITCHES, l->switches);
    put(readings, M_PEAK_RSS, l->peak_rss);
    if (!l->peak_rss_known)
        readings[M_PEAK_RSS].state = READING_NOT_COUNTED;
}
