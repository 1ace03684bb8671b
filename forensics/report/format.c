#include "report/format.h"

#include <math.h>
#include <string.h>

struct step {
    double from; /* applies to values >= this */
    const char *suffix;
};

static const struct step nanoseconds[] = { { 1e9, " s" }, { 1e6, " ms" }, { 1e3, " us" }, { 0, " ns" } };
static const struct step counts[] = { { 1e12, " T" }, { 1e9, " G" }, { 1e6, " M" }, { 1e4, " k" }, { 0, "" } };
static const struct step rates[] = { { 1e9, " G/s" }, { 1e6, " M/s" }, { 1e3, " k/s" }, { 0, " /s" } };
static const struct step bytes[] = { { 1073741824, " GiB" }, { 1048576, " MiB" }, { 1024, " KiB" }, { 0, " B" } };
static const struct step percents[] = { { 0, " %" } };
static const struct step plain[] = { { 0, "" } };

static const struct step *steps_of(enum unit unit)
{
    switch (unit) {
    case UNIT_NANOSECONDS: return nanoseconds;
    case UNIT_BYTES: return bytes;
    case UNIT_PER_SECOND: return rates;
    case UNIT_COUNT: return counts;
    case UNIT_PERCENT: return percents;
    case UNIT_RATIO:
    case UNIT_PER_KILO: return plain;
    }
    return plain;
}

/* What one unit of the step is worth. */
static double worth(const struct step *step)
{
    if (step->from == 0)
        return 1;
    return step->from == 1e4 ? 1e3 : step->from; /* 1234 stays 1234, 12345 becomes 12.3 k */
}

/* Decimals that give `value` that many significant digits; large values keep their integer digits. */
static int decimals_for(double value, int digits)
{
    value = fabs(value);
    if (value == 0 || !isfinite(value))
        return 0;
    int before = (int)floor(log10(value)) + 1; /* <= 0 below 1 */
    int decimals = digits - before;
    return decimals < 0 ? 0 : decimals > 6 ? 6 : decimals;
}

const char *format_value(struct arena *arena, enum unit unit, double value, double largest, int digits)
{
    const struct step *step = steps_of(unit);
    if (!isfinite(value))
        return "-";
    while (step->from && fabs(largest) < step->from)
        step++;
    double scaled = value / worth(step), top = largest / worth(step);
    bool whole = unit == UNIT_COUNT && step->from == 0 && value == floor(value);
    return arena_printf(arena, "%.*f%s", whole ? 0 : decimals_for(top, digits), scaled, step->suffix);
}

int figure_digits(const struct figure *figure)
{
    if (figure->estimator == ESTIMATOR_EXACT)
        return 4;
    double half = (figure->hi - figure->lo) / 2 / figure->ratio;
    if (!isfinite(half))
        return 3;
    int digits = half > 0 ? 1 + (int)ceil(-log10(half)) : 4;
    return digits < 2 ? 2 : digits > 4 ? 4 : digits;
}

int percent_decimals(double half_width)
{
    if (!(half_width > 0))
        return 2;
    int decimals = (int)ceil(-log10(half_width));
    return decimals < 0 ? 0 : decimals > 3 ? 3 : decimals;
}

const char *format_change(struct arena *arena, double ratio, int decimals)
{
    if (!isfinite(ratio))
        return "-";
    if (ratio > 3 || (ratio > 0 && ratio < 1. / 3))
        return arena_printf(arena, "x %.*f", decimals_for(ratio, 3), ratio);
    double percent = 100 * (ratio - 1), unit = pow(10, -decimals);
    if (percent == 0)
        return "0 %";
    if (fabs(percent) < unit / 2)
        return arena_printf(arena, "< %.*f %%", decimals, unit);
    return arena_printf(arena, "%+.*f %%", decimals, percent);
}

static int change_decimals(const struct figure *figure)
{
    if (figure->estimator == ESTIMATOR_EXACT)
        return 2;
    double half = 50 * (figure->hi - figure->lo);
    return isfinite(half) ? percent_decimals(half) : 1;
}

const char *figure_change(struct arena *arena, const struct figure *figure)
{
    return format_change(arena, figure->ratio, change_decimals(figure));
}

const char *figure_interval(struct arena *arena, const struct figure *figure)
{
    if (figure->estimator == ESTIMATOR_EXACT)
        return "exact";
    if (!isfinite(figure->lo) || !isfinite(figure->hi))
        return figure->old_n <= 1 || figure->new_n <= 1 ? "none: 1 run a side" : "none";
    int decimals = change_decimals(figure);
    if (figure->hi > 3)
        return arena_printf(arena, "[x %.2f, x %.2f]", figure->lo, figure->hi);
    return arena_printf(arena, "[%+.*f %%, %+.*f %%]", decimals, 100 * (figure->lo - 1), decimals, 100 * (figure->hi - 1));
}

const char *format_share(struct arena *arena, double share)
{
    if (!isfinite(share))
        return "?";
    double percent = round(100 * share);
    return arena_printf(arena, "%.0f %%", percent == 0 ? 0. : percent); /* not "-0" */
}

const char *format_bytes(struct arena *arena, double size)
{
    return format_value(arena, UNIT_BYTES, size, size, 3);
}

const char *source_said(enum source source)
{
    static const char *const said[SOURCE_COUNT] = {
        [SOURCE_CLOCK] = "clock", [SOURCE_PERF] = "perf", [SOURCE_SIM] = "modelled", [SOURCE_FILE] = "perf file",
        [SOURCE_SCRIPT] = "script", [SOURCE_ELF] = "binaries",
    };
    return said[source];
}

const char *metric_said(struct arena *arena, enum metric metric)
{
    const char *title = metric_table[metric].title, *parenthesis = strstr(title, " (");
    const char *base = parenthesis ? arena_strndup(arena, title, (size_t)(parenthesis - title)) : title;
    return metric_table[metric].unit == UNIT_PER_KILO ? arena_printf(arena, "%s /1000 instr.", base) : base;
}

const char *format_log_interval(struct arena *arena, double lo, double hi)
{
    if (!isfinite(lo) || !isfinite(hi))
        return "";
    double low = 100 * expm1(lo), high = 100 * expm1(hi);
    return arena_printf(arena, "[%+.1f, %+.1f]", fabs(low) < 0.05 ? 0.0 : low, fabs(high) < 0.05 ? 0.0 : high);
}
