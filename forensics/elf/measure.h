/* What can be counted in one function's code. Internal to elf/. */
#ifndef FORENSICS_ELF_MEASURE_H
#define FORENSICS_ELF_MEASURE_H

#include "elf/cfg.h"

/* Classes of instructions and, beside them, what they do with memory: an addition of a word in memory counts as both. */
enum { MIX_LOADS = INSN_CLASS_COUNT, MIX_STORES, MIX_COUNT };

extern const char *const mix_name[MIX_COUNT]; /* plural */

/* The cold part is counted in, except where the grid is asked, which only matters where code runs. */
struct measure {
    uint64_t insns;    /* nops aside */
    uint64_t blocks, loops; /* reached from the entry; loops that hold others are counted, too */
    uint64_t mix[MIX_COUNT]; /* of insns */
    uint64_t calls;    /* direct */
    uint64_t indirect; /* indirect calls and jumps; jumps through a jump table too */
    uint64_t plt;      /* calls and jumps through a PLT stub */
    uint64_t got;      /* calls and jumps through a GOT slot, as -fno-plt makes them */
    uint64_t spills;   /* loads and stores relative to %rsp, and to %rbp where the frame is kept there */
    uint64_t frame;    /* bytes, from call frame information; 0: not recorded */
    uint64_t tls_calls; /* of __tls_get_addr */
    /* Accesses to thread-local data: %fs:offset; %fs: after an offset was loaded from a slot; by a call. */
    uint64_t tls_local, tls_slot, tls_dynamic;
    uint64_t jcc;   /* jumps, with the compare they fuse with, that cross or end at a 32-byte boundary */
    uint64_t dense; /* 64-byte lines with more than two jumps */
    uint64_t lines; /* 64-byte lines that the hot part touches */
};

struct measure measure_graph(const struct graph *graph);

/* Op-cache lines that a loop's instructions need when each 32-byte window takes whole lines of six operations (Skylake;
 * an instruction is counted as one operation). */
uint64_t measure_op_lines(const struct graph *graph, const struct loop *loop);

#endif
