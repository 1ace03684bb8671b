/* Builds sessions by hand for the tests of the statistics and of the judge. */
#ifndef TESTS_UNIT_STAT_SESSION_H
#define TESTS_UNIT_STAT_SESSION_H

#include "base/arena.h"
#include "core/sample.h"

/* The run of a side in a round, made on first use. */
__attribute__((unused)) static struct run *run_at(struct arena *arena, struct session *session, enum side side,
                                                  int round)
{
    for (size_t i = 0; i < session->count; i++)
        if (session->runs[i].side == side && session->runs[i].round == round)
            return &session->runs[i];
    struct run *run = ARENA_PUSH(arena, session->runs, session->count, session->room);
    run->side = side;
    run->round = round;
    return run;
}

__attribute__((unused)) static void put(struct arena *arena, struct session *session, enum side side, int round,
                                        enum metric metric, enum source source, double value)
{
    run_at(arena, session, side, round)->readings[metric] =
        (struct reading){ .state = READING_READ, .source = source, .value = value };
}

#endif
