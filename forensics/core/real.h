/* Real layouts: both builds in places that the linker and the system really gave them, on the clock (or the counters).
 * Filled by cmd/ (which layouts), run/panel.c (what they cost) and stat/real.c (what that says).
 *
 * The unit is the layout. Within one batch every layout of both sides runs in every round, so that what the machine
 * does meets all alike; batches (a stage of an adaptive sweep, a shard) are compared through their shipped layouts.
 */
#ifndef FORENSICS_CORE_REAL_H
#define FORENSICS_CORE_REAL_H

#include "core/comparison.h"
#include "core/layout.h"

enum real_kind {
    REAL_SHIPPED,   /* the two files as given; several copies a round, as everything is compared with them */
    REAL_RELINKED,  /* linked again without any change: the control of relinking */
    REAL_DRAWN,     /* a drawn layout, the same for both sides */
    REAL_OLD_PLACE, /* new's code where old has it, old as relinked */
    REAL_NEW_PLACE, /* old's code where new has it, new as relinked */
    REAL_REMEDIED,  /* new with the remedy that replay confirmed, old as relinked */
    REAL_RANDOM,    /* as shipped, with other addresses in every run (address randomisation on) */
    REAL_KIND_COUNT
};

extern const char *const real_kind_name[REAL_KIND_COUNT];

/* One layout of both sides, and its runs. */
struct real_layout {
    enum real_kind kind;
    unsigned batch;
    unsigned number;          /* REAL_DRAWN: among the drawn ones of the whole sweep; else which copy */
    enum layout_family family; /* of the code, where it is relinked: FAMILY_SHIPPED, FAMILY_ORDER or FAMILY_PAD */
    unsigned axes;            /* bit per layout_axis that differs from shipped */
    unsigned stack, name, heap; /* see run/startup.h */
    const char *refused;      /* one sentence: why it does not count; NULL: it does */
    double *cost[2];          /* old, new: one per round, > 0, in the order of the rounds */
    size_t rounds, room;
};

/* One side's programs for the layouts. */
struct real_link {
    const char *command; /* NULL: the code was not moved */
    const char *linker;  /* "GNU ld 2.40" */
    size_t pieces;       /* pieces of code and data that could be placed */
    size_t moved;        /* of them elsewhere in the first drawn layout */
    bool identical;      /* linked again without any change it is the same file, bit for bit */
};

/* ln T(new) - ln T(old), or of whatever pair is named. */
struct real_effect {
    double value, lo, hi; /* 95 %; NaN: not run */
};

struct real_study {
    enum metric metric;       /* the cost: cpu, cycles or throughput */
    enum source source;
    uint64_t seed;
    double floor;             /* smallest effect of interest, a fraction */
    unsigned axes;            /* asked for */
    unsigned wanted;          /* drawn layouts at most */
    unsigned shard, shards;   /* this one's layouts are those whose number modulo `shards` is shard - 1; 1 of 1: all */
    unsigned rounds;          /* of every batch */
    struct real_link link[2];
    struct real_layout *layouts;
    size_t layout_count, layout_room;
    const char **notes;       /* what was possible and what not */
    size_t note_count, note_room;
    /* What they say; filled by real_conclude. */
    enum estimator estimator; /* of a layout's cost */
    struct real_effect observed;
    struct real_effect control;     /* old against its own copies */
    struct real_effect relinked[2]; /* each side linked again against shipped */
    struct real_effect random;      /* observed with addresses drawn at every run */
    struct real_effect transplant[2]; /* both in old's places, in new's */
    struct real_effect remedied;    /* new with the remedy against new linked again */
    struct layout_effect all;       /* drawn layouts; layouts == 0: none */
    size_t refused;
    enum layout_answer answer;
    const char **sentences;
    size_t sentence_count;
};

#endif
