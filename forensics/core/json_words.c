/* The words of every enum, as the tables have them. */
#include "core/json_codec.h"
#include "core/result.h"

#define WORD(function, count, expression)                      \
    const char *function(int i)                                \
    {                                                          \
        return i >= 0 && i < (int)(count) ? (expression) : NULL; \
    }

WORD(word_metric, METRIC_COUNT, metric_table[i].name)
WORD(word_source, SOURCE_COUNT, source_name[i])
WORD(word_state, READING_STATE_COUNT, reading_state_name[i])
WORD(word_estimator, ESTIMATOR_COUNT, estimator_name[i])
WORD(word_change, CHANGE_COUNT, change_name[i])
WORD(word_cause, CAUSE_COUNT, cause_table[i].name)
WORD(word_share, SHARE_COUNT, cause_table[cause_of_share((enum share)i)].name)
WORD(word_component, COMPONENT_COUNT, component_table[i].name)
WORD(word_side, SIDE_COUNT, side_name[i])
WORD(word_use, USE_COUNT, section_use_name[i])
WORD(word_kind, SYMBOL_KIND_COUNT, symbol_kind_name[i])
WORD(word_fate, FATE_COUNT, fate_name[i])
WORD(word_recoding, RECODING_COUNT, recoding_name[i])
WORD(word_fact, FACT_KIND_COUNT, code_fact_table[i].name)
WORD(word_rule, RULE_COUNT, rule_table[i].id)
WORD(word_family, FAMILY_COUNT, layout_family_table[i].name)
WORD(word_experiment, EXPERIMENT_COUNT, layout_experiment_table[i].name)
WORD(word_answer, LAYOUT_ANSWER_COUNT, layout_answer_name[i])
WORD(word_remedy, REMEDY_COUNT, remedy_table[i].name)
WORD(word_real_kind, REAL_KIND_COUNT, real_kind_name[i])

const char *word_outcome(int i)
{
    static const char *const words[] = { "ok", "exit", "signal", "timeout" };
    _Static_assert(sizeof words / sizeof *words == OUTCOME_TIMEOUT + 1, "one word per outcome");
    return i >= 0 && i <= OUTCOME_TIMEOUT ? words[i] : NULL;
}

const char *word_sampling(int i)
{
    static const char *const words[] = { "long", "early", "never" };
    _Static_assert(sizeof words / sizeof *words == SAMPLING_COUNT, "one word each");
    return i >= 0 && i < SAMPLING_COUNT ? words[i] : NULL;
}
