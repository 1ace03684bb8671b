/* Things that live as long as an arena: each is given back when the arena is freed, the last one kept first. */
#ifndef FORENSICS_BASE_KEEP_H
#define FORENSICS_BASE_KEEP_H

#include "base/arena.h"

void keep_mapping(struct arena *arena, void *bytes, size_t size); /* of mmap */
void keep_file(struct arena *arena, int fd);
void keep_arena(struct arena *arena, struct arena *other);

#endif
