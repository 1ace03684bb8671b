/* Part of the recorder of layout_tax_forensics, a Valgrind tool.
 *
 * This program is free software; you can redistribute it and/or modify it under the terms of the GNU General Public
 * License as published by the Free Software Foundation; either version 2 of the License, or (at your option) any later
 * version. It is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the implied
 * warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. See the GNU General Public License for more details:
 * <https://www.gnu.org/licenses/old-licenses/gpl-2.0.html>. SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "rec.h"

#include "pub_tool_aspacemgr.h"
#include "pub_tool_libcfile.h"
#include "pub_tool_machine.h"
#include "pub_tool_vki.h"
#include "pub_tool_vkiscnums.h"

#include <elf.h>

/* A door of Valgrind's core that its tool headers do not show: the last byte of the client's main stack. */
extern Addr VG_(clstk_end);

static ThreadId last = 1;       /* the thread that ran last */
static ThreadId running;        /* who the stream says is running; 0: say it again */
static Int pending_signal;      /* delivered, its handler not entered yet */
static UInt forks;

/* ---- build ids ---- */

static const HChar gnu[4] = "GNU";

/* The build id among the notes at `at`; its length, or 0. */
static UInt find_note(const UChar *at, SizeT bytes, UChar *id)
{
    while (bytes >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr n;
        SizeT name, all;
        VG_(memcpy)(&n, at, sizeof n);
        name = sizeof n + VG_ROUNDUP(n.n_namesz, 4);
        all = name + VG_ROUNDUP(n.n_descsz, 4);
        if (all > bytes)
            return 0;
        if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 && n.n_descsz <= STREAM_BUILD_ID_MAX &&
            VG_(memcmp)(at + sizeof n, gnu, 4) == 0) {
            VG_(memcpy)(id, at + name, n.n_descsz);
            return n.n_descsz;
        }
        at += all;
        bytes -= all;
    }
    return 0;
}

/* The build id of an ELF file, when its notes lie in the first 4 KiB, as linkers put them. */
static UInt read_build_id(const HChar *path, UChar *id)
{
    static UChar page[4096];
    Elf64_Ehdr header;
    Int fd = VG_(fd_open)(path, VKI_O_RDONLY, 0), n, i;
    if (fd < 0)
        return 0;
    n = VG_(read)(fd, page, sizeof page);
    VG_(close)(fd);
    if (n < (Int)sizeof header || VG_(memcmp)(page, ELFMAG, SELFMAG) != 0 || page[EI_CLASS] != ELFCLASS64)
        return 0;
    VG_(memcpy)(&header, page, sizeof header);
    for (i = 0; i < header.e_phnum && header.e_phoff + (i + 1) * sizeof(Elf64_Phdr) <= (UWord)n; i++) {
        Elf64_Phdr p;
        UInt found;
        VG_(memcpy)(&p, page + header.e_phoff + i * sizeof p, sizeof p);
        if (p.p_type != PT_NOTE || p.p_offset > (UWord)n || p.p_filesz > (UWord)n - p.p_offset)
            continue;
        found = find_note(page + p.p_offset, p.p_filesz, id);
        if (found)
            return found;
    }
    return 0;
}

/* ---- mappings ---- */

static void map_event(Addr start, SizeT bytes, UInt kind, const NSegment *segment)
{
    struct stream_map_wire wire = { .address = start, .bytes = bytes, .kind = (UChar)kind };
    const HChar *path = segment->kind == SkFileC || segment->kind == SkFileV ? VG_(am_get_filename)(segment) : NULL;
    HChar *at;
    path = path ? path : "";
    wire.protection = (segment->hasR ? STREAM_PROT_READ : 0) | (segment->hasW ? STREAM_PROT_WRITE : 0) |
                      (segment->hasX ? STREAM_PROT_EXEC : 0);
    if (path[0])
        wire.file_offset = (ULong)segment->offset + (start - segment->start);
    if (path[0] == '/' && wire.file_offset == 0)
        wire.build_id_bytes = (UChar)read_build_id(path, wire.build_id);
    at = rec_event(STREAM_EVENT_MAP, sizeof wire + VG_(strlen)(path) + 1);
    VG_(memcpy)(at, &wire, sizeof wire);
    VG_(strcpy)(at + sizeof wire, path);
}

/* A page of the engine's own program that it lends to the target: trampolines. */
static Bool is_engine(const NSegment *s)
{
    const NSegment *own = VG_(am_find_nsegment)((Addr)&rec_space_track);
    return s->kind == SkFileC && own && s->dev == own->dev && s->ino == own->ino;
}

/* The main stack; it is announced once, with all that it may grow to, whatever part of it exists already. */
static Bool is_stack(const NSegment *s)
{
    return s->start <= VG_(clstk_end) && VG_(clstk_end) <= s->end;
}

static UInt kind_of(const NSegment *s)
{
    if (is_engine(s))
        return STREAM_MAP_ENGINE;
    return s->kind == SkFileC ? STREAM_MAP_FILE : s->isCH ? STREAM_MAP_BRK : STREAM_MAP_ANON;
}

/* What lies in [start, start + bytes) now. */
static void describe_range(Addr start, SizeT bytes)
{
    Addr end = start + bytes;
    while (start < end) {
        const NSegment *s = VG_(am_find_nsegment)(start);
        Addr stop = s && s->end + 1 < end ? s->end + 1 : end;
        if (!s)
            return;
        if ((s->kind == SkFileC || s->kind == SkAnonC || s->kind == SkShmC) && !is_stack(s))
            map_event(start, stop - start, kind_of(s), s);
        start = stop;
    }
}

static void describe_stack(void)
{
    const NSegment *s = VG_(am_find_nsegment)(VG_(clstk_end)), *below;
    Addr start;
    if (!s)
        return;
    start = s->start;
    below = VG_(am_find_nsegment)(start - 1);
    if (below && below->kind == SkResvn)
        start = below->start;
    map_event(start, VG_(clstk_end) + 1 - start, STREAM_MAP_STACK, s);
}

static void unmap(Addr start, SizeT bytes)
{
    struct stream_unmap_wire *wire = rec_event(STREAM_EVENT_UNMAP, sizeof *wire);
    wire->address = start;
    wire->bytes = bytes;
}

static void on_startup(Addr a, SizeT n, Bool r, Bool w, Bool x, ULong handle)
{
    describe_range(a, n);
}

static void on_mprotect(Addr a, SizeT n, Bool r, Bool w, Bool x)
{
    describe_range(a, n);
}

static void on_brk(Addr a, SizeT n, ThreadId tid)
{
    const NSegment *s = VG_(am_find_nsegment)(a);
    if (s)
        map_event(s->start, a + n - s->start, STREAM_MAP_BRK, s);
}

static void on_remap(Addr from, Addr to, SizeT n)
{
    describe_range(to, n);
}

/* ---- randomness ---- */

/* The same bytes in every run. They decide no address, but a hash table's order and with it the work done. */
void rec_random(UChar *at, SizeT bytes)
{
    static ULong state = 0x6c61796f75742d74ull;
    SizeT i;
    for (i = 0; i < bytes; i++) {
        state = state * 6364136223846793005ull + 1442695040888963407ull; /* Knuth's MMIX generator */
        at[i] = (UChar)(state >> 56);
    }
}

/* The engine's own, not among what tools see: where the list is, and the file that it opens for /proc/self/auxv. */
extern UWord *VG_(client_auxv);
extern Int VG_(cl_auxv_fd);

/* The list of `words` words as the file tells it, which cannot become shorter: AT_NULL to the end. */
static void tell_auxv(const UWord *auxv, UInt words, UInt words_before)
{
    static const UWord null[2];
    if (VG_(lseek)(VG_(cl_auxv_fd), 0, VKI_SEEK_SET) != 0)
        return;
    VG_(write)(VG_(cl_auxv_fd), auxv, words * sizeof *auxv);
    for (; words < words_before; words += 2)
        VG_(write)(VG_(cl_auxv_fd), null, sizeof null);
}

/* The kernel's list of facts about the machine, found from the first stack pointer: argc, argv, NULL, environment, NULL,
 * auxv. The 16 bytes of AT_RANDOM; AT_HWCAP is EDX of the pinned CPUID's leaf 1. What the engine keeps from the target
 * (AT_HWCAP2, AT_MINSIGSTKSZ, the vDSO, what it does not know) it leaves as entries to ignore: how many depends on the
 * kernel, and with them how much work the loader has and where the stack begins. They are taken out, and what lies
 * before them moves up. */
static void pin_auxv(ThreadId tid)
{
    enum { CPUID_1_EDX = 0xbfebfbff };
    UWord *start = (UWord *)VG_(get_SP)(tid), *auxv = start + 1 + start[0] + 1, *at, *to, *end;
    while (*auxv)
        auxv++;
    for (at = ++auxv; at[0] != AT_NULL; at += 2) {
        if (at[0] == AT_RANDOM)
            rec_random((UChar *)at[1], 16);
        else if (at[0] == AT_HWCAP)
            at[1] = (UInt)CPUID_1_EDX;
    }
    end = at + 2;
    for (to = at; at > auxv; at -= 2) {
        if (at[-2] == AT_IGNORE)
            continue;
        to -= 2;
        to[0] = at[-2];
        to[1] = at[-1];
    }
    VG_(client_auxv) = to;
    tell_auxv(to, (UInt)(end - to), (UInt)(end - auxv));
    while (at > start)
        *--to = *--at;
    VG_(set_shadow_regs_area)(tid, 0, offsetof(VexGuestAMD64State, guest_RSP), sizeof to, (UChar *)&to);
}

/* ---- threads and signals ---- */

static void thread_event(ThreadId tid)
{
    struct stream_thread_wire *wire = rec_event(STREAM_EVENT_THREAD, sizeof *wire);
    wire->thread = tid;
    wire->stack_pointer = VG_(get_SP)(tid);
    VG_(get_shadow_regs_area)(tid, (UChar *)&wire->thread_pointer, 0, offsetof(VexGuestArchState, guest_FS_CONST), 8);
    running = tid;
}

ThreadId rec_last_thread(void)
{
    return last;
}

static void on_run(ThreadId tid, ULong blocks)
{
    last = tid;
    if (tid != running)
        thread_event(tid);
    if (pending_signal) {
        struct stream_signal_wire *wire = rec_event(STREAM_EVENT_SIGNAL, sizeof *wire);
        wire->thread = tid;
        wire->number = (UInt)pending_signal;
        wire->handler = VG_(get_IP)(tid);
        pending_signal = 0;
    }
}

static void on_first_insn(ThreadId tid)
{
    static Bool started;
    if (!started) {
        started = True;
        describe_stack();
        pin_auxv(tid);
    }
    running = 0;
}

static void on_signal(ThreadId tid, Int number, Bool alternate_stack)
{
    pending_signal = number;
}

static void on_signal_end(ThreadId tid, Int number)
{
    struct stream_signal_wire *wire = rec_event(STREAM_EVENT_SIGNAL_END, sizeof *wire);
    wire->thread = tid;
}

/* ---- system calls ---- */

static void syscall_event(UInt type, ThreadId tid, UInt number)
{
    struct stream_syscall_wire *wire = rec_event(type, sizeof *wire);
    wire->thread = tid;
    wire->number = number;
}

static Int exit_status = -1; /* as the target last asked for; the engine does not tell its tools */

Int rec_exit_status(void)
{
    return exit_status;
}

static Bool is_exec(UInt number)
{
    return number == __NR_execve || number == __NR_execveat;
}

static void before_syscall(ThreadId tid, UInt number, UWord *args, UInt n)
{
    syscall_event(STREAM_EVENT_SYSCALL, tid, number);
    rec_clock_before(tid, number, args);
    if (number == __NR_exit_group || number == __NR_exit)
        exit_status = (Int)(args[0] & 0xff);
    if (is_exec(number)) {
        syscall_event(STREAM_EVENT_EXEC, tid, 0);
        rec_chunk_full(); /* if it succeeds there is no later moment to hand the chunk over */
    }
}

/* Which processor it runs on: always the first. */
static void pin_getcpu(const UWord *args)
{
    UInt i;
    for (i = 0; i < 2; i++)
        if (args[i])
            *(UInt *)args[i] = 0;
}

/* A machine that has just booted has no random numbers yet, and says so to those that will not wait; ours are there. */
static void give_random(ThreadId tid, const UWord *args, SysRes result)
{
    UWord count = sr_isError(result) ? args[1] : sr_Res(result);
    Bool unseeded = sr_isError(result) && sr_Err(result) == VKI_EAGAIN;
    if (sr_isError(result) && !(unseeded && VG_(am_is_valid_for_client)(args[0], count, VKI_PROT_WRITE)))
        return;
    rec_random((UChar *)args[0], count);
    if (unseeded)
        VG_(set_shadow_regs_area)(tid, 0, offsetof(VexGuestAMD64State, guest_RAX), sizeof count, (UChar *)&count);
}

static void after_syscall(ThreadId tid, UInt number, UWord *args, UInt n, SysRes result)
{
    rec_clock_after(tid, number, args, result);
    if (is_exec(number) && sr_isError(result))
        syscall_event(STREAM_EVENT_EXEC, tid, 1);
    else if (number == __NR_arch_prctl)
        running = 0; /* the thread pointer may have moved */
    else if (number == __NR_getrandom)
        give_random(tid, args, result);
    else if (number == __NR_getcpu && !sr_isError(result))
        pin_getcpu(args);
    else if ((number == __NR_fork || number == __NR_vfork || (number == __NR_clone && !(args[0] & VKI_CLONE_THREAD))) &&
             !sr_isError(result) && sr_Res(result) != 0)
        syscall_event(STREAM_EVENT_FORK, tid, ++forks);
}

void rec_space_track(void)
{
    VG_(track_new_mem_startup)(on_startup);
    VG_(track_new_mem_mmap)(on_startup);
    VG_(track_change_mem_mprotect)(on_mprotect);
    VG_(track_copy_mem_remap)(on_remap);
    VG_(track_new_mem_brk)(on_brk);
    VG_(track_die_mem_brk)(unmap);
    VG_(track_die_mem_munmap)(unmap);
    VG_(track_pre_thread_first_insn)(on_first_insn);
    VG_(track_start_client_code)(on_run);
    VG_(track_pre_deliver_signal)(on_signal);
    VG_(track_post_deliver_signal)(on_signal_end);
    VG_(needs_syscall_wrapper)(before_syscall, after_syscall);
}
