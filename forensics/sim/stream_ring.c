#include "sim/stream_ring.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* About 10 us: longer than the other side needs to finish a chunk it is about to finish, shorter than it pays to sleep.
 */
enum { SPINS = 300 };

static uint32_t *low_half(uint64_t *counter)
{
    return (uint32_t *)counter; /* little-endian, and a futex is 32 bits */
}

static void wake(uint64_t *counter, uint32_t *asleep)
{
    __atomic_thread_fence(
        __ATOMIC_SEQ_CST); /* the counter before the flag: the sleeper writes them the other way round */
    if (__atomic_load_n(asleep, __ATOMIC_RELAXED))
        syscall(SYS_futex, low_half(counter), FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Waits until *counter >= wanted. */
static bool await(uint64_t *counter, uint64_t wanted, uint32_t *asleep)
{
    for (int i = 0; i < SPINS; i++) {
        if (__atomic_load_n(counter, __ATOMIC_ACQUIRE) >= wanted)
            return true;
        __builtin_ia32_pause();
    }
    __atomic_store_n(asleep, 1, __ATOMIC_SEQ_CST);
    uint64_t seen = __atomic_load_n(counter, __ATOMIC_SEQ_CST);
    if (seen < wanted) {
        struct timespec tenth = { .tv_nsec = 100000000 };
        syscall(SYS_futex, low_half(counter), FUTEX_WAIT, (uint32_t)seen, &tenth, NULL, 0);
    }
    __atomic_store_n(asleep, 0, __ATOMIC_RELAXED);
    return __atomic_load_n(counter, __ATOMIC_ACQUIRE) >= wanted;
}

bool stream_ring_await_chunk(struct stream_control *control, uint64_t number)
{
    return await(&control->produced, number + 1, &control->consumer_asleep);
}

void stream_ring_release(struct stream_control *control, uint64_t number)
{
    __atomic_store_n(&control->consumed, number, __ATOMIC_RELEASE);
    wake(&control->consumed, &control->producer_asleep);
}

bool stream_ring_await_slot(struct stream_control *control, uint64_t number)
{
    if (number < control->chunks)
        return true;
    return await(&control->consumed, number - control->chunks + 1, &control->producer_asleep);
}

void stream_ring_publish(struct stream_control *control, uint64_t number)
{
    __atomic_store_n(&control->produced, number, __ATOMIC_RELEASE);
    wake(&control->produced, &control->consumer_asleep);
}

void stream_ring_end(struct stream_control *control)
{
    __atomic_store_n(&control->producer, STREAM_PRODUCER_ENDED, __ATOMIC_RELEASE);
    wake(&control->produced, &control->consumer_asleep);
}
