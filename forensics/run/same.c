#include "run/same.h"

#include <unistd.h>

/* What one binary printed; control is old. */
struct printed {
    int runs;
    int fd; /* of its first output; -1: none */
    struct output first;
    bool changes; /* some later output was another one */
};

struct same {
    struct arena *arena;
    const struct output_rules *rules;
    struct printed printed[2];
};

struct same *same_open(struct arena *arena, const struct output_rules *rules)
{
    struct same *same = arena_alloc(arena, sizeof *same);
    *same = (struct same){ arena, rules, { { .fd = -1 }, { .fd = -1 } } };
    return same;
}

void same_close(struct same *same)
{
    if (!same)
        return;
    for (int i = 0; i < 2; i++)
        if (same->printed[i].fd >= 0)
            close(same->printed[i].fd);
}

static bool equal(const struct output *a, const struct output *b)
{
    return a->hash == b->hash && a->compared_lines == b->compared_lines;
}

const char *same_add(struct same *same, enum side side, const struct output *output, int *fd)
{
    struct printed *p = &same->printed[side == SIDE_NEW];
    if (p->runs++ == 0) {
        p->first = *output;
        p->fd = *fd;
        *fd = -1;
        return NULL;
    }
    if (p->changes || equal(&p->first, output))
        return NULL;
    p->changes = true;
    struct output_difference d;
    output_differ(same->rules, p->fd, *fd, &d);
    return arena_printf(same->arena,
                        "stdout of %s changes from run to run (line %llu: '%s', then '%s'), so results of old and new could not be "
                        "compared: name the lines that change with --ignore-lines",
                        side == SIDE_NEW ? "new" : "old", (unsigned long long)d.line, d.old, d.new);
}

bool same_verdict(const struct same *same, bool last, struct err *err)
{
    const struct printed *old = &same->printed[0], *new = &same->printed[1];
    int enough = last ? 1 : 2;
    if (old->runs < enough || new->runs < enough || old->changes || new->changes || equal(&old->first, &new->first))
        return true;
    struct output_difference d;
    output_differ(same->rules, old->fd, new->fd, &d);
    return err_set(err, ERR_TARGET,
                   "old and new print different results (line %llu: old '%s', new '%s'): they do not do the same work; "
                   "leave lines out with --ignore-lines, or compare anyway with --no-same-output",
                   (unsigned long long)d.line, d.old, d.new);
}
