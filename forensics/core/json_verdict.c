/* JSON of what the judge said: verdict, attribution, rules, evidence. */
#include <math.h>

#include "core/json_codec.h"
#include "core/result.h"

void walk_verdict(struct codec *codec, void *item)
{
    struct verdict *verdict = item;
    CODEC_ENUM(codec, "cause", verdict->cause, word_cause);
    CODEC_ENUM(codec, "primary", verdict->primary, word_cause);
    codec_bool(codec, "regression", &verdict->regression);
    codec_double(codec, "confidence", &verdict->confidence);
    if (codec->saving)
        codec_int(codec, "exit_status", &(int){ cause_table[verdict->cause].exit_status });
    codec_numbers(codec, "shares", verdict->shares, word_share, false);
    codec_string(codec, "summary", &verdict->summary);
    codec_strings(codec, "reasons", &verdict->reasons, &verdict->reason_count);
}

void walk_attribution(struct codec *codec, void *item)
{
    struct attribution *attribution = item;
    codec_bool(codec, "known", &attribution->known);
    if (!attribution->known)
        return;
    codec_string(codec, "method", &attribution->method);
    CODEC_ENUM(codec, "source", attribution->source, word_source);
    codec_double(codec, "total", &attribution->total);
    codec_numbers(codec, "shares", attribution->shares, word_share, false);
    codec_double(codec, "residual", &attribution->residual);
    codec_numbers(codec, "components", attribution->components, word_component, false);
    codec_strings(codec, "arithmetic", &attribution->arithmetic, &attribution->arithmetic_count);
}

void walk_evidence(struct codec *codec, void *item)
{
    struct evidence *evidence = item;
    CODEC_ENUM(codec, "cause", evidence->cause, word_cause);
    codec_string(codec, "symbol", &evidence->symbol);
    codec_hex(codec, "address", &evidence->address);
    codec_string(codec, "text", &evidence->text);
    codec_double(codec, "weight", &evidence->weight);
    CODEC_ENUM(codec, "source", evidence->source, word_source);
}

static void walk_rule(struct codec *codec, void *item)
{
    struct rule_result *rule = item;
    CODEC_ENUM(codec, "id", rule->rule, word_rule);
    codec_remark(codec, "title", rule_table[rule->rule].title);
    codec_remark(codec, "cause", cause_table[rule_table[rule->rule].cause].name);
    codec_bool(codec, "known", &rule->known);
    codec_double(codec, "threshold", &rule->threshold);
    if (!rule->known)
        return;
    codec_bool(codec, "fired", &rule->fired);
    CODEC_ENUM(codec, "metric", rule->metric, word_metric);
    codec_double(codec, "value", &rule->value);
    codec_double(codec, "weight", &rule->weight);
}

void walk_rules(struct codec *codec, struct result *result)
{
    struct rule_result *rules = result->verdict.rules;
    if (codec->saving) {
        struct rule_result rows[RULE_COUNT];
        for (int i = 0; i < RULE_COUNT; i++) {
            rows[i] = rules[i];
            rows[i].rule = (enum rule_id)i; /* a result that was not judged yet has no ids */
        }
        codec_items(codec, "rules", rows, &(size_t){ RULE_COUNT }, sizeof *rows, walk_rule);
        return;
    }
    for (int i = 0; i < RULE_COUNT; i++)
        rules[i] = (struct rule_result){ .rule = (enum rule_id)i, .threshold = rule_table[i].threshold };
    size_t count = 0;
    struct rule_result *loaded = codec_items(codec, "rules", NULL, &count, sizeof *rules, walk_rule);
    for (size_t i = 0; i < count; i++)
        rules[loaded[i].rule] = loaded[i];
}
