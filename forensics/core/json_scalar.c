/* The codec's scalars, lists of strings and rows of numbers. */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/json_codec.h"

void codec_bool(struct codec *codec, const char *key, bool *value)
{
    if (codec_broken(codec))
        return;
    if (codec->saving) {
        codec_put(codec, key, json_boolean(*value));
        return;
    }
    json_t *node = codec_get(codec, key);
    if (json_is_boolean(node))
        *value = json_is_true(node);
    else if (node)
        codec_wrong_type(codec, key, "true or false");
}

void codec_int(struct codec *codec, const char *key, int *value)
{
    if (codec_broken(codec))
        return;
    if (codec->saving) {
        codec_put(codec, key, json_integer(*value));
        return;
    }
    json_t *node = codec_get(codec, key);
    if (json_is_integer(node) && json_integer_value(node) >= INT_MIN && json_integer_value(node) <= INT_MAX)
        *value = (int)json_integer_value(node);
    else if (node)
        codec_wrong_type(codec, key, "a small integer");
}

static json_t *u64_node(uint64_t value)
{
    char digits[24];
    if (value <= INT64_MAX)
        return json_integer((json_int_t)value);
    snprintf(digits, sizeof digits, "%" PRIu64, value);
    return json_string(digits);
}

/* A whole text as an unsigned number in `base`. */
static bool parse_u64(const char *text, int base, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, base);
    return errno == 0 && end != text && !*end && !strchr(text, '-');
}

void codec_u64(struct codec *codec, const char *key, uint64_t *value)
{
    if (codec_broken(codec))
        return;
    if (codec->saving) {
        codec_put(codec, key, u64_node(*value));
        return;
    }
    json_t *node = codec_get(codec, key);
    if (json_is_integer(node) && json_integer_value(node) >= 0)
        *value = (uint64_t)json_integer_value(node);
    else if (node && !(json_is_string(node) && parse_u64(json_string_value(node), 10, value)))
        codec_wrong_type(codec, key, "an integer of at least 0");
}

void codec_size(struct codec *codec, const char *key, size_t *value)
{
    uint64_t wide = *value;
    codec_u64(codec, key, &wide);
    if (!codec->saving)
        *value = wide;
}

void codec_hex(struct codec *codec, const char *key, uint64_t *value)
{
    if (codec_broken(codec))
        return;
    if (codec->saving) {
        char digits[24];
        snprintf(digits, sizeof digits, "0x%" PRIx64, *value);
        codec_put(codec, key, json_string(digits));
        return;
    }
    json_t *node = codec_get(codec, key);
    if (node && !(json_is_string(node) && parse_u64(json_string_value(node), 16, value)))
        codec_wrong_type(codec, key, "a hexadecimal number like \"0x401000\"");
}

static json_t *double_node(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static bool take_double(const struct codec *codec, const char *key, const json_t *node, double *value)
{
    if (json_is_number(node))
        *value = json_number_value(node);
    else if (json_is_null(node))
        *value = NAN;
    else
        codec_wrong_type(codec, key, "a number or null");
    return !codec_broken(codec);
}

void codec_double(struct codec *codec, const char *key, double *value)
{
    if (codec_broken(codec))
        return;
    if (codec->saving) {
        codec_put(codec, key, double_node(*value));
        return;
    }
    json_t *node = codec_get(codec, key);
    if (node)
        take_double(codec, key, node, value);
}

/* Bytes at `text` that are one valid UTF-8 character; 0: none. Strict: no surrogates, no overlong forms. */
static int utf8_length(const unsigned char *text)
{
    static const struct { unsigned char first_lo, first_hi, second_lo, second_hi; int length; } rows[] = {
        { 0x01, 0x7f, 0, 0, 1 },          { 0xc2, 0xdf, 0x80, 0xbf, 2 },    { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
        { 0xe1, 0xec, 0x80, 0xbf, 3 },    { 0xed, 0xed, 0x80, 0x9f, 3 },    { 0xee, 0xef, 0x80, 0xbf, 3 },
        { 0xf0, 0xf0, 0x90, 0xbf, 4 },    { 0xf1, 0xf3, 0x80, 0xbf, 4 },    { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (text[0] < rows[i].first_lo || text[0] > rows[i].first_hi)
            continue;
        if (rows[i].length > 1 && (text[1] < rows[i].second_lo || text[1] > rows[i].second_hi))
            return 0;
        for (int k = 2; k < rows[i].length; k++)
            if ((text[k] & 0xc0) != 0x80)
                return 0;
        return rows[i].length;
    }
    return 0;
}

/* Paths and symbols are bytes, JSON is UTF-8: a byte that is no character becomes U+FFFD. */
static json_t *string_node(const struct codec *codec, const char *text)
{
    if (!text)
        return json_null();
    json_t *plain = json_string(text);
    if (plain)
        return plain;
    char *clean = arena_alloc(codec->arena, 3 * strlen(text) + 1), *out = clean;
    while (*text) {
        int length = utf8_length((const unsigned char *)text);
        memcpy(out, length ? text : "\xef\xbf\xbd", length ? (size_t)length : 3);
        out += length ? length : 3;
        text += length ? length : 1;
    }
    return json_string(clean);
}

void codec_string(struct codec *codec, const char *key, const char **value)
{
    if (codec_broken(codec))
        return;
    if (codec->saving) {
        codec_put(codec, key, string_node(codec, *value));
        return;
    }
    json_t *node = codec_get(codec, key);
    if (json_is_string(node))
        *value = arena_strdup(codec->arena, json_string_value(node));
    else if (json_is_null(node))
        *value = NULL;
    else if (node)
        codec_wrong_type(codec, key, "a string or null");
}

static json_t *list_of(const char **values, size_t count, const struct codec *codec)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(list, string_node(codec, values[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

void codec_doubles(struct codec *codec, const char *key, double **values, size_t *count)
{
    if (codec_broken(codec))
        return;
    if (codec->saving) {
        json_t *list = json_array();
        for (size_t i = 0; list && i < *count; i++)
            if (json_array_append_new(list, double_node((*values)[i])) != 0) {
                json_decref(list);
                list = NULL;
            }
        codec_put(codec, key, list);
        return;
    }
    json_t *node = codec_get(codec, key), *item;
    if (!node)
        return;
    if (!json_is_array(node)) {
        codec_wrong_type(codec, key, "a list of numbers");
        return;
    }
    double *list = arena_array(codec->arena, json_array_size(node) + 1, sizeof *list);
    size_t i;
    json_array_foreach(node, i, item)
        if (!take_double(codec, key, item, &list[i]))
            return;
    *values = list;
    *count = json_array_size(node);
}

void codec_strings(struct codec *codec, const char *key, const char ***values, size_t *count)
{
    if (codec_broken(codec))
        return;
    if (codec->saving) {
        codec_put(codec, key, list_of(*values, *count, codec));
        return;
    }
    json_t *node = codec_get(codec, key), *item;
    if (!node)
        return;
    if (!json_is_array(node)) {
        codec_wrong_type(codec, key, "a list of strings");
        return;
    }
    /* One more slot: some of these lists end with NULL. */
    const char **list = arena_array(codec->arena, json_array_size(node) + 1, sizeof *list);
    size_t i;
    json_array_foreach(node, i, item) {
        if (!json_is_string(item)) {
            codec_wrong_type(codec, key, "a list of strings");
            return;
        }
        list[i] = arena_strdup(codec->arena, json_string_value(item));
    }
    *values = list;
    *count = json_array_size(node);
}

void codec_word_index(struct codec *codec, const char *key, int *value, codec_word *word)
{
    if (codec_broken(codec))
        return;
    if (codec->saving) {
        assert(word(*value));
        codec_put(codec, key, json_string(word(*value)));
        return;
    }
    json_t *node = codec_get(codec, key);
    if (!node)
        return;
    const char *name;
    for (int i = 0; json_is_string(node) && (name = word(i)); i++)
        if (strcmp(name, json_string_value(node)) == 0) {
            *value = i;
            return;
        }
    codec_fail(codec, key, "is %s%.40s%s, a word this version does not know: load it with the version that wrote it",
               json_is_string(node) ? "\"" : "", json_is_string(node) ? json_string_value(node) : "no word",
               json_is_string(node) ? "\"" : "");
}

void codec_interval(struct codec *codec, const char *key, double *low, double *high)
{
    if (codec_broken(codec))
        return;
    if (codec->saving) {
        json_t *pair = json_array();
        if (json_array_append_new(pair, double_node(*low)) || json_array_append_new(pair, double_node(*high))) {
            json_decref(pair);
            pair = NULL;
        }
        codec_put(codec, key, pair);
        return;
    }
    json_t *node = codec_get(codec, key);
    if (!node)
        return;
    if (!json_is_array(node) || json_array_size(node) != 2)
        codec_wrong_type(codec, key, "a pair of numbers");
    else if (take_double(codec, key, json_array_get(node, 0), low))
        take_double(codec, key, json_array_get(node, 1), high);
}

void codec_numbers(struct codec *codec, const char *key, double *values, codec_word *word, bool sparse)
{
    struct codec inner;
    if (!codec_enter(codec, key, &inner))
        return;
    const char *name;
    for (int i = 0; (name = word(i)); i++)
        if (!(codec->saving && sparse && values[i] == 0))
            codec_double(&inner, name, &values[i]);
    codec_leave(&inner);
}

void codec_remark(struct codec *codec, const char *key, const char *text)
{
    if (codec->saving && !codec_broken(codec))
        codec_put(codec, key, string_node(codec, text));
}
