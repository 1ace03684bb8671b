/* Producers and a consumer: some threads allocate, one frees everything. Blocks travel in batches through a bounded
 * queue under a lock, so that the queue costs little beside the allocator and nobody spins on CPU time.
 */
#include "load.h"

#include <pthread.h>

enum { ARG_PRODUCERS, ARG_BLOCKS, ARG_DEPTH, ARG_MIN, ARG_MAX, ARG_SEED };
enum { BATCH = 64 };

static struct load_arg args[] = {
    [ARG_PRODUCERS] = { "producers", "threads that allocate", 1, 1, 1024 },
    [ARG_BLOCKS] = { "blocks", "blocks that each of them allocates", 3000000, BATCH, UINT64_C(1) << 40 },
    [ARG_DEPTH] = { "depth", "batches of 64 blocks that may wait in the queue", 32, 1, 65536 },
    [ARG_MIN] = { "min", "smallest block, bytes", 16, LOAD_MIN, 1u << 20 },
    [ARG_MAX] = { "max", "largest block, bytes", 512, LOAD_MIN, 1u << 20 },
    [ARG_SEED] = { "seed", "start of the random sequence", 1, 1, UINT32_MAX },
};

static struct load load = {
    .name = "producer",
    .about = "Some threads allocate, one frees everything.",
    .args = args,
    .nargs = sizeof args / sizeof args[0],
    .has_checksum = true,
};

struct batch {
    struct load_block *block[BATCH];
};

/* A ring of `depth` batches; 0 <= used <= depth. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t not_full, not_empty;
    struct batch *ring;
    uint64_t depth, used, first;
} queue = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .not_full = PTHREAD_COND_INITIALIZER,
    .not_empty = PTHREAD_COND_INITIALIZER,
};

static void push(const struct batch *batch)
{
    pthread_mutex_lock(&queue.lock);
    while (queue.used == queue.depth)
        pthread_cond_wait(&queue.not_full, &queue.lock);
    queue.ring[(queue.first + queue.used++) % queue.depth] = *batch;
    pthread_cond_signal(&queue.not_empty);
    pthread_mutex_unlock(&queue.lock);
}

static void pop(struct batch *batch)
{
    pthread_mutex_lock(&queue.lock);
    while (queue.used == 0)
        pthread_cond_wait(&queue.not_empty, &queue.lock);
    *batch = queue.ring[queue.first];
    queue.first = (queue.first + 1) % queue.depth;
    queue.used--;
    pthread_cond_signal(&queue.not_full);
    pthread_mutex_unlock(&queue.lock);
}

/* Thread 0 consumes, the others produce. */
struct worker {
    uint32_t random;
    uint64_t batches;
    uint64_t sum;
};

static void *produce(struct worker *w)
{
    const uint32_t min = (uint32_t)args[ARG_MIN].value, max = (uint32_t)args[ARG_MAX].value;
    uint32_t r = w->random;
    for (uint64_t i = 0; i < w->batches; i++) {
        struct batch batch;
        for (int k = 0; k < BATCH; k++) {
            r = load_random(r);
            batch.block[k] = load_take(load_between(r, min, max), r);
        }
        push(&batch);
    }
    return NULL;
}

static void *consume(struct worker *w)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < w->batches; i++) {
        struct batch batch;
        pop(&batch);
        for (int k = 0; k < BATCH; k++)
            sum += load_give(batch.block[k]);
    }
    w->sum = sum;
    return NULL;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    return w->random ? produce(w) : consume(w);
}

int main(int argc, char **argv)
{
    load_parse(&load, argc, argv);
    if (args[ARG_MIN].value > args[ARG_MAX].value)
        load_fail(&load, "min is larger than max");
    uint64_t producers = args[ARG_PRODUCERS].value, batches = args[ARG_BLOCKS].value / BATCH;
    struct worker *workers = calloc(producers + 1, sizeof *workers);
    queue.depth = args[ARG_DEPTH].value;
    queue.ring = calloc(queue.depth, sizeof *queue.ring);
    if (!workers || !queue.ring)
        load_no_memory(queue.depth * sizeof *queue.ring);
    workers[0].batches = producers * batches;
    for (uint64_t i = 1; i <= producers; i++) {
        workers[i].random = load_random((uint32_t)(args[ARG_SEED].value + i * 0x9e3779b9u) | 1);
        workers[i].batches = batches;
    }

    struct load_clock begin = load_now();
    load_in_threads(producers + 1, work, workers, sizeof *workers);
    struct load_clock end = load_now();

    load_print(begin, end, 2 * producers * batches * BATCH, "producers=%llu depth=%llu", (unsigned long long)producers,
               (unsigned long long)queue.depth);
    if (load.checksum)
        load_print_checksum(workers[0].sum);
    free(queue.ring);
    free(workers);
    return 0;
}
