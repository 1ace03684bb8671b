#include "core/json_codec.h"

#include <string.h>

bool codec_broken(const struct codec *codec)
{
    return codec->err->kind != ERR_NONE;
}

/* "metrics[3].name" of the place where `codec` stands. */
static void place(const struct codec *codec, char *out, size_t room)
{
    if (codec->up)
        place(codec->up, out, room);
    if (!codec->key)
        return;
    size_t used = strlen(out);
    const char *dot = used ? "." : "";
    if (codec->index < 0)
        snprintf(out + used, room - used, "%s%s", dot, codec->key);
    else
        snprintf(out + used, room - used, "%s%s[%ld]", dot, codec->key, codec->index);
}

void codec_fail(const struct codec *codec, const char *key, const char *format, ...)
{
    char where[200] = "", text[300];
    place(codec, where, sizeof where);
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    const struct codec *top = codec;
    while (top->up)
        top = top->up;
    err_set(codec->err, ERR_TOOL, "%s: %s%s%s %s", top->file, where, *where && key ? "." : "", key ? key : "", text);
}

void codec_wrong_type(const struct codec *codec, const char *key, const char *wanted)
{
    codec_fail(codec, key, "is not %s: the file is damaged, save the comparison again", wanted);
}

void codec_put(struct codec *codec, const char *key, json_t *value)
{
    if (json_object_set_new(codec->node, key, value) != 0)
        err_set(codec->err, ERR_TOOL, "cannot build the JSON of the result: out of memory: free some");
}

json_t *codec_get(const struct codec *codec, const char *key)
{
    return codec_broken(codec) ? NULL : json_object_get(codec->node, key);
}

bool codec_enter(struct codec *codec, const char *key, struct codec *inner)
{
    if (codec_broken(codec))
        return false;
    *inner = (struct codec){ .saving = codec->saving, .arena = codec->arena, .err = codec->err, .up = codec, .key = key,
                             .index = -1 };
    inner->node = codec->saving ? json_object() : codec_get(codec, key);
    if (codec->saving && !inner->node)
        codec_put(codec, key, NULL);
    else if (!codec->saving && inner->node && !json_is_object(inner->node)) {
        if (!json_is_null(inner->node))
            codec_wrong_type(codec, key, "an object");
        return false;
    }
    return inner->node != NULL;
}

void codec_leave(struct codec *inner)
{
    if (!inner->saving)
        return;
    /* `up` is const for error paths only; the parent codec itself does not change. */
    struct codec parent = *inner->up;
    codec_put(&parent, inner->key, inner->node);
}

void codec_object(struct codec *codec, const char *key, void *item, codec_walk *walk)
{
    struct codec inner;
    if (!codec_enter(codec, key, &inner))
        return;
    walk(&inner, item);
    codec_leave(&inner);
}

void *codec_optional(struct codec *codec, const char *key, void *item, size_t bytes, codec_walk *walk)
{
    if (codec_broken(codec))
        return NULL;
    if (codec->saving && !item) {
        codec_put(codec, key, json_null());
        return NULL;
    }
    struct codec inner;
    if (!codec_enter(codec, key, &inner))
        return NULL;
    if (!codec->saving)
        item = arena_alloc(codec->arena, bytes);
    walk(&inner, item);
    codec_leave(&inner);
    return item;
}

static void save_items(struct codec *codec, const char *key, char *items, size_t count, size_t bytes, codec_walk *walk)
{
    json_t *list = json_array();
    codec_put(codec, key, list);
    for (size_t i = 0; i < count && !codec_broken(codec); i++) {
        struct codec inner = { .saving = true, .node = json_object(), .arena = codec->arena, .err = codec->err,
                               .up = codec, .key = key, .index = (long)i };
        if (json_array_append_new(list, inner.node) != 0)
            codec_put(codec, key, NULL);
        else
            walk(&inner, items + i * bytes);
    }
}

void *codec_items(struct codec *codec, const char *key, void *items, size_t *count, size_t bytes, codec_walk *walk)
{
    if (codec_broken(codec))
        return NULL;
    if (codec->saving) {
        save_items(codec, key, items, *count, bytes, walk);
        return items;
    }
    json_t *list = codec_get(codec, key);
    if (!list)
        return NULL;
    if (!json_is_array(list)) {
        codec_wrong_type(codec, key, "a list");
        return NULL;
    }
    char *loaded = arena_array(codec->arena, json_array_size(list), bytes);
    for (size_t i = 0; i < json_array_size(list) && !codec_broken(codec); i++) {
        struct codec inner = { .node = json_array_get(list, i), .arena = codec->arena, .err = codec->err,
                               .up = codec, .key = key, .index = (long)i };
        if (json_is_object(inner.node))
            walk(&inner, loaded + i * bytes);
        else
            codec_wrong_type(&inner, NULL, "an object");
    }
    *count = json_array_size(list);
    return loaded;
}
