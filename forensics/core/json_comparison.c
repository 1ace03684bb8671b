/* JSON of what the statistics made of the runs: metrics, slowdown, control. */
#include <math.h>
#include <string.h>

#include "core/json_codec.h"
#include "core/result.h"

void walk_figure(struct codec *codec, void *item)
{
    struct figure *figure = item;
    CODEC_ENUM(codec, "name", figure->metric, word_metric);
    codec_remark(codec, "unit", unit_name(metric_table[figure->metric].unit));
    CODEC_ENUM(codec, "source", figure->source, word_source);
    CODEC_ENUM(codec, "state", figure->state, word_state);
    if (figure->state != READING_READ)
        return;
    codec_double(codec, "old", &figure->old_value);
    codec_double(codec, "new", &figure->new_value);
    codec_double(codec, "ratio", &figure->ratio);
    codec_interval(codec, "interval", &figure->lo, &figure->hi);
    codec_double(codec, "p", &figure->p);
    codec_int(codec, "old_n", &figure->old_n);
    codec_int(codec, "new_n", &figure->new_n);
    CODEC_ENUM(codec, "estimator", figure->estimator, word_estimator);
    codec_double(codec, "mde", &figure->mde);
    CODEC_ENUM(codec, "change", figure->change, word_change);
    codec_bool(codec, "scaled", &figure->scaled);
    codec_bool(codec, "bimodal", &figure->bimodal);
}

/* Which of the metrics the regression was judged on; null when on none. */
static void save_time(struct codec *codec, const struct figure *time)
{
    codec_remark(codec, "metric", time ? word_metric((int)time->metric) : NULL);
    codec_remark(codec, "source", time ? word_source((int)time->source) : NULL);
}

static void load_time(struct codec *codec, struct comparison *comparison)
{
    const char *metric = NULL, *source = NULL;
    codec_string(codec, "metric", &metric);
    codec_string(codec, "source", &source);
    if (!metric || !source)
        return;
    for (size_t i = 0; i < comparison->count; i++) {
        const struct figure *f = &comparison->figures[i];
        if (!comparison->time && strcmp(word_metric((int)f->metric), metric) == 0 &&
            strcmp(word_source((int)f->source), source) == 0)
            comparison->time = f;
    }
    if (!comparison->time)
        codec_fail(codec, "metric", "names \"%.40s\", which is not among the metrics: the file is damaged, save it again", metric);
}

static void walk_slowdown_fields(struct codec *codec, void *item)
{
    struct comparison *comparison = item;
    if (codec->saving)
        save_time(codec, comparison->time);
    else
        load_time(codec, comparison);
    codec_double(codec, "ratio", &comparison->slowdown);
    codec_interval(codec, "interval", &comparison->slowdown_lo, &comparison->slowdown_hi);
    codec_double(codec, "floor", &comparison->floor);
    codec_strings(codec, "notes", &comparison->notes, &comparison->note_count);
}

void walk_slowdown(struct codec *codec, struct result *result)
{
    codec_object(codec, "slowdown", &result->comparison, walk_slowdown_fields);
}

void walk_control(struct codec *codec, void *item)
{
    struct comparison *comparison = item;
    codec_double(codec, "ratio", &comparison->control.ratio);
    codec_interval(codec, "interval", &comparison->control.lo, &comparison->control.hi);
    codec_double(codec, "p", &comparison->control.p);
    codec_bool(codec, "passed", &comparison->control.passed);
}
