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

/* History lengths in a geometric series, as in the TAGE paper, up to what one word holds. */
static const unsigned tage_bits[TAGE_TABLES] = { 6, 14, 30, 62 };

/* Odd constants with well mixed bits; one a table so that tables do not collide together. */
static const uint64_t tage_mix[TAGE_TABLES] = {
    0x9e3779b97f4a7c15ull, 0xc2b2ae3d27d4eb4full, 0x165667b19e3779f9ull, 0xd6e8feb86659fd93ull,
};
static const uint64_t tage_pc_mix = 0x2545f4914f6cdd1dull;

/* The entries of one branch under one history. */
struct tage_lookup {
    struct tage_entry *entry[TAGE_TABLES];
    uint16_t tag[TAGE_TABLES];
    uint8_t *base;
};

/* Where the tables will be asked for the branch at `pc`, and asks our own caches for it: well ahead of predict_direction()
 * with the same path, between which no other branch comes. A branch that its bias decides is not looked up. */
static inline void predict_ahead(const struct predictor *predictor, const struct branch_path *path,
                                 const struct branch_bias *bias, uint64_t pc, struct tage_lookup *found)
{
    if (bias->run >= BIAS_RUN)
        return;
    uint64_t place = pc * tage_pc_mix;
#pragma GCC unroll 4
    for (unsigned i = 0; i < TAGE_TABLES; i++) {
        uint64_t mask = (1ull << tage_bits[i]) - 1;
        uint64_t hash = ((path->history & mask) * tage_mix[i] ^ place) * tage_mix[0];
        found->entry[i] = &predictor->tagged[i][hash >> predictor->tagged_shift];
        found->tag[i] = (uint16_t)(hash >> 30 | 1);
        __builtin_prefetch(found->entry[i]);
    }
    found->base = &predictor->base[pc & predictor->base_mask];
    __builtin_prefetch(found->base);
}

/* Asks and trains what was looked up: true when the prediction was right. */
bool predict_tables(const struct tage_lookup *found, bool taken);

/* One conditional branch: true when its direction was predicted. */
static inline bool predict_direction(const struct tage_lookup *found, struct branch_path *path,
                                     struct branch_bias *bias, bool taken)
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
        right = predict_tables(found, taken);
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
