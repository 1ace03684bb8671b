/* A stack-machine interpreter with computed goto, running a sieve-like program. */
#include "align.h"

enum { PUSH, ADD, MUL, DUP, SWAP, XOR, AND, JNZ, STORE, LOAD, SHR, HALT };

static const int32_t program[] = {
    PUSH, 300, STORE, 0,                                   /* i = 300 */
    LOAD, 0, DUP, MUL, PUSH, 17, ADD, LOAD, 1, XOR,        /* 4: x = (i * i + 17) ^ acc */
    PUSH, 0xffffff, AND, DUP, PUSH, 3, SHR, ADD, STORE, 1, /* acc = (x & mask) + (x >> 3) */
    LOAD, 1, PUSH, 1, AND, JNZ, 38,                        /* odd: skip */
    LOAD, 1, PUSH, 5, XOR,
    STORE, 1,
    LOAD, 0, PUSH, -1, ADD, DUP, STORE, 0, JNZ, 4,
    HALT,
};

uint64_t kernel(uint64_t n)
{
    static const void *const label[] = { &&push, &&add, &&mul, &&dup, &&swap, &&xor, &&and, &&jnz, &&store, &&load, &&shr, &&halt };
    int32_t stack[16], slot[4] = { 0 }, *sp = stack;
    uint64_t sum = 0;
    const int32_t *pc = program;
    *sp = 0;
#define NEXT goto *label[*pc++]
    NEXT;
push: *++sp = *pc++; NEXT;
add: sp[-1] += sp[0]; sp--; NEXT;
mul: sp[-1] = (int32_t)((uint32_t)sp[-1] * (uint32_t)sp[0]); sp--; NEXT;
dup: sp[1] = sp[0]; sp++; NEXT;
swap: { int32_t t = sp[0]; sp[0] = sp[-1]; sp[-1] = t; } NEXT;
xor: sp[-1] ^= sp[0]; sp--; NEXT;
and: sp[-1] &= sp[0]; sp--; NEXT;
jnz: { int32_t to = *pc++; if (*sp--) pc = program + to; } NEXT;
store: slot[*pc++ & 3] = *sp--; NEXT;
load: *++sp = slot[*pc++ & 3]; NEXT;
shr: sp[-1] = (int32_t)((uint32_t)sp[-1] >> (sp[0] & 31)); sp--; NEXT;
halt:
    sum = sum * 31 + (uint32_t)slot[1];
    sp = stack;
    pc = program;
    if (--n)
        NEXT;
    return sum;
}
