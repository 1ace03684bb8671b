/* Time as a program sees it: every line must read "... yes", natively and recorded. With an argument: prints clocks. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static double clock_at(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct timespec later(clockid_t id, long ms)
{
    struct timespec t;
    clock_gettime(id, &t);
    t.tv_nsec += ms % 1000 * 1000000;
    t.tv_sec += ms / 1000 + t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

static void said(const char *what, int yes)
{
    printf("%s: %s\n", what, yes ? "yes" : "no");
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int signalled;

static void *signaller(void *arg)
{
    struct timespec t = { 0, 20000000 };
    nanosleep(&t, NULL);
    pthread_mutex_lock(&lock);
    signalled = 1;
    pthread_cond_signal(&cond);
    pthread_mutex_unlock(&lock);
    return arg;
}

static int wait_on(pthread_cond_t *on, clockid_t id, long ms, const int *until)
{
    struct timespec deadline = later(id, ms);
    int status = 0;
    pthread_mutex_lock(&lock);
    while (!*until && !status)
        status = pthread_cond_timedwait(on, &lock, &deadline);
    pthread_mutex_unlock(&lock);
    return status;
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) {
        struct timeval day;
        struct rusage usage;
        gettimeofday(&day, NULL);
        getrusage(RUSAGE_SELF, &usage);
        printf("%.9f %.9f %.9f %ld.%06ld %ld %ld %ld\n", clock_at(CLOCK_MONOTONIC), clock_at(CLOCK_REALTIME),
               clock_at(CLOCK_PROCESS_CPUTIME_ID), (long)day.tv_sec, (long)day.tv_usec, (long)usage.ru_utime.tv_usec,
               (long)time(NULL), (long)clock());
        return 0;
    }
    double begun = clock_at(CLOCK_MONOTONIC), cpu = clock_at(CLOCK_PROCESS_CPUTIME_ID);
    struct timespec t = { 0, 30000000 };
    said("nanosleep takes its time", nanosleep(&t, NULL) == 0 && clock_at(CLOCK_MONOTONIC) >= begun + .03);
    said("poll, too", poll(NULL, 0, 30) == 0 && clock_at(CLOCK_MONOTONIC) >= begun + .06);
    t = later(CLOCK_MONOTONIC, 30);
    struct timespec kept = t;
    said("sleeping until then", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == 0 &&
                                    clock_at(CLOCK_MONOTONIC) >= (double)t.tv_sec + (double)t.tv_nsec / 1e9);
    said("which leaves the date alone", t.tv_sec == kept.tv_sec && t.tv_nsec == kept.tv_nsec);
    said("no processor time in that", clock_at(CLOCK_PROCESS_CPUTIME_ID) - cpu < .03);

    double day = clock_at(CLOCK_REALTIME);
    int never = 0;
    said("a wait for nothing times out", wait_on(&cond, CLOCK_REALTIME, 40, &never) == ETIMEDOUT);
    said("not early", clock_at(CLOCK_REALTIME) >= day + .04);
    pthread_condattr_t attr;
    pthread_cond_t steady;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&steady, &attr);
    begun = clock_at(CLOCK_MONOTONIC);
    said("by the other clock, too", wait_on(&steady, CLOCK_MONOTONIC, 40, &never) == ETIMEDOUT &&
                                        clock_at(CLOCK_MONOTONIC) >= begun + .04);
    pthread_t thread;
    pthread_create(&thread, NULL, signaller, NULL);
    begun = clock_at(CLOCK_MONOTONIC);
    said("a signal comes before a late deadline", wait_on(&cond, CLOCK_REALTIME, 1000000, &signalled) == 0 &&
                                                      clock_at(CLOCK_MONOTONIC) < begun + 900);
    pthread_join(thread, NULL);

    begun = clock_at(CLOCK_MONOTONIC);
    while (clock_at(CLOCK_MONOTONIC) < begun + .002)
        ;
    said("time passes while it is asked for", clock_at(CLOCK_PROCESS_CPUTIME_ID) > cpu);
    struct timeval tv;
    gettimeofday(&tv, NULL);
    said("all dates are of one day", labs((long)tv.tv_sec - (long)time(NULL)) <= 1 &&
                                         labs((long)clock_at(CLOCK_REALTIME) - (long)tv.tv_sec) <= 1);
    return 0;
}
