#include "cmd/conclude.h"

#include <string.h>

#include "stat/layouts.h"

static const char undecided[] = "the clock could not decide", differ[] = "model and clock answer differently";

/* What an earlier conclusion, of a part, has said. */
static void forget(struct result *result)
{
    size_t kept = 0;
    for (size_t i = 0; i < result->warning_count; i++)
        if (strncmp(result->warnings[i], undecided, sizeof undecided - 1) != 0 &&
            strncmp(result->warnings[i], differ, sizeof differ - 1) != 0)
            result->warnings[kept++] = result->warnings[i];
    result->warning_count = kept;
}

/* The answer as a verdict, so that reports, JSON and exit status speak one language. */
void conclude_layouts(struct result *result)
{
    static const enum cause cause_of[LAYOUT_ANSWER_COUNT] = {
        [LAYOUT_NO_DIFFERENCE] = CAUSE_NONE,   [LAYOUT_IS_LUCK] = CAUSE_LAYOUT,
        [LAYOUT_IS_DATA] = CAUSE_DATA,         [LAYOUT_IS_CODE] = CAUSE_INCONCLUSIVE,
        [LAYOUT_IS_BOTH] = CAUSE_INCONCLUSIVE, [LAYOUT_UNDECIDED] = CAUSE_INCONCLUSIVE,
    };
    const struct layout_study *study = result->layouts;
    const struct real_study *real = result->real;
    struct verdict *verdict = &result->verdict;
    forget(result);
    /* The clock has the last word where it could decide; else the model. */
    bool clock = real && (real->answer != LAYOUT_UNDECIDED || !study);
    double observed = clock ? real->observed.value : study->observed, floor = clock ? real->floor : study->floor;
    enum layout_answer answer = clock ? real->answer : study->answer;
    bool slower = observed >= floor,
         work = study && layouts_blame_work(study) && (answer == LAYOUT_IS_CODE || answer == LAYOUT_IS_BOTH);
    verdict->cause = verdict->primary = !slower ? clock && answer == LAYOUT_UNDECIDED ? CAUSE_INCONCLUSIVE : CAUSE_NONE
                                        : work  ? CAUSE_WORK
                                                : cause_of[answer];
    verdict->regression = slower;
    verdict->summary = clock ? real->sentences[0] : study->sentences[0];
    if (real && !clock)
        result_warn(result, "%s: the verdict is the model's", undecided);
    if (clock && study && study->answer != answer && study->answer != LAYOUT_UNDECIDED)
        result_warn(result, "%s (model: %s, clock: %s): the clock is believed", differ,
                    layout_answer_name[study->answer], layout_answer_name[answer]);
}
