/* The JSON form of a result: docs/schema.md in prose, docs/result.schema.json for machines.
 *
 * What one version saves, it loads to the same value: save(load(save(x))) is save(x), byte for byte. Numbers carry
 * every digit that they need to come back the same; what is not finite or not known is null, never 0.
 */
#ifndef FORENSICS_CORE_JSON_H
#define FORENSICS_CORE_JSON_H

#include <stdio.h>

#include "core/result.h"

/* Bounds of what is saved of a large program; what falls off is counted (symbols, facts) or summed up (costs). */
enum { JSON_SYMBOLS_MAX = 4000, JSON_COST_ITEMS_MAX = 1000, JSON_FACTS_MAX = 100000 /* more than anybody looks at */ };

/* Writes `result`; `what` names the stream in an error. */
bool result_save(const struct result *result, FILE *stream, const char *what, struct err *err);

/* The same into a file that appears whole or not at all (base/save_file.h). */
bool result_save_file(const struct result *result, const char *path, struct err *err);

/* Reads a saved result; "-" is stdin. NULL with a sentence if it is not one of ours, of this schema version and whole. */
struct result *result_load(const char *path, struct err *err);

#endif
