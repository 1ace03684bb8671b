/* A sweep: every trial of a study replayed for both sides, on several threads. */
#ifndef FORENSICS_LAYOUT_SWEEP_H
#define FORENSICS_LAYOUT_SWEEP_H

#include "base/arena.h"
#include "base/err.h"
#include "layout/object.h"
#include "sim/profile.h"

struct sweep_spec {
    const struct profile *profile;
    unsigned axes;      /* bit per axis; at least one */
    unsigned layouts;   /* drawn layouts of all axes together */
    unsigned apart;     /* drawn layouts of each axis alone; 0: none. Left out when there is one axis only */
    unsigned packed;    /* layouts with packed data; 0: none. Left out when neither data nor heap moves */
    unsigned inside;    /* layouts with loops and blocks moved, and as many with the heap spread; 0: none. Left out when
                           text or heap does not move */
    bool huge_pages;    /* code on pages of 2 MiB. Left out when text does not move */
    bool transplants;
    uint64_t seed;
    unsigned shard, shards; /* runs trial 0 and every shards-th of the others from the shard-th on; shards <= 1: all */
    unsigned threads;   /* >= 1 */
    struct layout_side *sides; /* [2] old, new: sorted, glued, paired and aligned */
    const char *recording[2];  /* files */
};

struct sweep_hooks {
    void *context;
    void (*progress)(void *context, int done, int total, double seconds_left); /* several times a second */
    bool (*stop)(void *context); /* from any thread: true ends the sweep with ERR_INTERRUPTED */
    const char *(*where)(void *context, uint64_t address); /* "app.c:31" for code of new; NULL: not known. NULL: never */
};

/* Runs all trials; fills seed, processor, instructions, shipped, moved and trials of the study. The same spec gives the
 * same study, bit for bit, whatever the number of threads.
 * Where old's places make new faster, functions that carry at least a tenth of it become culprits, and each is tried
 * alone. */
bool sweep_run(struct arena *arena, const struct sweep_spec *spec, const struct sweep_hooks *hooks,
               struct layout_study *study, struct err *err);

#endif
