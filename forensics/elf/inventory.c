#include "elf/inventory.h"

#include "base/sha256.h"
#include "elf/dynamic.h"
#include "elf/frames.h"
#include "elf/image.h"
#include "elf/origin.h"
#include "elf/sections.h"
#include "elf/symbols.h"

#include <pthread.h>
#include <string.h>

/* Hashing is the longest single step on a file without debug information, so it runs beside the rest. */
struct digest {
    const struct image *image;
    pthread_t thread;
    bool threaded;
    char hex[SHA256_HEX];
};

static void *digest_run(void *thing)
{
    struct digest *d = thing;
    sha256_hex(d->image->bytes, d->image->size, d->hex);
    return NULL;
}

static void digest_start(struct digest *d)
{
    enum { WORTH_A_THREAD = 1 << 20 }; /* bytes; about 5 ms of hashing against 0.05 ms for the thread */
    d->threaded = d->image->size >= WORTH_A_THREAD && pthread_create(&d->thread, NULL, digest_run, d) == 0;
}

static const char *digest_finish(struct digest *d, struct arena *arena)
{
    if (d->threaded)
        pthread_join(d->thread, NULL);
    else
        digest_run(d);
    return arena_strdup(arena, d->hex);
}

void inventory_lacks(struct arena *arena, struct inventory *inv, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    *ARENA_PUSH(arena, inv->missing, inv->missing_count, inv->missing_room) = arena_vprintf(arena, format, ap);
    va_end(ap);
}

static struct inventory *read_image(struct arena *arena, struct image *image)
{
    struct inventory *inv = arena_alloc(arena, sizeof *inv);
    struct digest digest = { .image = image };
    digest_start(&digest);
    inv->path = image->path;
    inv->image = image;
    inv->size = image->size;
    inv->machine = image_machine(image);
    inv->bits = image->header.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
    inv->entry = image->header.e_entry;
    sections_read(arena, image, inv);
    origin_read(arena, image, inv);
    dynamic_read(arena, image, inv);
    struct frames *frames = frames_read(arena, image, inv->sections, inv->section_count);
    image->frames = frames;
    symbols_read(arena, image, frames, inv);
    if (inv->section_count == 0)
        inventory_lacks(arena, inv, "'%s' has no section table: only segments and call frames can be compared",
                        inv->path);
    if (frames->damaged)
        inventory_lacks(arena, inv, "'%s' has a damaged .eh_frame: functions after the damage are not seen", inv->path);
    if (!image->decodes)
        inventory_lacks(arena, inv,
                        "'%s' is %u-bit %s: its code is compared byte by byte only, as the disassembler knows x86-64",
                        inv->path, inv->bits, inv->machine);
    inv->sha256 = digest_finish(&digest, arena);
    return inv;
}

struct inventory *inventory_read(struct arena *arena, const char *path, struct err *err)
{
    struct image *image = image_open(arena, path, err);
    return image ? read_image(arena, image) : NULL;
}

struct inventory *inventory_from_memory(struct arena *arena, const char *path, const void *bytes, size_t size,
                                        struct err *err)
{
    struct image *image = image_from_memory(arena, path, bytes, size, err);
    return image ? read_image(arena, image) : NULL;
}

bool inventory_is_native(const struct inventory *inv, struct err *err)
{
    if (inv->bits == 64 && strcmp(inv->machine, "x86-64") == 0)
        return true;
    return err_set(
        err, ERR_TOOL,
        "'%s' is built for %u-bit %s, and this tool runs and disassembles 64-bit x86-64: name a build for that",
        inv->path, inv->bits, inv->machine);
}
