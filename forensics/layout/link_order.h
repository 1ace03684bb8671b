/* Orders of functions for linkers that take a list of symbols (lld's --symbol-ordering-file). */
#ifndef FORENSICS_LAYOUT_LINK_ORDER_H
#define FORENSICS_LAYOUT_LINK_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* The names, one a line, in the order that trial `number` of `seed` draws. A name's rank hangs on nothing but itself,
 * so that what two programs have in common comes in the same order in both. */
const char *link_order(struct arena *arena, const char *const *names, size_t count, uint64_t seed, unsigned number);

#endif
