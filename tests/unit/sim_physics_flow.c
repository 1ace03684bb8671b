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

#define IMUL_EAX_EAX(d) insn((d), STREAM_INSN_MUL, "\x0f\xaf\xc0", 3)
#define TEST_EAX(d) insn((d), STREAM_INSN_ALU, "\x85\xc0", 2)
#define MOVE_EAX_1(d) insn((d), STREAM_INSN_MOVE, "\xb8\x01\x00\x00\x00", 5)

/* ---- branches wait for their flags ---- */

/* eax from nothing, `products` multiplications of it, a test of eax (or of another register), a jump over a no-op. */
static double branch_after(unsigned products, bool tested, bool random)
{
    struct program p = program_on("zen3", 0);
    struct draft head = draft_at(0x400000), back = draft_at(0);
    MOVE_EAX_1(&head);
    for (unsigned i = 0; i < products; i++)
        IMUL_EAX_EAX(&head);
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
    double late = branch_after(10, true, true), early = branch_after(10, false, true);
    is_near(late - early, 15, 2, "half of all random branches wait for the thirty cycles of what they test");
    is_near(branch_after(10, true, false), branch_after(10, false, false), 0.1,
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
    ok(divide_and_store("zen3", LOADED, true) < 4, "a load before the division passes the store");
    ok(divide_and_store("zen3", IN_REGISTER, true) < 4, "a division by a register has nothing to wait for");
    ok(divide_and_store("zen3", IN_MEMORY, false) < waits / 3, "nor is there a wait for an address known early");
    ok(divide_and_store("skylake-sp", IN_MEMORY, true) < waits / 3, "and none where the processor's row says so");
}

int main(void)
{
    test_resolution();
    test_flags();
    test_microcode();
    return done_testing();
}
