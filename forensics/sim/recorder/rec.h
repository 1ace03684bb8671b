/* Part of the recorder of layout_tax_forensics, a Valgrind tool.
 *
 * This program is free software; you can redistribute it and/or modify it under the terms of the GNU General Public
 * License as published by the Free Software Foundation; either version 2 of the License, or (at your option) any later
 * version. It is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the implied
 * warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. See the GNU General Public License for more details:
 * <https://www.gnu.org/licenses/old-licenses/gpl-2.0.html>. SPDX-License-Identifier: GPL-2.0-or-later
 */

/* The recorder's own nouns. It writes the stream of sim/stream_format.h into a ring and judges nothing.
 *
 *   rec_main.c    options, start and end, CPUID and clock pinning, fork
 *   rec_ring.c    chunks and events: the producer's side of the ring
 *   rec_block.c   instrumentation: one inline record a block
 *   rec_insn.c    what an instruction is, from its bytes
 *   rec_clock.c   time as the target sees it
 *   rec_space.c   mappings, threads, signals, system calls as events
 */
#ifndef RECORDER_REC_H
#define RECORDER_REC_H

#include "pub_tool_basics.h"

#include "pub_tool_guest.h"
#include "pub_tool_libcassert.h"
#include "pub_tool_libcbase.h"
#include "pub_tool_libcprint.h"
#include "pub_tool_libcproc.h"
#include "pub_tool_mallocfree.h"
#include "pub_tool_tooliface.h"

#include "sim/stream_format.h"

/* ---- rec_ring.c ---- */

/* Where the next record goes. Translated code reads and writes it directly, so it lives at a fixed address. Between two
 * superblocks at < limit, and from limit on one record of the greatest size still fits. */
struct rec_cursor {
    ULong *at;
    ULong *limit;
};
extern struct rec_cursor rec_cursor;

/* Maps the ring of descriptor `fd`, closes it, and writes the START event. */
void rec_ring_open(Int fd);

/* Room for an event with `bytes` bytes of payload, zeroed; the payload's place. */
void *rec_event(UInt type, SizeT bytes);

/* Completes the chunk in hand and starts the next one; translated code calls it when at >= limit. */
void rec_chunk_full(void);

/* Completes the last chunk: no record may follow. */
void rec_ring_close(void);

/* From here on everything goes nowhere: this process is a child, the stream is its parent's. */
void rec_ring_detach(void);

/* Events written so far; words written so far. */
ULong rec_events(void);
ULong rec_words(void);

/* ---- rec_block.c ---- */

IRSB *rec_instrument(VgCallbackClosure *closure, IRSB *in, const VexGuestLayout *layout, const VexGuestExtents *extents,
                     const VexArchInfo *host, IRType guest_word, IRType host_word);

/* Blocks described so far. */
UInt rec_blocks(void);

/* References left out of descriptions because a block had too many (only blocks full of gathers have). */
ULong rec_refs_dropped(void);

/* Where the engine last met an instruction that it does not know, or that is none; 0: nowhere. */
Addr rec_undecoded(void);

/* ---- rec_insn.c ---- */

/* How a block whose last instruction stands at `code` ends, as far as its bytes tell (STREAM_FALL when no branch). */
UInt rec_ending(const UChar *code, UInt length);

/* Fills kind and uops of `insn` from its bytes; offset, length and flags stand already. */
void rec_classify(const UChar *code, struct stream_insn *insn);

/* ---- rec_space.c ---- */

/* Registers for mappings, threads, signals and system calls. */
void rec_space_track(void);

/* Fills memory with the next bytes of a sequence that is the same in every run. */
void rec_random(UChar *at, SizeT bytes);

/* The thread that ran last. */
ThreadId rec_last_thread(void);

/* What the target gave to exit; -1: it did not, a signal ended it. */
Int rec_exit_status(void);

/* ---- rec_clock.c ---- */

/* Time passes with the record: around every system call. */
void rec_clock_before(ThreadId tid, UInt number, const UWord *args);
void rec_clock_after(ThreadId tid, UInt number, const UWord *args, SysRes result);

/* The time stamp counter: nanoseconds since the start, waits included. */
ULong rec_ticks(void);

/* ---- rec_main.c ---- */

/* Replaces a processor query that would let the host show through by a pinned one; `call` is changed in place. */
void rec_pin(IRDirty *call);

#endif
