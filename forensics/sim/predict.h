/* Branch prediction: direction (TAGE family behind a bias filter), targets of indirect branches, return addresses,
 * and the branch target buffer. State and answers only; what a miss costs is the caller's business.
 *
 * Sources: Seznec and Michaud, "A case for (partially) tagged geometric history length branch prediction", JILP 8
 * (2006), for the direction tables; Seznec, "A 64-Kbytes ITTAGE indirect branch predictor" (2011), cut down to one
 * table, for indirect targets. Sizes come from the profile.
 */
#ifndef FORENSICS_SIM_PREDICT_H
#define FORENSICS_SIM_PREDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "sim/profile.h"

enum { TAGE_TABLES = 4, RETURN_STACK_MAX = 64 };

/* A branch that went one way this many times in a row is left to its bias and not looked up: the study behind this
 * model lost nothing by it, and it is how a real predictor's base table sees such a branch. */
enum { BIAS_RUN = 63 };

struct tage_entry {
    uint16_t tag;
    int8_t counter; /* -4..3; >= 0: taken */
    uint8_t useful; /* 0..3 */
};

struct indirect_entry {
    uint32_t tag;
    uint32_t confidence; /* 0..3 */
    uint64_t target;
};

/* What a thread remembers of its own path. */
struct branch_path {
    uint64_t history; /* newest outcome in bit 0 */
    uint32_t depth;   /* pushes minus pops, modulo 2^32 */
    uint64_t returns[RETURN_STACK_MAX];
};

struct predictor {
    struct tage_entry *tagged[TAGE_TABLES];
    uint8_t *base; /* 2-bit counters; >= 2: taken */
    uint32_t base_mask;
    unsigned tagged_shift; /* 64 - log2(entries) */
    struct indirect_entry *indirect;
    unsigned indirect_shift;
    uint32_t return_entries;
};

/* What a conditional branch remembers of itself: its bias. Zeroed at first. */
struct branch_bias {
    uint8_t taken;
    uint8_t run; /* 0..BIAS_RUN: outcomes equal to `taken` in a row */
};

void predictor_init(struct predictor *predictor, struct arena *arena, const struct profile *profile);

/* Asks and trains the tables for a branch at `pc`: true when the prediction was right. */
bool predict_tables(struct predictor *predictor, uint64_t history, uint64_t pc, bool taken);

/* One conditional branch: true when its direction was predicted. */
static inline bool predict_direction(struct predictor *predictor, struct branch_path *path, struct branch_bias *bias,
                                     uint64_t pc, bool taken)
{
    bool right = true;
    if (bias->run >= BIAS_RUN) {
        if (__builtin_expect(bias->taken != taken, 0)) {
            right = false;
            bias->run = 0;
        }
    } else {
        bias->run = bias->taken == taken ? bias->run + 1 : 0;
        bias->taken = taken;
        right = predict_tables(predictor, path->history, pc, taken);
    }
    path->history = path->history << 1 | taken;
    return right;
}

/* One indirect jump or call; `last_target` is where the BTB remembers it going, 0 if unknown. True when predicted. */
bool predict_indirect(struct predictor *predictor, struct branch_path *path, uint64_t pc, uint64_t last_target,
                      uint64_t target);

/* A call's return address is remembered. */
static inline void predict_call(const struct predictor *predictor, struct branch_path *path, uint64_t return_address)
{
    path->returns[path->depth++ % predictor->return_entries] = return_address;
}

/* A return: true when the stack knew its target. */
static inline bool predict_return(const struct predictor *predictor, struct branch_path *path, uint64_t target)
{
    return path->returns[--path->depth % predictor->return_entries] == target;
}

/* Two levels of branch target buffer, LRU, indexed by a fold of the branch's address: capacity and set conflicts both
 * depend on where the branches sit. */
struct btb {
    uint32_t sets1, ways1, sets2, ways2;
    uint64_t *tags1;    /* branch address; 0: empty */
    uint64_t *targets1; /* where it went last */
    uint64_t *used1;    /* stamp of the last use */
    uint64_t *tags2;    /* each set newest first */
    uint64_t clock;
};

enum btb_answer { BTB_FIRST, BTB_SECOND, BTB_UNKNOWN };

void btb_init(struct btb *btb, struct arena *arena, const struct profile *profile);

/* Looks for `pc` where the branch did not find itself in `*slot`, enters it in both levels, and sets `*slot`. */
enum btb_answer btb_search(struct btb *btb, uint64_t pc, uint32_t *slot);

/* A taken branch: who knew it. `*slot` is the branch's own memory of its place (any value at first). */
static inline enum btb_answer btb_touch(struct btb *btb, uint64_t pc, uint32_t *slot)
{
    if (__builtin_expect(btb->tags1[*slot] == pc, 1)) {
        btb->used1[*slot] = ++btb->clock;
        return BTB_FIRST;
    }
    return btb_search(btb, pc, slot);
}

#endif
