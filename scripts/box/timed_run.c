/* timed_run PROGRAM ARG...: runs it on one core, its output thrown away, and prints its processor time in seconds and how
 * busy the core's SMT sibling was: the cycles that a taken jump takes before or after the run, whichever is more. A jump takes
 * as long as the front end lets it, and the sibling takes every other turn of that.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

enum { JUMPS = 200, LINE = 64, ADDITIONS = 1000, TRIES = 6, ROUNDS = 5 };

/* A row of jumps, each on a line of its own, and a return. NULL where code cannot be made. */
static void *row_of_jumps(void)
{
    static const int32_t distance = LINE - 5;
    unsigned char *code = mmap(NULL, (JUMPS + 1) * LINE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED)
        return NULL;
    for (int i = 0; i < JUMPS; i++) {
        code[i * LINE] = 0xe9;
        memcpy(code + i * LINE + 1, &distance, sizeof distance);
    }
    code[JUMPS * LINE] = 0xc3;
    return code;
}

/* Ticks that additions which wait for one another take: a cycle each, whatever the clock speed. */
static uint64_t ticks_of_additions(void)
{
    unsigned core;
    uint64_t begin = __rdtscp(&core), x = 0;
    for (int i = 0; i < ADDITIONS / 10; i++)
        __asm__ volatile("add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n"
                         "add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0\n add $1, %0" : "+r"(x));
    return __rdtscp(&core) - begin;
}

/* Cycles a jump, the best of a few tries. */
static double cycles_a_jump(void (*row)(void))
{
    double best = 1e9;
    for (int i = 0; i < TRIES; i++) {
        unsigned core;
        uint64_t cycles = ticks_of_additions(), begin = __rdtscp(&core);
        for (int k = 0; k < ROUNDS; k++)
            row();
        double each = (double)(__rdtscp(&core) - begin) / (double)cycles * ADDITIONS / (ROUNDS * JUMPS);
        best = each < best ? each : best;
    }
    return best;
}

/* Only the return in the parent. */
static int run(char **argv, struct rusage *usage)
{
    int status = -1, null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    pid_t child = null < 0 ? -1 : fork();
    if (child == 0) {
        dup2(null, 1);
        dup2(null, 2);
        execv(argv[0], argv);
        _exit(127);
    }
    if (child > 0 && wait4(child, &status, 0, usage) != child)
        status = -1;
    return status;
}

static double seconds(const struct timeval *time)
{
    return (double)time->tv_sec + 1e-6 * (double)time->tv_usec;
}

int main(int argc, char **argv)
{
    cpu_set_t here;
    struct rusage usage;
    void *code = row_of_jumps();
    if (argc < 2 || !code)
        return 2;
    CPU_ZERO(&here);
    CPU_SET(sched_getcpu(), &here);
    sched_setaffinity(0, sizeof here, &here);
    void (*row)(void);
    memcpy(&row, &code, sizeof row);
    double before = cycles_a_jump(row);
    if (run(argv + 1, &usage) != 0)
        return 1;
    double after = cycles_a_jump(row);
    printf("%.6f %.3f\n", seconds(&usage.ru_utime) + seconds(&usage.ru_stime), before > after ? before : after);
    return 0;
}
