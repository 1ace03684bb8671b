/* Remedies for a layout tax, each tried by replay before it is offered. */
#ifndef FORENSICS_LAYOUT_REMEDY_H
#define FORENSICS_LAYOUT_REMEDY_H

#include "layout/sweep.h"

/* Looks for the least remedy of new's layout tax, in the order of enum remedy_kind. `tax`: what old's places alone
 * would give new (a logarithm); below `floor` functions lie well enough, and only loops inside them, if aligning
 * all of them would bring half of what was observed, and pages of 2 MiB are tried. The first remedy counts that brings at least half of it, and `floor`, in every
 * place of the page that is tried. Fills study->remedy and remedies_tried. The study must have run: its culprits are
 * the functions that are placed. */
bool remedy_find(struct arena *arena, const struct sweep_spec *spec, const struct sweep_hooks *hooks, double tax,
                 double floor, struct layout_study *study, struct err *err);

#endif
