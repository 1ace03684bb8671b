#include "stats.h"

#include <unistd.h>

#include "knobs.h"
#include "os.h"
#include "sizeclass.h"
#include "text.h"
#include "thread.h"

_Static_assert(HAKMEM_BANDS == NBAND, "the public header and the classes agree on bands");

static size_t get(hak_count *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

static void add_heap(struct heap *h, void *arg)
{
    struct hakmem_stats *s = arg;
    struct heap_stats *hs = &h->stats;
    for (unsigned c = 0; c < NCLASS; c++) {
        struct hakmem_band *band = &s->band[class_band(c)];
        size_t blocks = get(&hs->out[c]) - get(&hs->in[c]); /* of one heap this may be "negative" */
        band->blocks += blocks;
        band->bytes += blocks * class_size(c);
        band->refills += get(&hs->refills[c]);
        band->flushes += get(&hs->flushes[c]);
        band->direct += get(&hs->direct[c]);
    }
    s->warm_hits += get(&hs->warm_hits);
    s->cold_hits += get(&hs->cold_hits);
    s->fresh_slabs += get(&hs->fresh_slabs);
    s->adopted_slabs += get(&hs->adopted_slabs);
    s->remote_sent += get(&hs->remote_sent);
    s->remote_received += get(&hs->remote_received);
    s->run_hits += get(&h->runs.hits);
    s->purged_bytes += get(&hs->thinned);
    s->thinned_bytes += get(&hs->thinned);
    s->heaps++;
}

void hakmem_stats(struct hakmem_stats *out)
{
    *out = (struct hakmem_stats){0};
    hak_each_heap(add_heap, out);
    for (unsigned c = 0; HAK_STATS && c < NCLASS; c++) { /* what this thread has in its own lists is not out */
        const struct cell *cell = &hak_front.cells[c], *shelf = hak_front.heap ? &hak_front.heap->shelf[c] : cell;
        size_t cached = (size_t)(cell->bound ? cell->bound - cell->room : shelf->bound - shelf->room);
        out->band[class_band(c)].blocks -= cached;
        out->band[class_band(c)].bytes -= cached * class_size(c);
    }
    struct space_stats s = hak_space_stats();
    out->superslabs = s.superslabs;
    out->slabs = s.slabs;
    out->large_blocks = s.huge_blocks;
    out->large_bytes = s.huge_bytes;
    out->cached_bytes = s.cached_bytes;
    out->spare_hits = s.spare_hits;
    out->spare_reused = s.spare_reused;
    out->huge_asked = s.huge_asked;
    out->purged_bytes += s.purged_bytes;
    out->meta_bytes = s.meta_bytes;
    out->resident_bytes = hak_os_resident();
}

static void pair(struct text *t, const char *name, size_t value)
{
    text_left(t, name, 18);
    text_int(t, (long long)value, 14);
    text_add(t, "\n");
}

void hak_stats_write(int fd, const struct hakmem_stats *s)
{
    struct text t = {0};
    text_add(&t, "hakmem statistics\nband        blocks          bytes    refills    flushes     direct\n");
    for (unsigned b = 0; b < NBAND; b++) {
        const struct hakmem_band *band = &s->band[b];
        text_add(&t, b < NBAND - 1 ? "C" : "above");
        if (b < NBAND - 1)
            text_int(&t, b, 0);
        text_int(&t, (long long)band->blocks, b < NBAND - 1 ? 16 : 13);
        text_int(&t, (long long)band->bytes, 15);
        text_int(&t, (long long)band->refills, 11);
        text_int(&t, (long long)band->flushes, 11);
        text_int(&t, (long long)band->direct, 11);
        text_add(&t, "\n");
    }
    pair(&t, "large blocks", s->large_blocks);
    pair(&t, "large bytes", s->large_bytes);
    pair(&t, "run hits", s->run_hits);
    pair(&t, "cached bytes", s->cached_bytes);
    pair(&t, "spare hits", s->spare_hits);
    pair(&t, "spare reused", s->spare_reused);
    pair(&t, "warm hits", s->warm_hits);
    pair(&t, "cold hits", s->cold_hits);
    pair(&t, "fresh slabs", s->fresh_slabs);
    pair(&t, "adopted slabs", s->adopted_slabs);
    pair(&t, "remote sent", s->remote_sent);
    pair(&t, "remote received", s->remote_received);
    pair(&t, "heaps", s->heaps);
    pair(&t, "superslabs", s->superslabs);
    pair(&t, "slabs", s->slabs);
    pair(&t, "huge pages asked", s->huge_asked);
    pair(&t, "purged bytes", s->purged_bytes);
    pair(&t, "thinned bytes", s->thinned_bytes);
    pair(&t, "metadata bytes", s->meta_bytes);
    pair(&t, "resident bytes", s->resident_bytes);
    hak_os_write(fd, t.data, t.used);
}

void hakmem_stats_print(void)
{
    struct hakmem_stats s;
    hakmem_stats(&s);
    hak_stats_write(STDERR_FILENO, &s);
}
