#include "run/schedule.h"
#include "tap.h"

/* How often each side stands at each position in the counting rounds before `rounds`. */
static int imbalance(const struct schedule *s, int rounds, int sides)
{
    int at[3][3] = { { 0 } }, low = 1 << 30, high = 0;
    for (size_t i = 0; i < s->count; i++)
        if (!s->slots[i].warmup && s->slots[i].round < rounds)
            at[s->slots[i].side][s->slots[i].position]++;
    for (int side = 0; side < sides; side++)
        for (int p = 0; p < sides; p++) {
            low = at[side][p] < low ? at[side][p] : low;
            high = at[side][p] > high ? at[side][p] : high;
        }
    return high - low;
}

/* Rounds in which old runs before new, minus rounds in which new does. */
static int old_first(const struct schedule *s)
{
    int position[2] = { 0, 0 }, balance = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (s->slots[i].warmup)
            continue;
        if (s->slots[i].side != SIDE_CONTROL)
            position[s->slots[i].side] = s->slots[i].position;
        bool last = i + 1 == s->count || s->slots[i + 1].round != s->slots[i].round;
        if (last)
            balance += position[SIDE_OLD] < position[SIDE_NEW] ? 1 : -1;
    }
    return balance;
}

static bool every_side_once(const struct schedule *s, int rounds, int sides)
{
    int seen[64][3] = { { 0 } };
    for (size_t i = 0; i < s->count; i++)
        if (!s->slots[i].warmup)
            seen[s->slots[i].round][s->slots[i].side]++;
    for (int r = 0; r < rounds; r++)
        for (int side = 0; side < sides; side++)
            if (seen[r][side] != 1)
                return false;
    return true;
}

static void check_balance(struct arena *arena, bool control)
{
    int sides = control ? 3 : 2;
    bool once = true, even = true, nearly = true, pairs = true;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct schedule s = schedule_make(arena, 30, 0, control, seed);
        once = once && every_side_once(&s, 30, sides);
        pairs = pairs && old_first(&s) == 0;
        for (int rounds = 1; rounds <= 30; rounds++) {
            even = even && (rounds % sides != 0 || imbalance(&s, rounds, sides) == 0);
            nearly = nearly && imbalance(&s, rounds, sides) <= 1;
        }
    }
    ok(once, "%d sides: every round runs every side once", sides);
    ok(even, "%d sides: positions are equal after every %d rounds, for 200 seeds", sides, sides);
    ok(nearly, "%d sides: and never differ by more than one", sides);
    ok(pairs, "%d sides: old comes before new in half of the rounds", sides);
}

static void check_seeds(struct arena *arena)
{
    struct schedule a = schedule_make(arena, 12, 2, true, 7), b = schedule_make(arena, 12, 2, true, 7);
    bool same = a.count == b.count, differs = false;
    int first[3] = { 0 };
    for (size_t i = 0; same && i < a.count; i++)
        same = a.slots[i].side == b.slots[i].side;
    ok(same && a.count == 2 * 2 + 12 * 3, "the same seed gives the same order");
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct schedule c = schedule_make(arena, 12, 2, true, seed);
        for (size_t i = 0; i < a.count; i++)
            differs = differs || a.slots[i].side != c.slots[i].side;
        first[c.slots[4].side]++;
    }
    ok(differs, "another seed gives another order");
    ok(first[0] > 60 && first[1] > 60 && first[2] > 60,
       "each side opens about a third of the sessions (%d %d %d of 300)", first[0], first[1], first[2]);
}

static void check_warmup(struct arena *arena)
{
    struct schedule s = schedule_make(arena, 1, 2, true, 3);
    int warm[3] = { 0 };
    bool leading = true;
    for (size_t i = 0; i < s.count; i++) {
        warm[s.slots[i].side] += s.slots[i].warmup;
        leading = leading && s.slots[i].warmup == (i < 4);
    }
    ok(warm[0] == 2 && warm[1] == 2 && warm[2] == 0 && leading, "warm-up comes first and is for old and new");
    s = schedule_make(arena, 0, 0, true, 3);
    ok(s.count == 0, "no rounds, no slots");
}

int main(void)
{
    struct arena *arena = arena_new();
    check_balance(arena, false);
    check_balance(arena, true);
    check_seeds(arena);
    check_warmup(arena);
    arena_free(arena);
    return done_testing();
}
