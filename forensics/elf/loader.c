#include "elf/loader.h"

#include "base/keep.h"
#include "elf/dynamic.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* /etc/ld.so.cache, mapped. */
struct cache {
    const unsigned char *bytes; /* of the part that is in the present format; NULL: none */
    size_t size;
};

struct loading {
    struct arena *arena;
    const struct image *program;
    const char *search_path;
    struct loaded *self; /* the program as an asker */
    struct cache cache;
    struct load_list *list;
};

/* ---- the cache: sysdeps/generic/dl-cache.h of glibc ---- */

static const char cache_magic[] = "glibc-ld.so.cache1.1";

enum { CACHE_HEADER = 48, CACHE_ENTRY = 24, CACHE_COUNT_AT = 20, X86_64_LIBC6 = 0x0303 };

static uint32_t word_at(const unsigned char *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static struct cache cache_open(struct arena *arena)
{
    struct cache none = { NULL, 0 };
    struct stat st;
    int fd = open("/etc/ld.so.cache", O_RDONLY | O_CLOEXEC);
    bool usable = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > CACHE_HEADER;
    void *bytes = usable ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    if (fd >= 0)
        close(fd);
    if (bytes == MAP_FAILED)
        return none;
    keep_mapping(arena, bytes, (size_t)st.st_size);
    /* An older format may stand in front. */
    const unsigned char *at = memmem(bytes, (size_t)st.st_size, cache_magic, sizeof cache_magic - 1);
    size_t size = at ? (size_t)st.st_size - (size_t)(at - (const unsigned char *)bytes) : 0;
    return size >= CACHE_HEADER ? (struct cache){ at, size } : none;
}

/* The text at an offset from the header; NULL: it does not end inside the cache. */
static const char *cache_text(const struct cache *c, uint32_t offset)
{
    bool inside = offset < c->size && memchr(c->bytes + offset, 0, c->size - offset);
    return inside ? (const char *)c->bytes + offset : NULL;
}

/* Entries with a processor's features are left out: which of them count is for the loader to know. */
static const char *cache_find(const struct cache *c, const char *name)
{
    size_t count = c->bytes ? word_at(c->bytes + CACHE_COUNT_AT) : 0;
    for (size_t i = 0; i < count && CACHE_HEADER + (i + 1) * CACHE_ENTRY <= c->size; i++) {
        const unsigned char *entry = c->bytes + CACHE_HEADER + i * CACHE_ENTRY;
        const char *key = cache_text(c, word_at(entry + 4));
        bool plain = word_at(entry + 16) == 0 && word_at(entry + 20) == 0;
        if (key && plain && word_at(entry) == X86_64_LIBC6 && strcmp(key, name) == 0)
            return cache_text(c, word_at(entry + 8));
    }
    return NULL;
}

/* ---- the search ---- */

static const char *folder_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? arena_strndup(arena, path, slash == path ? 1 : (size_t)(slash - path)) : ".";
}

/* A folder of a path list with $ORIGIN and $LIB replaced; NULL: it has another token. */
static const char *expand(struct arena *arena, const char *text, size_t length, const char *origin)
{
    static const char *const token[] = { "$ORIGIN", "${ORIGIN}", "$LIB", "${LIB}" };
    const char *all = "";
    for (size_t at = 0; at < length;) {
        size_t k = 0, kinds = sizeof token / sizeof *token;
        while (k < kinds && (length - at < strlen(token[k]) || strncmp(text + at, token[k], strlen(token[k])) != 0))
            k++;
        if (k < kinds) {
            all = arena_printf(arena, "%s%s", all, k < 2 ? origin : "lib/x86_64-linux-gnu");
            at += strlen(token[k]);
            continue;
        }
        if (text[at] == '$')
            return NULL;
        size_t plain = 1;
        while (at + plain < length && text[at + plain] != '$')
            plain++;
        all = arena_printf(arena, "%s%.*s", all, (int)plain, text + at);
        at += plain;
    }
    return all;
}

/* A linked file for the program's machine; the loader passes over others. */
static struct image *open_fitting(struct loading *l, const char *path)
{
    struct err ignored = ERR_INIT;
    if (access(path, R_OK) != 0)
        return NULL;
    struct image *image = image_open(l->arena, path, &ignored);
    bool fits = image && image->header.e_machine == l->program->header.e_machine &&
                image->header.e_ident[EI_CLASS] == l->program->header.e_ident[EI_CLASS];
    return fits ? image : NULL;
}

enum { FOLDERS_MOST = 64 /* of one list: a crafted file may name millions */ };

static struct image *search_folders(struct loading *l, const char *folders, const char *separators, const char *origin,
                                    const char *name)
{
    unsigned tried = 0;
    for (const char *at = folders; at && *at && tried < FOLDERS_MOST; at += *at != 0, tried++) {
        size_t length = strcspn(at, separators);
        bool usable = length && length < PATH_MAX;
        const char *folder = usable ? expand(l->arena, at, length, origin) : NULL;
        struct image *image = folder ? open_fitting(l, arena_printf(l->arena, "%s/%s", folder, name)) : NULL;
        if (image)
            return image;
        at += length;
    }
    return NULL;
}

/* DT_RPATH of the asker and of who asked for it, up to the program; an asker with DT_RUNPATH has none. */
static struct image *search_rpaths(struct loading *l, const struct loaded *asker, const char *name)
{
    if (asker->runpath)
        return NULL;
    for (const struct loaded *a = asker; a; a = a->asker) {
        struct image *image = a->runpath ? NULL : search_folders(l, a->rpath, ":", a->folder, name);
        if (image)
            return image;
    }
    return NULL;
}

static struct image *search(struct loading *l, const struct loaded *asker, const char *name)
{
    static const char standard[] = "/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:/lib64:/usr/lib64:/lib:/usr/lib";
    struct image *image;
    if (strlen(name) >= PATH_MAX)
        return NULL;
    if (strchr(name, '/')) {
        const char *path = expand(l->arena, name, strlen(name), asker->folder);
        return path ? open_fitting(l, path) : NULL;
    }
    if ((image = search_rpaths(l, asker, name)) || (image = search_folders(l, l->search_path, ":;", l->self->folder, name)) ||
        (image = search_folders(l, asker->runpath, ":", asker->folder, name)))
        return image;
    const char *cached = cache_find(&l->cache, name);
    if (cached && (image = open_fitting(l, cached)))
        return image;
    return search_folders(l, standard, ":", "", name);
}

static bool is_loaded(const struct load_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i]->name, name) == 0 ||
            (list->items[i]->soname && strcmp(list->items[i]->soname, name) == 0))
            return true;
    return false;
}

static void know(struct arena *arena, struct loaded *item, struct image *image)
{
    struct dynamic_tags tags = dynamic_tags(arena, image);
    char *real = realpath(image->path, NULL);
    item->image = image;
    item->path = arena_strdup(arena, real ? real : image->path);
    item->folder = folder_of(arena, item->path);
    item->soname = tags.soname;
    item->rpath = tags.rpath;
    item->runpath = tags.runpath;
    free(real);
}

static void load(struct loading *l, const struct loaded *asker, const char *name)
{
    if (is_loaded(l->list, name))
        return;
    if (l->list->count == LOAD_MOST) {
        l->list->cut = true;
        return;
    }
    const char *by = strrchr(asker->path, '/');
    struct loaded *item = arena_alloc(l->arena, sizeof *item);
    *item = (struct loaded){ .name = name, .asker = asker, .wanted_by = by ? by + 1 : asker->path };
    struct image *image = search(l, asker, name);
    if (image)
        know(l->arena, item, image);
    *ARENA_PUSH(l->arena, l->list->items, l->list->count, l->list->room) = item;
}

static void load_needed(struct loading *l, const struct loaded *asker)
{
    struct dynamic_tags tags = dynamic_tags(l->arena, asker->image);
    for (size_t i = 0; i < tags.needed_count; i++)
        load(l, asker, tags.needed[i]);
}

static void load_preloaded(struct loading *l, const char *list)
{
    for (const char *at = list; at && *at; at += *at != 0) {
        size_t length = strcspn(at, ": ");
        if (length)
            load(l, l->self, arena_strndup(l->arena, at, length));
        at += length;
    }
}

struct load_list *loads_of(struct arena *arena, const struct image *program, const char *search_path,
                           const char *preload)
{
    struct loaded self = { .name = program->path };
    struct loading l = { .arena = arena,
                         .program = program,
                         .search_path = search_path,
                         .self = arena_alloc(arena, sizeof self),
                         .cache = cache_open(arena),
                         .list = arena_alloc(arena, sizeof *l.list) };
    *l.self = self;
    know(arena, l.self, (struct image *)(uintptr_t)program);
    load_preloaded(&l, preload);
    load_needed(&l, l.self);
    for (size_t i = 0; i < l.list->count; i++)
        if (l.list->items[i]->image)
            load_needed(&l, l.list->items[i]);
    return l.list;
}
