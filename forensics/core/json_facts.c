/* JSON of the facts about code and data, in their order: at most JSON_FACTS_MAX, the first ones. */
#include <string.h>

#include "core/json.h"
#include "core/json_codec.h"

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
