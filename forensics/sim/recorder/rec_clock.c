/* Part of the recorder of layout_tax_forensics, a Valgrind tool.
 *
 * This program is free software; you can redistribute it and/or modify it under the terms of the GNU General Public
 * License as published by the Free Software Foundation; either version 2 of the License, or (at your option) any later
 * version. It is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the implied
 * warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. See the GNU General Public License for more details:
 * <https://www.gnu.org/licenses/old-licenses/gpl-2.0.html>. SPDX-License-Identifier: GPL-2.0-or-later
 */

/* Time as the target sees it: it passes with the record, not with the machine, and a wait takes as long as was asked
 * for. So a program that prints how fast it was, or tidies up every half second, does the same in every run. */

#include "rec.h"

#include "pub_tool_aspacemgr.h"
#include "pub_tool_machine.h"
#include "pub_tool_threadstate.h"
#include "pub_tool_vki.h"
#include "pub_tool_vkiscnums.h"

extern SysRes VG_(do_syscall)(UWord number, RegWord a1, RegWord a2, RegWord a3, RegWord a4, RegWord a5, RegWord a6,
                              RegWord a7, RegWord a8);

#define SECOND 1000000000LL
#define BOOTED (1000 * SECOND)       /* the monotonic clocks at the start */
#define DATE   (1767225600 * SECOND) /* 2026-01-01 00:00 UTC: the date at the start */

enum { REALTIME = 0, PROCESS_CPU = 2, THREAD_CPU = 3, REALTIME_COARSE = 5, FUTEX_WAIT = 0, FUTEX_CLOCK_REALTIME = 256, TIMED_OUT = 110 };

static Long waited; /* ns that passed in waits */
static Long asked;

/* Nanoseconds that the target has run. About two a block, and some for every question, so that who polls gets on. */
static Long ran(void)
{
    return (Long)(rec_words() / 2) + 50 * asked;
}

ULong rec_ticks(void)
{
    ++asked;
    return (ULong)(ran() + waited);
}

static Bool is_date(UWord clock)
{
    return clock == REALTIME || clock == REALTIME_COARSE;
}

/* A clock's nanoseconds; CPU clocks by the kernel's numbers, others' processes' among them, stand in waits. */
static Long now(UWord clock)
{
    if (clock == PROCESS_CPU || clock == THREAD_CPU || (Int)clock < 0)
        return ran();
    return ran() + waited + (is_date(clock) ? DATE : BOOTED);
}

static Long ns_of(const struct vki_timespec *t)
{
    return t->tv_sec * SECOND + t->tv_nsec;
}

static void set_time(struct vki_timespec *t, Long ns)
{
    t->tv_sec = ns / SECOND;
    t->tv_nsec = ns % SECOND;
}

static Long kernel_now(UWord clock)
{
    struct vki_timespec t = { 0, 0 };
    VG_(do_syscall)(__NR_clock_gettime, clock, (RegWord)&t, 0, 0, 0, 0, 0, 0);
    return ns_of(&t);
}

/* ---- waits ---- */

/* Of each thread that is in a system call that waits for so long at most. */
static struct wait {
    Bool asked;
    Long until;               /* as ran() + waited will be when it is over */
    struct vki_timespec *put; /* a date of the target's that the kernel was shown as one of its own; NULL: none */
    struct vki_timespec own;  /* what it was */
} *waits;

static Bool readable(UWord at, SizeT size)
{
    return at && VG_(am_is_valid_for_client)(at, size, VKI_PROT_READ);
}

static void wait_for(struct wait *w, Long ns)
{
    w->asked = True;
    w->until = ran() + waited + (ns > 0 ? ns : 0);
}

/* Until a time on the target's clock; the kernel waits by its own, so the time is changed while it does. */
static void wait_until(struct wait *w, UWord clock, struct vki_timespec *t)
{
    Long left = ns_of(t) - now(clock);
    wait_for(w, left);
    if (!VG_(am_is_valid_for_client)((Addr)t, sizeof *t, VKI_PROT_WRITE))
        return;
    w->put = t;
    w->own = *t;
    set_time(t, kernel_now(clock) + (left > 0 ? left : 0));
}

static void wait_timespec(struct wait *w, UWord at)
{
    if (readable(at, sizeof(struct vki_timespec)))
        wait_for(w, ns_of((const struct vki_timespec *)at));
}

static void wait_ms(struct wait *w, Int ms)
{
    if (ms > 0)
        wait_for(w, ms * (SECOND / 1000));
}

void rec_clock_before(ThreadId tid, UInt number, const UWord *args)
{
    struct wait *w;
    if (!waits)
        waits = VG_(calloc)("rec.waits", VG_N_THREADS, sizeof *waits);
    w = &waits[tid];
    VG_(memset)(w, 0, sizeof *w);
    if (number == __NR_nanosleep) {
        wait_timespec(w, args[0]);
    } else if (number == __NR_clock_nanosleep) {
        if (!args[1])
            wait_timespec(w, args[2]);
        else if (readable(args[2], sizeof(struct vki_timespec)))
            wait_until(w, args[0], (struct vki_timespec *)args[2]);
    } else if (number == __NR_futex) {
        UWord command = args[1] & 127;
        if (command == FUTEX_WAIT)
            wait_timespec(w, args[3]);
        else if ((command == 6 || command == 9 || command == 11 || command == 13) &&
                 readable(args[3], sizeof(struct vki_timespec)))
            wait_until(w, (args[1] & FUTEX_CLOCK_REALTIME) || command == 6 ? REALTIME : 1,
                       (struct vki_timespec *)args[3]);
    } else if (number == __NR_poll) {
        wait_ms(w, (Int)args[2]);
    } else if (number == __NR_epoll_wait || number == __NR_epoll_pwait) {
        wait_ms(w, (Int)args[3]);
    } else if (number == __NR_ppoll) {
        wait_timespec(w, args[2]);
    } else if (number == __NR_pselect6) {
        wait_timespec(w, args[4]);
    } else if (number == __NR_rt_sigtimedwait) {
        wait_timespec(w, args[2]);
    } else if (number == __NR_select && readable(args[4], sizeof(struct vki_timeval))) {
        const struct vki_timeval *t = (const struct vki_timeval *)args[4];
        wait_for(w, t->tv_sec * SECOND + t->tv_usec * 1000);
    }
}

/* True when the wait was over because its time was. */
static Bool timed_out(UInt number, SysRes result)
{
    switch (number) {
    case __NR_futex: return sr_isError(result) && sr_Err(result) == TIMED_OUT;
    case __NR_rt_sigtimedwait: return sr_isError(result) && sr_Err(result) == VKI_EAGAIN;
    default: return !sr_isError(result) && sr_Res(result) == 0;
    }
}

/* ---- questions ---- */

static void answer(ThreadId tid, UInt number, const UWord *args)
{
    ULong seconds;
    struct vki_timeval *t;
    switch (number) {
    case __NR_clock_gettime:
        ++asked;
        set_time((struct vki_timespec *)args[1], now(args[0]));
        break;
    case __NR_gettimeofday:
        ++asked;
        t = (struct vki_timeval *)args[0];
        if (t) {
            t->tv_sec = now(REALTIME) / SECOND;
            t->tv_usec = now(REALTIME) % SECOND / 1000;
        }
        break;
    case __NR_time:
        ++asked;
        seconds = (ULong)(now(REALTIME) / SECOND);
        if (args[0])
            *(ULong *)args[0] = seconds;
        VG_(set_shadow_regs_area)(tid, 0, offsetof(VexGuestAMD64State, guest_RAX), sizeof seconds, (UChar *)&seconds);
        break;
    case __NR_getrusage: {
        if ((Int)args[0] == -1) /* of the children, which run natively */
            break;
        struct vki_rusage *usage = (struct vki_rusage *)args[1];
        ++asked;
        usage->ru_utime.tv_sec = ran() / SECOND;
        usage->ru_utime.tv_usec = ran() % SECOND / 1000;
        usage->ru_stime.tv_sec = usage->ru_stime.tv_usec = 0;
        break;
    }
    default: break;
    }
}

void rec_clock_after(ThreadId tid, UInt number, const UWord *args, SysRes result)
{
    struct wait *w = &waits[tid];
    if (w->put)
        *w->put = w->own;
    if (w->asked && timed_out(number, result) && w->until > ran() + waited)
        waited = w->until - ran();
    w->asked = False;
    w->put = NULL;
    if (!sr_isError(result))
        answer(tid, number, args);
}
