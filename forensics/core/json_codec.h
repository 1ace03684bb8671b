/* Both directions in one description: a function that walks a struct field by field and, by codec.saving, puts each
 * into a JSON object or takes it out. So no key can be written that is not read, or spelled in two ways.
 *
 * After the first error every call is a no-op. Saving never writes to the struct. Private to core/json*.c.
 */
#ifndef FORENSICS_CORE_JSON_CODEC_H
#define FORENSICS_CORE_JSON_CODEC_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"

struct codec {
    bool saving;
    json_t *node;           /* the object being written or read */
    struct arena *arena;    /* owns what is read; scratch of what is written */
    struct err *err;
    const struct codec *up; /* NULL at the top */
    const char *key;        /* under which `node` hangs in up->node; NULL at the top */
    long index;             /* in the array `key`; -1: not in an array */
    const char *file;       /* for errors, at the top */
};

/* Walks one struct; `item` points to it. */
typedef void codec_walk(struct codec *codec, void *item);

/* The i-th word of an enum; NULL past its end. */
typedef const char *codec_word(int i);

/* Scalars. A missing key leaves the field as it was (files of older minor versions); a wrong type is an error. */
void codec_bool(struct codec *codec, const char *key, bool *value);
void codec_int(struct codec *codec, const char *key, int *value);
void codec_size(struct codec *codec, const char *key, size_t *value);
void codec_u64(struct codec *codec, const char *key, uint64_t *value);     /* above 2^63 - 1: a string of digits */
void codec_hex(struct codec *codec, const char *key, uint64_t *value);     /* "0x401000": addresses and hashes */
void codec_double(struct codec *codec, const char *key, double *value);    /* NaN and infinities are null; null is NaN */
void codec_string(struct codec *codec, const char *key, const char **value); /* NULL is null */
void codec_doubles(struct codec *codec, const char *key, double **values, size_t *count);
void codec_strings(struct codec *codec, const char *key, const char ***values, size_t *count);
void codec_word_index(struct codec *codec, const char *key, int *value, codec_word *word);

/* [low, high] */
void codec_interval(struct codec *codec, const char *key, double *low, double *high);

/* An object with one number per word of an enum. `sparse`: zeros are left out. */
void codec_numbers(struct codec *codec, const char *key, double *values, codec_word *word, bool sparse);

/* Written for the reader's convenience and not read back, because a table knows it. */
void codec_remark(struct codec *codec, const char *key, const char *text);

/* An enum field by its word. */
#define CODEC_ENUM(codec, key, lvalue, word)              \
    do {                                                  \
        int index_ = (int)(lvalue);                       \
        codec_word_index((codec), (key), &index_, (word)); \
        if (!(codec)->saving)                             \
            (lvalue) = index_;                            \
    } while (0)

/* A struct inside the struct. */
void codec_object(struct codec *codec, const char *key, void *item, codec_walk *walk);

/* A struct that may be absent (null): saving takes item NULL for absent; loading allocates `bytes` and returns the
 * struct, or NULL when absent. */
void *codec_optional(struct codec *codec, const char *key, void *item, size_t bytes, codec_walk *walk);

/* An array of structs of `bytes` each; returns the items (allocated when loading). */
void *codec_items(struct codec *codec, const char *key, void *items, size_t *count, size_t bytes, codec_walk *walk);

/* Enters the object under `key` by hand: true if there is one to walk; codec_leave ends it. */
bool codec_enter(struct codec *codec, const char *key, struct codec *inner);
void codec_leave(struct codec *inner);

/* Fails with the place ("FILE: metrics[3].name") before the sentence. */
void codec_fail(const struct codec *codec, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* codec_fail for a value of another type than `wanted`. */
void codec_wrong_type(const struct codec *codec, const char *key, const char *wanted);

/* True once an error stands. */
bool codec_broken(const struct codec *codec);

/* Saving: puts `value` under `key` and owns it; NULL means that memory ran out. */
void codec_put(struct codec *codec, const char *key, json_t *value);

/* Loading: the value under `key`; NULL when missing or when an error stands. */
json_t *codec_get(const struct codec *codec, const char *key);

/* Words of the enums. */
codec_word word_metric, word_source, word_state, word_estimator, word_change, word_cause, word_share, word_component,
    word_side, word_outcome, word_use, word_kind, word_fate, word_recoding, word_fact, word_rule, word_family, word_experiment, word_answer, word_real_kind, word_remedy, word_sampling;

/* Walks by noun. */
codec_walk walk_machine, walk_spec, walk_side, walk_run, walk_figure, walk_control, walk_inventory, walk_cost_profile,
    walk_verdict, walk_attribution, walk_evidence;

struct delta;
struct result;
void walk_slowdown(struct codec *codec, struct result *result);
void walk_delta(struct codec *codec, struct result *result);
void walk_libraries(struct codec *codec, struct result *result);
void walk_code_facts(struct codec *codec, struct delta *delta);
void walk_fate_cycles(struct codec *codec, struct delta *delta);
void walk_rules(struct codec *codec, struct result *result);
void walk_layouts(struct codec *codec, struct result *result);
void walk_real(struct codec *codec, struct result *result);

/* Prints a tree: what fits in 120 columns on one line, reals with the fewest digits that come back the same. */
void json_print(const json_t *node, FILE *stream);

#endif
