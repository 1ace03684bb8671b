#include "run/doctor.h"
#include "run/machine.h"
#include "run/perf_kernel.h"
#include "tap.h"

#include <errno.h>
#include <sys/personality.h>
#include <unistd.h>

static struct arena *arena;

/* A kernel whose counters all answer with one errno, or all work (0). */
static int answer_open(void *context, const struct perf_code *code, const struct perf_how *how)
{
    (void)code, (void)how;
    return *(int *)context ? -*(int *)context : 100;
}

static int answer_read(void *context, int fd, struct perf_count *count)
{
    (void)context, (void)fd;
    *count = (struct perf_count){ 1, 1, 1 };
    return 0;
}

static void answer_close(void *context, int fd)
{
    (void)context, (void)fd;
}

static int answer_reserved(void *context)
{
    (void)context;
    return 0;
}

static int answer_paranoid(void *context)
{
    (void)context;
    return 4;
}

static struct doctor look(int errnum)
{
    static int answer;
    answer = errnum;
    struct perf_kernel kernel = { answer_open, answer_read, answer_close, answer_reserved, answer_paranoid, &answer };
    return doctor_look(arena, &kernel, -1);
}

static const struct doctor_row *row_of(const struct doctor *d, const char *topic)
{
    for (size_t i = 0; i < d->row_count; i++)
        if (strcmp(d->rows[i].topic, topic) == 0)
            return &d->rows[i];
    return NULL;
}

static void check_rows(void)
{
    struct doctor d = look(EPERM);
    const struct doctor_row *counters = row_of(&d, "hardware counters");
    bool complete = d.row_count >= 5;
    for (size_t i = 0; i < d.row_count; i++) {
        const struct doctor_row *r = &d.rows[i];
        complete =
            complete && r->topic && r->finding && *r->finding && (r->level == DOCTOR_GOOD) == (r->remedy == NULL);
        diag("%s: %s: %s%s%s", r->topic, doctor_level_name[r->level], r->finding, r->remedy ? ": " : "",
             r->remedy ? r->remedy : "");
    }
    ok(complete, "every finding is a sentence, and what is not good has a remedy");
    ok(counters && counters->level == DOCTOR_MISSING && strstr(counters->finding, "paranoid is 4") &&
           strstr(counters->remedy, "sysctl"),
       "what blocks the counters is said with its remedy");
    ok(row_of(&d, "cores") && row_of(&d, "other load") && row_of(&d, "address randomisation") && row_of(&d, "valgrind"),
       "cores, load, address randomisation and valgrind are looked at");
    ok((personality(0xffffffff) & ADDR_NO_RANDOMIZE) == 0, "looking changes nothing in this process");
    setenv("PATH", "/nonexistent", 1);
    d = look(0);
    ok(row_of(&d, "valgrind")->level == DOCTOR_MISSING &&
           strstr(row_of(&d, "valgrind")->remedy, "apt-get install valgrind"),
       "a missing valgrind is seen");
    ok(row_of(&d, "hardware counters")->level == DOCTOR_GOOD, "working counters are good");
}

static void check_figures(void)
{
    struct doctor blocked = look(ENOENT), works = look(0);
    bool reasons = true;
    for (int i = 0; i < METRIC_COUNT; i++)
        reasons = reasons && blocked.figures[i].metric == (enum metric)i &&
                  blocked.figures[i].measured == (blocked.figures[i].blocked == NULL);
    ok(reasons, "each metric is measured or has a reason");
    ok(blocked.figures[M_WALL].measured && blocked.figures[M_WALL].source == SOURCE_CLOCK &&
           blocked.figures[M_PEAK_RSS].measured,
       "the clock's are there without counters");
    ok(!blocked.figures[M_CYCLES].measured && !blocked.figures[M_IPC].measured &&
           strstr(blocked.figures[M_IPC].blocked, "hardware counters"),
       "a rate is blocked by what blocks its parts");
    ok(works.figures[M_IPC].measured && works.figures[M_IPC].source == SOURCE_PERF &&
           !works.figures[M_JCC_ERRATUM].measured && strstr(works.figures[M_JCC_ERRATUM].blocked, "no event"),
       "with counters rates are measured; what no event tells is not");
}

static void check_machine(void)
{
    struct machine m = machine_read(arena, -1);
    ok(m.cpu_model && m.vendor && m.cores == (int)sysconf(_SC_NPROCESSORS_ONLN) && m.memory_bytes > 1 << 20,
       "the machine: %s, %s, %d cores", m.cpu_model, m.vendor, m.cores);
    ok(m.kernel && strncmp(m.kernel, "Linux ", 6) == 0, "its kernel: %s", m.kernel);
    char path[] = "/tmp/run_doctor_XXXXXX";
    int fd = mkstemp(path);
    ok(fd >= 0 && write(fd, "17 apples\nmore\n", 15) == 15 && machine_number(path, -1) == 17,
       "a number is read from a file");
    is_str(machine_line(arena, path), "17 apples", "and a line");
    close(fd);
    unlink(path);
    ok(machine_line(arena, path) == NULL && machine_number(path, -2) == -2, "a missing file is neither");
}

int main(void)
{
    arena = arena_new();
    check_machine();
    check_rows();
    check_figures();
    arena_free(arena);
    return done_testing();
}
