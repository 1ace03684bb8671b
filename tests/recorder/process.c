/* What a process can do, with its results printed, so that a recorded run can be held against a native one. argv[1]
 * says what. Nothing printed depends on the clock, an address or a process id. */
#include <dlfcn.h>
#include <errno.h>
#include <fenv.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

extern char **environ;

/* ---- children ---- */

static void say_end(const char *what, pid_t pid)
{
    int status = 0;
    pid_t got = waitpid(pid, &status, 0);
    printf("%s: %s, exit %d, signal %d\n", what, got == pid ? "ended" : "lost",
           WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    fflush(stdout);
}

static int children(void)
{
    char *args[] = { "sh", "-c", "echo from a shell; exit 7", NULL }, line[64];
    pid_t pid = fork();
    if (pid == 0) {
        char *block = malloc(100000);
        memset(block, 1, 100000);
        _exit(block[99999] + 2);
    }
    say_end("fork", pid);
    if ((pid = fork()) == 0) {
        execv("/bin/sh", args);
        _exit(126);
    }
    say_end("fork and exec", pid);
    if ((pid = vfork()) == 0) {
        execv("/bin/sh", args);
        _exit(126);
    }
    say_end("vfork and exec", pid);
    if (posix_spawn(&pid, "/bin/sh", NULL, NULL, args, environ) == 0)
        say_end("spawn", pid);
    if ((pid = fork()) == 0)
        abort();
    say_end("fork and abort", pid);
    printf("system: %d\n", WEXITSTATUS(system("exit 9")));
    FILE *p = popen("echo a pipe", "r");
    printf("popen: %s", fgets(line, sizeof line, p) ? line : "nothing\n");
    return pclose(p);
}

/* ---- signals ---- */

static sigjmp_buf out;
static volatile sig_atomic_t alarms, faults, fault_code, fault_at;
static char *fault_page;

static void on_alarm(int number)
{
    (void)number;
    alarms++;
}

/* The first page stays closed until the handler opens it: the access is then done again. */
static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)number;
    faults++;
    fault_code = info->si_code;
    fault_at = (sig_atomic_t)((char *)info->si_addr - fault_page);
    if (((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] == 0)
        _exit(99);
    if (fault_at < 4096)
        mprotect(fault_page, 4096, PROT_READ | PROT_WRITE);
    else
        siglongjmp(out, 1);
}

static void on_arithmetic(int number)
{
    (void)number;
    siglongjmp(out, 2);
}

static int signals(void)
{
    static char stack[65536];
    stack_t alternate = { .ss_sp = stack, .ss_size = sizeof stack };
    struct sigaction fault = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    struct itimerval soon = { .it_value.tv_usec = 20000, .it_interval.tv_usec = 20000 }, never = { 0 };
    sigset_t set, old;
    siginfo_t info;
    volatile int zero = 0;
    sigaltstack(&alternate, NULL);
    sigaction(SIGSEGV, &fault, NULL);
    signal(SIGALRM, on_alarm);
    signal(SIGFPE, on_arithmetic);
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, &old);
    setitimer(ITIMER_REAL, &soon, NULL);
    while (alarms < 3)
        sigsuspend(&old);
    setitimer(ITIMER_REAL, &never, NULL);
    printf("alarms: %d\n", alarms >= 3);
    fault_page = mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *(volatile char *)(fault_page + 100) = 5;
    printf("fault at %d, code %d, then %d\n", (int)fault_at, (int)fault_code, fault_page[100]);
    if (!sigsetjmp(out, 1))
        *(volatile char *)(fault_page + 5000) = 5;
    printf("faults: %d, left at %d\n", (int)faults, (int)fault_at);
    if (!sigsetjmp(out, 1))
        printf("%d\n", 1 / zero);
    else
        puts("division left");
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    sigqueue(getpid(), SIGUSR2, (union sigval){ .sival_int = 42 });
    int got = sigwaitinfo(&set, &info);
    printf("queued: %d %d\n", got == SIGUSR2, info.si_value.sival_int);
    return 0;
}

/* ---- threads ---- */

static _Thread_local unsigned mine;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t full = PTHREAD_COND_INITIALIZER;
static pthread_key_t key;
static unsigned total, arrived, destroyed;

static void destroy(void *value)
{
    pthread_mutex_lock(&lock);
    destroyed += *(unsigned *)value;
    pthread_mutex_unlock(&lock);
    free(value);
}

static void *work(void *arg)
{
    unsigned *count = malloc(sizeof *count);
    for (unsigned i = 0; i < 20000; i++)
        mine += i % ((unsigned)(uintptr_t)arg + 2);
    *count = 1;
    pthread_setspecific(key, count);
    __atomic_fetch_add(&total, mine, __ATOMIC_RELAXED);
    pthread_mutex_lock(&lock);
    if (++arrived == 8)
        pthread_cond_broadcast(&full);
    while (arrived < 8)
        pthread_cond_wait(&full, &lock);
    pthread_mutex_unlock(&lock);
    return arg;
}

static int threads(void)
{
    pthread_t t[8];
    uintptr_t sum = 0;
    pthread_key_create(&key, destroy);
    for (uintptr_t i = 0; i < 8; i++)
        pthread_create(&t[i], NULL, work, (void *)i);
    for (int i = 0; i < 8; i++) {
        void *result;
        pthread_join(t[i], &result);
        sum += (uintptr_t)result;
    }
    printf("threads: %u, %u, %u, %u\n", total, (unsigned)sum, arrived, destroyed);
    return 0;
}

/* ---- the rest ---- */

static int library(void)
{
    void *math = dlopen("libm.so.6", RTLD_NOW);
    double (*cosine)(double) = math ? (double (*)(double))dlsym(math, "cos") : NULL;
    if (!cosine)
        return 1;
    printf("cos 1: %.12f\n", cosine(1));
    fesetround(FE_UPWARD);
    volatile float a = 1, b = 3;
    printf("1/3 upward: %.9g\n", (double)(a / b));
    return dlclose(math);
}

static int input(void)
{
    char line[256];
    int lines = 0;
    printf("terminal: %d\n", isatty(0));
    while (fgets(line, sizeof line, stdin))
        lines++;
    printf("lines: %d\n", lines);
    return 0;
}

static int killed(void)
{
    puts("about to be killed");
    fflush(stdout);
    return raise(SIGTERM);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*act)(void);
    } acts[] = { { "children", children }, { "signals", signals }, { "threads", threads }, { "library", library },
                 { "input", input },       { "killed", killed } };
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (argc > 1 && !strcmp(argv[1], acts[i].name))
            return acts[i].act();
    return 2;
}
