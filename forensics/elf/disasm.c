#include "elf/disasm.h"

#include <Zydis/Zydis.h>
#include <pthread.h>
#include <string.h>

static ZydisDecoder decoder;
static pthread_once_t decoder_once = PTHREAD_ONCE_INIT;

/* By mnemonic: what the category of an instruction does not tell. INSN_CLASS_COUNT: the category tells. */
static unsigned char class_of_mnemonic[ZYDIS_MNEMONIC_MAX_VALUE + 1];

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), rest = strlen(end);
    return length >= rest && strcmp(text + length - rest, end) == 0;
}

/* Intel's names tell one number from several (addss, addps), and what is slow. */
static enum insn_class named_class(const char *name)
{
    static const struct {
        const char *part;
        enum insn_class class;
    } table[] = {
        { "div", INSN_DIVISION }, { "sqrt", INSN_DIVISION }, { "fence", INSN_ATOMIC },  { "pmul", INSN_VECTOR },
        { "imul", INSN_MULTIPLY }, { "mulx", INSN_MULTIPLY }, { "cmov", INSN_SELECT }, { "cmpxchg", INSN_ATOMIC },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strstr(name, table[i].part))
            return table[i].class;
    if (strcmp(name, "mul") == 0)
        return INSN_MULTIPLY;
    bool integers = name[name[0] == 'v'] == 'p'; /* pabsd, vpdpwssd */
    if (integers)
        return INSN_CLASS_COUNT;
    if (ends_with(name, "ss") || ends_with(name, "sd") || ends_with(name, "ss2si") || ends_with(name, "sd2si"))
        return INSN_FLOAT;
    return INSN_CLASS_COUNT;
}

static void decoder_init(void)
{
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    for (int m = 0; m <= ZYDIS_MNEMONIC_MAX_VALUE; m++)
        class_of_mnemonic[m] = (unsigned char)named_class(ZydisMnemonicGetString((ZydisMnemonic)m));
}

/* An x87 instruction is scalar; every other one beyond the base set and the bit extensions works on vectors. */
static enum insn_class class_of(const ZydisDecodedInstruction *z)
{
    bool locks = (z->attributes & ZYDIS_ATTRIB_HAS_LOCK) ||
                 (z->mnemonic == ZYDIS_MNEMONIC_XCHG && (z->attributes & ZYDIS_ATTRIB_HAS_MODRM) && z->raw.modrm.mod != 3);
    if (locks)
        return INSN_ATOMIC;
    switch ((int)z->meta.category) {
    case ZYDIS_CATEGORY_COND_BR:
    case ZYDIS_CATEGORY_UNCOND_BR: return INSN_BRANCH;
    case ZYDIS_CATEGORY_CALL:
    case ZYDIS_CATEGORY_RET: return INSN_CALL;
    case ZYDIS_CATEGORY_STRINGOP:
    case ZYDIS_CATEGORY_IOSTRINGOP: return INSN_STRING;
    case ZYDIS_CATEGORY_SETCC:
    case ZYDIS_CATEGORY_CMOV: return INSN_SELECT;
    default: break;
    }
    if (class_of_mnemonic[z->mnemonic] != INSN_CLASS_COUNT)
        return (enum insn_class)class_of_mnemonic[z->mnemonic];
    switch ((int)z->meta.isa_ext) {
    case ZYDIS_ISA_EXT_X87: return INSN_FLOAT;
    case ZYDIS_ISA_EXT_BASE:
    case ZYDIS_ISA_EXT_LONGMODE:
    case ZYDIS_ISA_EXT_BMI1:
    case ZYDIS_ISA_EXT_BMI2:
    case ZYDIS_ISA_EXT_LZCNT:
    case ZYDIS_ISA_EXT_ADOX_ADCX:
    case ZYDIS_ISA_EXT_MOVBE: break;
    case ZYDIS_ISA_EXT_MMX:
    case ZYDIS_ISA_EXT_SSE:
    case ZYDIS_ISA_EXT_SSE2:
    case ZYDIS_ISA_EXT_SSE3:
    case ZYDIS_ISA_EXT_SSSE3:
    case ZYDIS_ISA_EXT_SSE4:
    case ZYDIS_ISA_EXT_AVX:
    case ZYDIS_ISA_EXT_AVX2:
    case ZYDIS_ISA_EXT_AVX512EVEX:
    case ZYDIS_ISA_EXT_AVX512VEX:
    case ZYDIS_ISA_EXT_F16C:
    case ZYDIS_ISA_EXT_FMA:
    case ZYDIS_ISA_EXT_FMA4: return INSN_VECTOR;
    default: return INSN_OTHER;
    }
    switch ((int)z->meta.category) {
    case ZYDIS_CATEGORY_DATAXFER:
    case ZYDIS_CATEGORY_PUSH:
    case ZYDIS_CATEGORY_POP: return INSN_MOVE;
    case ZYDIS_CATEGORY_SYSTEM:
    case ZYDIS_CATEGORY_SYSCALL:
    case ZYDIS_CATEGORY_INTERRUPT: return INSN_OTHER;
    default: return z->mnemonic == ZYDIS_MNEMONIC_LEA || z->mnemonic == ZYDIS_MNEMONIC_CWDE ? INSN_MOVE : INSN_INTEGER;
    }
}

static enum flow flow_of(const ZydisDecodedInstruction *z)
{
    bool direct = z->raw.imm[0].is_relative;
    switch ((int)z->meta.category) {
    case ZYDIS_CATEGORY_COND_BR: return FLOW_BRANCH;
    case ZYDIS_CATEGORY_UNCOND_BR: return direct ? FLOW_JUMP : FLOW_JUMP_INDIRECT;
    case ZYDIS_CATEGORY_CALL: return direct ? FLOW_CALL : FLOW_CALL_INDIRECT;
    case ZYDIS_CATEGORY_RET: return FLOW_RETURN;
    default: break;
    }
    return z->mnemonic == ZYDIS_MNEMONIC_UD2 || z->mnemonic == ZYDIS_MNEMONIC_UD1 ||
                   z->mnemonic == ZYDIS_MNEMONIC_UD0 || z->mnemonic == ZYDIS_MNEMONIC_HLT
               ? FLOW_STOP
               : FLOW_NEXT;
}

/* 70..7f and 0f 80..8f carry the condition in their low four bits. */
static uint8_t condition_of(const ZydisDecodedInstruction *z)
{
    bool plain = (z->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && (z->opcode & 0xf0) == 0x70) ||
                 (z->opcode_map == ZYDIS_OPCODE_MAP_0F && (z->opcode & 0xf0) == 0x80);
    return plain ? z->opcode & 0x0f : 16;
}

static bool may_fuse(ZydisMnemonic m)
{
    return m == ZYDIS_MNEMONIC_CMP || m == ZYDIS_MNEMONIC_TEST || m == ZYDIS_MNEMONIC_ADD || m == ZYDIS_MNEMONIC_SUB ||
           m == ZYDIS_MNEMONIC_INC || m == ZYDIS_MNEMONIC_DEC || m == ZYDIS_MNEMONIC_AND;
}

static void set_operands(const ZydisDecodedInstruction *z, const ZydisDecoderContext *context, struct insn *insn)
{
    ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT_VISIBLE];
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeOperands(&decoder, context, z, ops, z->operand_count_visible)))
        return;
    for (unsigned i = 0; i < z->operand_count_visible; i++) {
        const ZydisDecodedOperand *op = &ops[i];
        if (op->type != ZYDIS_OPERAND_TYPE_MEMORY)
            continue;
        insn->memory = true;
        insn->rsp_base = op->mem.base == ZYDIS_REGISTER_RSP;
        insn->rbp_base = op->mem.base == ZYDIS_REGISTER_RBP;
        insn->fs = op->mem.segment == ZYDIS_REGISTER_FS;
        if (op->mem.type != ZYDIS_MEMOP_TYPE_MEM || insn->nop)
            continue;
        insn->loads = op->actions & ZYDIS_OPERAND_ACTION_MASK_READ;
        insn->stores = op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
        insn->access = (uint8_t)(op->size / 8 > 255 ? 255 : op->size / 8);
    }
    if (z->mnemonic == ZYDIS_MNEMONIC_SUB && z->operand_count_visible == 2 &&
        ops[0].type == ZYDIS_OPERAND_TYPE_REGISTER && ops[0].reg.value == ZYDIS_REGISTER_RSP &&
        ops[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
        insn->grows = ops[1].imm.value.s;
}

static void set_fields(const ZydisDecodedInstruction *z, struct insn *insn)
{
    for (unsigned i = 0; i < 2; i++) {
        if (z->raw.imm[i].size == 0)
            continue;
        if (z->raw.imm[i].is_relative) {
            insn->target_at = z->raw.imm[i].offset;
            insn->target_size = z->raw.imm[i].size / 8;
            insn->target = insn->address + insn->length + (uint64_t)z->raw.imm[i].value.s;
        } else if (!insn->imm_size) {
            insn->imm_at = z->raw.imm[i].offset;
            insn->imm_size = z->raw.imm[i].size / 8;
            insn->immediate = z->raw.imm[i].value.u;
        }
    }
    insn->disp_at = z->raw.disp.offset;
    insn->disp_size = z->raw.disp.size / 8;
    insn->rip_relative = (z->attributes & ZYDIS_ATTRIB_HAS_MODRM) && z->raw.modrm.mod == 0 && z->raw.modrm.rm == 5;
    insn->reference = (uint64_t)z->raw.disp.value + (insn->rip_relative ? insn->address + insn->length : 0);
}

bool disasm(const unsigned char *bytes, size_t room, uint64_t address, struct insn *insn)
{
    ZydisDecodedInstruction z;
    ZydisDecoderContext context;
    pthread_once(&decoder_once, decoder_init);
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, &context, bytes, room, &z)))
        return false;
    *insn = (struct insn){ .address = address, .length = z.length, .flow = flow_of(&z), .class = class_of(&z) };
    set_fields(&z, insn);
    if (insn->flow == FLOW_BRANCH)
        insn->condition = condition_of(&z);
    insn->nop = z.meta.category == ZYDIS_CATEGORY_NOP || z.meta.category == ZYDIS_CATEGORY_WIDENOP;
    insn->endbr = z.mnemonic == ZYDIS_MNEMONIC_ENDBR64;
    insn->fuses = may_fuse(z.mnemonic);
    if ((z.attributes & ZYDIS_ATTRIB_HAS_MODRM) && (z.raw.modrm.mod != 3 || insn->fuses))
        set_operands(&z, &context, insn);
    return true;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    __uint128_t m = (__uint128_t)(hash ^ 0xa0761d6478bd642fu) * (value ^ 0xe7037ed1a0b428dbu);
    return (uint64_t)m ^ (uint64_t)(m >> 64) ^ hash << 1;
}

static void add_reg(struct insn_shape *s, ZydisRegister reg, bool reads, bool writes)
{
    ZydisRegisterClass of = ZydisRegisterGetClass(reg);
    if (of == ZYDIS_REGCLASS_IP || of == ZYDIS_REGCLASS_FLAGS || reg == ZYDIS_REGISTER_NONE)
        return;
    ZydisRegister full = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
    ZydisRegisterClass class = ZydisRegisterGetClass(full);
    bool general = class == ZYDIS_REGCLASS_GPR64,
         vector = class == ZYDIS_REGCLASS_XMM || class == ZYDIS_REGCLASS_YMM || class == ZYDIS_REGCLASS_ZMM;
    if ((!general && !vector) || s->reg_count == sizeof s->regs / sizeof *s->regs) {
        s->other_regs = true;
        return;
    }
    ZydisRegisterWidth width = ZydisRegisterGetWidth(ZYDIS_MACHINE_MODE_LONG_64, reg);
    bool partial = general && width < 32; /* a write of 32 bits clears the rest */
    s->regs[s->reg_count++] = (struct insn_reg){ (uint8_t)(ZydisRegisterGetId(full) + (vector ? REG_XMM0 : 0)),
                                                 reads || (writes && partial), writes };
}

/* One operand's part in the shape. */
static void add_operand(struct insn_shape *s, const ZydisDecodedOperand *op, bool *frame)
{
    bool reads = op->actions & ZYDIS_OPERAND_ACTION_MASK_READ, writes = op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
    s->hash = mix(s->hash, (uint64_t)op->type << 16 | op->size);
    if (op->type == ZYDIS_OPERAND_TYPE_REGISTER)
        add_reg(s, op->reg.value, reads, writes);
    if (op->type != ZYDIS_OPERAND_TYPE_MEMORY)
        return;
    add_reg(s, op->mem.base, true, false);
    add_reg(s, op->mem.index, true, false);
    bool rip = op->mem.base == ZYDIS_REGISTER_RIP, on_frame = op->mem.base == ZYDIS_REGISTER_RSP || op->mem.base == ZYDIS_REGISTER_RBP;
    uint64_t place = mix((uint64_t)op->mem.segment << 8 | op->mem.scale, rip ? 0 : (uint64_t)op->mem.disp.value);
    s->hash = mix(s->hash, mix(place, (rip ? 2 : 0) | (op->mem.index != ZYDIS_REGISTER_NONE)));
    *frame = *frame || on_frame;
    if (!on_frame && op->visibility != ZYDIS_OPERAND_VISIBILITY_HIDDEN)
        s->operation = mix(s->operation, mix(place, op->size));
}

static bool adds_or_compares(ZydisMnemonic m)
{
    return m == ZYDIS_MNEMONIC_ADD || m == ZYDIS_MNEMONIC_SUB || m == ZYDIS_MNEMONIC_INC || m == ZYDIS_MNEMONIC_DEC ||
           m == ZYDIS_MNEMONIC_CMP || m == ZYDIS_MNEMONIC_TEST || m == ZYDIS_MNEMONIC_LEA;
}

bool disasm_shape(const unsigned char *bytes, size_t room, struct insn_shape *shape)
{
    ZydisDecodedInstruction z;
    ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
    bool frame = false, memory = false, immediate = false;
    pthread_once(&decoder_once, decoder_init);
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, room, &z, ops)))
        return false;
    *shape = (struct insn_shape){ .hash = z.mnemonic, .operation = z.mnemonic, .mnemonic = (uint16_t)z.mnemonic };
    for (unsigned i = 0; i < z.operand_count; i++) {
        add_operand(shape, &ops[i], &frame);
        memory = memory || (i < z.operand_count_visible && ops[i].type == ZYDIS_OPERAND_TYPE_MEMORY);
        immediate = immediate || (i < z.operand_count_visible && ops[i].type == ZYDIS_OPERAND_TYPE_IMMEDIATE);
    }
    for (unsigned i = 0; i < 2; i++)
        if (z.raw.imm[i].size && !z.raw.imm[i].is_relative) {
            shape->hash = mix(shape->hash, z.raw.imm[i].value.u);
            shape->operation = mix(shape->operation, z.raw.imm[i].value.u);
        }
    bool moves = z.meta.category == ZYDIS_CATEGORY_DATAXFER && !immediate, saves = z.meta.category == ZYDIS_CATEGORY_PUSH ||
                                                                                   z.meta.category == ZYDIS_CATEGORY_POP;
    bool adjusts = immediate && ops[0].type == ZYDIS_OPERAND_TYPE_REGISTER && ops[0].reg.value == ZYDIS_REGISTER_RSP;
    shape->copies = saves || adjusts || (moves && (!memory || frame));
    shape->counts = adds_or_compares(z.mnemonic) &&
                    (!memory || z.mnemonic == ZYDIS_MNEMONIC_LEA || z.mnemonic == ZYDIS_MNEMONIC_CMP) &&
                    (immediate || z.mnemonic != ZYDIS_MNEMONIC_ADD) && (immediate || z.mnemonic != ZYDIS_MNEMONIC_SUB);
    return true;
}
