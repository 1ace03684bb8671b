/* How the finders of facts hand them over. Internal to elf/. */
#ifndef FORENSICS_ELF_FACTS_ADD_H
#define FORENSICS_ELF_FACTS_ADD_H

#include "base/arena.h"
#include "core/binary.h"

struct finder {
    struct arena *arena;
    struct delta *delta;
    const struct pairing *pairing;
};

/* Appends a fact; the sentence is formatted. */
void fact_add(struct finder *f, struct code_fact fact, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* facts_code.c: loops, grids, branches, calls, frames of matched functions. */
void find_code_facts(struct finder *f);

/* facts_data.c: objects, neighbours, TLS. */
void find_data_facts(struct finder *f);

#endif
