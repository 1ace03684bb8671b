/* Counterfactual layouts: the same recorded execution with its objects at other addresses. Filled by layout/ (cycles of
 * every trial) and stat/layouts.c (what they say); read by judge/ and report/.
 *
 * T(content, layout) are modelled cycles. "Shipped" is the layout that a side's file and process really had.
 *   observed = ln T(new, shipped new) - ln T(old, shipped old)
 *   content  = mean over layouts p, the same for both sides, of ln T(new, p) - ln T(old, p)
 *   luck     = observed - content: the layout tax, in logarithms
 */
#ifndef FORENSICS_CORE_LAYOUT_H
#define FORENSICS_CORE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cost.h"

/* What may move. */
enum layout_axis {
    AXIS_TEXT,  /* functions, with their cold parts */
    AXIS_DATA,  /* data symbols, the TLS block */
    AXIS_HEAP,  /* the sbrk heap and anonymous mappings */
    AXIS_STACK, /* the main thread's stack */
    AXIS_COUNT
};

#define AXES_ALL ((1u << AXIS_COUNT) - 1)

struct layout_axis_row {
    const char *name;
    const char *moves; /* what, for people */
};

extern const struct layout_axis_row layout_axis_table[AXIS_COUNT];

/* By name; false when there is no such axis. */
bool layout_axis_by_name(const char *name, size_t length, enum layout_axis *axis);

/* How the addresses of a trial were made. */
enum layout_family {
    FAMILY_SHIPPED,   /* as the process had them */
    FAMILY_ORDER,     /* objects in another order, packed */
    FAMILY_PAD,       /* objects in shipped order with room between them */
    FAMILY_OLD_PLACE, /* common objects where old has them: old content is in its shipped layout */
    FAMILY_NEW_PLACE, /* common objects where new has them */
    FAMILY_ONE,       /* one function where old has it modulo 4096, all else as shipped; new only */
    FAMILY_PACK,      /* data that is read, word by word in the order of its first reading */
    FAMILY_LOOPS,     /* loops and blocks inside functions moved by padding, as an assembler aligns them */
    FAMILY_SPREAD,    /* each page of the heap turned by a drawn number of lines */
    FAMILY_HUGE,      /* as shipped, with code on pages of 2 MiB */
    FAMILY_COUNT
};

/* What trials try; those of one experiment and the same axes are drawn alike and have one effect. */
enum layout_experiment {
    EXPERIMENT_NONE,    /* one layout by itself */
    EXPERIMENT_OBJECTS, /* objects move whole */
    EXPERIMENT_PACKED,
    EXPERIMENT_LOOPS,
    EXPERIMENT_SPREAD,
    EXPERIMENT_COUNT
};

struct layout_experiment_row {
    const char *name;  /* in JSON */
    const char *moves; /* for people; NULL: the axes say it */
};

extern const struct layout_experiment_row layout_experiment_table[EXPERIMENT_COUNT];

struct layout_family_row {
    const char *name;
    const char *meaning;
    enum layout_experiment experiment;
};

extern const struct layout_family_row layout_family_table[FAMILY_COUNT];

/* One layout, and what both sides cost in it. */
struct layout_trial {
    enum layout_family family;
    unsigned axes;     /* bit per layout_axis that varies; 0 for FAMILY_SHIPPED */
    uint64_t seed;     /* of the draws; 0 for the families that draw nothing */
    double cycles[2];  /* modelled, old and new; NaN: not run */
};

/* What the trials of one set of axes say. All differences are of logarithms. */
struct layout_effect {
    unsigned axes;
    enum layout_experiment experiment;
    size_t layouts;           /* trials that both sides ran */
    double content, content_lo, content_hi; /* 95 %; lo and hi NaN with fewer than two layouts */
    double luck, luck_lo, luck_hi;          /* 95 % */
    double spread[2];         /* standard deviation of ln T over the layouts, old and new */
    double percentile[2];     /* share of its layouts that are faster than the shipped one: 0 the luckiest, 1 the worst */
    bool content_equivalent;  /* the 90 % interval of content lies inside +- floor */
    bool content_significant; /* the 95 % interval of content excludes 0, and |content| >= floor */
    bool luck_significant;    /* likewise for luck */
};

/* What the layouts answer. */
enum layout_answer {
    LAYOUT_NO_DIFFERENCE, /* observed is within the floor */
    LAYOUT_IS_LUCK,       /* content equivalent to nothing, luck significant, the transplants do not object */
    LAYOUT_IS_DATA,       /* content significant, but packing the data takes it away */
    LAYOUT_IS_CODE,       /* content significant, luck is not */
    LAYOUT_IS_BOTH,       /* both significant */
    LAYOUT_UNDECIDED,     /* too few layouts, or layouts and transplants disagree */
    LAYOUT_ANSWER_COUNT
};

extern const char *const layout_answer_name[LAYOUT_ANSWER_COUNT];

/* A function whose place costs: what it takes in new's layout beyond what the same code takes in old's. */
struct layout_culprit {
    const char *name;
    uint64_t address[2];      /* run-time, old's and new's */
    double cycles;            /* modelled, beyond old's place; > 0 */
    enum component component; /* the largest part of them */
    const char *crowd;        /* L1I sets that it shares, and with whom, in words; NULL: none that are full */
    double alone;             /* ln T(new, this function alone where old has it modulo 4096) - ln T(new, shipped); NaN: not tried */
};

enum { LAYOUT_CULPRITS = 3 };

/* What can be done about a layout tax without touching the code, the least first. */
enum remedy_kind {
    REMEDY_ALIGN, /* one function begins on a border of 64 bytes */
    REMEDY_PLACE, /* one function begins where in the line old has it */
    REMEDY_LOOP,  /* loops and blocks of one function begin on borders of 64 bytes */
    REMEDY_VARIABLE, /* one variable begins on a border of 64 bytes */
    REMEDY_PAD,   /* one array lies 64 bytes further on */
    REMEDY_FIELDS, /* fields of one record in another order */
    REMEDY_SPLIT, /* what never ran is moved out of one function */
    REMEDY_OLD,   /* functions in old's order */
    REMEDY_HOT,   /* functions in the order of their cycles */
    REMEDY_HUGE,  /* code on pages of 2 MiB */
    REMEDY_SPLIT_ALL, /* what never ran is moved out of all functions */
    REMEDY_COUNT
};

struct remedy_row {
    const char *name;    /* in JSON */
    const char *meaning; /* for people */
};

extern const struct remedy_row remedy_table[REMEDY_COUNT];

/* A remedy that replay confirmed. */
struct layout_remedy {
    enum remedy_kind kind;
    const char *name;    /* of the function, array, variable or record; NULL: it is about all code */
    unsigned phase;      /* REMEDY_PLACE: bytes behind a border of 64 */
    double gain;         /* ln T(new with it) - ln T(new), < 0: the least of several places of it within the page */
    const char **order;  /* REMEDY_OLD, REMEDY_HOT: functions in this order; REMEDY_SPLIT, REMEDY_SPLIT_ALL: the
                            largest parts that never ran; REMEDY_FIELDS: declarations in this order */
    size_t order_count;
};

struct layout_study {
    const char *processor;    /* profile that cycles were modelled for */
    uint64_t seed;
    unsigned shard, shards;   /* only every shards-th trial was run here, from the shard-th on; shards <= 1: all were */
    double floor;             /* smallest effect of interest, a fraction */
    double instructions[2];   /* of the recordings */
    double shipped[2];        /* cycles in the shipped layouts */
    double observed;
    size_t moved[AXIS_COUNT]; /* objects that move, both sides together */
    size_t common;            /* functions and data symbols on both sides, paired */
    struct layout_trial *trials;
    size_t trial_count, trial_room;
    struct layout_effect *effects; /* all wanted axes together first, then each alone, other experiments last */
    size_t effect_count;
    double transplant[2];     /* ln T(new) - ln T(old), both in old's layout [0], in new's [1]; NaN: not run */
    double huge_pages;        /* ln T(new) - ln T(old), both as shipped with code on pages of 2 MiB; NaN: not run */
    double huge_gain[2];      /* ln T of a side there - ln T as shipped */
    bool transplant_agrees;   /* both are within floor of content, or of the interval of it */
    struct layout_culprit culprits[LAYOUT_CULPRITS]; /* most cycles first; those of a tenth of the gain or more */
    size_t culprit_count;
    unsigned remedies_tried;
    struct layout_remedy *remedy; /* the least that replay confirmed; NULL: none, or none was looked for */
    enum layout_answer answer;
    const char **sentences;   /* the answer in words, the first one the shortest */
    size_t sentence_count;
};

/* Which effect luck is found in: that of whole functions, or, where they do not account for the difference and the loops
 * inside them do for all of it, that of the loops. The study has an effect at least. */
const struct layout_effect *layout_luck_of(const struct layout_study *study);

#endif
