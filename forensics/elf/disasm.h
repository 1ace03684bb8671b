/* One instruction of x86-64 machine code: the only door to the disassembler (Zydis). */
#ifndef FORENSICS_ELF_DISASM_H
#define FORENSICS_ELF_DISASM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How control leaves an instruction. */
enum flow {
    FLOW_NEXT,
    FLOW_BRANCH /* conditional */,
    FLOW_JUMP,
    FLOW_JUMP_INDIRECT,
    FLOW_CALL,
    FLOW_CALL_INDIRECT,
    FLOW_RETURN,
    FLOW_STOP /* ud2, hlt */
};

/* What an instruction does, each in one class; that it loads or stores beside that is in `loads` and `stores`. */
enum insn_class {
    INSN_INTEGER,
    INSN_MOVE, /* mov, lea, push, pop, extensions: no arithmetic */
    INSN_MULTIPLY,
    INSN_DIVISION, /* and square roots, integers and floating point */
    INSN_FLOAT,    /* scalar: one number a register, x87 too */
    INSN_VECTOR,   /* several numbers a register, and what moves those */
    INSN_STRING,   /* rep movs and its kind */
    INSN_ATOMIC,   /* lock prefix, xchg with memory, fences */
    INSN_BRANCH,   /* conditional branches and jumps */
    INSN_SELECT,   /* cmov, setcc: a condition without a branch */
    INSN_CALL,     /* and returns */
    INSN_OTHER,    /* system, crypto, transactions */
    INSN_CLASS_COUNT
};

struct insn {
    uint64_t address;
    uint8_t length; /* bytes, 1..15 */
    enum flow flow;
    uint64_t target;            /* of a direct branch, jump or call */
    uint8_t target_at;          /* where its displacement sits in the bytes */
    uint8_t target_size;        /* bytes; 0: no direct target */
    uint8_t condition;          /* of a branch: 0..15 as in the opcode (bit 0 negates); 16: jrcxz, loop */
    bool memory;                /* has a memory operand, lea's too */
    bool rip_relative;          /* its address is `reference` */
    uint64_t reference;         /* rip-relative address, or the absolute 32-bit displacement */
    uint8_t disp_at, disp_size; /* of the memory operand; size 0: none */
    uint64_t immediate;
    uint8_t imm_at, imm_size; /* not of branches; size 0: none */
    bool rsp_base, rbp_base;  /* the register its memory operand is relative to */
    bool loads, stores;       /* through its memory operand; push, pop, call and ret do not count */
    uint8_t access;           /* bytes that the memory operand moves; 0: address only (lea, nop) */
    bool fs;                  /* memory operand in the %fs segment: thread-local storage */
    enum insn_class class;
    bool nop;
    bool endbr;
    bool fuses;    /* cmp, test, add, sub, inc, dec, and: may fuse with a conditional jump behind it */
    int64_t grows; /* sub $n, %rsp: n; else 0 */
};

/* A register that an operand names or implies. */
struct insn_reg {
    uint8_t number; /* 0..15 general ones in the order of the encoding, 16..47 vector ones */
    bool reads, writes;
};

enum { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI, REG_XMM0 = 16, REG_COUNT = 48 };

/* An instruction without the names of its registers. */
struct insn_shape {
    uint64_t hash;      /* mnemonic, operands' kinds and sizes, immediates but for addresses, scale and displacement of memory */
    uint64_t operation; /* mnemonic and immediate alone, and memory that is not of the stack frame */
    uint16_t mnemonic;
    bool copies;        /* moves between registers or to and from the stack frame, pushes and pops: no operation */
    bool counts;        /* compares, or adds an immediate: what a loop does beside its work */
    struct insn_reg regs[12]; /* as the operands come, implied ones last; a partial write reads, too */
    unsigned reg_count;
    bool other_regs;    /* names registers of other kinds, which are not listed */
};

/* The shape of the instruction in the first bytes; false: not a valid one. */
bool disasm_shape(const unsigned char *bytes, size_t room, struct insn_shape *shape);

/* Decodes what is in the first `room` bytes as if at `address`; false: not a valid instruction, or cut off. */
bool disasm(const unsigned char *bytes, size_t room, uint64_t address, struct insn *insn);

#endif
