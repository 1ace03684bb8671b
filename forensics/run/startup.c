#include "run/startup.h"

#include <string.h>
#include <unistd.h>

static char *const clean_environment[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "TZ=UTC0", NULL };

struct list {
    char **items; /* not terminated until the end */
    size_t count, room;
};

static void add(struct arena *arena, struct list *list, const char *text)
{
    *ARENA_PUSH(arena, list->items, list->count, list->room) = arena_strdup(arena, text);
}

/* Adds K=V, or replaces the entry of the same K. */
static void set(struct arena *arena, struct list *list, const char *pair)
{
    size_t key = strcspn(pair, "=") + 1;
    for (size_t i = 0; i < list->count; i++)
        if (strncmp(list->items[i], pair, key) == 0) {
            list->items[i] = arena_strdup(arena, pair);
            return;
        }
    add(arena, list, pair);
}

static size_t bytes_of(char *const *items, size_t *pointers)
{
    size_t bytes = 0;
    for (; *items; items++) {
        bytes += strlen(*items) + 1;
        ++*pointers;
    }
    return bytes;
}

size_t startup_bytes(const struct startup *startup)
{
    size_t pointers = 0;
    size_t bytes = bytes_of(startup->argv, &pointers) + bytes_of(startup->envp, &pointers);
    return bytes + pointers * sizeof(char *);
}

static char **terminated(struct arena *arena, struct list *list)
{
    *ARENA_PUSH(arena, list->items, list->count, list->room) = NULL;
    list->count--;
    return list->items;
}

/* The kernel aligns to 16 bytes between the strings and the pointers, so the number of pointers must be even,
 * else the same sum could come to rest 8 bytes elsewhere. */
static void pad(struct arena *arena, struct list *argv, struct list *envp)
{
    static const char name[] = "LAYOUT_TAX_PAD=";
    if ((argv->count + envp->count) % 2 == 0)
        add(arena, envp, "LAYOUT_TAX_EVEN=");
    struct startup now = { terminated(arena, argv), terminated(arena, envp) };
    size_t bytes = startup_bytes(&now) + sizeof name + sizeof(char *);
    size_t fill = (STARTUP_GRAIN - bytes % STARTUP_GRAIN) % STARTUP_GRAIN;
    char *text = arena_alloc(arena, sizeof name + fill);
    memcpy(text, name, sizeof name - 1);
    memset(text + sizeof name - 1, 'x', fill);
    add(arena, envp, text);
}

struct startup startup_make(struct arena *arena, const char *argv0, const struct spec *spec)
{
    struct list argv = { 0 }, envp = { 0 };
    add(arena, &argv, argv0);
    for (size_t i = 0; i < spec->arg_count; i++)
        add(arena, &argv, spec->args[i]);
    for (char *const *e = spec->keep_env ? environ : clean_environment; *e; e++)
        add(arena, &envp, *e);
    for (size_t i = 0; i < spec->env_count; i++)
        set(arena, &envp, spec->env[i]);
    pad(arena, &argv, &envp);
    return (struct startup){ terminated(arena, &argv), terminated(arena, &envp) };
}
