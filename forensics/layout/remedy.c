#include "layout/remedy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layout/loops.h"
#include "layout/place.h"
#include "layout/replay.h"

enum { LINE = 64, PLACES = 3, ARRAYS = 4, LOOPED = 3 /* functions */, ARRAY_LEAST = 64 /* bytes */ };

/* Behind all else, as in layout/place.c, and where a place begins within the page: first, middle, last third. */
static const uint64_t BEHIND = 0x680000000000;
static const uint64_t page_place[PLACES] = { 0, 21 * LINE, 42 * LINE };

/* A search at work. */
struct search {
    struct arena *arena;
    const struct sweep_spec *spec;
    const struct sweep_hooks *hooks;
    struct layout_study *study;
    const struct layout_side *new;
    double *cycles; /* of new's objects as shipped */
    double wanted;  /* ln T must fall by this */
    struct err *err;
};

/* ---- one replay ---- */

/* New's objects at `to`, and what a remedy does beside moving them whole. */
static struct remap *map_of(const struct search *s, enum remedy_kind kind, size_t what, const uint64_t *to)
{
    struct remap *remap = layout_remap(s->new, to);
    if (kind == REMEDY_LOOP)
        loops_align(remap, s->new, what, to[what]);
    remap->huge_text = kind == REMEDY_HUGE;
    return remap;
}

/* ln T(new) under a map, which is freed, less that as shipped; NaN: err says why. */
static double gain_under(struct search *s, struct remap *remap)
{
    struct replay replay = { .recording = s->spec->recording[1],
                             .profile = s->spec->profile,
                             .remap = remap,
                             .stop = s->hooks->stop,
                             .context = s->hooks->context };
    struct replay_result result;
    bool done = replay_run(s->arena, &replay, &result, s->err);
    remap_free(remap);
    return done ? log(result.cycles / s->study->shipped[1]) : NAN;
}

static uint64_t *as_shipped(const struct search *s)
{
    uint64_t *to = arena_array(s->arena, s->new->count + 1, sizeof *to);
    for (size_t i = 0; i < s->new->count; i++)
        to[i] = s->new->objects[i].address;
    return to;
}

/* A remedy is as good as its worst place. `put` fills the places of try number k. */
static double least_gain(struct search *s, enum remedy_kind kind,
                         void (*put)(const struct search *s, size_t what, int k, uint64_t *to), size_t what)
{
    double least = -INFINITY;
    for (int k = 0; k < PLACES && least <= -s->wanted; k++) {
        uint64_t *to = as_shipped(s);
        put(s, what, k, to);
        double gain = gain_under(s, map_of(s, kind, what, to));
        if (isnan(gain))
            return gain;
        least = fmax(least, gain);
    }
    s->study->remedies_tried++;
    return least;
}

/* ---- the remedies ---- */

static void put_aligned(const struct search *s, size_t object, int k, uint64_t *to)
{
    (void)s;
    to[object] = BEHIND + page_place[k];
}

/* Where old has it within its line. */
static unsigned old_phase(const struct search *s, size_t object)
{
    const struct layout_side *old = &s->spec->sides[0];
    for (size_t i = 0; i < old->count; i++)
        if (old->objects[i].pair == s->new->objects[object].pair)
            return old->objects[i].address % LINE;
    return 0;
}

static void put_as_old(const struct search *s, size_t object, int k, uint64_t *to)
{
    to[object] = BEHIND + page_place[k] + old_phase(s, object);
}

/* Loops are aligned wherever their function begins. */
static void put_anywhere(const struct search *s, size_t object, int k, uint64_t *to)
{
    to[object] = BEHIND + page_place[k] + (s->new->objects[object].address + 16 * (uint64_t)k) % LINE;
}

static void put_nothing(const struct search *s, size_t what, int k, uint64_t *to)
{
    (void)s;
    (void)what;
    (void)k;
    (void)to;
}

/* What lies behind it in its section goes along. */
static void put_padded(const struct search *s, size_t object, int k, uint64_t *to)
{
    const struct layout_object *o = &s->new->objects[object];
    for (size_t i = object; i < s->new->count; i++)
        if (s->new->objects[i].axis == o->axis && s->new->objects[i].group == o->group)
            to[i] += LINE * (uint64_t)(k + 1);
}

/* A function and its rank in the wanted order. */
struct ranked {
    size_t object;
    double rank;
};

static int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return x->object < y->object ? -1 : x->object > y->object;
}

/* The group of code with most of the cycles. Objects of a group stand together. */
static uint32_t main_group(const struct search *s)
{
    double most = 0, sum = 0;
    uint32_t group = UINT32_MAX, now = UINT32_MAX;
    for (size_t i = 0; i < s->new->count; i++) {
        const struct layout_object *o = &s->new->objects[i];
        if (o->axis != AXIS_TEXT)
            continue;
        sum = o->group == now ? sum + s->cycles[i] : s->cycles[i];
        now = o->group;
        if (sum > most) {
            most = sum;
            group = now;
        }
    }
    return group;
}

/* Functions of the main group by old's places (those that old lacks where they follow on new's side) or by their
 * cycles. */
static struct ranked *order_of(const struct search *s, enum remedy_kind kind, size_t *count)
{
    const struct layout_side *old = &s->spec->sides[0];
    struct ranked *order = arena_array(s->arena, s->new->count + 1, sizeof *order);
    uint32_t group = main_group(s);
    double last = 0;
    *count = 0;
    for (size_t i = 0; i < s->new->count; i++) {
        const struct layout_object *o = &s->new->objects[i];
        if (o->axis != AXIS_TEXT || o->group != group)
            continue;
        for (size_t k = 0; kind == REMEDY_OLD && o->pair != LAYOUT_ALONE && k < old->count; k++)
            if (old->objects[k].pair == o->pair) {
                last = (double)old->objects[k].address;
                break;
            }
        order[(*count)++] = (struct ranked){ i, kind == REMEDY_OLD ? last : -s->cycles[i] };
    }
    if (*count)
        qsort(order, *count, sizeof *order, by_rank);
    return order;
}

static void put_ordered(const struct search *s, size_t kind, int k, uint64_t *to)
{
    size_t count;
    struct ranked *order = order_of(s, (enum remedy_kind)kind, &count);
    /* An order must do whatever the phase within the line is that it happens to begin with. */
    uint64_t at = BEHIND + page_place[k] + 16 * (uint64_t)k;
    for (size_t i = 0; i < count; i++) {
        const struct layout_object *o = &s->new->objects[order[i].object];
        at = (at + o->align - 1) & ~((uint64_t)o->align - 1);
        to[order[i].object] = at;
        at += o->size;
    }
}

/* ---- the search ---- */

static void offer(struct search *s, enum remedy_kind kind, size_t object, double gain)
{
    struct layout_remedy *remedy = arena_alloc(s->arena, sizeof *remedy);
    *remedy = (struct layout_remedy){ .kind = kind, .gain = gain };
    s->study->remedy = remedy;
    if (kind == REMEDY_HUGE)
        return;
    if (kind == REMEDY_ALIGN || kind == REMEDY_PLACE || kind == REMEDY_LOOP || kind == REMEDY_PAD) {
        remedy->name = s->new->objects[object].name;
        remedy->phase = kind == REMEDY_PLACE ? old_phase(s, object) : 0;
        return;
    }
    size_t count, room = 0;
    struct ranked *order = order_of(s, kind, &count);
    for (size_t i = 0; i < count; i++)
        *ARENA_PUSH(s->arena, remedy->order, remedy->order_count, room) = s->new->objects[order[i].object].name;
}

/* True when the search is over: found, or failed. */
static bool try_one(struct search *s, enum remedy_kind kind, size_t what,
                    void (*put)(const struct search *, size_t, int, uint64_t *))
{
    double gain = least_gain(s, kind, put, what);
    if (gain <= -s->wanted)
        offer(s, kind, what, gain);
    return isnan(gain) || s->study->remedy;
}

static bool try_culprits(struct search *s, enum remedy_kind kind,
                         void (*put)(const struct search *, size_t, int, uint64_t *))
{
    for (size_t c = 0; c < s->study->culprit_count; c++)
        for (size_t i = 0; i < s->new->count; i++)
            if (s->new->objects[i].axis == AXIS_TEXT &&
                s->new->objects[i].address == s->study->culprits[c].address[1] && try_one(s, kind, i, put))
                return true;
    return false;
}

static bool has_cuts(const struct layout_side *side, const struct layout_object *o)
{
    for (size_t i = 0; i < side->cut_count; i++)
        if (side->cuts[i] > o->address && side->cuts[i] < o->address + o->size)
            return true;
    return false;
}

/* Functions with loops that take most of the cycles. */
static bool try_loops(struct search *s)
{
    bool *tried = arena_array(s->arena, s->new->count + 1, sizeof *tried);
    for (int n = 0; n < LOOPED; n++) {
        size_t hottest = SIZE_MAX;
        for (size_t i = 0; i < s->new->count; i++)
            if (!tried[i] && has_cuts(s->new, &s->new->objects[i]) &&
                (hottest == SIZE_MAX || s->cycles[i] > s->cycles[hottest]))
                hottest = i;
        if (hottest == SIZE_MAX)
            return false;
        tried[hottest] = true;
        if (try_one(s, REMEDY_LOOP, hottest, put_anywhere))
            return true;
    }
    return false;
}

/* What all loops on borders would give new; NaN: err says why. */
static double gain_of_loops(struct search *s)
{
    struct remap *remap = remap_new();
    uint64_t at = BEHIND;
    for (size_t i = 0; i < s->new->count; i++) {
        const struct layout_object *o = &s->new->objects[i];
        if (o->axis != AXIS_TEXT)
            continue;
        at += (o->address - at) % LINE;
        at = loops_align(remap, s->new, i, at);
    }
    return gain_under(s, remap);
}

/* The largest arrays: a set conflict or an alias needs one that is large or hot, and large ones are few. */
static bool try_arrays(struct search *s)
{
    bool *tried = arena_array(s->arena, s->new->count + 1, sizeof *tried);
    for (int n = 0; s->spec->axes >> AXIS_DATA & 1 && n < ARRAYS; n++) {
        size_t largest = SIZE_MAX;
        for (size_t i = 0; i < s->new->count; i++) {
            const struct layout_object *o = &s->new->objects[i];
            if (o->axis == AXIS_DATA && o->pair != LAYOUT_ALONE && o->size >= ARRAY_LEAST && !tried[i] &&
                *o->name != '[' && *o->name != '.' && *o->name != '/' &&
                (largest == SIZE_MAX || o->size > s->new->objects[largest].size))
                largest = i;
        }
        if (largest == SIZE_MAX)
            return false;
        tried[largest] = true;
        if (try_one(s, REMEDY_PAD, largest, put_padded))
            return true;
    }
    return false;
}

/* What each of new's objects takes as shipped. */
static bool learn_cycles(struct search *s)
{
    struct replay replay = { .recording = s->spec->recording[1],
                             .profile = s->spec->profile,
                             .side = s->new,
                             .stop = s->hooks->stop,
                             .context = s->hooks->context };
    struct replay_result result;
    if (!replay_run(s->arena, &replay, &result, s->err))
        return false;
    s->cycles = arena_array(s->arena, s->new->count + 1, sizeof *s->cycles);
    for (size_t i = 0; i < s->new->count; i++)
        for (int c = 0; c < COMPONENT_COUNT; c++)
            s->cycles[i] += result.shares[i].cycles[c];
    return true;
}

/* Where functions lie well enough: what helps code that grew. Nothing is tried that has no hope. */
static void try_insides(struct search *s)
{
    double loops = gain_of_loops(s);
    if (isnan(loops) || (loops <= -s->wanted && (!learn_cycles(s) || try_loops(s))))
        return;
    uint64_t *to = as_shipped(s);
    if (gain_under(s, map_of(s, REMEDY_HUGE, 0, to)) <= -s->wanted)
        try_one(s, REMEDY_HUGE, REMEDY_HUGE, put_nothing);
}

bool remedy_find(struct arena *arena, const struct sweep_spec *spec, const struct sweep_hooks *hooks, double tax,
                 double floor, struct layout_study *study, struct err *err)
{
    bool text = spec->axes >> AXIS_TEXT & 1, placed = tax >= floor;
    struct search s = { .arena = arena,
                        .spec = spec,
                        .hooks = hooks,
                        .study = study,
                        .new = &spec->sides[1],
                        .wanted = fmax((placed ? tax : study->observed) / 2, floor),
                        .err = err };
    study->remedy = NULL;
    study->remedies_tried = 0;
    if (!placed) {
        if (text)
            try_insides(&s);
        return err->kind == ERR_NONE;
    }
    if (!learn_cycles(&s))
        return false;
    bool over = (text && try_culprits(&s, REMEDY_ALIGN, put_aligned)) ||
                (text && try_culprits(&s, REMEDY_PLACE, put_as_old)) || (text && try_loops(&s)) || try_arrays(&s) ||
                (text && try_one(&s, REMEDY_OLD, REMEDY_OLD, put_ordered)) ||
                (text && try_one(&s, REMEDY_HOT, REMEDY_HOT, put_ordered)) ||
                (text && try_one(&s, REMEDY_HUGE, REMEDY_HUGE, put_nothing));
    return over ? err->kind == ERR_NONE : true;
}
