#include "slab.h"

#include "knobs.h"
#include "os.h"
#include "sizeclass.h"

#define CARVE_BLOCKS 16u            /* carved at a time: a fresh slab is touched only as far as it is used */
#define CARVE_BYTES  PAGE_SIZE_HAK  /* at most: a call for each page is little beside its fault; */
#define CARVE_LEAST  ((size_t)1024) /* and more blocks than that if they are small */

static void slab_setup(struct heap *h, struct slab *s, unsigned c)
{
    s->cls = (uint8_t)c;
    s->size = (uint32_t)class_size(c);
    s->capacity = (uint16_t)(s->nslabs * SLAB_SIZE / s->size);
    s->twos = (uint32_t)__builtin_ctz(s->size);
    s->inverse = odd_inverse(s->size >> s->twos);
    s->carved = s->used = s->hint = 0;
    s->thinned = s->seen = UINT16_MAX;
    for (unsigned w = 0; w < (s->capacity + 63u) / 64; w++)
        s->bits[w] = 0;
    if (hak_knobs.random_order) { /* all blocks are free at once, and a search starts at a random word */
        s->carved = s->capacity;
        for (unsigned i = 0; i < s->capacity; i++)
            s->bits[i / 64] |= (uint64_t)1 << i % 64;
    }
    uint32_t tag = h->id << TAG_SHIFT | c * 16;
    hak_tags_set(s, tag, tag);
}

/* An empty slab that the heap keeps warm for another class. */
static struct slab *empty_slab(struct heap *h, unsigned span)
{
    for (unsigned c = 0; h->empty && c < NCLASS; c++) {
        struct slab *s = h->bins[c].pool.last[0];
        if (s && !s->used && s->nslabs == span) {
            hak_pool_remove(&h->bins[c].pool, s);
            h->empty--;
            return s;
        }
    }
    return NULL;
}

/* Memory that is touched already comes before memory that is not, and fresh units come last. */
static struct slab *slab_memory(struct heap *h, unsigned span)
{
    struct slab *s = empty_slab(h, span);
    if (!s)
        s = hak_slabs_alloc(span, 1, SLABS_BLOCKS, false, NULL);
    if (!s) {
        hak_heap_save(h);
        s = hak_slabs_alloc(span, 1, SLABS_BLOCKS, true, NULL);
    }
    return s;
}

struct slab *hak_slab_new(struct heap *h, unsigned c)
{
    struct slab *s = slab_memory(h, class_span(c));
    if (s) {
        slab_setup(h, s, c);
        hak_add(&h->stats.fresh_slabs, 1);
    }
    return s;
}

/* One free block of s from a random place; s has one. */
static char *take_random(struct heap *h, struct slab *s)
{
    uint64_t random = next_random(&h->random);
    unsigned words = (s->capacity + 63u) / 64, w = (unsigned)((random >> 32) % words), by = random % 64;
    while (!s->bits[w])
        w = w + 1 < words ? w + 1 : 0;
    uint64_t turned = s->bits[w] >> by | s->bits[w] << (64 - by) % 64;
    unsigned bit = ((unsigned)__builtin_ctzll(turned) + by) % 64;
    s->bits[w] &= ~((uint64_t)1 << bit);
    return s->start + (size_t)(w * 64 + bit) * s->size;
}

int32_t hak_slab_take_freed(struct heap *h, struct slab *s, int32_t want, void **chain)
{
    const size_t size = s->size;
    const unsigned words = (s->capacity + 63u) / 64;
    int32_t got = 0, there = s->carved - s->used;
    void *rest = *chain, **link = chain;
    want = want < there ? want : there;
    for (; hak_knobs.random_order && got < want; got++)
        link = *link = take_random(h, s);
    for (unsigned w = s->hint; got < want && w < words; w++) { /* in the order of addresses: so the processor reads ahead */
        uint64_t bits = s->bits[w];
        char *base = s->start + (size_t)w * 64 * size;
        for (; bits && got < want; got++, bits &= bits - 1)
            link = *link = base + (unsigned)__builtin_ctzll(bits) * size;
        s->bits[w] = bits;
        s->hint = (uint16_t)(bits ? w : w + 1);
    }
    *link = rest;
    if (s->hint >= words)
        s->hint = 0;
    return got;
}

int32_t hak_slab_carve(struct slab *s, int32_t want, void **chain)
{
    size_t most = max_size(1, min_size(max_size(CARVE_BLOCKS, CARVE_LEAST / s->size), CARVE_BYTES / s->size));
    int32_t left = s->capacity - s->carved;
    int32_t n = want < (int32_t)most ? want : (int32_t)most;
    n = n < left ? n : left;
    for (int32_t i = n - 1; i >= 0; i--) {
        char *p = s->start + (size_t)(s->carved + i) * s->size;
        set_next_block(p, *chain);
        *chain = p;
    }
    s->carved = (uint16_t)(s->carved + n);
    return n;
}

/* ---- putting back ---- */

/* A slab has no block out any more: keep it for a while, or give it back. */
static void slab_emptied(struct heap *h, struct slab *s)
{
    struct pool *pool = &h->bins[s->cls].pool;
    if (s->list == LIST_CURRENT)
        return;
    if (s->list == LIST_WARM && h->empty < (unsigned)hak_knobs.warm_pool_size) {
        h->empty++;
        hak_pool_demote(pool, s);
        return;
    }
    if (s->list != LIST_NONE)
        hak_pool_remove(pool, s);
    hak_slabs_free(s);
}

/* n blocks came back, and s is not full any more, or empty now. */
static NOINLINE void settle(struct heap *h, struct slab *s, unsigned n)
{
    if (s->used == s->capacity && s->list == LIST_NONE)
        hak_pool_put(&h->bins[s->cls].pool, s, (unsigned)hak_knobs.warm_pool_size);
    s->used = (uint16_t)(s->used - n);
    if (!s->used)
        slab_emptied(h, s);
}

/* A chain led to p, whose tag says that it cannot be a block of the chain's class. */
static COLD void chain_broken(const void *before, const void *p, uint32_t tag)
{
    if (!before || tag == TAG_FREE)
        hak_os_fatal("double free of", p);
    hak_os_fatal("a free block was written to (use after free, or an overflow before it):", before);
}

/* Sets the bits of the blocks from p on, `left` at most and one at least, that lie in slab s; refuses what is not the
 * start of a block that is out. Returns how many are left behind, the first of which is *rest; *before led to it. What
 * concerns the slab as a whole is done once: neighbours in a chain are often neighbours in memory. */
static inline unsigned put_run(struct heap *h, struct slab *s, char *p, unsigned left, void **before, void **rest)
{
    char *const start = s->start;
    uint64_t *const bits = s->bits;
    const uint32_t inverse = s->inverse, twos = s->twos, carved = s->carved;
    const size_t end = s->nslabs * SLAB_SIZE;
    const unsigned all = left;
    uint32_t low = s->hint;
    char *next = p;
    size_t off = (size_t)(p - start);
    do {
        p = next;
        uint32_t i = exact_quotient((uint32_t)off, inverse, twos), w = i / 64;
        if (unlikely(i >= carved))
            hak_os_fatal("free of a pointer that malloc did not return:", p);
        uint64_t word = bits[w];
        if (unlikely(word >> i % 64 & 1))
            hak_os_fatal("double free of", p);
        bits[w] = word | (uint64_t)1 << i % 64;
        low = w < low ? w : low;
        next = next_block(p);
        off = (uintptr_t)next - (uintptr_t)start;
    } while (--left && off < end);
    *before = p;
    *rest = next;
    s->hint = (uint16_t)low;
    const unsigned n = all - left;
    if (unlikely(s->used == s->capacity || s->used == n))
        settle(h, s, n);
    else
        s->used = (uint16_t)(s->used - n);
    return left;
}

void hak_heap_put(struct heap *h, void *chain, unsigned n, unsigned c)
{
    const uint32_t mine = h->id << TAG_SHIFT | c * 16;
    size_t sent = 0;
    void *before = NULL, *p = chain;
    unsigned left = n;
    while (left && p) { /* a longjmp out of free leaves a chain shorter than its count */
        size_t at = slab_index(p);
        uint32_t tag = tag_at(at);
        if (likely(tag == mine)) {
            left = put_run(h, slab_at(at), p, left, &before, &p);
            continue;
        }
        if (tag < 1u << TAG_SHIFT || tag % (1u << TAG_SHIFT) != c * 16)
            chain_broken(before, p, tag);
        before = p;
        p = next_block(p);
        left--;
        sent++;
        hak_free_homeless(before, tag);
    }
    hak_add(&h->stats.in[c], n - left - sent);
    hak_add(&h->stats.remote_sent, sent);
}
