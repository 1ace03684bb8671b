/* A stand-in for bench_random_mixed whose behaviour is its file name, for tests of the boxes: the environment they
 * give a program is clean, so nothing else could steer it. Its figures are a function of its knobs alone. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static int knob(const char *name)
{
    const char *value = getenv(name);
    return value ? atoi(value) : -1;
}

int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
    if (strcmp(name, "crash") == 0)
        raise(SIGSEGV);
    if (strcmp(name, "hang") == 0)
        pause();
    if (strcmp(name, "fail") == 0)
        return fprintf(stderr, "fake: no luck today\n"), 3;
    if (strcmp(name, "silent") == 0)
        return 0;
    if (strcmp(name, "complain") == 0)
        fprintf(stderr, "hakmem: HAKMEM_WARM_POOL_SIZE=%d is out of range 1..64, using the default 16\n",
                knob("HAKMEM_WARM_POOL_SIZE"));
    for (char **e = environ; strcmp(name, "env") == 0 && *e; e++)
        printf("%s\n", *e);
    for (int i = 1; strcmp(name, "env") == 0 && i < argc; i++)
        printf("arg %s\n", argv[i]);
    if (strcmp(name, "liar") == 0)
        printf("Checksum = 0123456789abcdef\n");
    int ops = 1000000 + 20000 * knob("HAKMEM_TINY_C5_INLINE_SLOTS") + 30000 * knob("HAKMEM_TINY_C6_INLINE_SLOTS");
    printf("Throughput = %d ops/s [iter=1 ws=1] time=0.500s\n", ops);
    fprintf(stderr, "Peak RSS = 1234 KiB, CPU time = 0.250000 s\n");
    return 0;
}
