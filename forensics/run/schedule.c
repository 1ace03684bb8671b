#include "run/schedule.h"

#include <string.h>

enum { SIDES_MAX = 3, BLOCK_MAX = 6 };

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static int below(uint64_t *state, int n)
{
    return (int)((next(state) >> 32) * (uint64_t)n >> 32);
}

/* The orders of one balanced block. */
struct block {
    unsigned char order[BLOCK_MAX][SIDES_MAX];
    int rounds;
};

static void shuffle_rounds(struct block *block, int from, int count, uint64_t *state)
{
    for (int i = count - 1; i > 0; i--) {
        unsigned char saved[SIDES_MAX];
        int j = below(state, i + 1);
        memcpy(saved, block->order[from + i], sizeof saved);
        memcpy(block->order[from + i], block->order[from + j], sizeof saved);
        memcpy(block->order[from + j], saved, sizeof saved);
    }
}

/* Two sides: AB and BA. Three: the three rotations of one order, then of its mirror image. */
static struct block draw_block(int sides, uint64_t *state)
{
    struct block block = { .rounds = sides == 2 ? 2 : 6 };
    int mirror_first = below(state, 2);
    for (int r = 0; r < block.rounds; r++) {
        bool mirror = sides == 3 && (r / 3 == 1) != mirror_first;
        for (int p = 0; p < sides; p++) {
            int side = (p + r) % sides;
            block.order[r][p] = (unsigned char)(mirror ? sides - 1 - side : side);
        }
    }
    for (int from = 0; from < block.rounds; from += sides)
        shuffle_rounds(&block, from, sides, state);
    return block;
}

static void fill(struct slot **at, int rounds, int sides, bool warmup, uint64_t *state)
{
    struct block block = { .rounds = 0 };
    int used = 0;
    for (int round = 0; round < rounds; round++, used++) {
        if (used == block.rounds) {
            block = draw_block(sides, state);
            used = 0;
        }
        for (int p = 0; p < sides; p++)
            *(*at)++ = (struct slot){ (enum side)block.order[used][p], round, p, warmup };
    }
}

struct schedule schedule_make(struct arena *arena, int rounds, int warmup, bool control, uint64_t seed)
{
    int sides = control ? 3 : 2;
    size_t count = (size_t)warmup * 2 + (size_t)rounds * (size_t)sides;
    struct schedule schedule = { arena_array(arena, count, sizeof *schedule.slots), count };
    struct slot *at = schedule.slots;
    fill(&at, warmup, 2, true, &seed);
    fill(&at, rounds, sides, false, &seed);
    return schedule;
}
