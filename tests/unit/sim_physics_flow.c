/* Physics of the data flow: what waits for what, each with its null twin. */
#include "sim_program.h"
#include "tap.h"

enum { ROUNDS = 20000 };

static struct cost cost_of(struct program *p)
{
    struct cost cost;
    model_total(p->model, &cost);
    program_free(p);
    return cost;
}

static bool at_random(unsigned i)
{
    uint64_t x = (i + 1) * 0x9e3779b97f4a7c15ull;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    return (x ^ x >> 27) >> 40 & 1;
}

#define ADD_EAX_EAX(d) insn((d), STREAM_INSN_ALU, "\x01\xc0", 2)
#define TEST_EAX(d) insn((d), STREAM_INSN_ALU, "\x85\xc0", 2)
#define MOVE_EAX_1(d) insn((d), STREAM_INSN_MOVE, "\xb8\x01\x00\x00\x00", 5)

/* ---- branches wait for their flags ---- */

/* eax from nothing, `sums` additions of it to itself, a test of eax (or of another register), a jump over a no-op. */
static double branch_after(unsigned sums, bool tested, bool random)
{
    struct program p = program_on("zen3", 0);
    struct draft head = draft_at(0x400000), back = draft_at(0);
    MOVE_EAX_1(&head);
    for (unsigned i = 0; i < sums; i++)
        ADD_EAX_EAX(&head);
    if (tested)
        TEST_EAX(&head);
    else
        TEST_ESI(&head);
    JNE(&head);
    back.address = head.address + head.bytes;
    uint32_t h = describe(&p, &head, STREAM_COND, back.address);
    JMP(&back);
    uint32_t b = describe(&p, &back, STREAM_JUMP, head.address);
    for (unsigned i = 0; i < ROUNDS; i++) {
        run(&p, h, random && at_random(i), NULL, 0, 0);
        run(&p, b, 0, NULL, 0, 0);
    }
    struct cost cost = cost_of(&p);
    return cost_cycles(&cost) / ROUNDS;
}

static void test_resolution(void)
{
    double late = branch_after(30, true, true), early = branch_after(30, false, true);
    is_near(late - early, 12.5, 2,
            "half of all random branches wait for what they test: thirty cycles but the five of its dispatch");
    is_near(branch_after(30, true, false), branch_after(30, false, false), 0.1,
            "predicted ones wait for nothing, whatever they test");
}

/* `pairs` times: compare eax, then eax from the flag (waits = true) or from another register. */
static double flag_chain(bool waits)
{
    struct program p = program_on("zen3", 0);
    struct draft d = draft_at(0x400000);
    for (int i = 0; i < 8; i++) {
        TEST_EAX(&d);
        if (waits)
            insn(&d, STREAM_INSN_ALU, "\x0f\x94\xc0", 3); /* sete al */
        else
            insn(&d, STREAM_INSN_MOVE, "\x0f\xb6\xc3", 3); /* movzbl bl, eax */
    }
    JMP(&d);
    uint32_t id = describe(&p, &d, STREAM_JUMP, d.address);
    for (unsigned i = 0; i < ROUNDS; i++)
        run(&p, id, 0, NULL, 0, 0);
    struct cost cost = cost_of(&p);
    return cost_cycles(&cost) / ROUNDS;
}

static void test_flags(void)
{
    is_near(flag_chain(true), 16, 0.5, "a value that goes through the flags eight times takes sixteen cycles");
    ok(flag_chain(false) < 8, "one that does not takes what its width does");
}

/* ---- microcoded loads ---- */

enum divisor { IN_MEMORY, LOADED, IN_REGISTER };

/* edx = remainder of a division; its product with itself, five times, is the address of a store (or is not). */
static double divide_and_store(const char *profile, enum divisor divisor, bool late)
{
    static const uint64_t slots[2] = { 0x10000000, 0x10001040 };
    struct program p = program_on(profile, 0);
    struct draft d = draft_at(0x400000);
    MOVE_EAX_1(&d);
    insn(&d, STREAM_INSN_ALU, "\x31\xd2", 2); /* xor edx,edx */
    if (divisor == LOADED)
        LOAD_RCX_RDI(&d);
    insn(&d, STREAM_INSN_DIV, divisor == IN_MEMORY ? "\xf7\x37" : "\xf7\xf1", 2); /* div (rdi), div ecx */
    if (divisor == IN_MEMORY)
        refers(&d, STREAM_FROM_RDI, 0, 4, STREAM_REF_LOAD);
    for (int i = 0; i < 5; i++)
        insn(&d, STREAM_INSN_MUL, "\x0f\xaf\xd2", 3); /* imul edx,edx */
    insn(&d, STREAM_INSN_MOVE, late ? "\x89\x1c\x16" : "\x89\x1c\x1e", 3); /* mov ebx, (rsi,rdx) or (rsi,rbx) */
    refers(&d, STREAM_FROM_RSI, 0, 4, STREAM_REF_STORE);
    JMP(&d);
    uint32_t id = describe(&p, &d, STREAM_JUMP, d.address);
    for (unsigned i = 0; i < ROUNDS; i++)
        run(&p, id, 0, slots + (divisor == IN_REGISTER), d.n_slots, 0);
    struct cost cost = cost_of(&p);
    return cost_cycles(&cost) / ROUNDS;
}

static void test_microcode(void)
{
    double waits = divide_and_store("zen3", IN_MEMORY, true);
    is_near(waits, 4 + 12 + 15 + 5, 1, "a division by memory behind a late store address waits for it, each time");
    is_near(divide_and_store("zen3", LOADED, true), 6, 0.5,
            "a load before the division passes the store: only the divider takes time");
    is_near(divide_and_store("zen3", IN_REGISTER, true), 6, 0.5, "a division by a register has nothing else to wait for");
    ok(divide_and_store("zen3", IN_MEMORY, false) < waits / 3, "nor is there a wait for an address known early");
    ok(divide_and_store("skylake-sp", IN_MEMORY, true) < waits / 3, "and none where the processor's row says so");
}

/* ---- units of which there is one ---- */

/* One instruction eight times over, in a loop; cycles of each. */
static double eight_times(const char *profile, enum stream_insn_kind kind, const char *code, uint8_t length)
{
    struct program p = program_on(profile, 0);
    struct draft d = draft_at(0x400000);
    for (int i = 0; i < 8; i++)
        insn(&d, kind, code, length);
    JMP(&d);
    uint32_t id = describe(&p, &d, STREAM_JUMP, d.address);
    for (unsigned i = 0; i < ROUNDS; i++)
        run(&p, id, 0, NULL, 0, 0);
    struct cost cost = cost_of(&p);
    return cost_cycles(&cost) / ROUNDS / 8;
}

#define EIGHT(profile, kind, code) eight_times(profile, STREAM_INSN_##kind, code, sizeof(code) - 1)

static void test_units(void)
{
    is_near(EIGHT("zen3", MUL, "\x6b\xc7\x05"), 1, 0.02, "independent products take the multiplier a cycle each");
    is_near(EIGHT("zen3", ALU, "\x8d\x47\x05"), 2.25 / 8, 0.02, "independent sums do not");
    is_near(EIGHT("zen3", MUL, "\x0f\xaf\xc0"), 3, 0.05, "a chain of products takes its latency and no more");
    is_near(EIGHT("zen3", FPDIV, "\xc5\xf3\x5e\xc2"), 5, 0.1,
            "independent floating-point quotients take the divider five cycles each");
    is_near(EIGHT("skylake-sp", FPDIV, "\xc5\xf3\x5e\xc2"), 4, 0.1, "and four on another processor");
    is_near(EIGHT("zen3", FP, "\xc5\xf3\x59\xc2"), 2.25 / 8, 0.02, "independent floating-point products take no such time");
}

/* ---- parts of registers ---- */

/* Eight loads into cl (or, zero-extended, into ecx), none of which needs rcx for its address. */
static double loads_of_bytes(bool whole)
{
    static const uint64_t slots[8] = { 0x10000000, 0x10000000, 0x10000000, 0x10000000,
                                       0x10000000, 0x10000000, 0x10000000, 0x10000000 };
    struct program p = program_on("zen3", 0);
    struct draft d = draft_at(0x400000);
    for (int i = 0; i < 8; i++) {
        insn(&d, STREAM_INSN_MOVE, whole ? "\x0f\xb6\x0f" : "\x8a\x0f", whole ? 3 : 2);
        refers(&d, STREAM_FROM_RDI, 0, 1, STREAM_REF_LOAD);
    }
    JMP(&d);
    uint32_t id = describe(&p, &d, STREAM_JUMP, d.address);
    for (unsigned i = 0; i < ROUNDS; i++)
        run(&p, id, 0, slots, d.n_slots, 0);
    struct cost cost = cost_of(&p);
    return cost_cycles(&cost) / ROUNDS / 8;
}

static void test_parts(void)
{
    is_near(loads_of_bytes(false), 1, 0.02, "a byte loaded into part of a register waits for the rest of it");
    is_near(loads_of_bytes(true), 1.0 / 3, 0.1, "one that is extended to all of it does not");
}

int main(void)
{
    test_resolution();
    test_flags();
    test_microcode();
    test_units();
    test_parts();
    return done_testing();
}
