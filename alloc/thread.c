#include "thread.h"

#include <pthread.h>

#include "knobs.h"
#include "os.h"

/* A thread's heap is let go in the third round of its destructors (POSIX runs at least four), so that frees of
 * other destructors still find it. What runs even later borrows a heap for each call. (Not in the fourth: that is
 * when the thread sanitizer takes its own state down, and nothing instrumented may run after that.) */
#define EXIT_ROUNDS 2u

/* Orphans looked at for a slab before a fresh one is taken. */
#define ADOPT_TRIES 4

/* A thread that ends leaves its lists to the next one, if they are short and few wait so already. What is freed to its
 * heap meanwhile waits, too: the next thread makes the parcels its lists. Only so many of them, because nobody sees what
 * they would complete: an empty slab. */
#define WARM_BYTES   ((size_t)256 << 10)
#define WARM_ORPHANS 8u
#define WARM_PARCELS 32u

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* taken before the space lock */
static struct heap *all, *orphans;
static atomic_uint orphan_count, warm_count;
static uint32_t last_id;
static pthread_key_t key;
static atomic_bool key_made;

static bool state_change(struct heap *h, uint32_t from, uint32_t to)
{
    return atomic_compare_exchange_strong(&h->state, &from, to);
}

/* Takes an orphan, which becomes `to`; the list that it is in does not change. */
static bool orphan_take(struct heap *h, uint32_t to)
{
    return state_change(h, HEAP_WARM, to) || state_change(h, HEAP_ORPHAN, to);
}

/* The other way. Who pushed meanwhile saw no orphan and left it to us to tidy. */
static void orphan_let_go(struct heap *h)
{
    bool warm = h->warm;
    atomic_store(&h->state, warm ? HEAP_WARM : HEAP_ORPHAN);
    if (!warm)
        hak_orphan_tidy(h);
}

/* ---- heaps ---- */

static struct heap *heap_new(void)
{
    if (last_id >= HEAP_ID_MAX)
        return NULL;
    struct heap *h = hak_meta_alloc(sizeof *h);
    if (!h)
        return NULL;
    h->id = last_id + 1;
    if (!hak_heap_register(h))
        return NULL; /* the next try starts over; what was taken for this one is lost */
    last_id++;
    h->random = hak_os_random();
    hak_shelf_init(h);
    h->next = all;
    all = h;
    return h;
}

/* The lists of h are not kept any more, or taken over; h is the caller's. */
static void not_warm(struct heap *h)
{
    atomic_fetch_sub(&warm_count, h->warm);
    h->warm = false;
}

/* An orphan, or a new heap; HEAP_OWNED. */
static struct heap *heap_acquire(void)
{
    if (!hak_space_init())
        return NULL;
    pthread_mutex_lock(&lock);
    struct heap *h = NULL;
    for (struct heap **link = &orphans; *link && !h; link = h ? link : &(*link)->next_orphan)
        if (orphan_take(*link, HEAP_OWNED)) {
            h = *link;
            *link = h->next_orphan;
            atomic_fetch_sub(&orphan_count, 1);
            not_warm(h);
            break;
        }
    if (!h && (h = heap_new()))
        atomic_store(&h->state, HEAP_OWNED);
    pthread_mutex_unlock(&lock);
    return h;
}

static void heap_abandon(struct heap *h)
{
    bool warm = hak_knobs.purge_ms && atomic_load(&warm_count) < WARM_ORPHANS && hak_shelf_bytes(h) <= WARM_BYTES;
    if (warm)
        hak_runs_empty(&h->runs); /* each is as much as all lists together may be */
    else
        hak_heap_trim(h, NULL);
    h->left = warm ? hak_os_clock_ms() : 0;
    h->warm = warm;
    atomic_store_explicit(&h->waiting, 0, memory_order_relaxed);
    pthread_mutex_lock(&lock);
    atomic_fetch_add(&warm_count, warm);
    h->next_orphan = orphans;
    orphans = h;
    atomic_fetch_add(&orphan_count, 1);
    atomic_store(&h->state, warm ? HEAP_WARM : HEAP_ORPHAN);
    pthread_mutex_unlock(&lock);
    if (!warm)
        hak_orphan_tidy(h); /* for those who pushed while they still saw an owner */
}

struct heap *hak_heap_borrow(void)
{
    return heap_acquire();
}

void hak_heap_return(struct heap *h)
{
    heap_abandon(h);
}

/* ---- orphans ---- */

/* A parcel more waits for the next thread of h. */
static void parcel_waits(struct heap *h)
{
    if (atomic_fetch_add_explicit(&h->waiting, 1, memory_order_relaxed) + 1 < WARM_PARCELS
        || !state_change(h, HEAP_WARM, HEAP_LOCKED))
        return;
    atomic_store_explicit(&h->waiting, 0, memory_order_relaxed);
    hak_heap_receive(h);
    atomic_store(&h->state, HEAP_WARM);
}

void hak_orphan_tidy(struct heap *h)
{
    uint32_t state;
    /* Sequentially consistent on both sides: either we see the orphan, or who lets it go sees our push. */
    while ((state = atomic_load(&h->state)) == HEAP_ORPHAN && hak_heap_has_mail(h)
           && state_change(h, HEAP_ORPHAN, HEAP_LOCKED)) {
        hak_heap_trim(h, NULL);
        atomic_store(&h->state, HEAP_ORPHAN);
    }
    if (state == HEAP_WARM)
        parcel_waits(h);
}

/* Moves a slab to heap `to`. Frees that are under way to the old owner are forwarded when they arrive. */
static void slab_move(struct slab *s, struct heap *to)
{
    uint32_t tag = to->id << TAG_SHIFT | (uint32_t)s->cls * 16;
    hak_tags_set(s, tag, tag);
}

/* A slab of class c with a free block, of an orphan that the caller has taken. */
static struct slab *slab_of_orphan(struct heap *h, unsigned c)
{
    struct bin *bin = &h->bins[c];
    bool warm;
    if (h->warm)
        hak_heap_receive_class(h, c);
    struct slab *s = hak_pool_take(&bin->pool, &warm);
    if (!s && (s = bin->current))
        bin->current = NULL;
    return s;
}

struct slab *hak_orphan_slab(struct heap *to, unsigned c)
{
    if (!atomic_load_explicit(&orphan_count, memory_order_relaxed))
        return NULL;
    struct slab *s = NULL;
    int tries = ADOPT_TRIES;
    pthread_mutex_lock(&lock);
    for (struct heap *h = orphans; h && !s && tries--; h = h->next_orphan) {
        if (!orphan_take(h, HEAP_LOCKED))
            continue;
        if ((s = slab_of_orphan(h, c)))
            slab_move(s, to);
        orphan_let_go(h);
    }
    pthread_mutex_unlock(&lock);
    if (s)
        hak_add(&to->stats.adopted_slabs, 1);
    return s;
}

/* Trims orphans: every one, or those that have kept their lists since `before`. */
static void trim_orphans(bool every, uint64_t before)
{
    pthread_mutex_lock(&lock);
    for (struct heap *h = orphans; h; h = h->next_orphan) {
        if (!orphan_take(h, HEAP_LOCKED))
            continue;
        if (every || (h->warm && h->left <= before)) {
            not_warm(h);
            hak_heap_trim(h, NULL);
            hak_heap_thin(h, THIN_TRIM);
        }
        orphan_let_go(h);
    }
    pthread_mutex_unlock(&lock);
}

void hak_orphans_trim(void)
{
    trim_orphans(true, 0);
}

void hak_orphans_age(uint64_t now)
{
    if (atomic_load_explicit(&warm_count, memory_order_relaxed))
        trim_orphans(false, now - (uint64_t)hak_knobs.purge_ms);
}

void hak_each_heap(void (*visit)(struct heap *h, void *arg), void *arg)
{
    pthread_mutex_lock(&lock);
    for (struct heap *h = all; h; h = h->next)
        visit(h, arg);
    pthread_mutex_unlock(&lock);
}

/* ---- threads ---- */

static void thread_exit(void *arg)
{
    struct front *f = &hak_front;
    struct heap *h = f->heap;
    (void)arg;
    if (!h)
        return;
    if (f->exit_rounds && pthread_setspecific(key, f) == 0) {
        f->exit_rounds--;
        return;
    }
    hak_heap_send(h);
    hak_cells_leave(h, f);
    f->id = NO_HEAP_TAG;
    f->heap = NULL;
    f->state = FRONT_LATE;
    heap_abandon(h);
}

static bool make_key(void)
{
    if (atomic_load_explicit(&key_made, memory_order_acquire))
        return true;
    pthread_mutex_lock(&lock);
    bool made = atomic_load(&key_made) || pthread_key_create(&key, thread_exit) == 0;
    atomic_store_explicit(&key_made, made, memory_order_release);
    pthread_mutex_unlock(&lock);
    return made;
}

struct heap *hak_thread_heap(void)
{
    struct front *f = &hak_front;
    if (likely(f->heap != NULL) || f->state == FRONT_LATE)
        return f->heap;
    struct heap *h = heap_acquire();
    if (!h)
        return NULL;
    f->state = FRONT_LIVE;
    f->heap = h;
    f->id = (uint64_t)h->id << TAG_SHIFT;
    f->exit_rounds = EXIT_ROUNDS;
    hak_cells_take(h, f);
    h->swept = hak_os_clock_ms();
    /* Last, because it may call malloc. Without a key the heap is never let go, and that is all. */
    if (make_key())
        pthread_setspecific(key, f);
    return h;
}

/* ---- fork ---- */

static bool forking_alone;

static void before_fork(void)
{
    forking_alone = hak_single_threaded();
    if (forking_alone)
        return;
    pthread_mutex_lock(&lock);
    hak_space_lock();
}

static void after_fork_parent(void)
{
    if (forking_alone)
        return;
    hak_space_unlock();
    pthread_mutex_unlock(&lock);
}

static bool is_orphan(struct heap *h)
{
    uint32_t state = atomic_load(&h->state);
    return state == HEAP_ORPHAN || state == HEAP_WARM;
}

/* The other threads are gone; what they were doing with their heaps is not finished and never will be. Their
 * heaps stay as they are: frees to them are kept in their inboxes, and their free memory is lost to the child. */
static void after_fork_child(void)
{
    if (forking_alone)
        return;
    lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    hak_space_relock();
    for (struct heap *h = all; h; h = h->next)
        if (h != hak_front.heap && !is_orphan(h))
            atomic_store(&h->state, HEAP_ZOMBIE);
    for (struct heap **link = &orphans; *link;) {
        if (is_orphan(*link)) {
            link = &(*link)->next_orphan;
            continue;
        }
        *link = (*link)->next_orphan;
        atomic_fetch_sub(&orphan_count, 1);
    }
}

void hak_fork_handlers(void)
{
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}
