/* judge and report: what can be done with a saved comparison, without its programs. */
#include <stddef.h>

#include "cmd/finish.h"
#include "cmd/simulate.h"
#include "cmd/verb.h"
#include "core/json.h"

static const struct argp_child children[] = { { &argp_output, 0, "How to judge and show:", 2 }, { 0 } };

static struct result *open_saved(struct options *o, const char *doc, int argc, char **argv, struct err *err)
{
    const struct argp argp = { .parser = options_positional, .args_doc = "SAVED.json", .doc = doc, .children = children };
    o->positional_min = o->positional_max = 1;
    o->missing = "a saved comparison is needed: SAVED.json (made by --json)";
    options_parse(o, &argp, argc, argv);
    return result_load(o->positional[0], err);
}

int verb_judge(int argc, char **argv)
{
    struct options o = options_new();
    struct err err = ERR_INIT;
    struct result *result = open_saved(&o, "Judges a saved comparison again, from its runs, under the thresholds given.", argc, argv, &err);
    int status;
    if (!result) {
        status = fail(&err);
    } else {
        if (result->session.count) {
            result->comparison = compare_runs(result, &o.output);
            add_model_figures(result);
        }
        status = finish(result, &o.output);
    }
    result_free(result);
    options_free(&o);
    return status;
}

int verb_report(int argc, char **argv)
{
    struct options o = options_new();
    struct err err = ERR_INIT;
    struct result *result = open_saved(&o, "Shows a saved comparison; its verdict stands.", argc, argv, &err);
    int status = EXIT_OK;
    if (!result || !show(result, &o.output, &err))
        status = fail(&err);
    result_free(result);
    options_free(&o);
    return status;
}
