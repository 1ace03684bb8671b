/* Part of the recorder of layout_tax_forensics, a Valgrind tool.
 *
 * This program is free software; you can redistribute it and/or modify it under the terms of the GNU General Public
 * License as published by the Free Software Foundation; either version 2 of the License, or (at your option) any later
 * version. It is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the implied
 * warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. See the GNU General Public License for more details:
 * <https://www.gnu.org/licenses/old-licenses/gpl-2.0.html>. SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "rec.h"

#include "pub_tool_machine.h"
#include "pub_tool_options.h"

static Int ring_fd = -1;
static Bool modern; /* x86-64-v3 shown to the target instead of v2 */

/* ---- pinning ---- */

/* VEX answers CPUID as one of a few fixed processors, chosen by the host. Which one is ours to say: v2 (SSE4.2; string
 * functions then run natively fast here) or v3 (AVX2). Random numbers in hardware are never shown. */
extern void amd64g_dirtyhelper_CPUID_sse42_and_cx16(VexGuestAMD64State *);
extern void amd64g_dirtyhelper_CPUID_avx2(VexGuestAMD64State *, ULong f16c, ULong rdrand, ULong rdseed);

static void pinned_cpuid(VexGuestAMD64State *state)
{
    if (modern)
        amd64g_dirtyhelper_CPUID_avx2(state, 1, 0, 0);
    else
        amd64g_dirtyhelper_CPUID_sse42_and_cx16(state);
}

static void pinned_rdtscp(VexGuestAMD64State *state)
{
    ULong now = rec_ticks();
    state->guest_RAX = now & 0xffffffff;
    state->guest_RDX = now >> 32;
    state->guest_RCX = 0;
}

/* RDRAND and RDSEED, of a program that does not ask CPUID first: 32 bits, and above them the carry flag. */
static ULong pinned_random(void)
{
    ULong bits = 0;
    rec_random((UChar *)&bits, 4);
    return 1ull << 32 | bits;
}

static void replace(IRDirty *call, const HChar *name, void *function, Bool takes_state)
{
    call->cee = mkIRCallee(0, name, VG_(fnptr_to_fnentry)(function));
    call->args = takes_state ? mkIRExprVec_1(IRExpr_GSPTR()) : mkIRExprVec_0();
}

void rec_pin(IRDirty *call)
{
    const HChar *name = call->cee->name;
    if (VG_(strncmp)(name, "amd64g_dirtyhelper_CPUID", 24) == 0)
        replace(call, "pinned_cpuid", &pinned_cpuid, True);
    else if (VG_(strcmp)(name, "amd64g_dirtyhelper_RDTSC") == 0)
        replace(call, "ticks", &rec_ticks, False);
    else if (VG_(strcmp)(name, "amd64g_dirtyhelper_RDTSCP") == 0)
        replace(call, "pinned_rdtscp", &pinned_rdtscp, True);
    else if (VG_(strcmp)(name, "amd64g_dirtyhelper_RDRAND") == 0 || VG_(strcmp)(name, "amd64g_dirtyhelper_RDSEED") == 0)
        replace(call, "pinned_random", &pinned_random, False);
}

/* Valgrind would read the symbols and lines of every mapped file, for messages nobody sees: most of the start-up time.
 * The link replaces that door (-Wl,--wrap); 0 says that there was nothing to read. */
extern ULong __wrap_vgPlain_di_notify_mmap(Addr a, Bool allow_SkFileV, Int use_fd);
ULong __wrap_vgPlain_di_notify_mmap(Addr a, Bool allow_SkFileV, Int use_fd)
{
    return 0;
}

/* ---- life ---- */

static void at_fork_child(ThreadId tid)
{
    rec_ring_detach();
}

static void post_options(void)
{
    VG_(clo_vex_control).iropt_unroll_thresh = 0;
    VG_(clo_vex_control).guest_chase = False;
    if (ring_fd < 0) {
        VG_(umsg)("no ring: this tool is started by layout_tax_forensics (--ring-fd=N)\n");
        VG_(exit)(1);
    }
    rec_ring_open(ring_fd);
    VG_(atfork)(NULL, NULL, at_fork_child);
}

/* When SIGILL ended the target because of what the engine cannot run, says so; UD0, UD1 and UD2 are the target's own
 * will. */
static void tell_undecoded(void)
{
    Addr at = VG_(get_IP)(rec_last_thread());
    const UChar *code = (const UChar *)at;
    if (rec_exit_status() != -1 || at == 0 || at != rec_undecoded())
        return;
    if (code[0] == 0x62)
        VG_(umsg)("AVX-512 instruction at 0x%lx\n", at);
    else if (code[0] != 0x0f || (code[1] != 0x0b && code[1] != 0xb9 && code[1] != 0xff))
        VG_(umsg)("unknown instruction at 0x%lx: %02x %02x %02x %02x\n", at, code[0], code[1], code[2], code[3]);
}

static void finish(Int status)
{
    tell_undecoded();
    struct stream_end_wire *end = rec_event(STREAM_EVENT_END, sizeof *end);
    end->status = rec_exit_status();
    end->blocks_described = rec_blocks();
    end->events = rec_events();
    rec_ring_close();
    if (rec_refs_dropped())
        VG_(umsg)("%llu data references are missing from blocks with too many of them\n", rec_refs_dropped());
}

static Bool option(const HChar *arg)
{
    if VG_INT_CLO (arg, "--ring-fd", ring_fd) {
    } else if VG_BOOL_CLO (arg, "--modern", modern) {
    } else {
        return False;
    }
    return True;
}

static void usage(void)
{
    VG_(printf)("    --ring-fd=<number>        descriptor of the ring to write to\n"
                "    --modern=no|yes           show the target x86-64-v3 instead of v2 [no]\n");
}

static void debug_usage(void)
{
}

static void pre_options(void)
{
    VG_(details_name)("recorder");
    VG_(details_version)(NULL);
    VG_(details_description)("the recorder of layout_tax_forensics");
    VG_(details_copyright_author)("GPL-2.0-or-later.");
    VG_(details_bug_reports_to)("layout_tax_forensics");
    VG_(details_avg_translation_sizeB)(400);
    VG_(clo_vex_control).iropt_register_updates_default = VG_(clo_px_file_backed) = VexRegUpdSpAtMemAccess;
    VG_(basic_tool_funcs)(post_options, rec_instrument, finish);
    VG_(needs_command_line_options)(option, usage, debug_usage);
    rec_space_track();
}

VG_DETERMINE_INTERFACE_VERSION(pre_options)
