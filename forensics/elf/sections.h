/* The section and segment tables as nouns of core/binary.h. Internal to elf/. */
#ifndef FORENSICS_ELF_SECTIONS_H
#define FORENSICS_ELF_SECTIONS_H

#include "core/binary.h"
#include "elf/image.h"

/* Fills sections, segments, bytes by use, text_bytes, tls_size and tls_align. */
void sections_read(struct arena *arena, const struct image *image, struct inventory *inv);

/* What a section is for, from its name, SHF_* flags and SHT_* type. */
enum section_use section_use_of(const char *name, uint64_t flags, uint32_t type);

/* The index of the allocated section that covers an address; -1: none. */
int section_at(const struct inventory *inv, uint64_t address);

/* Bytes of a section by name; NULL: no such section, or it lies outside the file. */
const unsigned char *section_bytes(const struct inventory *inv, const char *name, uint64_t *size);

#endif
