/* The processor model: executes a recorded stream on a named processor and tells what happened and where cycles went.
 *
 * A model is a value: it shares nothing with other models, so several may be fed the same stream (other profiles,
 * other components perfect, other layouts). Same stream, same profile, same figures, bit for bit.
 *
 *     struct model *model = model_create(profile, 0);
 *     model_consume(stream, &model, 1, &err);              // or model_event / model_run yourself
 *     struct cost_profile *costs = model_costs(model, arena, &names);
 *     model_free(model);                                   // before stream_close: the model points into its blocks
 *
 * Cycles follow an out-of-order core at the grain of a block: prediction, fetch, dispatch, the data flow of registers
 * and memory, in-order retirement. The advance of retirement over each block is split exactly into components, so a
 * stack sums to the total. docs/MODEL.md describes it.
 */
#ifndef FORENSICS_SIM_MODEL_H
#define FORENSICS_SIM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "core/cost.h"
#include "sim/maps.h"
#include "sim/objects.h"
#include "sim/profile.h"
#include "sim/remap.h"
#include "sim/stream.h"

struct model;

/* Bit of a component in a set of perfect ones. */
#define MODEL_PERFECT(component) (1u << (component))

/* The components booked to one share (layout, hint, data) as a set of perfect ones; base and dependence are never in
 * it. */
uint32_t model_group(enum share share);

/* A processor before its first instruction; the components in `perfect` never miss. `profile` must outlive it. */
struct model *model_create(const struct profile *profile, uint32_t perfect);

/* Sampling, in executed blocks: the first stretch is in detail and stands for itself, so that a cold start is not taken
 * for the rest and a short run is modelled whole; then clocks run for `detail_blocks` in each detail_blocks +
 * warm_blocks. */
struct model_sample {
    uint32_t first_blocks, detail_blocks, warm_blocks;
};
/* An eighth in detail after some 20 million instructions, or after some 150 million. Short stretches: what is in flight is kept from one to the
 * next, and many of them see more of a program's phases than few long ones. */
#define MODEL_SAMPLE ((struct model_sample){ .first_blocks = 1 << 22, .detail_blocks = 512, .warm_blocks = 7 * 512 })
#define MODEL_SAMPLE_LONG ((struct model_sample){ .first_blocks = 1 << 25, .detail_blocks = 512, .warm_blocks = 7 * 512 })

/* Before the first run. Events are still counted on every block (blocked forwards and 4 KiB aliases, which need clocks,
 * are scaled); a block's cycles are scaled by its own executions in detail, or, when these are few, by those of all
 * blocks executed about as often. */
void model_sample(struct model *model, const struct model_sample *sample);

/* Whether clocks have been stopped: figures in cycles are estimates. */
bool model_sampled(const struct model *model);

/* From here on data references and targets of indirect branches lie where `remap` says, which must outlive the model;
 * blocks must be described at their new addresses by the caller (layout/replay.c does). Before the first block. Data
 * objects in model_costs then have the new addresses, which no name belongs to. */
void model_remap(struct model *model, const struct remap *remap);

/* From here on data flow is interpreted and not made into machine code: the same figures, slower. What a machine does
 * that gives no memory to execute. Before the first block. */
void model_interpret(struct model *model);

/* From here on nothing is booked to lines of data: model_costs tells of no data objects, and their memory is not taken.
 * Before the first run. */
void model_without_objects(struct model *model);

/* And no wait is explained: what a block takes beyond its base is dependence all alike. model_ticks() stays what it is. */
void model_unexplained(struct model *model);

/* NULL is harmless. */
void model_free(struct model *model);

/* One event of the stream, in order; BLOCK events describe blocks. Others than BLOCK, MAP, UNMAP and THREAD may be left
 * out. */
void model_event(struct model *model, const struct stream_event *event);

/* Block records back to back, as stream_next gives them; every id must have been described. */
void model_run(struct model *model, const uint64_t *at, const uint64_t *end);

/* Feeds a whole stream to `count` models. */
bool model_consume(struct stream *stream, struct model *const *models, size_t count, struct err *err);

/* The processor it models. */
const struct profile *model_profile(const struct model *model);

/* ---- results, at any time ---- */

/* Everything so far. total->cycles[] sums to model_ticks() / MODEL_TICKS exactly, up to the rounding of a double. */
void model_total(const struct model *model, struct cost *total);

/* Cycles in the model's own integer unit, and how many of them make a cycle. */
uint64_t model_ticks(const struct model *model);
enum { MODEL_TICKS = 120 };

/* One block's part. */
struct model_block {
    const struct stream_block *block; /* its description */
    const struct sim_map *map;        /* where its code lay when it was described; NULL: nowhere known */
    uint64_t executed;                /* records */
    uint64_t instructions;            /* retired in it */
    uint64_t taken;                   /* conditional: times taken; else times it jumped */
    uint64_t ticks[COMPONENT_COUNT];  /* integer cycles; all blocks' sum to model_ticks() */
};

/* Blocks described so far. */
uint32_t model_block_count(const struct model *model);

/* Block `id`; `cost` may be NULL, else it receives the same as a cost. */
void model_block(const struct model *model, uint32_t id, struct model_block *block, struct cost *cost);

/* ---- names ---- */

enum sim_text { /* what sort of code a function is */
    SIM_TEXT_PLAIN,
    SIM_TEXT_COLD,       /* in .text.unlikely, or a *.cold part */
    SIM_TEXT_PLT,        /* a PLT stub */
    SIM_TEXT_TLS_HELPER, /* __tls_get_addr and the TLS descriptors' helpers */
};

struct sim_symbol {
    const char *name;   /* must outlive the cost profile; NULL: nothing known, the mapping names it */
    const char *module; /* NULL: the mapping's file name */
    uint64_t address;   /* link-time; 0: unknown */
    uint64_t size;      /* 0: unknown */
    bool first;         /* functions: the asked address is its first instruction's */
    enum sim_text text; /* functions only */
};

/* Names addresses. Either function may be NULL. An address outside of any symbol leaves `symbol` zeroed. */
struct sim_names {
    void *context;
    void (*function)(void *context, const struct sim_map *map, uint64_t address, struct sim_symbol *symbol);
    void (*object)(void *context, const struct sim_map *map, uint64_t address, enum object_class class,
                   struct sim_symbol *symbol);
};

/* Costs in total, by function and by data object; lives in the arena. `names` may be NULL: then mappings name all. */
struct cost_profile *model_costs(const struct model *model, struct arena *arena, const struct sim_names *names);

/* ---- attribution by knock-out ---- */

/* Cycles of one recording with sets of component groups perfect: index bits 1 layout, 2 hint, 4 data. */
struct knockout {
    double cycles[8];
    double shapley[3]; /* cycles that each group is worth, by Shapley's value: layout, hint, data; sums to cycles[0] -
                          cycles[7] */
};

/* Models for the eight subsets, to be fed one stream by model_consume; free each. */
void knockout_create(const struct profile *profile, struct model *models[8]);

/* What the eight have found. */
struct knockout knockout_of(struct model *const models[8]);

#endif
