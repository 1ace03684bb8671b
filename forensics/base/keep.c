#include "base/keep.h"

#include <sys/mman.h>
#include <unistd.h>

struct mapping {
    void *bytes;
    size_t size;
};

static void release_mapping(void *thing)
{
    struct mapping *m = thing;
    munmap(m->bytes, m->size);
}

void keep_mapping(struct arena *arena, void *bytes, size_t size)
{
    struct mapping *m = arena_alloc(arena, sizeof *m);
    *m = (struct mapping){ bytes, size };
    arena_defer(arena, release_mapping, m);
}

static void release_file(void *thing)
{
    close(*(int *)thing);
}

void keep_file(struct arena *arena, int fd)
{
    int *kept = arena_alloc(arena, sizeof *kept);
    *kept = fd;
    arena_defer(arena, release_file, kept);
}

static void release_arena(void *thing)
{
    arena_free(thing);
}

void keep_arena(struct arena *arena, struct arena *other)
{
    arena_defer(arena, release_arena, other);
}
