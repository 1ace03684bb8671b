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

int main(void)
{
    test_resolution();
    test_flags();
    return done_testing();
}
