/* From a result to the tree of its report. Each function appends one section, or nothing when there is nothing to say. */
#ifndef FORENSICS_REPORT_BUILD_H
#define FORENSICS_REPORT_BUILD_H

#include "core/result.h"
#include "report/report.h"
#include "report/tree.h"

/* The whole report; texts live in `arena`. */
struct document build_report(const struct result *result, struct arena *arena, const struct report_options *options);

/* The verdict on one line, e.g. for --quiet and page titles. */
const char *build_one_line(const struct result *result, struct arena *arena);

void build_verdict_line(struct document *document, const struct result *result);
void build_headline(struct document *document, const struct result *result);
void build_shares(struct document *document, const struct result *result, bool verbose);
void build_figures(struct document *document, const struct result *result, bool verbose);
void build_symbols(struct document *document, const struct result *result, bool verbose);
void build_fates(struct document *document, const struct result *result);
void build_code_facts(struct document *document, const struct result *result, bool verbose);
void build_files(struct document *document, const struct result *result, bool verbose);
void build_libraries(struct document *document, const struct result *result, bool verbose);
void build_layouts(struct document *document, const struct result *result, bool verbose);
void build_remedy(struct document *document, const struct result *result);
void build_real(struct document *document, const struct result *result, bool verbose);
void build_evidence(struct document *document, const struct result *result, bool verbose);
void build_rules(struct document *document, const struct result *result);
void build_warnings(struct document *document, const struct result *result);
void build_run(struct document *document, const struct result *result);

/* Appends to a list: how much of the code is identical, by bytes. */
void build_fate_bytes(struct document *document, struct block *list, const struct delta *delta);

/* "2 resized, 310 same": what became of the symbols of a kind; NULL: there are none. */
const char *fates_said(struct arena *arena, const struct delta *delta, enum symbol_kind kind);

/* new - old of a fact's cycles, with its sign; "-": not known. */
const char *fact_cycles_said(struct arena *arena, const struct code_fact *fact);

/* What a table of cycles counts and who counted it. */
const char *cycles_note(struct arena *arena, enum source source);

#endif
