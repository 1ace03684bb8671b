/* JSON of what gate, matrix and scorecard say. */
#include <math.h>

#include "base/save_file.h"
#include "core/gate.h"
#include "core/json_codec.h"
#include "core/scorecard.h"

const char *const matrix_points[POINT_COUNT] = { "A", "B", "C", "D" };

static void put_int(struct codec *codec, const char *key, int value)
{
    codec_int(codec, key, &value);
}

static void put_double(struct codec *codec, const char *key, double value)
{
    codec_double(codec, key, &value);
}

static void put_bool(struct codec *codec, const char *key, bool value)
{
    codec_bool(codec, key, &value);
}

static void put_schema(struct codec *codec, const char *name)
{
    struct codec inner;
    if (!codec_enter(codec, "schema", &inner))
        return;
    codec_remark(&inner, "name", name);
    put_int(&inner, "version", 1);
    codec_leave(&inner);
}

static void put_gain(struct codec *codec, const char *key, const struct gain *gain)
{
    struct codec inner;
    double lo = gain_percent(gain->lo), hi = gain_percent(gain->hi);
    if (!codec_enter(codec, key, &inner))
        return;
    put_double(&inner, "percent", gain_percent(gain->log));
    codec_interval(&inner, "interval", &lo, &hi);
    put_double(&inner, "p", gain->p);
    put_int(&inner, "n", (int)gain->n);
    put_bool(&inner, "paired", gain->paired);
    put_bool(&inner, "exact", gain->exact);
    codec_leave(&inner);
}

static void put_saving(struct codec *codec, const char *key, const struct saving *saving)
{
    struct codec inner;
    double lo = 100 * saving->lo, hi = 100 * saving->hi;
    if (!codec_enter(codec, key, &inner))
        return;
    put_double(&inner, "percent_of_a", 100 * saving->value);
    codec_interval(&inner, "interval", &lo, &hi);
    put_bool(&inner, "exact", saving->exact);
    codec_leave(&inner);
}

static void put_file(struct codec *codec, const char *key, const struct bench_file *file)
{
    struct codec inner;
    if (!codec_enter(codec, key, &inner))
        return;
    codec_remark(&inner, "file", file->file);
    codec_remark(&inner, "binary", file->binary);
    codec_remark(&inner, "sha256", file->sha256);
    codec_remark(&inner, "time", file->time);
    codec_remark(&inner, "source", file->source);
    codec_leave(&inner);
}

static void put_matrix(struct codec *codec, const struct matrix *matrix)
{
    struct codec points;
    put_file(codec, "input", matrix->file);
    put_int(codec, "rounds", (int)matrix->rounds);
    if (codec_enter(codec, "cost_per_operation", &points)) {
        for (int p = 0; p < POINT_COUNT; p++)
            put_double(&points, matrix_points[p], matrix->cost[p] / (double)matrix->file->iters);
        codec_leave(&points);
    }
    codec_remark(codec, "unit", matrix->gain[POINT_D].exact ? "modelled cycles" : "CPU seconds");
    put_gain(codec, "b_against_a", &matrix->gain[POINT_B]);
    put_gain(codec, "c_against_a", &matrix->gain[POINT_C]);
    put_gain(codec, "d_against_a", &matrix->gain[POINT_D]);
    put_saving(codec, "d_saves_beyond_b_and_c", &matrix->saved);
    put_gain(codec, "d_beyond_b_times_c", &matrix->beyond);
}

static void put_finding(struct codec *codec, const struct gate_finding *finding, enum gate_rule rule)
{
    struct codec inner;
    if (!codec_enter(codec, gate_rule_table[rule].name, &inner))
        return;
    put_double(&inner, "threshold_percent", finding->threshold);
    codec_remark(&inner, "answer", gate_answer_name[finding->answer]);
    put_gain(&inner, "gain", &finding->gain);
    codec_remark(&inner, "sentence", finding->sentence);
    codec_leave(&inner);
}

static void put_gate(struct codec *codec, const struct gate *gate)
{
    struct codec inner;
    const char **warnings = gate->warnings;
    size_t count = gate->warning_count;
    codec_remark(codec, "verdict", gate_word_table[gate->word].name);
    put_int(codec, "exit_status", gate_word_table[gate->word].exit_status);
    put_bool(codec, "undecided", gate->undecided);
    codec_remark(codec, "summary", gate->summary);
    if (codec_enter(codec, "rules", &inner)) {
        for (int i = 0; i < GATE_RULE_COUNT; i++)
            put_finding(&inner, &gate->finding[i], (enum gate_rule)i);
        codec_leave(&inner);
    }
    put_file(codec, "old", gate->old_runs);
    put_file(codec, "new", gate->new_runs);
    if (codec_enter(codec, "matrix", &inner)) {
        put_matrix(&inner, &gate->matrix);
        codec_leave(&inner);
    }
    codec_strings(codec, "warnings", &warnings, &count);
}

static bool print(struct codec *codec, FILE *stream, const char *what, struct err *err)
{
    if (err->kind == ERR_NONE)
        json_print(codec->node, stream);
    json_decref(codec->node);
    return err->kind == ERR_NONE && stream_flush(stream, what, err);
}

static struct codec saver(struct arena *arena, const char *what, struct err *err)
{
    struct codec codec = { .saving = true, .node = json_object(), .arena = arena, .err = err, .index = -1,
                           .file = what };
    if (!codec.node)
        err_set(err, ERR_TOOL, "cannot build the JSON: out of memory: free some");
    return codec;
}

bool matrix_save(struct arena *arena, const struct matrix *matrix, FILE *stream, const char *what, struct err *err)
{
    struct codec codec = saver(arena, what, err);
    put_schema(&codec, "layout_tax_forensics/matrix");
    put_matrix(&codec, matrix);
    return print(&codec, stream, what, err);
}

bool gate_save(struct arena *arena, const struct gate *gate, FILE *stream, const char *what, struct err *err)
{
    struct codec codec = saver(arena, what, err);
    put_schema(&codec, "layout_tax_forensics/gate");
    put_gate(&codec, gate);
    return print(&codec, stream, what, err);
}

static void put_score(struct codec *codec, const struct score_row *row, const struct scorecard *card)
{
    struct codec inner;
    if (!codec_enter(codec, row->subject->name, &inner))
        return;
    codec_remark(&inner, "program", row->subject->program);
    codec_remark(&inner, "library", row->subject->library);
    codec_remark(&inner, "sha256", row->subject->sha256);
    put_double(&inner, "ops_per_cpu_s", (double)card->file->iters / row->cost);
    put_gain(&inner, "fast_against_it", &row->fast);
    codec_leave(&inner);
}

static void put_baseline(struct codec *codec, const struct score_baseline *baseline, enum score_build build)
{
    struct codec inner;
    if (!codec_enter(codec, score_build_table[build].name, &inner))
        return;
    codec_remark(&inner, "move", score_move_name[baseline->move]);
    codec_remark(&inner, "baseline_sha256", baseline->row->subject->sha256);
    if (baseline->move != SCORE_FIRST)
        put_gain(&inner, "against_baseline", &baseline->gain);
    codec_leave(&inner);
}

bool scorecard_save(struct arena *arena, const struct scorecard *card, FILE *stream, const char *what, struct err *err)
{
    struct codec codec = saver(arena, what, err), inner;
    put_schema(&codec, "layout_tax_forensics/scorecard");
    put_file(&codec, "input", card->file);
    put_int(&codec, "rounds", (int)card->rounds);
    if (codec_enter(&codec, "baselines", &inner)) {
        for (int b = 0; b < SCORE_BUILD_COUNT; b++)
            put_baseline(&inner, &card->baseline[b], (enum score_build)b);
        codec_leave(&inner);
    }
    if (codec_enter(&codec, "subjects", &inner)) {
        for (size_t i = 0; i < card->row_count; i++)
            put_score(&inner, &card->rows[i], card);
        codec_leave(&inner);
    }
    return print(&codec, stream, what, err);
}
