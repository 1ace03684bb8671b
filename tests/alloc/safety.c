/* Misuse is found and named. Each row runs in a child, which must die by abort with the right sentence. */
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Wuse-after-free"
#pragma GCC diagnostic ignored "-Wfree-nonheap-object"

extern void free_sized(void *p, size_t size) __attribute__((weak));

static void *volatile sink;
static void *keep(void *p)
{
    sink = p;
    return sink;
}
static void release(void *p)
{
    free(keep(p));
}

/* Enough frees of the size to send everything back to its slab. */
static void flush(size_t n)
{
    static void *p[5000];
    for (int i = 0; i < 5000; i++)
        p[i] = keep(malloc(n));
    for (int i = 0; i < 5000; i++)
        release(p[i]);
}

static void twice_small(void)
{
    char *p = keep(malloc(100));
    release(p);
    release(p);
    flush(100);
}
static void twice_apart(void)
{
    char *p = keep(malloc(100)), *q = keep(malloc(100));
    release(p);
    release(q);
    release(p);
    flush(100);
}
static void twice_late(void)
{
    char *p = keep(malloc(100));
    release(p);
    flush(100);
    release(p);
    flush(100);
}
static void twice_run(void)
{
    char *p = keep(malloc(100000));
    release(p);
    release(p);
}
static void twice_huge(void)
{
    char *p = keep(malloc(5000000));
    release(p);
    release(p);
}
static void interior_small(void)
{
    char *p = keep(malloc(200));
    release(p + 16);
    flush(200);
}
static void interior_run(void)
{
    char *p = keep(malloc(300000));
    release(p + 65536);
}
static void interior_huge(void)
{
    char *p = keep(malloc(5000000));
    release(p + 65536);
}
static void of_stack(void)
{
    char here[64];
    release(here + 16);
}
static void of_static(void)
{
    static char here[64];
    release(here + 16);
}
static void of_nonsense(void)
{
    release((void *)(uintptr_t)0x1234567890);
}
static void of_kernel(void)
{
    release((void *)(uintptr_t)0xffffffffff600000);
}
static void realloc_nonsense(void)
{
    static char here[64];
    sink = realloc(keep(here), 1000);
}
static void list_damaged(void)
{
    char *p = keep(malloc(100)), *q = keep(malloc(100));
    release(q);
    release(p);
    *(uintptr_t *)keep(p) = 0x4141414141414141;
    flush(100);
}
static void overflow(void)
{
    char *p = keep(malloc(100));
    p[100] = 1;
    release(p);
}
static void write_after_free(void)
{
    char *p = keep(malloc(100));
    release(p);
    p[50] = 1;
    flush(100000);
    flush(1000);
}
static void wrong_size(void)
{
    free_sized(keep(malloc(100)), 90);
}

static const struct row {
    int line;
    void (*misuse)(void);
    const char *what;
    const char *says; /* part of what stderr must say */
    bool checking;    /* only the checking build promises it */
} rows[] = {
    {__LINE__, twice_small, "a double free of a small block", "double free", true},
    {__LINE__, twice_apart, "a double free with another free between", "double free", true},
    {__LINE__, twice_late, "a double free long after the first", "double free", false},
    {__LINE__, twice_run, "a double free of a large block", "double free", false},
    {__LINE__, twice_huge, "a double free of a huge block", "free of", false},
    {__LINE__, interior_small, "a free of an interior pointer", "malloc did not return", false},
    {__LINE__, interior_run, "a free into a large block", "malloc did not return", false},
    {__LINE__, interior_huge, "a free into a huge block", "malloc did not return", false},
    {__LINE__, of_stack, "a free of a stack address", "malloc did not return", false},
    {__LINE__, of_static, "a free of a static object", "malloc did not return", false},
    {__LINE__, of_nonsense, "a free of an address where nothing is", "malloc did not return", false},
    {__LINE__, of_kernel, "a free of an address that cannot be", "malloc did not return", false},
    {__LINE__, realloc_nonsense, "a realloc of a static object", "malloc did not return", false},
    {__LINE__, list_damaged, "a free block that was overwritten", "after free", true},
    {__LINE__, overflow, "a write past the end", "overflow", true},
    {__LINE__, write_after_free, "a write after free", "after free", true},
    {__LINE__, wrong_size, "a sized free with the wrong size", "another size", true},
};

static void run(const struct row *r)
{
    char text[1000] = "";
    int fd[2], status = 0;
    fflush(stdout);
    if (pipe(fd))
        abort();
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit none = {0};
        setrlimit(RLIMIT_CORE, &none);
        dup2(fd[1], 2);
        alarm(20);
        r->misuse();
        exit(0);
    }
    close(fd[1]);
    size_t n = 0;
    for (ssize_t got; (got = read(fd[0], text + n, sizeof text - 1 - n)) > 0; n += (size_t)got)
        ;
    close(fd[0]);
    waitpid(pid, &status, 0);
    bool named = strstr(text, r->says) != NULL || (!r->checking && strstr(text, "broken") != NULL);
    if (!ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && named, "%s is named and aborts", r->what))
        diag("line %d: status %d, stderr: %s", r->line, status, text);
}

int main(void)
{
    void *one = malloc(1);
    bool checking = malloc_usable_size(one) == 1;
    free(one);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (checking || !rows[i].checking)
            run(&rows[i]);
    return done_testing();
}
