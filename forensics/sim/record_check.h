/* Refusing what cannot be recorded, before it runs. */
#ifndef FORENSICS_SIM_RECORD_CHECK_H
#define FORENSICS_SIM_RECORD_CHECK_H

#include <sys/resource.h>

#include "base/err.h"

/* What a recording needs of the system, and what the recorded program is given. */
struct record_limit {
    int resource;        /* RLIMIT_... */
    rlim_t least;        /* the hard limit must allow it */
    rlim_t given;        /* soft limit of the recorded program; RLIM_INFINITY: all that the hard limit allows */
    const char *what;    /* "a stack of 8 MiB" */
    const char *option;  /* of ulimit */
};

enum { RECORD_STACK = 8 << 20, RECORD_DESCRIPTORS = 1024 };

extern const struct record_limit record_limits[];
extern const unsigned record_limit_count;

/* Whether this process may have them all. */
bool record_check_limits(struct err *err);

/* The x86-64 level that the executable says it needs. */
enum record_isa {
    RECORD_ISA_V2, /* or less: nothing said */
    RECORD_ISA_V3, /* AVX2: shown to it, though slow */
};

/* Checks `program` and opens it for reading; its level goes to *isa. -1: err says why not. */
int record_check_open(const char *program, enum record_isa *isa, struct err *err);

#endif
