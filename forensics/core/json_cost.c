/* JSON of where the cycles went: a CPI stack in total, by function and by data object. */
#include <string.h>

#include "core/cost.h"
#include "core/json.h"
#include "core/json_codec.h"

static void walk_cost(struct codec *codec, struct cost *cost)
{
    codec_double(codec, "instructions", &cost->instructions);
    codec_numbers(codec, "cycles", cost->cycles, word_component, true);
    codec_numbers(codec, "counts", cost->counts, word_metric, true);
}

static void walk_cost_total(struct codec *codec, void *item)
{
    walk_cost(codec, item);
}

static void walk_cost_item(struct codec *codec, void *item)
{
    struct cost_item *cost_item = item;
    codec_string(codec, "name", &cost_item->name);
    codec_string(codec, "module", &cost_item->module);
    codec_hex(codec, "address", &cost_item->address);
    codec_u64(codec, "size", &cost_item->size);
    codec_double(codec, "entries", &cost_item->entries);
    walk_cost(codec, &cost_item->cost);
}

static void add_item(struct cost_item *sum, const struct cost_item *more)
{
    sum->entries += more->entries;
    sum->cost.instructions += more->cost.instructions;
    for (int i = 0; i < COMPONENT_COUNT; i++)
        sum->cost.cycles[i] += more->cost.cycles[i];
    for (int i = 0; i < METRIC_COUNT; i++)
        sum->cost.counts[i] += more->cost.counts[i];
}

/* The costliest items, and the rest summed into one, so that they still sum to the total. */
static struct cost_item *bounded(struct arena *arena, struct cost_item *items, size_t *count)
{
    if (*count <= JSON_COST_ITEMS_MAX)
        return items;
    struct cost_item *kept = arena_array(arena, JSON_COST_ITEMS_MAX, sizeof *kept);
    struct cost_item *rest = &kept[JSON_COST_ITEMS_MAX - 1];
    memcpy(kept, items, (JSON_COST_ITEMS_MAX - 1) * sizeof *kept);
    rest->name = arena_printf(arena, "[%zu more]", *count - (JSON_COST_ITEMS_MAX - 1));
    for (size_t i = JSON_COST_ITEMS_MAX - 1; i < *count; i++)
        add_item(rest, &items[i]);
    *count = JSON_COST_ITEMS_MAX;
    return kept;
}

static struct cost_item *walk_cost_items(struct codec *codec, const char *key, struct cost_item *items, size_t *count)
{
    size_t kept = *count;
    if (codec->saving)
        items = bounded(codec->arena, items, &kept);
    items = codec_items(codec, key, items, &kept, sizeof *items, walk_cost_item);
    if (!codec->saving)
        *count = kept;
    return items;
}

void walk_cost_profile(struct codec *codec, void *item)
{
    struct cost_profile *profile = item;
    CODEC_ENUM(codec, "source", profile->source, word_source);
    codec_string(codec, "processor", &profile->processor);
    codec_object(codec, "total", &profile->total, walk_cost_total);
    codec_double(codec, "sampling_error", &profile->sampling_error);
    codec_bool(codec, "has_groups", &profile->has_groups);
    codec_numbers(codec, "group_cycles", profile->group_cycles, word_share, false);
    codec_double(codec, "cold_share", &profile->cold_share);
    codec_double(codec, "plt_share", &profile->plt_share);
    codec_double(codec, "tls_helper_share", &profile->tls_helper_share);
    codec_double(codec, "taken_share", &profile->taken_share);
    codec_strings(codec, "recipe", &profile->recipe, &profile->recipe_count);
    struct cost_item *functions = walk_cost_items(codec, "functions", profile->functions, &profile->function_count);
    struct cost_item *objects = walk_cost_items(codec, "objects", profile->objects, &profile->object_count);
    if (!codec->saving) {
        profile->functions = functions;
        profile->objects = objects;
    }
}
