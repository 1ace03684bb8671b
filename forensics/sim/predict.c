#include "sim/predict.h"

static unsigned log2_of(uint32_t power)
{
    return 31 - (unsigned)__builtin_clz(power);
}

void predictor_init(struct predictor *predictor, struct arena *arena, const struct profile *profile)
{
    uint32_t tagged = (uint32_t)profile->value[P_TAGE_ENTRIES], base = (uint32_t)profile->value[P_BIMODAL_ENTRIES];
    uint32_t indirect = (uint32_t)profile->value[P_INDIRECT_ENTRIES];
    for (int i = 0; i < TAGE_TABLES; i++)
        predictor->tagged[i] = arena_array(arena, tagged, sizeof *predictor->tagged[i]);
    predictor->tagged_shift = 64 - log2_of(tagged);
    predictor->base = arena_array(arena, base, sizeof *predictor->base);
    predictor->base_mask = base - 1;
    predictor->indirect = arena_array(arena, indirect, sizeof *predictor->indirect);
    predictor->indirect_shift = 64 - log2_of(indirect);
    predictor->return_entries = (uint32_t)profile->value[P_RETURN_STACK];
}

static int8_t step_signed(int8_t counter, bool up, int8_t low, int8_t high)
{
    if (up)
        return counter < high ? (int8_t)(counter + 1) : counter;
    return counter > low ? (int8_t)(counter - 1) : counter;
}

static uint8_t step(uint8_t counter, bool up, uint8_t high)
{
    if (up)
        return counter < high ? counter + 1 : counter;
    return counter > 0 ? counter - 1 : 0;
}

/* A mispredicted branch gets an entry with a longer history, where one is not useful to another branch. */
static void allocate(const struct tage_lookup *found, int provider, bool taken)
{
    for (int i = provider + 1; i < TAGE_TABLES; i++)
        if (found->entry[i]->useful == 0) {
            *found->entry[i] = (struct tage_entry){ .tag = found->tag[i], .counter = taken ? 0 : -1 };
            return;
        }
    for (int i = provider + 1; i < TAGE_TABLES; i++)
        found->entry[i]->useful--;
}

bool predict_tables(const struct tage_lookup *found, bool taken)
{
    unsigned matches = 0;
#pragma GCC unroll 4
    for (unsigned i = 0; i < TAGE_TABLES; i++)
        matches |= (unsigned)(found->entry[i]->tag == found->tag[i]) << i;
    bool base = *found->base >= 2;
    if (!matches) {
        *found->base = step(*found->base, taken, 3);
        if (base != taken)
            allocate(found, -1, taken);
        return base == taken;
    }
    unsigned provider = log2_of(matches), shorter = matches & ~(1u << provider);
    struct tage_entry *entry = found->entry[provider];
    bool other = shorter ? found->entry[log2_of(shorter)]->counter >= 0 : base, own = entry->counter >= 0;
    /* A fresh entry with a weak counter is less reliable than what stood before it. */
    bool fresh = entry->useful == 0 && (entry->counter == 0 || entry->counter == -1);
    bool prediction = fresh ? other : own;
    entry->counter = step_signed(entry->counter, taken, -4, 3);
    if (own != other)
        entry->useful = step(entry->useful, own == taken, 3);
    if (prediction != taken)
        allocate(found, (int)provider, taken);
    return prediction == taken;
}

bool predict_indirect(struct predictor *p, struct branch_path *path, uint64_t pc, uint64_t last_target, uint64_t target)
{
    uint64_t hash = ((path->history & 0xffffff) * tage_mix[1] ^ pc * tage_pc_mix) * tage_mix[0];
    struct indirect_entry *entry = &p->indirect[hash >> p->indirect_shift];
    uint32_t tag = (uint32_t)(hash >> 20) | 1;
    bool known = entry->tag == tag;
    bool right = (known ? entry->target : last_target) == target;
    if (known && entry->target == target) {
        if (entry->confidence < 3)
            entry->confidence++;
    } else if (!right) {
        if (entry->confidence)
            entry->confidence--;
        else
            *entry = (struct indirect_entry){ .tag = tag, .target = target };
    }
    path->history = path->history << 2 ^ (target >> 4 & 0xff);
    return right;
}

void btb_init(struct btb *btb, struct arena *arena, const struct profile *profile)
{
    uint32_t first = (uint32_t)profile->value[P_BTB1_ENTRIES], last = (uint32_t)profile->value[P_BTB2_ENTRIES];
    btb->ways1 = (uint32_t)profile->value[P_BTB1_WAYS];
    btb->sets1 = first / btb->ways1;
    btb->ways2 = (uint32_t)profile->value[P_BTB2_WAYS];
    btb->sets2 = last / btb->ways2;
    btb->tags1 = arena_array(arena, first, sizeof *btb->tags1);
    btb->targets1 = arena_array(arena, first, sizeof *btb->targets1);
    btb->used1 = arena_array(arena, first, sizeof *btb->used1);
    btb->tags2 = arena_array(arena, last, sizeof *btb->tags2);
    btb->clock = 0;
}

/* The first level's set. Of all exclusive ors of up to four shifts the one that fits best which rows of jumps and of calls a
 * Milan keeps there by timing loops: those on one line of many pages do, those 64 KiB apart do not. */
static uint64_t fold_first(uint64_t pc)
{
    return pc >> 2 ^ pc >> 3 ^ pc >> 8 ^ pc >> 13;
}

/* Low bits pick neighbours apart, the folded ones keep functions that start on page boundaries apart. */
static uint64_t fold(uint64_t pc)
{
    return pc >> 1 ^ pc >> 11 ^ pc >> 21;
}

/* Touches `pc` in the last level: true when it was there. */
static bool last_level(struct btb *btb, uint64_t pc)
{
    uint64_t *set = btb->tags2 + (fold(pc) & (btb->sets2 - 1)) * btb->ways2;
    uint32_t way = 0, last = btb->ways2 - 1;
    while (way < last && set[way] != pc)
        way++;
    bool hit = set[way] == pc;
    for (; way > 0; way--)
        set[way] = set[way - 1];
    set[0] = pc;
    return hit;
}

enum btb_answer btb_search(struct btb *btb, uint64_t pc, uint32_t *slot)
{
    uint32_t first = (uint32_t)(fold_first(pc) & (btb->sets1 - 1)) * btb->ways1, victim = first;
    btb->clock++;
    for (uint32_t i = first; i < first + btb->ways1; i++) {
        if (btb->tags1[i] == pc) {
            btb->used1[i] = btb->clock;
            *slot = i;
            return BTB_FIRST;
        }
        if (btb->used1[i] < btb->used1[victim])
            victim = i;
    }
    btb->tags1[victim] = pc;
    btb->targets1[victim] = 0;
    btb->used1[victim] = btb->clock;
    *slot = victim;
    return last_level(btb, pc) ? BTB_SECOND : BTB_UNKNOWN;
}
