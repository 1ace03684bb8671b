/* The two sides of a ring in shared memory: waiting for the other one, and waking it. Used by stream.c and
 * stream_writer.c; the recorder has the producer's side once more, without libc. */
#ifndef FORENSICS_SIM_STREAM_RING_H
#define FORENSICS_SIM_STREAM_RING_H

#include "sim/stream_format.h"

#include <stdbool.h>
#include <stddef.h>

/* Bytes of a ring with its control page. */
static inline size_t stream_ring_bytes(uint32_t chunks, uint32_t chunk_words)
{
    return STREAM_CONTROL_BYTES + (size_t)chunks * chunk_words * 8;
}

/* Consumer: waits until chunk `number` is complete, at most about 0.1 s. False: not yet. */
bool stream_ring_await_chunk(struct stream_control *control, uint64_t number);

/* Consumer: gives every chunk below `number` back. */
void stream_ring_release(struct stream_control *control, uint64_t number);

/* Producer: waits until the slot of chunk `number` is free, at most about 0.1 s. False: not yet. */
bool stream_ring_await_slot(struct stream_control *control, uint64_t number);

/* Producer: hands out every chunk below `number`. */
void stream_ring_publish(struct stream_control *control, uint64_t number);

/* Producer: no chunk will follow. A consumer learns the end from the END event; this is for one that finds none. */
void stream_ring_end(struct stream_control *control);

#endif
