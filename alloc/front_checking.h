/* Floor 7: the checking front. A block is laid out as
 *
 *   | user's bytes | canary bytes, 8 or more | 8 bytes of seal |      (the seal ends the block)
 *
 * The seal is the requested size, mixed with the address and a secret of the process; a freed block has another
 * seal. So free knows: a pointer that is no block, a second free, a byte written past the end. A freed block is
 * filled with poison and held back in a quarantine; a byte that changed there is a use after free.
 * Every finding is one line on stderr and an abort. */
#ifndef HAK_FRONT_CHECKING_H
#define HAK_FRONT_CHECKING_H

#include <stddef.h>

void *checking_malloc(size_t size);
void *checking_calloc(size_t n, size_t size);
void *checking_aligned(size_t align, size_t size);
void *checking_realloc(void *p, size_t size);
void checking_free(void *p);

/* As free, and the size must be the requested one, and p a multiple of align (0: any). */
void checking_free_sized(void *p, size_t align, size_t size);

/* Exactly what was requested: the byte after it is the first of the canary. */
size_t checking_usable(const void *p);

#endif
