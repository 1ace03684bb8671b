/* JSON of the real layouts: every run's cost, and what they say together. */
#include "core/json_codec.h"
#include "core/result.h"

static void walk_axes_bits(struct codec *codec, const char *key, unsigned *axes)
{
    struct codec inner;
    if (!codec_enter(codec, key, &inner))
        return;
    for (int i = 0; i < AXIS_COUNT; i++) {
        bool moves = *axes >> i & 1;
        codec_bool(&inner, layout_axis_table[i].name, &moves);
        if (!codec->saving)
            *axes = moves ? *axes | 1u << i : *axes & ~(1u << i);
    }
    codec_leave(&inner);
}

static void walk_unsigned(struct codec *codec, const char *key, unsigned *value)
{
    int number = (int)*value;
    codec_int(codec, key, &number);
    if (!codec->saving)
        *value = number > 0 ? (unsigned)number : 0;
}

static void walk_layout(struct codec *codec, void *item)
{
    struct real_layout *l = item;
    CODEC_ENUM(codec, "kind", l->kind, word_real_kind);
    walk_unsigned(codec, "batch", &l->batch);
    walk_unsigned(codec, "number", &l->number);
    CODEC_ENUM(codec, "family", l->family, word_family);
    walk_axes_bits(codec, "moves", &l->axes);
    walk_unsigned(codec, "stack", &l->stack);
    walk_unsigned(codec, "name", &l->name);
    walk_unsigned(codec, "heap", &l->heap);
    codec_string(codec, "refused", &l->refused);
    size_t count[2] = { l->rounds, l->rounds };
    for (int side = 0; side < 2; side++)
        codec_doubles(codec, side_name[side], &l->cost[side], &count[side]);
    if (codec->saving || codec_broken(codec))
        return;
    if (count[SIDE_OLD] != count[SIDE_NEW])
        codec_fail(codec, "new", "has %zu runs where old has %zu: the file is damaged, run the sweep again",
                   count[SIDE_NEW], count[SIDE_OLD]);
    for (int side = 0; side < 2; side++)
        for (size_t r = 0; r < count[SIDE_OLD] && !codec_broken(codec); r++)
            if (!(l->cost[side][r] > 0))
                codec_fail(codec, side_name[side],
                           "has a run without a cost: the file is damaged, run the sweep again");
    l->rounds = l->room = count[SIDE_OLD];
}

static void walk_link(struct codec *codec, void *item)
{
    struct real_link *link = item;
    codec_string(codec, "command", &link->command);
    codec_string(codec, "linker", &link->linker);
    codec_size(codec, "pieces", &link->pieces);
    codec_size(codec, "moved", &link->moved);
    codec_bool(codec, "identical", &link->identical);
}

static void walk_real_effect(struct codec *codec, void *item)
{
    struct real_effect *effect = item;
    codec_double(codec, "value", &effect->value);
    codec_interval(codec, "interval", &effect->lo, &effect->hi);
}

static void walk_numbers(struct codec *codec, const char *key, double values[2])
{
    struct codec inner;
    if (!codec_enter(codec, key, &inner))
        return;
    for (int side = 0; side < 2; side++)
        codec_double(&inner, side_name[side], &values[side]);
    codec_leave(&inner);
}

static void walk_all(struct codec *codec, void *item)
{
    struct layout_effect *all = item;
    walk_axes_bits(codec, "moves", &all->axes);
    codec_size(codec, "layouts", &all->layouts);
    codec_double(codec, "content", &all->content);
    codec_interval(codec, "content_interval", &all->content_lo, &all->content_hi);
    codec_bool(codec, "content_equivalent", &all->content_equivalent);
    codec_bool(codec, "content_significant", &all->content_significant);
    codec_double(codec, "luck", &all->luck);
    codec_interval(codec, "luck_interval", &all->luck_lo, &all->luck_hi);
    codec_bool(codec, "luck_significant", &all->luck_significant);
    walk_numbers(codec, "spread", all->spread);
    walk_numbers(codec, "percentile", all->percentile);
}

static void walk_study(struct codec *codec, void *item)
{
    struct real_study *study = item;
    CODEC_ENUM(codec, "answer", study->answer, word_answer);
    codec_strings(codec, "sentences", &study->sentences, &study->sentence_count);
    CODEC_ENUM(codec, "metric", study->metric, word_metric);
    CODEC_ENUM(codec, "source", study->source, word_source);
    CODEC_ENUM(codec, "estimator", study->estimator, word_estimator);
    codec_u64(codec, "seed", &study->seed);
    codec_double(codec, "floor", &study->floor);
    walk_axes_bits(codec, "axes", &study->axes);
    walk_unsigned(codec, "wanted", &study->wanted);
    walk_unsigned(codec, "shard", &study->shard);
    walk_unsigned(codec, "shards", &study->shards);
    walk_unsigned(codec, "rounds", &study->rounds);
    codec_object(codec, "link_old", &study->link[SIDE_OLD], walk_link);
    codec_object(codec, "link_new", &study->link[SIDE_NEW], walk_link);
    codec_strings(codec, "notes", &study->notes, &study->note_count);
    codec_object(codec, "observed", &study->observed, walk_real_effect);
    codec_object(codec, "control", &study->control, walk_real_effect);
    codec_object(codec, "relinked_old", &study->relinked[SIDE_OLD], walk_real_effect);
    codec_object(codec, "relinked_new", &study->relinked[SIDE_NEW], walk_real_effect);
    codec_object(codec, "random", &study->random, walk_real_effect);
    codec_object(codec, "transplant_in_old", &study->transplant[SIDE_OLD], walk_real_effect);
    codec_object(codec, "transplant_in_new", &study->transplant[SIDE_NEW], walk_real_effect);
    codec_object(codec, "remedied", &study->remedied, walk_real_effect);
    codec_object(codec, "all", &study->all, walk_all);
    codec_size(codec, "refused", &study->refused);
    struct real_layout *layouts =
        codec_items(codec, "layouts", study->layouts, &study->layout_count, sizeof *layouts, walk_layout);
    if (codec->saving)
        return;
    study->layouts = layouts;
    study->layout_room = study->layout_count;
    study->note_room = study->note_count;
}

void walk_real(struct codec *codec, struct result *result)
{
    /* Most results have none: the key is left out, so that files without stay as they were. */
    if (codec->saving && !result->real)
        return;
    result->real = codec_optional(codec, "real_layouts", result->real, sizeof *result->real, walk_study);
}
