/* Threads, thread exit, fork, signals, early and late calls. Runs over every build, like contract.c. */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

/* ---- before main ---- */

static void *early;
__attribute__((constructor)) static void before_main(void)
{
    early = malloc(100);
    memset(early, 1, 100);
}

static size_t resident(void)
{
    size_t pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%*u %zu", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    return pages * 4096;
}

static void run(void *(*body)(void *), void *arg, int n)
{
    pthread_t thread[64];
    for (int i = 0; i < n; i++)
        if (pthread_create(&thread[i], NULL, body, arg))
            abort();
    for (int i = 0; i < n; i++)
        pthread_join(thread[i], NULL);
}

/* ---- blocks that outlive their thread ---- */

enum { LEGACY = 64 };
static void *legacy[LEGACY];

static void *leave_blocks(void *arg)
{
    (void)arg;
    for (int i = 0; i < LEGACY; i++) {
        free(legacy[i]); /* of the thread before */
        legacy[i] = malloc((size_t)(16 + i * 40));
        memset(legacy[i], i, (size_t)(16 + i * 40));
    }
    void *own[50];
    for (int i = 0; i < 50; i++)
        own[i] = malloc(1000);
    for (int i = 0; i < 50; i++)
        free(own[i]);
    return NULL;
}

static void churn(void)
{
    for (int i = 0; i < 500; i++)
        run(leave_blocks, NULL, 1);
    size_t before = resident();
    for (int i = 0; i < 3500; i++)
        run(leave_blocks, NULL, 1);
    size_t after = resident();
    /* What may come meanwhile: eight dead threads' lists of 256 KiB, and the system making a huge page of small ones. A
     * leak of 1.2 KiB a thread is more. */
    ok(after < before + ((size_t)4 << 20), "4000 threads whose blocks outlive them: resident memory stays flat");
    diag("resident %zu KiB after 500 threads, %zu KiB after 4000", before / 1024, after / 1024);
    bool whole = true;
    for (int i = 0; i < LEGACY; i++) {
        whole = whole && ((unsigned char *)legacy[i])[15] == i;
        free(legacy[i]);
        legacy[i] = NULL;
    }
    ok(whole, "a dead thread's blocks keep their contents");
}

/* ---- producer and consumer ---- */

static _Atomic(void *) slots[256];

static void *exchange(void *arg)
{
    unsigned seed = (unsigned)(uintptr_t)&seed;
    size_t *bad = arg;
    for (int i = 0; i < 40000; i++) {
        seed = seed * 1664525 + 1013904223;
        size_t n = 16 + (seed >> 16) % 600;
        unsigned char *p = malloc(n);
        *(size_t *)(void *)p = n;
        memset(p + 8, (int)(n & 255), n - 8);
        p = atomic_exchange(&slots[seed >> 24], p);
        if (!p)
            continue;
        n = *(size_t *)(void *)p;
        for (size_t k = 8; k < n; k++)
            if (p[k] != (n & 255)) {
                __atomic_fetch_add(bad, 1, __ATOMIC_RELAXED);
                break;
            }
        free(p);
    }
    return NULL;
}

static void exchange_test(void)
{
    size_t bad = 0;
    run(exchange, &bad, 4);
    for (int i = 0; i < 256; i++)
        free(atomic_exchange(&slots[i], NULL));
    ok(!bad, "blocks freed by other threads are whole until then");
}

static void *consume(void *arg)
{
    void **list = arg;
    for (int i = 0; i < 100000; i++)
        free(list[i]);
    return NULL;
}

static void one_way(void)
{
    static void *list[100000];
    size_t first = 0;
    for (int round = 0; round < 12; round++) {
        for (int i = 0; i < 100000; i++)
            list[i] = malloc(200);
        run(consume, list, 1);
        if (round == 1)
            first = resident();
    }
    ok(resident() < first + ((size_t)8 << 20), "what a consumer frees comes back to the producer");
    diag("resident %zu KiB after round 2, %zu KiB after round 12", first / 1024, resident() / 1024);
}

/* ---- many at once ---- */

static atomic_int alive;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void *wait_and_free(void *arg)
{
    void *p = malloc(333);
    atomic_fetch_add(&alive, 1);
    pthread_mutex_lock(&gate); /* the last of them opens it */
    pthread_mutex_unlock(&gate);
    free(p);
    (void)arg;
    return NULL;
}

static void many(void)
{
    enum { N = 1200 };
    static pthread_t thread[N];
    pthread_attr_t attr;
    int made = 0;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 65536);
    pthread_mutex_lock(&gate);
    while (made < N && pthread_create(&thread[made], &attr, wait_and_free, NULL) == 0)
        made++;
    while (atomic_load(&alive) < made)
        usleep(5000);
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < made; i++)
        pthread_join(thread[i], NULL);
    ok(made == N, "1200 threads at once have a heap each");
}

/* ---- destructors ---- */

static pthread_key_t key;
static atomic_int destructor_runs;

static void rearm(void *arg)
{
    intptr_t round = (intptr_t)arg;
    void *p = malloc(500), *q = malloc(50000);
    memset(p, 1, 500);
    memset(q, 1, 50000);
    free(p);
    free(q);
    atomic_fetch_add(&destructor_runs, 1);
    if (round < 6)
        pthread_setspecific(key, (void *)(round + 1));
}

static void *with_destructor(void *arg)
{
    (void)arg;
    free(malloc(10));
    pthread_setspecific(key, (void *)1);
    return NULL;
}

static void destructors(void)
{
    pthread_key_create(&key, rearm);
    run(with_destructor, NULL, 8);
    size_t before = resident();
    for (int i = 0; i < 300; i++)
        run(with_destructor, NULL, 1);
    ok(atomic_load(&destructor_runs) >= 308 * 4, "destructors that re-arm for four rounds can allocate in all of them");
    ok(resident() < before + ((size_t)2 << 20), "and lose no memory");
}

/* ---- fork ---- */

static atomic_bool stop;

static void *hammer(void *arg)
{
    void *p[32] = {0};
    unsigned seed = (unsigned)(uintptr_t)&seed;
    (void)arg;
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        seed = seed * 1664525 + 1013904223;
        unsigned k = seed >> 27;
        free(p[k]);
        p[k] = malloc(seed >> 16 & 4095 ? (seed >> 16 & 4095) : 300000);
    }
    for (int i = 0; i < 32; i++)
        free(p[i]);
    return NULL;
}

static void child(void)
{
    alarm(20); /* a child that hangs dies of it, and the parent sees that */
    void *p[200];
    for (int i = 0; i < 200; i++) {
        p[i] = malloc((size_t)(i * 37 % 3000 + 1));
        memset(p[i], i, (size_t)(i * 37 % 3000 + 1));
    }
    for (int i = 0; i < 200; i++)
        free(p[i]);
    free(malloc(1 << 20));
    free(malloc(10 << 20));
    pthread_t t;
    atomic_store(&stop, true);
    if (pthread_create(&t, NULL, hammer, NULL) || pthread_join(t, NULL))
        _exit(1);
    _exit(0);
}

static void forks(void)
{
    pthread_t thread[3];
    int failed = 0;
    for (int i = 0; i < 3; i++)
        if (pthread_create(&thread[i], NULL, hammer, NULL))
            abort();
    for (int i = 0; i < 150; i++) {
        pid_t pid = fork();
        if (pid == 0)
            child();
        int status = 0;
        waitpid(pid, &status, 0);
        failed += status != 0;
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
    ok(!failed, "150 forks of a process whose threads hammer malloc: every child allocates, and starts a thread");
}

static volatile sig_atomic_t handler_forks, handler_failures;

static void fork_here(int sig)
{
    (void)sig;
    int status = -1;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    handler_failures += waitpid(pid, &status, 0) != pid || status != 0;
    handler_forks++;
}

/* POSIX lets a handler fork; in a process without threads the C library's malloc allows that anywhere. */
static void forks_in_handlers(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct itimerval often = { .it_interval.tv_usec = 1000, .it_value.tv_usec = 1000 };
        struct sigaction act = { .sa_handler = fork_here, .sa_flags = SA_RESTART };
        alarm(60); /* a hang ends here */
        sigaction(SIGPROF, &act, NULL);
        setitimer(ITIMER_PROF, &often, NULL);
        for (size_t n = 0; handler_forks < 100; n++) /* runs and large blocks: under the common lock */
            free(realloc(malloc(300000 + n % 1000000), 1500000 + n % 3000000));
        _exit(handler_failures != 0);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    ok(status == 0, "a signal handler that interrupts malloc may fork, in a process without threads");
}

static void vforks(void)
{
    void *p = malloc(77);
    pid_t pid = vfork();
    if (pid == 0) {
        execl("/bin/true", "true", (char *)NULL);
        _exit(127);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    free(p);
    ok(status == 0, "vfork and exec work");
}

/* ---- signals ---- */

static sigjmp_buf escape;
static volatile sig_atomic_t jumps;

static void on_alarm(int sig)
{
    (void)sig;
    jumps++;
    siglongjmp(escape, 1);
}

/* Leaving malloc by longjmp is undefined, and may lose the block in hand; it must not hang what follows. */
static void signals(void)
{
    void *one = malloc(1);
    bool checking = malloc_usable_size(one) == 1;
    free(one);
    if (checking) {
        skip("a signal handler leaves malloc by longjmp", "the checking build takes a lock in every free");
        return;
    }
    struct sigaction sa = {.sa_handler = on_alarm};
    sigaction(SIGVTALRM, &sa, NULL);
    struct itimerval tick = {.it_interval.tv_usec = 500, .it_value.tv_usec = 500}, off = {0};
    volatile int rounds = 0;
    alarm(30);
    setitimer(ITIMER_VIRTUAL, &tick, NULL);
    sigsetjmp(escape, 1);
    while (rounds < 200000 && jumps < 100) {
        free(malloc((size_t)rounds % 2000));
        rounds = rounds + 1;
    }
    setitimer(ITIMER_VIRTUAL, &off, NULL);
    alarm(0);
    free(malloc(100));
    ok(true, "a signal handler that leaves malloc by longjmp does not hang the process");
}

/* ---- shared objects ---- */

#ifdef STATIC_PROGRAM
static void shared_objects(void)
{
    skip("dlopen, dlsym and dlclose with blocks held", "a static program");
}
#else
static void shared_objects(void)
{
    size_t before = 0;
    bool loaded = true;
    for (int i = 0; i < 30 && loaded; i++) {
        void *lib = dlopen("libm.so.6", RTLD_NOW);
        void *p = malloc(1000);
        loaded = lib && dlsym(lib, "cos");
        free(p);
        if (lib)
            dlclose(lib);
        if (i == 5)
            before = resident();
    }
    ok(loaded && resident() < before + ((size_t)1 << 20), "dlopen, dlsym and dlclose with blocks held");
}
#endif

static void at_exit(void)
{
    free(malloc(100));
    free(early);
}

int main(void)
{
    ok(early && ((char *)early)[99] == 1, "a constructor may allocate");
    atexit(at_exit);
    forks_in_handlers(); /* while there is one thread */
    signals();
    exchange_test();
    one_way();
    churn();
    destructors();
    many();
    forks();
    vforks();
    shared_objects();
    return done_testing();
}
