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

/* An object, and its rank among what is ordered or tried: the lowest first. */
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

/* Fills the places of a remedy's try number k. */
typedef void put_places(const struct search *s, size_t what, int k, uint64_t *to);

static uint64_t *as_shipped(const struct search *s)
{
    uint64_t *to = arena_array(s->arena, s->new->count + 1, sizeof *to);
    for (size_t i = 0; i < s->new->count; i++)
        to[i] = s->new->objects[i].address;
    return to;
}

/* A remedy is as good as its worst place. */
static double least_gain(struct search *s, enum remedy_kind kind, put_places *put, size_t what)
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
static bool try_one(struct search *s, enum remedy_kind kind, size_t what, put_places *put)
{
    double gain = least_gain(s, kind, put, what);
    if (gain <= -s->wanted)
        offer(s, kind, what, gain);
    return isnan(gain) || s->study->remedy;
}

/* ---- of what each is tried ---- */

/* How much an object promises as the subject of a remedy; 0: it is none. */
typedef double merit_of(const struct search *s, size_t object);

static double merit_of_culprit(const struct search *s, size_t object)
{
    const struct layout_object *o = &s->new->objects[object];
    for (size_t c = 0; o->axis == AXIS_TEXT && c < s->study->culprit_count; c++)
        if (o->address == s->study->culprits[c].address[1])
            return s->study->culprits[c].cycles;
    return 0;
}

/* Functions with loops that take most of the cycles. */
static double merit_of_loops(const struct search *s, size_t object)
{
    const struct layout_object *o = &s->new->objects[object];
    for (size_t i = 0; i < s->new->cut_count; i++)
        if (s->new->cuts[i] > o->address && s->new->cuts[i] < o->address + o->size)
            return s->cycles[object];
    return 0;
}

/* The largest arrays: a set conflict or an alias needs one that is large or hot, and large ones are few. */
static double merit_of_array(const struct search *s, size_t object)
{
    const struct layout_object *o = &s->new->objects[object];
    bool array = o->axis == AXIS_DATA && o->pair != LAYOUT_ALONE && o->size >= ARRAY_LEAST && !strchr("[./", *o->name);
    return array ? (double)o->size : 0;
}

/* A kind of remedy and how it is tried. */
struct attempt {
    enum remedy_kind kind;
    enum layout_axis axis; /* that has to move for it */
    put_places *put;
    merit_of *merit;       /* NULL: it is about no single object */
    size_t most;           /* objects tried, the most promising first */
};

/* Where functions cost by their places: the least first. */
static const struct attempt attempts[] = {
    { REMEDY_ALIGN, AXIS_TEXT, put_aligned, merit_of_culprit, LAYOUT_CULPRITS },
    { REMEDY_PLACE, AXIS_TEXT, put_as_old, merit_of_culprit, LAYOUT_CULPRITS },
    { REMEDY_LOOP, AXIS_TEXT, put_anywhere, merit_of_loops, LOOPED },
    { REMEDY_PAD, AXIS_DATA, put_padded, merit_of_array, ARRAYS },
    { REMEDY_OLD, AXIS_TEXT, put_ordered, NULL, 1 },
    { REMEDY_HOT, AXIS_TEXT, put_ordered, NULL, 1 },
    { REMEDY_HUGE, AXIS_TEXT, put_nothing, NULL, 1 },
};

static const struct attempt *attempt_of(enum remedy_kind kind)
{
    const struct attempt *attempt = attempts;
    while (attempt->kind != kind)
        attempt++;
    return attempt;
}

/* True when the search is over: found, or failed. */
static bool try_best(struct search *s, const struct attempt *attempt)
{
    struct ranked *subjects = NULL;
    size_t count = 0, room = 0;
    if (!(s->spec->axes >> attempt->axis & 1))
        return false;
    if (!attempt->merit)
        return try_one(s, attempt->kind, attempt->kind, attempt->put);
    for (size_t i = 0; i < s->new->count; i++) {
        double merit = attempt->merit(s, i);
        if (merit > 0)
            *ARENA_PUSH(s->arena, subjects, count, room) = (struct ranked){ i, -merit };
    }
    if (count)
        qsort(subjects, count, sizeof *subjects, by_rank);
    for (size_t i = 0; i < count && i < attempt->most; i++)
        if (try_one(s, attempt->kind, subjects[i].object, attempt->put))
            return true;
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
    if (isnan(loops) || (loops <= -s->wanted && (!learn_cycles(s) || try_best(s, attempt_of(REMEDY_LOOP)))))
        return;
    uint64_t *to = as_shipped(s);
    if (gain_under(s, map_of(s, REMEDY_HUGE, 0, to)) <= -s->wanted)
        try_best(s, attempt_of(REMEDY_HUGE));
}

static void try_places(struct search *s)
{
    bool over = !learn_cycles(s);
    for (size_t i = 0; !over && i < sizeof attempts / sizeof *attempts; i++)
        over = try_best(s, &attempts[i]);
}

bool remedy_find(struct arena *arena, const struct sweep_spec *spec, const struct sweep_hooks *hooks, double tax,
                 double floor, struct layout_study *study, struct err *err)
{
    bool placed = tax >= floor;
    struct search s = { .arena = arena,
                        .spec = spec,
                        .hooks = hooks,
                        .study = study,
                        .new = &spec->sides[1],
                        .wanted = fmax((placed ? tax : study->observed) / 2, floor),
                        .err = err };
    study->remedy = NULL;
    study->remedies_tried = 0;
    if (placed)
        try_places(&s);
    else if (spec->axes >> AXIS_TEXT & 1)
        try_insides(&s);
    return err->kind == ERR_NONE;
}
