/* JSON of the counterfactual layouts: every trial, and what they say together. */
#include <string.h>

#include "core/json_codec.h"
#include "core/result.h"

/* The axes of a set as an array of words. */
static void walk_axes(struct codec *codec, unsigned *axes)
{
    const char *words[AXIS_COUNT], **list = words;
    size_t count = 0;
    for (int i = 0; codec->saving && i < AXIS_COUNT; i++)
        if (*axes >> i & 1)
            words[count++] = layout_axis_table[i].name;
    codec_strings(codec, "axes", &list, &count);
    if (codec->saving)
        return;
    *axes = 0;
    for (size_t i = 0; i < count && !codec_broken(codec); i++) {
        enum layout_axis axis;
        if (!layout_axis_by_name(list[i], strlen(list[i]), &axis)) {
            codec_fail(codec, "axes", "names \"%.40s\", which is no axis: the file is damaged, save it again", list[i]);
            return;
        }
        *axes |= 1u << axis;
    }
}

/* {"old": 1, "new": 2} */
struct two {
    double *values;
};

static void walk_two(struct codec *codec, void *item)
{
    struct two *two = item;
    codec_double(codec, side_name[SIDE_OLD], &two->values[SIDE_OLD]);
    codec_double(codec, side_name[SIDE_NEW], &two->values[SIDE_NEW]);
}

static void walk_sides(struct codec *codec, const char *key, double values[2])
{
    codec_object(codec, key, &(struct two){ values }, walk_two);
}

static void walk_trial(struct codec *codec, void *item)
{
    struct layout_trial *trial = item;
    CODEC_ENUM(codec, "family", trial->family, word_family);
    walk_axes(codec, &trial->axes);
    codec_u64(codec, "seed", &trial->seed);
    walk_sides(codec, "cycles", trial->cycles);
}

static void walk_effect(struct codec *codec, void *item)
{
    struct layout_effect *effect = item;
    walk_axes(codec, &effect->axes);
    CODEC_ENUM(codec, "experiment", effect->experiment, word_experiment);
    codec_size(codec, "layouts", &effect->layouts);
    codec_double(codec, "content", &effect->content);
    codec_interval(codec, "content_interval", &effect->content_lo, &effect->content_hi);
    codec_bool(codec, "content_equivalent", &effect->content_equivalent);
    codec_bool(codec, "content_significant", &effect->content_significant);
    codec_double(codec, "luck", &effect->luck);
    codec_interval(codec, "luck_interval", &effect->luck_lo, &effect->luck_hi);
    codec_bool(codec, "luck_significant", &effect->luck_significant);
    walk_sides(codec, "spread", effect->spread);
    walk_sides(codec, "percentile", effect->percentile);
}

static void walk_addresses(struct codec *codec, void *item)
{
    struct layout_culprit *culprit = item;
    codec_hex(codec, side_name[SIDE_OLD], &culprit->address[SIDE_OLD]);
    codec_hex(codec, side_name[SIDE_NEW], &culprit->address[SIDE_NEW]);
}

static void walk_culprit(struct codec *codec, void *item)
{
    struct layout_culprit *culprit = item;
    codec_string(codec, "name", &culprit->name);
    codec_object(codec, "address", culprit, walk_addresses);
    codec_double(codec, "cycles", &culprit->cycles);
    CODEC_ENUM(codec, "component", culprit->component, word_component);
    codec_double(codec, "alone", &culprit->alone);
    if (!codec->saving || culprit->crowd) /* most share none */
        codec_string(codec, "crowd", &culprit->crowd);
}

static void walk_culprits(struct codec *codec, struct layout_study *study)
{
    size_t count = study->culprit_count;
    struct layout_culprit *culprits = codec_items(codec, "culprits", study->culprits, &count, sizeof *culprits, walk_culprit);
    if (codec->saving || codec_broken(codec))
        return;
    study->culprit_count = count < LAYOUT_CULPRITS ? count : LAYOUT_CULPRITS;
    for (size_t i = 0; i < study->culprit_count; i++)
        study->culprits[i] = culprits[i];
}

static void walk_remedy(struct codec *codec, void *item)
{
    struct layout_remedy *remedy = item;
    CODEC_ENUM(codec, "kind", remedy->kind, word_remedy);
    codec_string(codec, "name", &remedy->name);
    int phase = (int)remedy->phase;
    codec_int(codec, "phase", &phase);
    if (!codec->saving)
        remedy->phase = phase > 0 ? (unsigned)phase : 0;
    codec_double(codec, "gain", &remedy->gain);
    codec_strings(codec, "order", &remedy->order, &remedy->order_count);
}

static void walk_moved(struct codec *codec, void *item)
{
    struct layout_study *study = item;
    for (int i = 0; i < AXIS_COUNT; i++)
        codec_size(codec, layout_axis_table[i].name, &study->moved[i]);
}

/* Of whole studies, which most are, nothing is said. */
static void walk_shard(struct codec *codec, struct layout_study *study)
{
    int shard = (int)study->shard, shards = (int)study->shards;
    if (codec->saving && shards <= 1)
        return;
    codec_int(codec, "shard", &shard);
    codec_int(codec, "shards", &shards);
    if (!codec->saving && (shards < 0 || shard < 0 || shard > shards))
        codec_fail(codec, "shard", "is %d of %d, which cannot be: the file is damaged, run the sweep again", shard, shards);
    study->shard = shard > 0 ? (unsigned)shard : 0;
    study->shards = shards > 0 ? (unsigned)shards : 0;
}

static void walk_study(struct codec *codec, void *item)
{
    struct layout_study *study = item;
    CODEC_ENUM(codec, "answer", study->answer, word_answer);
    codec_strings(codec, "sentences", &study->sentences, &study->sentence_count);
    codec_string(codec, "processor", &study->processor);
    codec_u64(codec, "seed", &study->seed);
    walk_shard(codec, study);
    codec_double(codec, "floor", &study->floor);
    walk_sides(codec, "instructions", study->instructions);
    walk_sides(codec, "shipped", study->shipped);
    codec_double(codec, "observed", &study->observed);
    codec_object(codec, "moved", study, walk_moved);
    codec_size(codec, "common", &study->common);
    struct layout_effect *effects = codec_items(codec, "effects", study->effects, &study->effect_count, sizeof *effects, walk_effect);
    if (!codec->saving)
        study->effects = effects;
    walk_culprits(codec, study);
    int tried = (int)study->remedies_tried;
    if (!codec->saving || tried) { /* most studies have no tax to look for a remedy of */
        codec_int(codec, "remedies_tried", &tried);
        study->remedy = codec_optional(codec, "remedy", study->remedy, sizeof *study->remedy, walk_remedy);
    }
    if (!codec->saving)
        study->remedies_tried = tried > 0 ? (unsigned)tried : 0;
    codec_double(codec, "transplant_in_old", &study->transplant[SIDE_OLD]);
    codec_double(codec, "transplant_in_new", &study->transplant[SIDE_NEW]);
    codec_bool(codec, "transplant_agrees", &study->transplant_agrees);
    codec_double(codec, "huge_pages", &study->huge_pages);
    walk_sides(codec, "huge_gain", study->huge_gain);
}

/* Of a shard the trials, too: whoever merges needs them. */
static void walk_other_study(struct codec *codec, void *item)
{
    struct layout_study *study = item;
    walk_study(codec, item);
    if (codec->saving && study->shards <= 1)
        return;
    size_t count = study->trial_count;
    struct layout_trial *trials = codec_items(codec, "layouts", study->trials, &count, sizeof *trials, walk_trial);
    if (codec->saving)
        return;
    study->trials = trials;
    study->trial_count = study->trial_room = trials ? count : 0;
}

/* What other processors said; their trials are kept in shards alone. */
static void walk_elsewhere(struct codec *codec, struct result *result)
{
    if (codec->saving && !result->elsewhere_count)
        return;
    struct layout_study *studies = codec_items(codec, "layout_effect_elsewhere", result->elsewhere, &result->elsewhere_count,
                                               sizeof *studies, walk_other_study);
    if (!codec->saving)
        result->elsewhere = studies;
}

void walk_layouts(struct codec *codec, struct result *result)
{
    walk_elsewhere(codec, result);
    struct layout_study *study = codec->saving ? result->layouts : NULL;
    struct layout_trial *trials = study ? study->trials : NULL;
    size_t count = study ? study->trial_count : 0;
    trials = codec_items(codec, "layouts", trials, &count, sizeof *trials, walk_trial);
    if (!codec->saving || study)
        study = codec_optional(codec, "layout_effect", study, sizeof *study, walk_study);
    if (codec->saving || !study)
        return;
    study->trials = trials;
    study->trial_count = study->trial_room = count;
    result->layouts = study;
}
