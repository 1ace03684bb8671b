/* One side recorded to a file without a name, and what its events say: mapped files, heap, stack, executed blocks. */
#ifndef FORENSICS_CMD_RECORDING_H
#define FORENSICS_CMD_RECORDING_H

#include "cmd/modules.h"
#include "core/result.h"
#include "layout/object.h"

/* Memory that no file owns. */
struct region {
    uint64_t address, end;
    enum stream_map_kind kind; /* STREAM_MAP_ANON, _BRK or _STACK */
};

struct recording {
    char path[64];           /* to open it: a descriptor of ours */
    int fd;                  /* -1: none */
    struct modules modules;  /* ELF files it mapped */
    struct region *regions;  /* by address, not overlapping, none inside a module */
    size_t region_count, region_room;
    struct layout_span *spans; /* its blocks */
    size_t span_count, span_room;
    uint64_t thread_pointer; /* the first thread's; 0: none */
    const char *recipe;
};

/* Records side `side` of result->spec and looks at its events. Everything but the file lives in the result's arena. */
bool recording_make(struct result *result, int side, struct recording *recording, struct err *err);

/* Gives the file back. */
void recording_close(struct recording *recording);

#endif
