#include "runs.h"

#include "knobs.h"

/* Gives the run of length n that came last back. */
static void drop(struct runs *r, unsigned n)
{
    struct slab *s = r->first[n];
    r->first[n] = s->next;
    r->slabs -= n;
    hak_slabs_free(s);
}

/* In turns, so that no length that nobody asks for any more stays. */
static void make_room(struct runs *r)
{
    do
        r->hand = r->hand % RUN_SLABS + 1;
    while (!r->first[r->hand]);
    drop(r, r->hand);
}

void hak_runs_put(struct runs *r, struct slab *s)
{
    size_t most = hak_knobs.purge_ms ? (size_t)hak_knobs.runs_kb * 1024 / SLAB_SIZE : 0;
    unsigned n = s->nslabs;
    if (n > most) {
        hak_slabs_free(s);
        return;
    }
    while (r->slabs + n > most)
        make_room(r);
    s->next = r->first[n];
    r->first[n] = s;
    r->slabs += n;
    r->moved |= (uint32_t)1 << n;
}

void hak_runs_sweep(struct runs *r)
{
    for (unsigned n = 1; n <= RUN_SLABS && r->slabs; n++)
        while (r->first[n] && !(r->moved >> n & 1))
            drop(r, n);
    r->moved = 0;
}

void hak_runs_empty(struct runs *r)
{
    r->moved = 0;
    hak_runs_sweep(r);
}
