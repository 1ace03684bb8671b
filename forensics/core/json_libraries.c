/* JSON of the shared libraries that differ: each like the two programs, its files under old and new. */
#include <string.h>

#include "core/json_codec.h"
#include "core/result.h"

/* One side's file of a library. */
struct library_side {
    const char *path;
    struct inventory *inventory; /* NULL: not read */
};

static void walk_library_side(struct codec *codec, void *item)
{
    struct library_side *side = item;
    struct inventory *inventory = side->inventory;
    codec_string(codec, "path", &side->path);
    side->inventory = codec_optional(codec, "elf", inventory, sizeof *inventory, walk_inventory);
    if (!(inventory = side->inventory))
        return;
    codec_string(codec, "build_id", &inventory->build_id);
    codec_string(codec, "sha256", &inventory->sha256);
    codec_u64(codec, "size", &inventory->size);
    if (!codec->saving)
        inventory->path = side->path;
}

/* The delta is walked as a comparison's own is, which needs no more of a result than this. */
static void walk_library_delta(struct codec *codec, struct library *library)
{
    struct result part = { .arena = codec->arena, .delta = library->delta };
    memcpy(part.inventory, library->inventory, sizeof part.inventory);
    walk_delta(codec, &part);
    if (!codec->saving)
        library->delta = part.delta;
}

static void walk_library(struct codec *codec, void *item)
{
    struct library *library = item;
    codec_string(codec, "name", &library->name);
    for (int side = 0; side < 2; side++) {
        struct library_side here = { library->path[side], library->inventory[side] }, *present = &here;
        present = codec_optional(codec, side_name[side], library->path[side] ? present : NULL, sizeof *present,
                                 walk_library_side);
        if (codec->saving || !present)
            continue;
        library->path[side] = present->path;
        library->inventory[side] = present->inventory;
    }
    walk_library_delta(codec, library);
    if (!codec->saving && (!library->name || (!library->path[0] && !library->path[1])))
        codec_fail(codec, "name", "is missing, or the library has no file: the result is damaged, save it again");
}

static void walk_all(struct codec *codec, void *item)
{
    struct libraries *libraries = item;
    codec_size(codec, "same", &libraries->same);
    codec_size(codec, "left_out", &libraries->left_out);
    codec_strings(codec, "missing", &libraries->missing, &libraries->missing_count);
    struct library *changed = codec_items(codec, "changed", libraries->changed, &libraries->changed_count,
                                          sizeof *changed, walk_library);
    if (codec->saving)
        return;
    libraries->changed = changed;
    libraries->changed_room = libraries->changed_count;
    libraries->missing_room = libraries->missing_count;
}

void walk_libraries(struct codec *codec, struct result *result)
{
    struct libraries *libraries =
        codec_optional(codec, "libraries", result->libraries, sizeof *libraries, walk_all);
    if (!codec->saving)
        result->libraries = libraries;
}
