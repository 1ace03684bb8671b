/* JSON of the facts about code and data, in their order: at most JSON_FACTS_MAX, the first ones. */
#include <string.h>

#include "core/json.h"
#include "core/json_codec.h"

static void walk_counts(struct codec *codec, void *item)
{
    struct fact_counts *counts = item;
    codec_double(codec, "entries", &counts->entries);
    codec_double(codec, "instructions", &counts->instructions);
    codec_double(codec, "branch_misses", &counts->branch_misses);
    codec_double(codec, "l1i_misses", &counts->l1i_misses);
    codec_double(codec, "l1d_misses", &counts->l1d_misses);
    codec_double(codec, "dtlb_misses", &counts->dtlb_misses);
}

static void walk_code_fact(struct codec *codec, void *item)
{
    struct code_fact *fact = item;
    CODEC_ENUM(codec, "kind", fact->kind, word_fact);
    if (codec->saving)
        codec_remark(codec, "cause", word_share((int)code_fact_table[fact->kind].share));
    codec_string(codec, "name", &fact->name);
    codec_string(codec, "callee", &fact->callee);
    codec_string(codec, "sentence", &fact->sentence);
    codec_hex(codec, "old_address", &fact->old_address);
    codec_hex(codec, "new_address", &fact->new_address);
    codec_double(codec, "old", &fact->old);
    codec_double(codec, "new", &fact->new);
    codec_double(codec, "weight", &fact->weight);
    codec_double(codec, "old_cycles", &fact->old_cycles);
    codec_double(codec, "new_cycles", &fact->new_cycles);
    codec_double(codec, "cause_cycles", &fact->cause_cycles);
    for (int side = 0; side < 2; side++) /* saving never writes through it */
        fact->counts[side] = codec_optional(codec, side ? "new_counts" : "old_counts",
                                            (void *)(uintptr_t)fact->counts[side], sizeof *fact->counts[side], walk_counts);
}

static void walk_both(struct codec *codec, const char *key, double *old, double *new)
{
    struct codec both;
    if (!codec_enter(codec, key, &both))
        return;
    codec_double(&both, "old", old);
    codec_double(&both, "new", new);
    codec_leave(&both);
}

static void walk_fate_cycles_of(struct codec *codec, void *item)
{
    struct delta *delta = item;
    CODEC_ENUM(codec, "source", delta->cycles_source, word_source);
    codec_double(codec, "error", &delta->cycles_error);
    for (int fate = 0; fate < FATE_COUNT; fate++)
        walk_both(codec, fate_name[fate], &delta->fate_cycles[0][fate], &delta->fate_cycles[1][fate]);
    walk_both(codec, "elsewhere", &delta->other_cycles[0], &delta->other_cycles[1]);
}

void walk_fate_cycles(struct codec *codec, struct delta *delta)
{
    struct delta *known = codec->saving && delta->has_fate_cycles ? delta : NULL;
    const struct delta *read = codec_optional(codec, "fate_cycles", known, sizeof *known, walk_fate_cycles_of);
    if (codec->saving || !read)
        return;
    delta->has_fate_cycles = true;
    delta->cycles_source = read->cycles_source;
    delta->cycles_error = read->cycles_error;
    memcpy(delta->fate_cycles, read->fate_cycles, sizeof delta->fate_cycles);
    memcpy(delta->other_cycles, read->other_cycles, sizeof delta->other_cycles);
}

/* The saved symbol that a loaded fact is of; NULL where it was not saved, or the fact is of a type or the file. */
static const struct symbol_change *owner(const struct delta *delta, const struct code_fact *fact)
{
    bool old_side = !fact->new_address;
    uint64_t address = old_side ? fact->old_address : fact->new_address;
    const struct symbol_change *change = address ? delta_at(delta, old_side, address) : NULL;
    return change && change->name && fact->name && strcmp(change->name, fact->name) == 0 ? change : NULL;
}

void walk_code_facts(struct codec *codec, struct delta *delta)
{
    size_t kept = delta->code_fact_count < JSON_FACTS_MAX ? delta->code_fact_count : JSON_FACTS_MAX;
    size_t left_out = delta->code_facts_left_out + delta->code_fact_count - kept;
    codec_size(codec, "code_facts_left_out", &left_out);
    void *facts = codec_items(codec, "code_facts", delta->code_facts, &kept, sizeof *delta->code_facts, walk_code_fact);
    if (codec->saving || codec_broken(codec))
        return;
    delta->code_facts = facts;
    delta->code_fact_count = delta->code_fact_room = kept;
    delta->code_facts_left_out = left_out;
    for (size_t i = 0; i < kept; i++) {
        struct code_fact *fact = &delta->code_facts[i];
        fact->change = owner(delta, fact);
        if (!fact->name || !fact->sentence)
            codec_fail(codec, "code_facts",
                       "[%zu] has no name or no sentence: the file is damaged, save the comparison again", i);
    }
}
