#include "elf/match.h"

#include "base/sort_keys.h"
#include "elf/code.h"
#include "elf/image.h"
#include "elf/names.h"
#include "elf/refs.h"
#include "elf/scene.h"
#include "elf/symbolize.h"

#include <stdlib.h>
#include <string.h>

/* Each byte is looked at for its place, its hash, equality and the graph. */
enum { BUDGET_FACTOR = 8, BUDGET_LEAST = 1 << 24 };

bool match_spend(const struct pairing *pairing, uint64_t bytes)
{
    bool enough = *pairing->budget >= bytes;
    *pairing->budget -= enough ? bytes : *pairing->budget;
    return enough;
}

struct key {
    uint64_t hash; /* of what the pass compares */
    uint64_t size; /* the symbol's: equal sizes are paired first */
    size_t index;
};

struct keys {
    struct key *items;
    size_t count;
};

typedef bool make_key(struct pairing *p, int side, size_t index, uint64_t *hash);

static uint64_t mix(uint64_t hash, const void *bytes, size_t length)
{
    for (const unsigned char *at = bytes; length--; at++)
        hash = (hash ^ *at) * 0x100000001b3u; /* FNV-1a */
    return hash;
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
    return text ? mix(hash, text, strlen(text) + 1) : mix(hash, "", 1);
}

/* Functions and ifuncs may replace each other, other kinds not. */
static uint64_t kind_seed(const struct symbol *s)
{
    return 0xcbf29ce484222325u + (s->kind == SYMBOL_IFUNC ? SYMBOL_FUNCTION : s->kind);
}

static bool key_place(struct pairing *p, int side, size_t index, uint64_t *hash)
{
    const struct symbol *s = &p->inv[side]->symbols[index];
    bool asked = s->made_up && match_spend(p, s->size);
    const unsigned char *bytes = asked ? image_at(p->inv[side]->image, s->address, s->size) : NULL;
    *hash = bytes ? mix(s->address * 0x9e3779b97f4a7c15u, bytes, s->size) : 0;
    return bytes != NULL;
}

static bool key_name_and_file(struct pairing *p, int side, size_t index, uint64_t *hash)
{
    const struct symbol *s = &p->inv[side]->symbols[index];
    const char *slash = s->file ? strrchr(s->file, '/') : NULL;
    *hash = mix_text(mix_text(kind_seed(s), s->name), slash ? slash + 1 : s->file);
    return !s->made_up;
}

static bool key_name(struct pairing *p, int side, size_t index, uint64_t *hash)
{
    const struct symbol *s = &p->inv[side]->symbols[index];
    *hash = mix_text(kind_seed(s), s->name);
    return !s->made_up;
}

static bool key_base(struct pairing *p, int side, size_t index, uint64_t *hash)
{
    const struct symbol *s = &p->inv[side]->symbols[index];
    *hash = mix_text(kind_seed(s) + name_is_cold_part(s->name), s->base_name);
    return !s->made_up;
}

static bool key_code(struct pairing *p, int side, size_t index, uint64_t *hash)
{
    const struct symbol *s = &p->inv[side]->symbols[index];
    uint64_t extent = symbol_extent(p->inv[side], s);
    if ((s->kind != SYMBOL_FUNCTION && s->kind != SYMBOL_IFUNC) || extent < MATCH_LEAST_CODE || !match_spend(p, extent))
        return false;
    *hash = code_hash(p->inv[side], s);
    return *hash != 0;
}

static bool key_refs(struct pairing *p, int side, size_t index, uint64_t *hash)
{
    const struct symbol *s = &p->inv[side]->symbols[index];
    if ((s->kind != SYMBOL_FUNCTION && s->kind != SYMBOL_IFUNC) || !p->inv[side]->image->decodes)
        return false;
    struct arena *scratch = arena_new();
    struct refs refs = refs_read(scratch, p, side, s);
    size_t common;
    *hash = refs_hash(&refs, &common);
    arena_free(scratch);
    return common >= MATCH_LEAST_REFS;
}

/* By name, then size, then address: merging two groups so sorted pairs equal sizes first. */
static int by_size(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static struct keys leftovers(struct arena *scratch, struct pairing *p, int side, make_key *make)
{
    const struct inventory *inv = p->inv[side];
    size_t left = 0;
    for (size_t i = 0; i < inv->symbol_count; i++)
        left += p->match[side][i].how == MATCH_NONE && !inv->symbols[i].alias;
    struct keys k = { .items = arena_array(scratch, left, sizeof *k.items) };
    struct sort_key *hashes = arena_array(scratch, 2 * left, sizeof *hashes);
    for (size_t i = 0; i < inv->symbol_count; i++) {
        struct sort_key hash = { .index = i };
        if (p->match[side][i].how == MATCH_NONE && !inv->symbols[i].alias && make(p, side, i, &hash.key))
            hashes[k.count++] = hash;
    }
    sort_keys(hashes, hashes + left, k.count);
    for (size_t i = 0; i < k.count; i++)
        k.items[i] = (struct key){ hashes[i].key, inv->symbols[hashes[i].index].size, hashes[i].index };
    return k;
}

static void pair(struct pairing *p, struct key *old, struct key *new, enum match_how how)
{
    p->match[0][old->index] = (struct match){ new->index, how };
    p->match[1][new->index] = (struct match){ old->index, how };
    old->index = new->index = SIZE_MAX;
}

/* Two runs of equal keys: equal sizes first, then, if the pass says so, the rest in order. */
static void pair_groups(struct pairing *p, struct key *old, size_t olds, struct key *new, size_t news,
                        enum match_how how)
{
    if (olds == 1 && news == 1) {
        pair(p, old, new, how);
        return;
    }
    /* Equal code on one side oftener than on the other does not tell which is which. */
    if ((how == MATCH_HASH && olds != news) || how == MATCH_REFS)
        return;
    qsort(old, olds, sizeof *old, by_size);
    qsort(new, news, sizeof *new, by_size);
    for (size_t i = 0, j = 0; i < olds && j < news;) {
        if (old[i].size == new[j].size)
            pair(p, &old[i++], &new[j++], how);
        else if (old[i].size < new[j].size)
            i++;
        else
            j++;
    }
    for (size_t i = 0, j = 0; i < olds; i++) {
        while (j < news && new[j].index == SIZE_MAX)
            j++;
        if (j < news && old[i].index != SIZE_MAX)
            pair(p, &old[i], &new[j], how);
    }
}

static size_t run_length(const struct keys *k, size_t at)
{
    size_t end = at;
    while (end < k->count && k->items[end].hash == k->items[at].hash)
        end++;
    return end - at;
}

static void pass(struct pairing *p, make_key *make, enum match_how how)
{
    struct arena *scratch = arena_new();
    struct keys old = leftovers(scratch, p, 0, make), new = leftovers(scratch, p, 1, make);
    for (size_t i = 0, j = 0; i < old.count && j < new.count;) {
        uint64_t a = old.items[i].hash, b = new.items[j].hash;
        size_t olds = run_length(&old, i), news = run_length(&new, j);
        if (a == b)
            pair_groups(p, old.items + i, olds, new.items + j, news, how);
        i += a <= b ? olds : 0;
        j += b <= a ? news : 0;
    }
    arena_free(scratch);
}

static size_t lower_bound(const struct keys *k, uint64_t hash)
{
    size_t low = 0, high = k->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (k->items[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A symbol whose name is on the other side only an alias: the alias leads to its primary. */
static void pass_aliases(struct pairing *p, int side)
{
    const struct inventory *other = p->inv[!side];
    struct arena *scratch = arena_new();
    struct keys left = leftovers(scratch, p, side, key_name);
    for (size_t i = 0; left.count && i < other->symbol_count; i++) {
        uint64_t hash;
        if (!other->symbols[i].alias || !key_name(p, !side, i, &hash))
            continue;
        size_t primary = (size_t)(symbol_primary(other, &other->symbols[i]) - other->symbols),
               at = lower_bound(&left, hash);
        if (at == left.count || left.items[at].hash != hash || p->match[!side][primary].how != MATCH_NONE ||
            p->match[side][left.items[at].index].how != MATCH_NONE)
            continue;
        p->match[side][left.items[at].index] = (struct match){ primary, MATCH_NAME };
        p->match[!side][primary] = (struct match){ left.items[at].index, MATCH_NAME };
    }
    arena_free(scratch);
}

const struct symbol *match_new(const struct pairing *pairing, const struct symbol *old)
{
    const struct match *m = &pairing->match[0][old - pairing->inv[0]->symbols];
    return m->how == MATCH_NONE ? NULL : &pairing->inv[1]->symbols[m->other];
}

/* The functions of one side by address. */
static size_t *functions_of(struct arena *scratch, const struct inventory *inv, size_t *count)
{
    size_t *list = arena_array(scratch, inv->symbol_count, sizeof *list);
    *count = 0;
    for (size_t i = 0; i < inv->symbol_count; i++)
        if (!inv->symbols[i].alias && (inv->symbols[i].kind == SYMBOL_FUNCTION || inv->symbols[i].kind == SYMBOL_IFUNC))
            list[(*count)++] = i;
    return list;
}

static bool nameless(const struct pairing *p, int side, size_t index)
{
    return p->inv[side]->symbols[index].made_up && p->match[side][index].how == MATCH_NONE;
}

/* Pairs the nameless functions from list positions i and j on when as many lie there before the next matched pair, or
 * before the end of both lists. */
static void pair_run(struct pairing *p, const size_t *old, size_t olds, size_t i, const size_t *new, size_t news,
                     size_t j)
{
    size_t run = 0;
    while (i + run < olds && j + run < news && nameless(p, 0, old[i + run]) && nameless(p, 1, new[j + run]))
        run++;
    bool ends = i + run == olds && j + run == news;
    if (!ends && (i + run == olds || j + run == news || p->match[0][old[i + run]].other != new[j + run]))
        return;
    for (size_t k = 0; k < run; k++) {
        p->match[0][old[i + k]] = (struct match){ new[j + k], MATCH_BETWEEN };
        p->match[1][new[j + k]] = (struct match){ old[i + k], MATCH_BETWEEN };
    }
}

static void pass_between(struct pairing *p)
{
    struct arena *scratch = arena_new();
    size_t olds, news;
    size_t *old = functions_of(scratch, p->inv[0], &olds), *new = functions_of(scratch, p->inv[1], &news);
    size_t *position = arena_array(scratch, p->inv[1]->symbol_count, sizeof *position);
    for (size_t j = 0; j < news; j++)
        position[new[j]] = j;
    pair_run(p, old, olds, 0, new, news, 0);
    for (size_t i = 0; i < olds; i++) {
        const struct match *m = &p->match[0][old[i]];
        if (m->how != MATCH_NONE && m->how != MATCH_BETWEEN)
            pair_run(p, old, olds, i + 1, new, news, position[m->other] + 1);
    }
    arena_free(scratch);
}

static bool same_section(const struct pairing *p, const struct section *a, const struct section *b)
{
    if (strcmp(a->name, b->name) != 0 || a->address != b->address || a->size != b->size || a->flags != b->flags)
        return false;
    bool read_only = (a->flags & SHF_ALLOC) && !(a->flags & (SHF_WRITE | SHF_EXECINSTR)) && a->type != SHT_NOBITS;
    const unsigned char *x = image_at(p->inv[0]->image, a->address, a->size);
    const unsigned char *y = image_at(p->inv[1]->image, b->address, b->size);
    bool origin = a->type == SHT_NOTE; /* the build id */
    return !read_only || origin || (x && y ? memcmp(x, y, a->size) == 0 : x == y);
}

static bool all_in_place(const struct pairing *p)
{
    const struct inventory *old = p->inv[0], *new = p->inv[1];
    for (size_t i = 0; i < old->symbol_count; i++) {
        const struct symbol *s = match_new(p, &old->symbols[i]);
        if (!old->symbols[i].alias && (!s || s->address != old->symbols[i].address))
            return false;
    }
    for (size_t i = 0; i < old->section_count || i < new->section_count; i++) {
        if (i < old->section_count && !(old->sections[i].flags & SHF_ALLOC) && i > 0)
            break; /* the loaded ones come first */
        if (i >= old->section_count || i >= new->section_count ||
            !same_section(p, &old->sections[i], &new->sections[i]))
            return false;
    }
    return true;
}

struct pairing *match_symbols(struct arena *arena, const struct inventory *old, const struct inventory *new)
{
    struct pairing *p = arena_alloc(arena, sizeof *p);
    p->budget = arena_alloc(arena, sizeof *p->budget);
    *p->budget = BUDGET_FACTOR * (old->size + new->size) + BUDGET_LEAST;
    p->inv[0] = old;
    p->inv[1] = new;
    for (int side = 0; side < 2; side++) {
        p->match[side] = arena_array(arena, p->inv[side]->symbol_count + 1, sizeof *p->match[side]);
        for (size_t i = 0; i < p->inv[side]->symbol_count; i++)
            p->match[side][i].other = SIZE_MAX;
        p->scene[side] = scene_make(arena, p->inv[side]);
    }
    pass(p, key_place, MATCH_PLACE);
    pass(p, key_name_and_file, MATCH_NAME);
    pass(p, key_name, MATCH_NAME);
    pass_aliases(p, 0);
    pass_aliases(p, 1);
    pass(p, key_base, MATCH_SUFFIX);
    pass(p, key_code, MATCH_HASH);
    pass_between(p);
    pass(p, key_refs, MATCH_REFS);
    pass_between(p);
    p->in_place = all_in_place(p);
    return p;
}
