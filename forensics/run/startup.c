#include "run/startup.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
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
static void pad(struct arena *arena, struct list *argv, struct list *envp, size_t more)
{
    static const char name[] = "LAYOUT_TAX_PAD=";
    if ((argv->count + envp->count) % 2 == 0)
        add(arena, envp, "LAYOUT_TAX_EVEN=");
    struct startup now = { .argv = terminated(arena, argv), .envp = terminated(arena, envp) };
    size_t bytes = startup_bytes(&now) + sizeof name + sizeof(char *);
    size_t fill = (STARTUP_GRAIN - bytes % STARTUP_GRAIN) % STARTUP_GRAIN + more;
    char *text = arena_alloc(arena, sizeof name + fill);
    memcpy(text, name, sizeof name - 1);
    memset(text + sizeof name - 1, 'x', fill);
    add(arena, envp, text);
}

/* Copies a list and its strings to `at`; returns what follows. */
static char *copy_list(char *const *items, size_t count, char ***list, char *at)
{
    *list = (char **)(void *)at;
    at += (count + 1) * sizeof(char *);
    for (size_t i = 0; i < count; i++) {
        (*list)[i] = strcpy(at, items[i]);
        at += strlen(items[i]) + 1;
    }
    (*list)[count] = NULL;
    return (char *)(((uintptr_t)at + sizeof(char *) - 1) & ~(sizeof(char *) - 1));
}

/* The same file by a longer name. */
static const char *lengthened(struct arena *arena, const char *name, unsigned steps)
{
    char *longer = arena_alloc(arena, 2 * (size_t)steps + strlen(name) + 1), *at = longer;
    for (unsigned i = 0; i < steps; i++)
        at = stpcpy(at, "./");
    strcpy(at, name);
    return longer;
}

bool startup_open(struct arena *arena, const char *argv0, const struct spec *spec, int side, const struct launch_shift *shift,
                  struct startup *startup, struct err *err)
{
    struct list argv = { 0 }, envp = { 0 };
    add(arena, &argv, lengthened(arena, argv0, shift->name));
    for (size_t i = 0; i < spec->arg_count; i++)
        add(arena, &argv, spec->args[i]);
    for (char *const *e = spec->keep_env ? environ : clean_environment; *e; e++)
        add(arena, &envp, *e);
    for (size_t i = 0; i < spec->env_count; i++)
        set(arena, &envp, spec->env[i]);
    for (size_t i = 0; i < spec->side_env_count[side]; i++)
        set(arena, &envp, spec->side_env[side][i]);
    pad(arena, &argv, &envp, shift->stack);
    *startup = (struct startup){ .argv = terminated(arena, &argv), .envp = terminated(arena, &envp) };
    startup->map_bytes = startup_bytes(startup) + 4 * sizeof(char *);
    startup->map = mmap(NULL, startup->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (startup->map == MAP_FAILED) {
        *startup = (struct startup){ .map = NULL };
        return err_sys(err, ERR_TOOL, errno, "cannot map the program's environment");
    }
    char *at = copy_list(argv.items, argv.count, &startup->argv, startup->map);
    copy_list(envp.items, envp.count, &startup->envp, at);
    return true;
}

void startup_close(struct startup *startup)
{
    if (startup->map)
        munmap(startup->map, startup->map_bytes);
    startup->map = NULL;
}
