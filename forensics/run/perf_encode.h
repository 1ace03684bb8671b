/* From event names to codes, through libpfm4. */
#ifndef FORENSICS_RUN_PERF_ENCODE_H
#define FORENSICS_RUN_PERF_ENCODE_H

#include "run/perf_kernel.h"

/* The name, as in perf_table.h, of this machine's processor; NULL: it has no rows there. */
const char *perf_pmu(void);

/* Encodes "PMU::EVENT:UMASK..." or, without "PMU::", an event of `pmu` (which may be NULL). NULL when done, else
 * libpfm4's words. */
const char *perf_encode(const char *pmu, const char *event, struct perf_code *code);

#endif
