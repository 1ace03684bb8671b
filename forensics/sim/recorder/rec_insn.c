/* Part of the recorder of layout_tax_forensics, a Valgrind tool.
 *
 * This program is free software; you can redistribute it and/or modify it under the terms of the GNU General Public
 * License as published by the Free Software Foundation; either version 2 of the License, or (at your option) any later
 * version. It is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the implied
 * warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. See the GNU General Public License for more details:
 * <https://www.gnu.org/licenses/old-licenses/gpl-2.0.html>. SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "rec.h"

/* An instruction cut into the parts that matter here. */
struct parts {
    UInt map; /* 1: one-byte opcodes, 2: 0f, 3: 0f 38, 4: 0f 3a */
    UChar opcode;
    UChar modrm; /* 0 when there is no byte left */
    Bool rep;    /* f2 or f3 */
    Bool vex;
};

static Bool is_prefix(UChar byte)
{
    return byte == 0xf2 || byte == 0xf3 || byte == 0xf0 || byte == 0x66 || byte == 0x67 || byte == 0x2e ||
           byte == 0x36 || byte == 0x3e || byte == 0x26 || byte == 0x64 || byte == 0x65;
}

/* Byte i, or 0 behind the end. */
static UChar byte_at(const UChar *code, UInt length, UInt i)
{
    return i < length ? code[i] : 0;
}

static struct parts dissect(const UChar *code, UInt length)
{
    struct parts p = { .map = 1 };
    UInt i = 0;
    for (; i + 1 < length && is_prefix(code[i]); i++)
        p.rep = p.rep || code[i] == 0xf2 || code[i] == 0xf3;
    if ((byte_at(code, length, i) & 0xf0) == 0x40)
        i++;
    if (byte_at(code, length, i) == 0xc5) {
        p.vex = True;
        p.map = 2;
        i += 2;
    } else if (byte_at(code, length, i) == 0xc4) {
        p.vex = True;
        p.map = (byte_at(code, length, i + 1) & 0x1f) + 1;
        i += 3;
    } else if (byte_at(code, length, i) == 0x0f) {
        UChar next = byte_at(code, length, i + 1);
        p.map = next == 0x38 ? 3 : next == 0x3a ? 4 : 2;
        i += p.map == 2 ? 1 : 2;
    }
    p.opcode = byte_at(code, length, i);
    p.modrm = byte_at(code, length, i + 1);
    return p;
}

static UInt reg_field(const struct parts *p)
{
    return p->modrm >> 3 & 7;
}

static Bool is_string(const struct parts *p)
{
    return p->map == 1 && ((p->opcode >= 0xa4 && p->opcode <= 0xa7) || (p->opcode >= 0xaa && p->opcode <= 0xaf));
}

static UInt ending_of(const struct parts *p)
{
    UChar o = p->opcode;
    if (p->map == 2)
        return (o & 0xf0) == 0x80 && !p->vex ? STREAM_COND : o == 0x05 && !p->vex ? STREAM_SYSCALL : STREAM_FALL;
    if (p->map != 1)
        return STREAM_FALL;
    if ((o & 0xf0) == 0x70 || (o >= 0xe0 && o <= 0xe3))
        return STREAM_COND;
    if (p->rep && is_string(p))
        return STREAM_REP;
    if (o == 0xff)
        return reg_field(p) == 2 ? STREAM_CALL_INDIRECT : reg_field(p) == 4 ? STREAM_JUMP_INDIRECT : STREAM_FALL;
    return o == 0xe8                ? STREAM_CALL
           : o == 0xe9 || o == 0xeb ? STREAM_JUMP
           : o == 0xc3 || o == 0xc2 ? STREAM_RETURN
                                    : STREAM_FALL;
}

UInt rec_ending(const UChar *code, UInt length)
{
    struct parts p = dissect(code, length);
    return ending_of(&p);
}

static UInt kind_one_byte(const struct parts *p)
{
    UChar o = p->opcode;
    if ((o >= 0x88 && o <= 0x8f) || (o >= 0x50 && o <= 0x5f) || (o >= 0xb0 && o <= 0xbf) || o == 0x63 || o == 0x68 ||
        o == 0x6a || o == 0xc6 || o == 0xc7 || o == 0xc9 || (o >= 0xa0 && o <= 0xa3))
        return STREAM_INSN_MOVE;
    if (o == 0x90)
        return p->rep ? STREAM_INSN_SYSTEM : STREAM_INSN_NOP;
    if (o == 0x69 || o == 0x6b)
        return STREAM_INSN_MUL;
    if ((o == 0xf6 || o == 0xf7) && reg_field(p) >= 4)
        return reg_field(p) >= 6 ? STREAM_INSN_DIV : STREAM_INSN_MUL;
    if (o >= 0xd8 && o <= 0xdf)
        return STREAM_INSN_FP;
    if (is_string(p))
        return STREAM_INSN_STRING;
    return o == 0xcc || o == 0xcd || o == 0xf4 ? STREAM_INSN_SYSTEM : STREAM_INSN_ALU;
}

static UInt kind_two_byte(const struct parts *p)
{
    UChar o = p->opcode;
    if (!p->vex) {
        if ((o >= 0x18 && o <= 0x1f) || o == 0x0d)
            return STREAM_INSN_NOP;
        if (o == 0xa2 || o == 0x31 || o == 0x0b || o == 0x01 || o == 0xae)
            return STREAM_INSN_SYSTEM;
        if (o == 0xb6 || o == 0xb7 || o == 0xbe || o == 0xbf)
            return STREAM_INSN_MOVE;
        if (o == 0xaf)
            return STREAM_INSN_MUL;
        if ((o >= 0x40 && o <= 0x4f) || (o >= 0x90 && o <= 0xc1) || o == 0xc7 || (o >= 0xc8 && o <= 0xcf))
            return STREAM_INSN_ALU;
    }
    return o == 0x5e || o == 0x51 ? STREAM_INSN_FPDIV : STREAM_INSN_FP;
}

static UInt kind_of(const struct parts *p)
{
    UInt ending = ending_of(p);
    if (ending == STREAM_SYSCALL)
        return STREAM_INSN_SYSTEM;
    if (ending != STREAM_FALL && ending != STREAM_REP)
        return STREAM_INSN_BRANCH;
    if (p->map == 1)
        return kind_one_byte(p);
    if (p->map == 2)
        return kind_two_byte(p);
    /* 0f 38 f0..f7: movbe, crc32, andn, bextr, mulx, shifts; 0f 3a f0: rorx */
    if (p->opcode >= 0xf0 && p->opcode <= 0xf7)
        return p->vex && p->map == 3 && p->opcode == 0xf6 ? STREAM_INSN_MUL : STREAM_INSN_ALU;
    return STREAM_INSN_FP;
}

/* Fused-domain estimates, rounded from the instruction tables of Agner Fog for Zen 3 and Skylake: most are 1; a
 * read-modify-write 2, or about 8 when locked; a call or return 2; an integer division 4; a string step 3. */
void rec_classify(const UChar *code, struct stream_insn *insn)
{
    struct parts p = dissect(code, insn->length);
    UInt both = STREAM_INSN_READS | STREAM_INSN_WRITES;
    UInt ending = ending_of(&p);
    UInt uops = 1;
    insn->kind = (UChar)kind_of(&p);
    if (ending == STREAM_CALL || ending == STREAM_CALL_INDIRECT || ending == STREAM_RETURN)
        uops = 2;
    else if (insn->flags & STREAM_INSN_LOCKED)
        uops = 8;
    else if (insn->kind == STREAM_INSN_STRING)
        uops = 3;
    else if (insn->kind == STREAM_INSN_DIV)
        uops = 4;
    else if ((insn->flags & both) == both)
        uops = 2;
    insn->uops = (UChar)uops;
}
