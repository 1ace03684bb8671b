/* What a process can do besides computing; argv[1] says what. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

static _Thread_local int mine;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t together; /* all three live at once: a number is used again after a thread's end */
static int shared;

static void *work(void *arg)
{
    pthread_barrier_wait(&together);
    for (int i = 0; i < 20000; i++) {
        mine++;
        pthread_mutex_lock(&lock);
        shared++;
        pthread_mutex_unlock(&lock);
    }
    return arg;
}

static int threads(void)
{
    pthread_t t[3];
    pthread_barrier_init(&together, NULL, 3);
    for (int i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, work, NULL);
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    return shared == 60000 ? 7 : 1;
}

static int forks(void)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        for (volatile int i = 0; i < 1000000; i++)
            ;
        _exit(3);
    }
    return waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 3 ? 8 : 1;
}

static sigjmp_buf out;
static volatile sig_atomic_t handled;

static void on_fault(int number)
{
    (void)number;
    handled++;
    siglongjmp(out, 1);
}

static void on_user(int number)
{
    (void)number;
    handled++;
}

static int signals(void)
{
    signal(SIGSEGV, on_fault);
    signal(SIGUSR1, on_user);
    for (int i = 0; i < 5; i++)
        if (!sigsetjmp(out, 1))
            *(volatile int *)8 = 1;
    for (int i = 0; i < 4; i++)
        raise(SIGUSR1);
    return handled;
}

/* mov eax, VALUE; ret -- written, run and written again */
static int changing_code(void)
{
    unsigned char *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int sum = 0;
    for (int i = 1; i <= 4; i++) {
        memcpy(code, "\xb8\0\0\0\0\xc3", 6);
        code[1] = (unsigned char)i;
        sum += ((int (*)(void))(void *)code)();
    }
    return sum;
}

static int random_bytes(void)
{
    unsigned char bytes[8];
    unsigned spins = 0;
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return 1;
    for (volatile unsigned i = 0; i < bytes[0] * 16u + bytes[1]; i++)
        spins++;
    return spins > 70000 ? 1 : 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (!strcmp(what, "threads"))
        return threads();
    if (!strcmp(what, "fork"))
        return forks();
    if (!strcmp(what, "signals"))
        return signals();
    if (!strcmp(what, "code"))
        return changing_code();
    if (!strcmp(what, "random"))
        return random_bytes();
    if (!strcmp(what, "exec"))
        execl("/bin/true", "true", (char *)NULL);
    if (!strcmp(what, "noexec"))
        return execl("/nonexistent", "x", (char *)NULL) == -1 ? 12 : 1;
    if (!strcmp(what, "abort"))
        abort();
    if (!strcmp(what, "environment"))
        for (char **e = environ; *e; e++)
            puts(*e);
    if (!strcmp(what, "id"))
        printf("%d\n", (int)getppid());
    return 0;
}
