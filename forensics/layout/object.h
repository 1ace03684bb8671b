/* What can move: the objects of one recorded process. Filled by the caller from the ELF files and the recording's
 * mappings; addresses are run-time ones of that recording.
 *
 * Invariants once layout_side_prepare has run: sorted by address; size >= 1; of objects of one axis no two overlap.
 * A smaller object may lie inside a larger one of another axis (a TLS block in an anonymous mapping); it moves by itself.
 */
#ifndef FORENSICS_LAYOUT_OBJECT_H
#define FORENSICS_LAYOUT_OBJECT_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "core/layout.h"

#define LAYOUT_ALONE UINT32_MAX

struct layout_object {
    const char *name;
    uint64_t address;
    uint64_t size;   /* bytes that need room wherever it goes */
    uint64_t extent; /* bytes that move with it: `size` and the padding up to its neighbour; >= size */
    enum layout_axis axis;
    uint32_t group;  /* objects of one group (a section, or the hot part of one) stay together; equal on both sides
                        for the same group; groups lie in the order of their numbers */
    uint32_t pair;   /* equal on both sides for the same thing, at most once a side; LAYOUT_ALONE: the other lacks it */
    uint32_t align;  /* power of two; filled by layout_align */
    uint32_t merged; /* objects glued into this one besides itself; filled by layout_glue */
    bool function;   /* of the program: what lies inside may be moved apart */
};

/* What a variable's record holds. */
struct layout_field {
    const char *declaration; /* "struct node *next;" */
    uint64_t offset, size, align; /* bytes */
};

/* A variable of the program: inside an object of the data axis, which it need not begin or fill. */
struct layout_variable {
    const char *name;
    uint64_t address, size; /* run-time; of a thread-local one the first thread's */
    uint32_t pair;          /* as an object's */
    bool thread_local;
    const char *type; /* of the record that it is, or is an array of; NULL: none, or not known */
    uint64_t stride;  /* bytes of one */
    const struct layout_field *fields; /* by offset, apart */
    size_t field_count;
};

struct layout_span;

struct layout_side {
    struct layout_object *objects;
    size_t count, room;
    const uint64_t *cuts; /* where loops and blocks begin inside functions, ascending; filled by loops_find */
    size_t cut_count;
    const struct layout_span *spans; /* executed blocks, where they are known */
    size_t span_count;
    const struct layout_variable *variables; /* where remedies are looked for; ascending, apart */
    size_t variable_count;
};

/* One executed block, as far as gluing and what lies inside objects need it. */
struct layout_span {
    uint64_t address, end; /* of its code */
    bool falls;            /* may go on at `end` without a jump */
    bool returns;          /* a call: what it calls comes back to `end` */
    uint64_t target;       /* of the jump at its end, where that is known; 0: none */
};

/* Sorts by address and drops what overlaps an earlier object of its axis. */
void layout_sort(struct layout_side *side);

/* Merges neighbours of the text axis that executed code runs across (a block in both, or falling out of one into the
 * next): they cannot be separated. `spans` in any order. */
void layout_glue(struct layout_side *side, const struct layout_span *spans, size_t count);

/* Leaves pairs only where both sides have the same group and the same number of glued parts; returns how many pairs. */
size_t layout_pair(struct layout_side sides[2]);

/* Fills `align`: what both sides' addresses share, at most what is usual in the group (text) or what the size asks for
 * (data): a place on a page border may be luck. */
void layout_align(struct layout_side sides[2]);

/* Index of the object of the text axis that holds `address`; SIZE_MAX: none. */
size_t layout_text_at(const struct layout_side *side, uint64_t address);

#endif
