/* An event loop over a table of 112 handlers. SCATTER puts each one's error path, which never runs, behind it. */
#include "common.h"

struct machine {
    uint64_t state, errors;
    uint32_t slot[64];
};

#define HANDLER(k)                                                      \
    static NOINLINE void handle##k(struct machine *m, uint32_t event)   \
    {                                                                   \
        m->slot[(event + 0x##k) & 63] += event;                         \
        m->state = (m->state << 5 | m->state >> 59) ^ m->slot[0x##k & 63]; \
        m->state += 2 * 0x##k + 1;                                      \
    }
#define ERRORS(k)                                                       \
    void errors##k(void);                                               \
    __attribute__((naked)) void errors##k(void) { __asm__(".skip 4064, 0xcc\n\tret"); }
#define ENTRY(k) handle##k,

#define EACH16(M, h) M(h##0) M(h##1) M(h##2) M(h##3) M(h##4) M(h##5) M(h##6) M(h##7) M(h##8) M(h##9) M(h##a) M(h##b) M(h##c) M(h##d) M(h##e) M(h##f)
#define EACH(M) EACH16(M, 0) EACH16(M, 1) EACH16(M, 2) EACH16(M, 3) EACH16(M, 4) EACH16(M, 5) EACH16(M, 6)

#ifdef SCATTER
#define BOTH(k) HANDLER(k) ERRORS(k)
EACH(BOTH)
#else
EACH(HANDLER)
EACH(ERRORS)
#endif

static void (*const table[112])(struct machine *, uint32_t) = { EACH(ENTRY) };

int main(int argc, char **argv)
{
    static struct machine m;
    static unsigned char events[448];
    for (int i = 0; i < 448; i++)
        events[i] = (unsigned char)(rnd() % 112);
    for (unsigned long n = repeats(argc, argv, 500); n; n--)
        for (int i = 0; i < 448; i++)
            table[events[i]](&m, events[i]);
    printf("%lu %u\n", m.state, m.slot[5]);
    return 0;
}
