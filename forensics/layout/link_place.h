/* Placing the pieces that a linker puts together: an offset for each, the same for both sides where both have it, and
 * the linker script of GNU ld that puts them there. Sizes and insides stay; what lies between is filled up. */
#ifndef FORENSICS_LAYOUT_LINK_PLACE_H
#define FORENSICS_LAYOUT_LINK_PLACE_H

#include "layout/link_map.h"
#include "layout/place.h"

/* An output section whose pieces can be placed. */
struct link_section {
    const char *name;
    enum layout_axis axis;
};

extern const struct link_section link_sections[]; /* ends with a NULL name */

struct link_place {
    const struct link_piece *piece;
    uint64_t offset; /* from the page on which the output section begins */
};

/* Ascending by offset. */
struct link_places {
    struct link_place *items;
    size_t count;
};

/* Where the pieces of one output section go on both sides; wish->object is not looked at. */
void link_place(struct arena *arena, const struct link_map maps[2], const struct link_section *section,
                const struct layout_wish *wish, struct link_places places[2]);

/* `script` with the section begun on a page and its pieces at their offsets; NULL: the script has no such section. */
const char *link_script_place(struct arena *arena, const char *script, const char *section,
                              const struct link_places *places);

/* `script` with the pieces of the remedy's output section in the order in which they are in the program, but for what it
 * changes; NULL: the functions or data that it is about have no pieces of their own. */
const char *link_script_remedy(struct arena *arena, const char *script, const struct link_map *map,
                               const struct layout_remedy *remedy);

/* How many of the places the map of the linked program confirms. */
size_t link_placed(struct arena *arena, const struct link_map *map, const struct link_places *places);

#endif
