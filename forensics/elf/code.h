/* The code of one function: is it the same, wherever it sits? */
#ifndef FORENSICS_ELF_CODE_H
#define FORENSICS_ELF_CODE_H

#include "core/binary.h"

struct insn;
struct pairing;
struct scene;

/* Hash of a function's instructions with everything masked that moves with addresses: displacements of branches
 * that leave the function, rip-relative displacements and, in position-dependent files, immediates and
 * displacements that are addresses of the image, offsets into the program's own thread-local block. Branches
 * inside the function keep their form. Files that the disassembler does not understand are hashed byte by byte. 0:
 * the code is not in the file. */
uint64_t code_hash(const struct inventory *inv, const struct symbol *function);

/* Whether two functions are the same instructions with the same targets: what one calls or refers to must be matched
 * with what the other does, and constants loaded from read-only data must be equal. */
bool code_same(const struct pairing *pairing, const struct symbol *old, const struct symbol *new);

/* Whether two objects hold the same bytes, pointers to matched or unnamed places counting as equal. */
bool object_same(const struct pairing *pairing, const struct symbol *old, const struct symbol *new);

/* Whether an old and a new address mean the same thing; `access` bytes are read there, 0: only the address is taken. */
bool same_place(const struct pairing *pairing, uint64_t old, uint64_t new, unsigned access);

/* Hash of what one instruction does, whichever file it is in: addresses are replaced by the names behind them, or by
 * the constants there; direct jumps inside a function and the sense of a condition do not count. 0: it does nothing
 * (nop, endbr64, a jump inside the function). */
uint64_t code_meaning(const struct scene *scene, const struct insn *insn, bool target_inside);

#endif
