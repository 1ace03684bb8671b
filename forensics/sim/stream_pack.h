/* Packing chunks for files: a fifth of the size, unpacked faster than a model can read.
 *
 * Predicted, and then worth one bit: the next block (the one that followed this block and exit last time), the exit
 * (the last one), each base value (the last one plus the last step), and the address that an indirect branch went to
 * (where the following record's block starts). What is not predicted is a variable-length number.
 *
 *   packed chunk   sections, each begun by a number t: 0 the end; 1 an event (a number of words, then the words);
 *                  t > 1 a run of t - 1 records
 *   record         a byte of flags: bit 0 block as predicted, bit 1 exit as predicted, bits 2-7 one bit a value. Then,
 *                  where not predicted: block id, exit byte; flags of the further values, 8 a byte; and the values
 *                  as zigzag steps from their last one
 *   number         7 bits a byte, least first, the top bit set on all but the last
 *
 * Both directions keep the same memory of earlier chunks, so chunks are packed and unpacked in order.
 */
#ifndef FORENSICS_SIM_STREAM_PACK_H
#define FORENSICS_SIM_STREAM_PACK_H

#include "sim/stream_format.h"

#include <stdbool.h>
#include <stddef.h>

struct stream_packer;

struct stream_packer *stream_packer_new(void); /* NULL: no memory */
void stream_packer_free(struct stream_packer *packer); /* NULL is harmless */

/* Packs a plain chunk of `words` words into `out`, which has room for stream_pack_room(words) bytes. Returns the packed
 * bytes, padded to whole words; 0: the chunk is damaged. */
size_t stream_pack(struct stream_packer *packer, const uint64_t *chunk, uint32_t words, uint8_t *out);

/* Bytes that `words` plain words may need at worst. */
size_t stream_pack_room(uint32_t words);

/* Unpacks `bytes` bytes behind the chunk header into a plain chunk with `room` words; writes its links, not its header.
 * Returns its words, header included; 0: the bytes are damaged. */
uint32_t stream_unpack(struct stream_packer *packer, const uint8_t *in, size_t bytes, uint64_t *chunk, uint32_t room);

#endif
