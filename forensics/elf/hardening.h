/* How a file was hardened, and which versions of its libraries it asks for. Internal to elf/. */
#ifndef FORENSICS_ELF_HARDENING_H
#define FORENSICS_ELF_HARDENING_H

#include "base/arena.h"
#include "core/binary.h"
#include "elf/dynamic.h"

struct hardening {
    const char *relro;    /* what is read-only after the start: "none", "relocated data", "relocated data and GOT" */
    const char *stack;    /* "executable", "not executable", "not said" */
    const char *cet;      /* "none", "IBT", "SHSTK", "IBT SHSTK" */
    const char *guard;    /* whether __stack_chk_fail is called: "yes", "no" */
    uint64_t fortified;   /* library functions that check sizes (*_chk) */
    const char *versions; /* "libc.so.6(GLIBC_2.2.5) libc.so.6(GLIBC_2.34)"; "": none */
};

struct hardening hardening_read(struct arena *arena, const struct inventory *inv, const struct slot *slots,
                                size_t count);

#endif
