/* docs/result.schema.json describes what is written: every key, every word, every type; and nothing else. */
#include <jansson.h>

#include "core/json.h"
#include "core/json_codec.h"
#include "report_examples.h"
#include "tap.h"

static json_t *schema;
static int complaints;
static char first_complaint[400];

static void complain(const char *path, const char *what)
{
    if (!complaints++)
        snprintf(first_complaint, sizeof first_complaint, "%.300s: %.80s", path, what);
}

/* Follows $ref and, for a value that is not null, takes the branch of oneOf that is not null. */
static json_t *resolve(json_t *node, const json_t *value)
{
    for (;;) {
        const char *ref = json_string_value(json_object_get(node, "$ref"));
        json_t *branches = json_object_get(node, "oneOf"), *branch, *next = NULL;
        size_t i;
        if (ref && strncmp(ref, "#/$defs/", 8) == 0) {
            next = json_object_get(json_object_get(schema, "$defs"), ref + 8);
        } else if (branches) {
            json_array_foreach(branches, i, branch) {
                json_t *flat = resolve(branch, value);
                const char *type = json_string_value(json_object_get(flat, "type"));
                bool null_branch = type && strcmp(type, "null") == 0;
                bool string_branch = type && strcmp(type, "string") == 0 && json_object_get(flat, "pattern");
                if (!next && null_branch == json_is_null(value) && string_branch == (bool)json_is_string(value))
                    next = branch;
                else if (!next && null_branch == json_is_null(value) && !string_branch && json_object_get(flat, "enum"))
                    next = branch;
            }
        }
        if (!next)
            return node;
        node = next;
    }
}

static bool has_type(const json_t *value, const char *type)
{
    return (strcmp(type, "null") == 0 && json_is_null(value)) || (strcmp(type, "string") == 0 && json_is_string(value)) ||
           (strcmp(type, "boolean") == 0 && json_is_boolean(value)) || (strcmp(type, "integer") == 0 && json_is_integer(value)) ||
           (strcmp(type, "number") == 0 && json_is_number(value)) || (strcmp(type, "object") == 0 && json_is_object(value)) ||
           (strcmp(type, "array") == 0 && json_is_array(value));
}

static void check_type(const json_t *value, json_t *rule, const char *path)
{
    json_t *type = json_object_get(rule, "type"), *one, *words = json_object_get(rule, "enum");
    bool fits = !type || (json_is_string(type) && has_type(value, json_string_value(type)));
    size_t i;
    json_array_foreach(type, i, one) fits |= has_type(value, json_string_value(one));
    if (!fits)
        complain(path, "has another type than the schema says");
    bool known = !words;
    json_array_foreach(words, i, one) known |= json_equal(one, value);
    if (!known)
        complain(path, "is a word that the schema does not list");
    json_t *constant = json_object_get(rule, "const");
    if (constant && !json_equal(constant, value))
        complain(path, "is not the schema's constant");
}

/* Walks value and schema side by side; marks every described key that was met. */
static void check(const json_t *value, json_t *rule, const char *path)
{
    rule = resolve(rule, value);
    check_type(value, rule, path);
    char place[400];
    const char *key;
    json_t *item, *properties = json_object_get(rule, "properties"), *any = json_object_get(rule, "additionalProperties");
    json_object_foreach((json_t *)value, key, item) {
        snprintf(place, sizeof place, "%.300s.%.80s", path, key);
        json_t *property = json_object_get(properties, key);
        json_t *words = json_object_get(resolve(json_object_get(rule, "propertyNames"), NULL), "enum"), *word;
        bool listed = false;
        size_t i;
        json_array_foreach(words, i, word) listed |= strcmp(json_string_value(word), key) == 0;
        if (!property && !(any && listed))
            complain(place, "is written but not described");
        else if (property)
            json_object_set_new(property, "met", json_true());
        check(item, property ? property : any, place);
    }
    size_t i;
    json_array_foreach(json_object_get(rule, "required"), i, item)
        if (!json_object_get(value, json_string_value(item)))
            complain(path, "lacks a required key");
    if (json_is_array(value))
        for (i = 0; i < json_array_size(value); i++)
            check(json_array_get(value, i), json_object_get(rule, "items"), path);
}

static bool is_word(const char *key, codec_word *word)
{
    for (int i = 0; word(i); i++)
        if (strcmp(word(i), key) == 0)
            return true;
    return false;
}

/* Described keys that nothing wrote, and those without a word of explanation. */
static void unmet(json_t *node, const char *path, int *never, int *bare)
{
    const char *key;
    char place[400];
    json_t *item, *properties = json_object_get(node, "properties");
    bool condition = strstr(path, ".if") || strstr(path, ".then");
    json_object_foreach(properties, key, item) {
        if (!condition && !json_object_get(item, "met")) {
            diag("never written: %s.%s", path, key);
            ++*never;
        }
    }
    json_object_foreach(node, key, item) {
        snprintf(place, sizeof place, "%.300s.%.80s", path, key);
        unmet(item, place, never, bare);
    }
    size_t i;
    if (json_is_array(node))
        json_array_foreach(node, i, item) unmet(item, path, never, bare);
    json_object_foreach(properties, key, item) {
        bool by_noun = json_object_get(item, "$ref") || json_object_get(item, "const");
        bool by_table = is_word(key, word_share) || is_word(key, word_component) || is_word(key, word_use) ||
                        is_word(key, word_kind) || is_word(key, word_fate); /* explained by the object around them */
        if (!condition && !json_object_get(item, "description") && !by_noun && !by_table) {
            diag("not explained: %s.%s", path, key);
            ++*bare;
        }
    }
}

static json_t *saved(const struct example *example)
{
    struct err err = ERR_INIT;
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    struct result *result = example->build();
    bool done = result_save(result, stream, "memory", &err);
    fclose(stream);
    json_t *value = done ? json_loads(text, 0, NULL) : NULL;
    free(text);
    result_free(result);
    return value;
}

static void conforms(const struct example *example)
{
    json_t *value = saved(example);
    complaints = 0;
    first_complaint[0] = '\0';
    if (value)
        check(value, schema, "");
    if (!ok(value && !complaints, "%s: written as the schema says", example->name))
        diag("%d complaints, first: %s", complaints, first_complaint);
    json_decref(value);
}

/* A check that cannot fail is none: planted faults are seen. */
static void faults_are_seen(void)
{
    static const struct { const char *patch, *what; } rows[] = {
        { "{\"surprise\": 1}", "an undescribed key" },
        { "{\"complete\": \"yes\"}", "another type" },
        { "{\"verdict\": {\"cause\": \"weather\"}}", "an unknown word and missing keys" },
        { "{\"layouts\": null}", "null for a list" },
        { "{\"machine\": {}}", "missing keys behind a choice" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *value = saved(&examples[0]), *patch = json_loads(rows[i].patch, 0, NULL);
        json_object_update(value, patch);
        complaints = 0;
        check(value, schema, "");
        ok(complaints > 0, "the check sees %s", rows[i].what);
        json_decref(patch);
        json_decref(value);
    }
}

static void words_agree(const char *name, codec_word *word)
{
    json_t *words = json_object_get(json_object_get(json_object_get(schema, "$defs"), name), "enum");
    size_t count = 0;
    bool same = true;
    for (; word((int)count); count++) {
        const char *listed = json_string_value(json_array_get(words, count));
        same &= listed && strcmp(listed, word((int)count)) == 0;
    }
    ok(same && count == json_array_size(words), "the schema lists the %zu words of %s as the table has them", count, name);
}

/* One binary at two settings. */
static struct result *two_settings(void)
{
    static char *const off[] = { "KNOB=0", NULL }, *const on[] = { "KNOB=1", NULL };
    struct result *r = result_new();
    r->spec.side_env[SIDE_OLD] = off;
    r->spec.side_env[SIDE_NEW] = on;
    r->spec.side_env_count[SIDE_OLD] = r->spec.side_env_count[SIDE_NEW] = 1;
    return r;
}

/* Real layouts, one of them refused. */
static struct result *real_layouts(void)
{
    static double costs[] = { 1.5e6, 1.25e6 };
    static const char *sentences[] = { "words" }, *notes[] = { "what could be moved" };
    struct result *r = result_new();
    struct real_study *s = r->real = arena_alloc(r->arena, sizeof *s);
    *s = (struct real_study){ .metric = M_CPU, .source = SOURCE_CLOCK, .seed = 3, .axes = AXES_ALL, .wanted = 4, .shard = 1, .shards = 2, .rounds = 2,
                              .link = { { .command = "cc {options} -o {output}", .linker = "GNU ld 2.40", .pieces = 7, .moved = 7 } }, .notes = notes,
                              .note_count = 1, .sentences = sentences, .sentence_count = 1, .estimator = ESTIMATOR_LOW_TAIL,
                              .random = { NAN, NAN, NAN }, .answer = LAYOUT_IS_LUCK };
    for (unsigned i = 0; i < 3; i++)
        *ARENA_PUSH(r->arena, s->layouts, s->layout_count, s->layout_room) = (struct real_layout){
            .kind = i ? REAL_DRAWN : REAL_SHIPPED, .number = i, .family = i ? FAMILY_PAD : FAMILY_SHIPPED, .axes = i ? AXES_ALL : 0, .stack = 16 * i,
            .refused = i == 2 ? "prints other results" : NULL, .cost = { costs, costs }, .rounds = i == 2 ? 0 : 2 };
    return r;
}

/* The second of two parts: it has run one trial of three. */
static struct result *part_of_layouts(void)
{
    static const char *sentences[] = { "words" };
    struct result *r = result_new();
    r->layouts = arena_alloc(r->arena, sizeof *r->layouts);
    static struct layout_remedy remedy = { .kind = REMEDY_PLACE, .name = "walk", .phase = 27, .gain = -0.1 };
    *r->layouts = (struct layout_study){ .processor = "zen3", .seed = 1, .remedies_tried = 2, .remedy = &remedy, .shard = 2, .shards = 2, .shipped = { 10, 11 }, .transplant = { NAN, NAN },
                                         .sentences = sentences, .sentence_count = 1 };
    for (int i = 0; i < 3; i++)
        *ARENA_PUSH(r->arena, r->layouts->trials, r->layouts->trial_count, r->layouts->trial_room) = (struct layout_trial){
            .family = i ? FAMILY_PAD : FAMILY_SHIPPED, .axes = i ? AXES_ALL : 0, .cycles = { i == 1 ? NAN : 10, i == 1 ? NAN : 11 } };
    return r;
}

/* One recording on a second processor. */
static struct result *elsewhere(void)
{
    struct result *r = example_layout();
    r->elsewhere = r->layouts;
    r->elsewhere_count = 1;
    r->elsewhere->culprits[0].crowd = "1 set of the L1I with walk, where more than 8 lines want to be";
    r->elsewhere->shard = r->elsewhere->shards = 2; /* of a shard the trials are saved, too */
    return r;
}

int main(void)
{
    json_error_t error;
    schema = json_load_file(TEST_DIR "/../docs/result.schema.json", JSON_REJECT_DUPLICATES, &error);
    if (!ok(schema != NULL, "the schema is JSON")) {
        diag("line %d: %s", error.line, error.text);
        return done_testing();
    }
    static const struct { const char *name; codec_word *word; } words[] = {
        { "metric", word_metric }, { "source", word_source }, { "state", word_state }, { "estimator", word_estimator },
        { "change", word_change }, { "cause", word_cause }, { "side", word_side }, { "outcome", word_outcome },
        { "use", word_use }, { "kind", word_kind }, { "fate", word_fate }, { "fact", word_fact }, { "rule", word_rule }, { "component", word_component },
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        words_agree(words[i].name, words[i].word);
    for (int i = 0; i < EXAMPLE_COUNT; i++)
        conforms(&examples[i]);
    conforms(&(struct example){ "an empty result", result_new });
    conforms(&(struct example){ "environments of their own", two_settings });
    conforms(&(struct example){ "real layouts", real_layouts });
    conforms(&(struct example){ "a part of a sweep", part_of_layouts });
    conforms(&(struct example){ "another processor", elsewhere });
    int never = 0, bare = 0;
    unmet(schema, "", &never, &bare);
    ok(never == 0, "every described key is written by some example");
    ok(bare == 0, "every key is explained");
    faults_are_seen();
    json_decref(schema);
    return done_testing();
}
