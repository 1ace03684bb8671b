/* Refusing what cannot be recorded, before it runs. */
#ifndef FORENSICS_SIM_RECORD_CHECK_H
#define FORENSICS_SIM_RECORD_CHECK_H

#include "base/err.h"

/* The x86-64 level that the executable says it needs. */
enum record_isa {
    RECORD_ISA_V2, /* or less: nothing said */
    RECORD_ISA_V3, /* AVX2: shown to it, though slow */
};

/* Checks `program` and opens it for reading; its level goes to *isa. -1: err says why not. */
int record_check_open(const char *program, enum record_isa *isa, struct err *err);

#endif
