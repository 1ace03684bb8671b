#include "layout/remedy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layout/cold.h"
#include "layout/loops.h"
#include "layout/place.h"
#include "layout/replay.h"
#include "layout/uses.h"

enum { LINE = 64, PLACES = 3, ARRAYS = 4, VARIABLES = 3, FUNCTIONS = 3 /* looked into */, ARRAY_LEAST = 64 /* bytes */, NAMED = 64 };

/* Behind all else, as in layout/place.c, and where a place begins within the page: first, middle, last third. */
static const uint64_t BEHIND = 0x680000000000, AWAY = 0x6b0000000000 /* what never ran */, DATA = 0x6c0000000000;
static const uint64_t page_place[PLACES] = { 0, 21 * LINE, 42 * LINE };

static const double LINES_LEAST = 1e-3; /* of an instruction: fewer cost nothing that counts */

/* A search at work. */
struct search {
    struct arena *arena;
    const struct sweep_spec *spec;
    const struct sweep_hooks *hooks;
    struct layout_study *study;
    int number; /* of the side that remedies are tried on: new's, but for what old would gain by one */
    const struct layout_side *side;
    struct cold cold;  /* of the side; found when it is asked for */
    bool has_cold;
    struct variable_use *uses; /* of the side's variables; learnt when they are asked for */
    int place;         /* number of the try at work, 0..PLACES-1 */
    double *cycles;    /* of the side's objects as shipped */
    double wanted;     /* ln T must fall by this */
    bool against_old;  /* beyond what it would give old */
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

static const struct cold *cold_parts_of(struct search *s)
{
    if (!s->has_cold)
        s->cold = cold_find(s->arena, s->side);
    s->has_cold = true;
    return &s->cold;
}

static const struct variable_use *uses_of(struct search *s)
{
    if (!s->uses)
        s->uses = uses_learn(s->arena, s->spec->recording[s->number], s->side, s->hooks->stop, s->hooks->context, s->err);
    return s->uses;
}

/* A variable by itself on a border of 64 bytes, its inside as it is. */
static void map_aligned(const struct search *s, struct remap *remap, size_t variable)
{
    const struct layout_variable *v = &s->side->variables[variable];
    remap_add(remap, v->address, v->size, (int64_t)(DATA + page_place[s->place] - v->address));
}

/* The record's order is that of all variables of its type; the one asked for lies elsewhere in the page as well. */
static void map_fields(struct search *s, struct remap *remap, size_t variable)
{
    const struct layout_variable *v = &s->side->variables[variable];
    struct field_order order;
    if (!uses_of(s) || !uses_order(s->arena, v, &s->uses[variable], &order))
        return;
    for (size_t i = 0; i < s->side->variable_count; i++) {
        const struct layout_variable *other = &s->side->variables[i];
        uint64_t by = i == variable ? DATA + page_place[s->place] + v->address % LINE - v->address : 0;
        if (other->type && strcmp(other->type, v->type) == 0 && other->stride == v->stride &&
            other->field_count == v->field_count)
            uses_reorder(remap, other, &order, by);
    }
}

/* The side's objects at `to`, and what a remedy does beside moving them whole. */
static struct remap *map_of(struct search *s, enum remedy_kind kind, size_t what, const uint64_t *to)
{
    struct remap *remap = layout_remap(s->side, to);
    uint64_t away = AWAY;
    if (kind == REMEDY_SPLIT)
        cold_split(remap, cold_parts_of(s), s->side, what, to[what], &away);
    for (size_t i = 0; kind == REMEDY_SPLIT_ALL && i < s->side->count; i++)
        if (s->side->objects[i].function)
            cold_split(remap, cold_parts_of(s), s->side, i, to[i], &away);
    if (kind == REMEDY_LOOP)
        loops_align(remap, s->side, what, to[what]);
    if (kind == REMEDY_VARIABLE)
        map_aligned(s, remap, what);
    if (kind == REMEDY_FIELDS)
        map_fields(s, remap, what);
    remap->huge_text = kind == REMEDY_HUGE;
    return remap;
}

/* ln T under a map, which is freed, less that as shipped; NaN: err says why. */
static double gain_under(struct search *s, struct remap *remap)
{
    struct replay replay = { .recording = s->spec->recording[s->number],
                             .profile = s->spec->profile,
                             .remap = remap,
                             .stop = s->hooks->stop,
                             .context = s->hooks->context };
    struct replay_result result;
    bool done = replay_run(s->arena, &replay, 1, &result, s->err);
    remap_free(remap);
    return done ? log(result.cycles / s->study->shipped[s->number]) : NAN;
}

/* Fills the places of a remedy's try number k. */
typedef void put_places(struct search *s, size_t what, int k, uint64_t *to);

static uint64_t *as_shipped(const struct search *s)
{
    uint64_t *to = arena_array(s->arena, s->side->count + 1, sizeof *to);
    for (size_t i = 0; i < s->side->count; i++)
        to[i] = s->side->objects[i].address;
    return to;
}

/* A remedy is as good as its worst place. */
static double least_gain(struct search *s, enum remedy_kind kind, put_places *put, size_t what)
{
    double least = -INFINITY;
    for (int k = 0; k < PLACES && least <= -s->wanted; k++) {
        uint64_t *to = as_shipped(s);
        s->place = k;
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

static void put_aligned(struct search *s, size_t object, int k, uint64_t *to)
{
    (void)s;
    to[object] = BEHIND + page_place[k];
}

/* Where old has it within its line. */
static unsigned old_phase(const struct search *s, size_t object)
{
    const struct layout_side *old = &s->spec->sides[0];
    for (size_t i = 0; i < old->count; i++)
        if (old->objects[i].pair == s->side->objects[object].pair)
            return old->objects[i].address % LINE;
    return 0;
}

static void put_as_old(struct search *s, size_t object, int k, uint64_t *to)
{
    to[object] = BEHIND + page_place[k] + old_phase(s, object);
}

/* Loops are aligned wherever their function begins. */
static void put_anywhere(struct search *s, size_t object, int k, uint64_t *to)
{
    to[object] = BEHIND + page_place[k] + (s->side->objects[object].address + 16 * (uint64_t)k) % LINE;
}

/* Functions one behind the other as they are, each without what never ran. */
static void put_split(struct search *s, size_t what, int k, uint64_t *to)
{
    uint64_t at = BEHIND + page_place[k] + 16 * (uint64_t)k, away = AWAY;
    (void)what;
    for (size_t i = 0; i < s->side->count; i++) {
        const struct layout_object *o = &s->side->objects[i];
        if (!o->function)
            continue;
        to[i] = at = (at + o->align - 1) & ~((uint64_t)o->align - 1);
        at = cold_split(NULL, cold_parts_of(s), s->side, i, at, &away);
    }
}

static void put_nothing(struct search *s, size_t what, int k, uint64_t *to)
{
    (void)s;
    (void)what;
    (void)k;
    (void)to;
}

/* What lies behind it in its section goes along. */
static void put_padded(struct search *s, size_t object, int k, uint64_t *to)
{
    const struct layout_object *o = &s->side->objects[object];
    for (size_t i = object; i < s->side->count; i++)
        if (s->side->objects[i].axis == o->axis && s->side->objects[i].group == o->group)
            to[i] += LINE * (uint64_t)(k + 1);
}

/* The group of code with most of the cycles. Objects of a group stand together. */
static uint32_t main_group(const struct search *s)
{
    double most = 0, sum = 0;
    uint32_t group = UINT32_MAX, now = UINT32_MAX;
    for (size_t i = 0; i < s->side->count; i++) {
        const struct layout_object *o = &s->side->objects[i];
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
    struct ranked *order = arena_array(s->arena, s->side->count + 1, sizeof *order);
    uint32_t group = main_group(s);
    double last = 0;
    *count = 0;
    for (size_t i = 0; i < s->side->count; i++) {
        const struct layout_object *o = &s->side->objects[i];
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

static void put_ordered(struct search *s, size_t kind, int k, uint64_t *to)
{
    size_t count;
    struct ranked *order = order_of(s, (enum remedy_kind)kind, &count);
    /* An order must do whatever the phase within the line is that it happens to begin with. */
    uint64_t at = BEHIND + page_place[k] + 16 * (uint64_t)k;
    for (size_t i = 0; i < count; i++) {
        const struct layout_object *o = &s->side->objects[order[i].object];
        at = (at + o->align - 1) & ~((uint64_t)o->align - 1);
        to[order[i].object] = at;
        at += o->size;
    }
}

/* ---- the search ---- */

/* Old's object for one of new's; SIZE_MAX: it has none. */
static size_t in_old(const struct search *s, size_t object)
{
    const struct layout_side *old = &s->spec->sides[0];
    for (size_t i = 0; i < old->count; i++)
        if (old->objects[i].pair != LAYOUT_ALONE && old->objects[i].pair == s->side->objects[object].pair)
            return i;
    return SIZE_MAX;
}

/* Old's variable for one of new's; SIZE_MAX: it has none. */
static size_t variable_in_old(const struct search *s, size_t variable)
{
    const struct layout_side *old = &s->spec->sides[0];
    for (size_t i = 0; i < old->variable_count; i++)
        if (old->variables[i].pair != LAYOUT_ALONE && old->variables[i].pair == s->side->variables[variable].pair)
            return i;
    return SIZE_MAX;
}

/* What the same would give old, at the first place: what helps both alike is no remedy of their difference. */
static double gain_of_old(const struct search *s, enum remedy_kind kind, put_places *put, size_t what)
{
    struct search old = *s;
    old.number = 0;
    old.side = &s->spec->sides[0];
    old.has_cold = false;
    old.uses = NULL;
    old.place = 0;
    bool whole = kind == REMEDY_HUGE || kind == REMEDY_SPLIT_ALL, variable = kind == REMEDY_VARIABLE || kind == REMEDY_FIELDS;
    size_t twin = whole ? what : variable ? variable_in_old(s, what) : in_old(s, what);
    if (twin == SIZE_MAX)
        return 0;
    uint64_t *to = as_shipped(&old);
    put(&old, twin, 0, to);
    struct remap *remap = map_of(&old, kind, twin, to);
    if (s->err->kind == ERR_NONE)
        return gain_under(&old, remap);
    remap_free(remap);
    return NAN;
}

/* Which parts are cold, the largest first: "app.c:31: kernel+0x40, 4160 bytes". */
static void name_cold(struct search *s, enum remedy_kind kind, size_t object)
{
    struct layout_remedy *remedy = s->study->remedy;
    const struct cold *cold = cold_parts_of(s);
    struct ranked *order = arena_array(s->arena, cold->count + 1, sizeof *order);
    size_t count = 0, room = 0;
    for (size_t i = 0; i < cold->count; i++)
        if (kind == REMEDY_SPLIT_ALL || cold->items[i].object == object)
            order[count++] = (struct ranked){ i, -(double)(cold->items[i].end - cold->items[i].address) };
    if (count)
        qsort(order, count, sizeof *order, by_rank);
    for (size_t i = 0; i < count && i < NAMED; i++) {
        const struct cold_range *r = &cold->items[order[i].object];
        const struct layout_object *o = &s->side->objects[r->object];
        const char *line = s->hooks->where ? s->hooks->where(s->hooks->context, r->address) : NULL;
        *ARENA_PUSH(s->arena, remedy->order, remedy->order_count, room) =
            arena_printf(s->arena, "%s%s%s+0x%llx, %llu bytes", line ? line : "", line ? ": " : "", o->name,
                         (unsigned long long)(r->address - o->address), (unsigned long long)(r->end - r->address));
    }
}

static void name_variable(struct search *s, size_t variable)
{
    struct layout_remedy *remedy = s->study->remedy;
    const struct layout_variable *v = &s->side->variables[variable];
    struct field_order order;
    size_t room = 0;
    remedy->name = remedy->kind == REMEDY_FIELDS ? v->type : v->name;
    if (remedy->kind != REMEDY_FIELDS || !uses_order(s->arena, v, &s->uses[variable], &order))
        return;
    for (size_t i = 0; i < v->field_count; i++)
        *ARENA_PUSH(s->arena, remedy->order, remedy->order_count, room) = v->fields[order.field[i]].declaration;
}

static void offer(struct search *s, enum remedy_kind kind, size_t object, double gain)
{
    struct layout_remedy *remedy = arena_alloc(s->arena, sizeof *remedy);
    *remedy = (struct layout_remedy){ .kind = kind, .gain = gain };
    s->study->remedy = remedy;
    if (kind == REMEDY_SPLIT || kind == REMEDY_SPLIT_ALL)
        name_cold(s, kind, object);
    if (kind == REMEDY_SPLIT)
        remedy->name = s->side->objects[object].name;
    if (kind == REMEDY_VARIABLE || kind == REMEDY_FIELDS) {
        name_variable(s, object);
        return;
    }
    if (kind == REMEDY_HUGE || kind == REMEDY_SPLIT || kind == REMEDY_SPLIT_ALL)
        return;
    if (kind == REMEDY_ALIGN || kind == REMEDY_PLACE || kind == REMEDY_LOOP || kind == REMEDY_PAD) {
        remedy->name = s->side->objects[object].name;
        remedy->phase = kind == REMEDY_PLACE ? old_phase(s, object) : 0;
        return;
    }
    size_t count, room = 0;
    struct ranked *order = order_of(s, kind, &count);
    for (size_t i = 0; i < count; i++)
        *ARENA_PUSH(s->arena, remedy->order, remedy->order_count, room) = s->side->objects[order[i].object].name;
}

/* True when the search is over: found, or failed. */
static bool try_one(struct search *s, enum remedy_kind kind, size_t what, put_places *put)
{
    double gain = least_gain(s, kind, put, what), old = 0;
    if (gain <= -s->wanted && s->against_old)
        old = gain_of_old(s, kind, put, what);
    if (gain - old <= -s->wanted)
        offer(s, kind, what, gain);
    return isnan(gain) || isnan(old) || s->study->remedy;
}

/* What each of the side's objects takes as shipped. */
static bool learn_cycles(struct search *s)
{
    if (s->cycles)
        return true;
    struct replay replay = { .recording = s->spec->recording[s->number],
                             .profile = s->spec->profile,
                             .side = s->side,
                             .stop = s->hooks->stop,
                             .context = s->hooks->context };
    struct replay_result result;
    if (!replay_run(s->arena, &replay, 1, &result, s->err))
        return false;
    s->cycles = arena_array(s->arena, s->side->count + 1, sizeof *s->cycles);
    for (size_t i = 0; i < s->side->count; i++)
        for (int c = 0; c < COMPONENT_COUNT; c++)
            s->cycles[i] += result.shares[i].cycles[c];
    return true;
}

/* ---- of what each is tried ---- */

/* How much an object promises as the subject of a remedy; 0: it is none. */
typedef double merit_of(struct search *s, size_t object);

static double merit_of_culprit(struct search *s, size_t object)
{
    const struct layout_object *o = &s->side->objects[object];
    for (size_t c = 0; o->axis == AXIS_TEXT && c < s->study->culprit_count; c++)
        if (o->address == s->study->culprits[c].address[1])
            return s->study->culprits[c].cycles;
    return 0;
}

/* Functions with loops that take most of the cycles. */
static double merit_of_loops(struct search *s, size_t object)
{
    const struct layout_object *o = &s->side->objects[object];
    for (size_t i = 0; i < s->side->cut_count; i++)
        if (s->side->cuts[i] > o->address && s->side->cuts[i] < o->address + o->size)
            return s->cycles[object];
    return 0;
}

/* Functions that take most of the cycles with code between that never ran. */
static double merit_of_split(struct search *s, size_t object)
{
    return cold_parts(cold_parts_of(s), s->side, object) ? s->cycles[object] : 0;
}

/* Variables most of whose references lie on two lines. */
static double merit_of_variable(struct search *s, size_t variable)
{
    const struct variable_use *use = uses_of(s) ? &s->uses[variable] : NULL;
    return use && use->lines > s->study->instructions[s->number] * LINES_LEAST ? (double)use->lines : 0;
}

/* Records most read, of those that another order would put onto fewer lines. */
static double merit_of_fields(struct search *s, size_t variable)
{
    const struct layout_variable *v = &s->side->variables[variable];
    const struct variable_use *use = v->type && uses_of(s) ? &s->uses[variable] : NULL;
    struct field_order order;
    bool used = use && use->loads > s->study->instructions[s->number] * LINES_LEAST;
    return used && uses_order(s->arena, v, use, &order) ? (double)use->loads : 0;
}

/* The largest arrays: a set conflict or an alias needs one that is large or hot, and large ones are few. */
static double merit_of_array(struct search *s, size_t object)
{
    const struct layout_object *o = &s->side->objects[object];
    bool array = o->axis == AXIS_DATA && o->pair != LAYOUT_ALONE && o->size >= ARRAY_LEAST && !strchr("[./", *o->name);
    return array ? (double)o->size : 0;
}

/* What would be gained by the most that a kind of remedy can do; NaN: err says why. */
typedef double hope_of(struct search *s);

/* All loops on borders. */
static double hope_of_loops(struct search *s)
{
    struct remap *remap = remap_new();
    uint64_t at = BEHIND;
    for (size_t i = 0; i < s->side->count; i++) {
        const struct layout_object *o = &s->side->objects[i];
        if (o->axis != AXIS_TEXT)
            continue;
        at += (o->address - at) % LINE;
        at = loops_align(remap, s->side, i, at);
    }
    return gain_under(s, remap);
}

/* All functions without what never ran. */
static double hope_of_split(struct search *s)
{
    uint64_t *to = as_shipped(s);
    put_split(s, 0, 0, to);
    return gain_under(s, map_of(s, REMEDY_SPLIT_ALL, 0, to));
}

/* A variable is tried at once: its merit is its hope. */
static double hope_of_variable(struct search *s)
{
    return -s->wanted;
}

static double hope_of_huge(struct search *s)
{
    return gain_under(s, map_of(s, REMEDY_HUGE, 0, as_shipped(s)));
}

/* A kind of remedy and how it is tried. */
struct attempt {
    enum remedy_kind kind;
    enum layout_axis axis; /* that has to move for it */
    put_places *put;
    merit_of *merit; /* NULL: it is about no single object */
    size_t most;     /* objects tried, the most promising first */
    hope_of *hope;   /* where objects lie well enough it is tried if this much would do; NULL: it is not tried */
    bool of_variables; /* what it is tried on: variables, not objects */
};

/* The least first. */
static const struct attempt attempts[] = {
    { REMEDY_ALIGN, AXIS_TEXT, put_aligned, merit_of_culprit, LAYOUT_CULPRITS, NULL, false },
    { REMEDY_PLACE, AXIS_TEXT, put_as_old, merit_of_culprit, LAYOUT_CULPRITS, NULL, false },
    { REMEDY_LOOP, AXIS_TEXT, put_anywhere, merit_of_loops, FUNCTIONS, hope_of_loops, false },
    { REMEDY_VARIABLE, AXIS_DATA, put_nothing, merit_of_variable, VARIABLES, hope_of_variable, true },
    { REMEDY_PAD, AXIS_DATA, put_padded, merit_of_array, ARRAYS, NULL, false },
    { REMEDY_FIELDS, AXIS_DATA, put_nothing, merit_of_fields, VARIABLES, hope_of_variable, true },
    { REMEDY_SPLIT, AXIS_TEXT, put_anywhere, merit_of_split, FUNCTIONS, hope_of_split, false },
    { REMEDY_OLD, AXIS_TEXT, put_ordered, NULL, 1, NULL, false },
    { REMEDY_HOT, AXIS_TEXT, put_ordered, NULL, 1, NULL, false },
    { REMEDY_HUGE, AXIS_TEXT, put_nothing, NULL, 1, hope_of_huge, false },
    { REMEDY_SPLIT_ALL, AXIS_TEXT, put_split, NULL, 1, hope_of_split, false },
};

/* True when the search is over: found, or failed. */
static bool try_best(struct search *s, const struct attempt *attempt)
{
    struct ranked *subjects = NULL;
    size_t count = 0, room = 0;
    if (!(s->spec->axes >> attempt->axis & 1))
        return false;
    if (!learn_cycles(s))
        return true;
    if (!attempt->merit)
        return try_one(s, attempt->kind, attempt->kind, attempt->put);
    size_t all = attempt->of_variables ? s->side->variable_count : s->side->count;
    for (size_t i = 0; i < all && s->err->kind == ERR_NONE; i++) {
        double merit = attempt->merit(s, i);
        if (merit > 0)
            *ARENA_PUSH(s->arena, subjects, count, room) = (struct ranked){ i, -merit };
    }
    if (count)
        qsort(subjects, count, sizeof *subjects, by_rank);
    for (size_t i = 0; i < count && i < attempt->most && s->err->kind == ERR_NONE; i++)
        if (try_one(s, attempt->kind, subjects[i].object, attempt->put))
            return true;
    return false;
}

/* Where functions lie well enough: what helps code that grew, if it has hope. */
static bool has_hope(struct search *s, const struct attempt *attempt)
{
    return attempt->hope && s->spec->axes >> attempt->axis & 1 && attempt->hope(s) <= -s->wanted;
}

bool remedy_find(struct arena *arena, const struct sweep_spec *spec, const struct sweep_hooks *hooks, double tax,
                 double floor, struct layout_study *study, struct err *err)
{
    bool placed = tax >= floor;
    struct search s = { .arena = arena,
                        .spec = spec,
                        .hooks = hooks,
                        .study = study,
                        .number = 1,
                        .side = &spec->sides[1],
                        .wanted = fmax((placed ? tax : study->observed) / 2, floor),
                        .against_old = !placed,
                        .err = err };
    study->remedy = NULL;
    study->remedies_tried = 0;
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts && !study->remedy && err->kind == ERR_NONE; i++)
        if (placed || has_hope(&s, &attempts[i]))
            try_best(&s, &attempts[i]);
    return err->kind == ERR_NONE;
}
