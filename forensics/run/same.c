#include "run/same.h"

#include <unistd.h>

/* What one binary printed; control is old. */
struct printed {
    int runs;
    int fd; /* of its first output; -1: none */
    struct output first;
    bool changes; /* some later output was another one, */
    struct output_difference change; /* like this */
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

void same_add(struct same *same, enum side side, const struct output *output, int *fd)
{
    struct printed *p = &same->printed[side == SIDE_NEW];
    if (p->runs++ == 0) {
        p->first = *output;
        p->fd = *fd;
        *fd = -1;
    } else if (!p->changes && !equal(&p->first, output)) {
        p->changes = output_differ(same->rules, p->fd, *fd, &p->change);
    }
}

static const char *say_changes(const struct same *same, const char *side, const struct output_difference *d)
{
    return arena_printf(
        same->arena,
        "stdout of %s changes from run to run (line %llu: '%s', then '%s'), so the results of old and new could not be "
        "compared: name the lines that change with --ignore-lines",
        side, (unsigned long long)d->line, d->old, d->new);
}

const char *same_finding(const struct same *same, bool last)
{
    const struct printed *old = &same->printed[0], *new = &same->printed[1];
    int enough = last ? 1 : 2;
    struct output_difference d;
    if (old->changes || new->changes)
        return say_changes(same, old->changes ? "old" : "new", old->changes ? &old->change : &new->change);
    if (old->runs < enough || new->runs < enough || equal(&old->first, &new->first))
        return NULL;
    output_differ(same->rules, old->fd, new->fd, &d);
    return arena_printf(
        same->arena,
        "old and new print different results (line %llu: old '%s', new '%s'), so they may not do the same work: leave "
        "lines that may differ out with --ignore-lines",
        (unsigned long long)d.line, d.old, d.new);
}
