/* The order of the report: what a stranger asks first comes first. */
#include "report/build.h"

struct document build_report(const struct result *result, struct arena *arena, const struct report_options *options)
{
    struct document document = document_new(arena, build_one_line(result, arena));
    if (options->quiet) {
        build_verdict_line(&document, result);
        return document;
    }
    build_headline(&document, result);
    build_shares(&document, result, options->verbose);
    build_figures(&document, result, options->verbose);
    build_remedy(&document, result);
    build_real(&document, result, options->verbose);
    build_layouts(&document, result, options->verbose);
    build_fates(&document, result);
    build_symbols(&document, result, options->verbose);
    build_evidence(&document, result, options->verbose);
    build_code_facts(&document, result, options->verbose);
    build_files(&document, result, options->verbose);
    build_libraries(&document, result, options->verbose);
    build_rules(&document, result);
    build_warnings(&document, result);
    build_run(&document, result);
    return document;
}
