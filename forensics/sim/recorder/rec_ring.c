/* Part of the recorder of layout_tax_forensics, a Valgrind tool.
 *
 * This program is free software; you can redistribute it and/or modify it under the terms of the GNU General Public
 * License as published by the Free Software Foundation; either version 2 of the License, or (at your option) any later
 * version. It is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the implied
 * warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. See the GNU General Public License for more details:
 * <https://www.gnu.org/licenses/old-licenses/gpl-2.0.html>. SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "rec.h"

#include "pub_tool_libcfile.h"
#include "pub_tool_vki.h"
#include "pub_tool_vkiscnums.h"

/* Two doors of Valgrind's core that its tool headers do not show. */
extern SysRes VG_(am_shared_mmap_file_float_valgrind)(SizeT length, UInt prot, Int fd, Off64T offset);
extern SysRes VG_(do_syscall)(UWord number, RegWord a1, RegWord a2, RegWord a3, RegWord a4, RegWord a5, RegWord a6,
                              RegWord a7, RegWord a8);

enum { SPINS = 300, FUTEX_WAIT_OP = 0, FUTEX_WAKE_OP = 1 };

struct rec_cursor rec_cursor;

static struct stream_control *control; /* NULL: detached */
static ULong *chunk;                   /* the chunk in hand */
static ULong scratch[2 * STREAM_EVENT_WORDS_MAX];
static UInt *link;                     /* where the next event's index goes */
static ULong number, events, words_before;
static Int parent; /* who reads the ring; when it is gone, nobody ever will */

static void begin_chunk(void)
{
    struct stream_chunk *head;
    UInt words = control ? control->chunk_words : 2 * STREAM_EVENT_WORDS_MAX;
    chunk = control ? (ULong *)((HChar *)control + STREAM_CONTROL_BYTES) + number % control->chunks * words : scratch;
    head = (struct stream_chunk *)chunk;
    VG_(memset)(head, 0, sizeof *head);
    head->number = number;
    link = &head->first_event;
    rec_cursor.at = chunk + STREAM_CHUNK_HEADER_WORDS;
    rec_cursor.limit = chunk + words - STREAM_RECORD_WORDS_MAX;
}

static void futex(ULong *counter, Int op, UInt value)
{
    struct vki_timespec second = { 1, 0 };
    VG_(do_syscall)(__NR_futex, (RegWord)counter, op, value, (RegWord)&second, 0, 0, 0, 0);
}

/* Waits until the slot of chunk `number` is free. */
static void await_slot(void)
{
    ULong wanted, seen;
    Int i;
    if (number < control->chunks)
        return;
    wanted = number - control->chunks + 1;
    for (i = 0; i < SPINS; i++) {
        if (__atomic_load_n(&control->consumed, __ATOMIC_ACQUIRE) >= wanted)
            return;
        __asm__ volatile("pause");
    }
    for (;;) {
        __atomic_store_n(&control->producer_asleep, 1, __ATOMIC_SEQ_CST);
        seen = __atomic_load_n(&control->consumed, __ATOMIC_SEQ_CST);
        if (seen < wanted)
            futex((ULong *)&control->consumed, FUTEX_WAIT_OP, (UInt)seen);
        __atomic_store_n(&control->producer_asleep, 0, __ATOMIC_RELAXED);
        if (__atomic_load_n(&control->consumed, __ATOMIC_ACQUIRE) >= wanted)
            return;
        if (VG_(getppid)() != parent)
            VG_(exit)(1); /* the reader died: stop instead of waiting for ever */
    }
}

static void end_chunk(void)
{
    struct stream_chunk *head = (struct stream_chunk *)chunk;
    UInt words = (UInt)(rec_cursor.at - chunk);
    head->words = words;
    head->check = head->number ^ words ^ STREAM_CHUNK_MARK;
    words_before += words;
    number++;
    if (!control)
        return;
    __atomic_store_n(&control->produced, number, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (__atomic_load_n(&control->consumer_asleep, __ATOMIC_RELAXED))
        futex((ULong *)&control->produced, FUTEX_WAKE_OP, 1);
}

void rec_chunk_full(void)
{
    end_chunk();
    if (control)
        await_slot();
    begin_chunk();
}

void *rec_event(UInt type, SizeT bytes)
{
    SizeT words = 1 + (bytes + 7) / 8;
    struct stream_event_head *head;
    tl_assert(words <= STREAM_EVENT_WORDS_MAX);
    if (rec_cursor.at + words > rec_cursor.limit)
        rec_chunk_full();
    head = (struct stream_event_head *)rec_cursor.at;
    VG_(memset)(head, 0, words * 8);
    head->type = (UShort)type;
    head->words = (UShort)words;
    *link = (UInt)(rec_cursor.at - chunk);
    link = &head->next;
    rec_cursor.at += words;
    events++;
    return head + 1;
}

static void write_start(void)
{
    const HChar *recipe =
        (const HChar *)control + STREAM_CONTROL_BYTES + (SizeT)control->chunks * control->chunk_words * 8;
    HChar *at = rec_event(STREAM_EVENT_START, control->recipe_bytes + 1);
    VG_(memcpy)(at, recipe, control->recipe_bytes);
}

void rec_ring_open(Int fd)
{
    struct vg_stat st;
    SysRes mapped;
    parent = VG_(getppid)();
    if (VG_(fstat)(fd, &st) != 0 || st.size < STREAM_CONTROL_BYTES) {
        VG_(umsg)("descriptor %d is not a ring\n", fd);
        VG_(exit)(1);
    }
    mapped = VG_(am_shared_mmap_file_float_valgrind)(st.size, VKI_PROT_READ | VKI_PROT_WRITE, fd, 0);
    if (sr_isError(mapped)) {
        VG_(umsg)("cannot map the ring of descriptor %d\n", fd);
        VG_(exit)(1);
    }
    VG_(close)(fd);
    control = (struct stream_control *)sr_Res(mapped);
    if (VG_(memcmp)(control->magic, STREAM_MAGIC, sizeof control->magic) != 0 || control->version != STREAM_VERSION) {
        VG_(umsg)("the ring is of another version\n");
        VG_(exit)(1);
    }
    begin_chunk();
    write_start();
}

void rec_ring_close(void)
{
    end_chunk();
    if (control)
        __atomic_store_n(&control->producer, STREAM_PRODUCER_ENDED, __ATOMIC_RELEASE);
    rec_ring_detach();
}

void rec_ring_detach(void)
{
    control = NULL;
    begin_chunk();
}

ULong rec_events(void)
{
    return events;
}

ULong rec_words(void)
{
    return words_before + (ULong)(rec_cursor.at - chunk);
}
