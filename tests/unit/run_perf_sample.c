/* Sampling without hardware: a ring written here, then a played kernel under a real run, then the real kernel's CPU
 * clock. This test is its own target ("--target"). */
#include "run/perf_ring.h"
#include "run/perf_sample.h"
#include "tap.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <time.h>
#include <unistd.h>

enum { BYTES = 64 * 4096 /* as perf_sample.c maps it */, SMALL = 4096 };

static struct arena *arena;
static unsigned char *ring; /* a page, then BYTES of records */
static size_t written;

static struct perf_event_mmap_page *page(void)
{
    return (struct perf_event_mmap_page *)ring;
}

/* Writes as the kernel does: over the end of the data area, head last. */
static void put(size_t bytes, uint32_t type, const void *body, size_t length)
{
    struct perf_event_header header = { .type = type, .size = (uint16_t)(sizeof header + length) };
    unsigned char record[512];
    memcpy(record, &header, sizeof header);
    memcpy(record + sizeof header, body, length);
    for (size_t i = 0; i < header.size; i++)
        ring[4096 + (written + i) % bytes] = record[i];
    written += header.size;
    page()->data_head = written;
}

static void put_sample(size_t bytes, uint64_t event, uint64_t address, uint32_t process, uint64_t period)
{
    struct {
        uint64_t event, address;
        uint32_t process, thread;
        uint64_t period;
    } body = { event, address, process, process, period };
    put(bytes, PERF_RECORD_SAMPLE, &body, sizeof body);
}

static void put_map(size_t bytes, uint32_t process, uint64_t address, uint64_t length, uint64_t offset, const char *path)
{
    struct {
        uint32_t process, thread;
        uint64_t address, length, offset;
        char path[32];
    } body = { process, process, address, length, offset, "" };
    strcpy(body.path, path);
    put(bytes, PERF_RECORD_MMAP, &body, sizeof body);
}

static void put_fork(size_t bytes, uint32_t process, uint32_t parent)
{
    struct {
        uint32_t process, parent, thread, parent_thread;
        uint64_t time;
    } body = { process, parent, process, parent, 1 };
    put(bytes, PERF_RECORD_FORK, &body, sizeof body);
}

static void empty(void)
{
    memset(ring, 0, 4096 + BYTES);
    written = 0;
}

/* ---- the ring ---- */

struct heard {
    int samples, maps, forks;
    uint64_t sum, lost;
    char path[32];
};

static void hear(void *context, const struct perf_seen *seen)
{
    struct heard *h = context;
    h->samples += seen->kind == SEEN_SAMPLE;
    h->maps += seen->kind == SEEN_MAP;
    h->forks += seen->kind == SEEN_FORK;
    h->sum += seen->kind == SEEN_SAMPLE ? seen->address * seen->period : 0;
    h->lost += seen->kind == SEEN_LOST ? seen->lost : 0;
    if (seen->kind == SEEN_MAP)
        snprintf(h->path, sizeof h->path, "%s", seen->path);
}

static void check_ring(void)
{
    struct heard h = { 0 };
    uint64_t lost[2] = { 1, 17 };
    empty();
    ok(perf_ring_drain(ring, SMALL, hear, &h) && h.samples == 0, "an empty ring has nothing");
    put_map(SMALL, 1, 0x1000, 0x1000, 0, "/bin/program");
    put_sample(SMALL, 5, 10, 1, 3);
    put(SMALL, PERF_RECORD_THROTTLE, lost, sizeof lost);
    put_fork(SMALL, 2, 1);
    put(SMALL, PERF_RECORD_LOST, lost, sizeof lost);
    ok(perf_ring_drain(ring, SMALL, hear, &h) && h.samples == 1 && h.sum == 30 && h.forks == 1 && h.lost == 17,
       "samples, forks and losses are told, other records stepped over");
    is_str(h.path, "/bin/program", "and so is a map's path");
    ok(page()->data_tail == page()->data_head, "their room is given back");
    bool whole = true;
    for (int turn = 0; turn < 300; turn++) { /* 40 bytes each: the records cross the end of 4096 at many places */
        put_sample(SMALL, 5, (uint64_t)turn, 1, 1);
        whole = whole && perf_ring_drain(ring, SMALL, hear, &h);
    }
    ok(whole && h.samples == 301 && h.sum == 30 + 299 * 300 / 2, "records that go over the ring's end are whole");
}

static void check_damage(void)
{
    struct heard h = { 0 };
    struct perf_event_header header = { .type = PERF_RECORD_SAMPLE, .size = 0 };
    empty();
    put_sample(SMALL, 5, 1, 1, 1);
    memcpy(ring + 4096, &header, sizeof header);
    ok(!perf_ring_drain(ring, SMALL, hear, &h) && h.samples == 0, "a record of no length is damage, not a hang");
    put_sample(SMALL, 5, 1, 1, 1);
    ok(perf_ring_drain(ring, SMALL, hear, &h) && h.samples == 1, "and the ring goes on behind it");
    header.size = 4000;
    put_sample(SMALL, 5, 1, 1, 1);
    memcpy(ring + 4096 + (written - 40) % SMALL, &header, sizeof header);
    ok(!perf_ring_drain(ring, SMALL, hear, &h) && h.samples == 1, "so is one longer than what was written");
    page()->data_head = page()->data_tail + SMALL + 8;
    ok(!perf_ring_drain(ring, SMALL, hear, &h) && h.samples == 1, "and a head further than the ring is long");
    empty();
    struct {
        uint32_t process, thread;
        uint64_t address, length, offset;
        char path[8];
    } endless = { 1, 1, 2, 3, 4, { 'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x' } };
    put(SMALL, PERF_RECORD_MMAP, &endless, sizeof endless);
    put(SMALL, PERF_RECORD_SAMPLE, &endless, 8);
    ok(perf_ring_drain(ring, SMALL, hear, &h) && h.maps == 0 && h.samples == 1,
       "a path without an end and a sample cut short are not told");
}

/* ---- a played kernel ---- */

struct played {
    int refuse;          /* errno of every event */
    bool no_counters;    /* no event of the hardware's */
    bool no_l1i, no_map;
    int open, mapped, asked_cpu;
};

static int play_open(void *context, enum sampled event, bool clock, pid_t pid, int cpu)
{
    struct played *p = context;
    (void)pid;
    p->asked_cpu = cpu;
    if (p->refuse)
        return -p->refuse;
    if (!clock && (p->no_counters || (p->no_l1i && event == SAMPLED_L1I_MISSES)))
        return -ENOENT;
    p->open++;
    return 100 + (int)event;
}

static int play_number(void *context, int fd, uint64_t *event)
{
    (void)context;
    *event = (uint64_t)fd * 7;
    return 0;
}

static int play_join(void *context, int fd, int into)
{
    (void)context;
    return fd != into && into == 100 ? 0 : -EINVAL;
}

static void *play_map(void *context, int fd, size_t bytes)
{
    struct played *p = context;
    p->mapped += fd == 100 && bytes == BYTES && !p->no_map;
    return p->no_map ? NULL : ring;
}

static void play_unmap(void *context, void *at, size_t bytes)
{
    ((struct played *)context)->mapped -= at == ring && bytes == BYTES;
}

static void play_close(void *context, int fd)
{
    ((struct played *)context)->open -= fd >= 100;
}

static struct perf_sample_kernel play(struct played *p)
{
    return (struct perf_sample_kernel){ play_open, play_number, play_join, play_map, play_unmap, play_close, p };
}

static struct launcher *target(struct spec *spec, char **args)
{
    struct err err = ERR_INIT;
    *spec = spec_default();
    static char self[4096];
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        strcpy(self, "/bin/true");
    spec->path[0] = spec->path[1] = self;
    spec->args = args;
    spec->arg_count = 1;
    struct launcher *launcher = launcher_open(arena, spec, &err);
    if (!launcher) {
        printf("Bail out! %s\n", err.text);
        exit(1);
    }
    return launcher;
}

static const struct sampled_place *find(const struct samples *s, const char *path, uint64_t offset)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->places[i].path, path) == 0 && s->places[i].offset == offset)
            return &s->places[i];
    return NULL;
}

static void check_played(struct launcher *launcher)
{
    struct played p = { .no_l1i = true };
    struct perf_sample_kernel kernel = play(&p);
    struct samples s = { .taken = 0 };
    struct err err = ERR_INIT;
    empty();
    put_map(BYTES, 7, 0x400000, 0x2000, 0x1000, "/x/program");
    put_sample(BYTES, 700, 0x400010, 7, 1000); /* cycles */
    put_sample(BYTES, 700, 0x400010, 7, 500);
    put_sample(BYTES, 707, 0x400010, 7, 20); /* branch misses */
    put_fork(BYTES, 8, 7);
    put_sample(BYTES, 721, 0x401fff, 8, 5); /* dTLB misses, in the child */
    put_map(BYTES, 7, 0x400000, 0x1000, 0, "/x/other");
    put_sample(BYTES, 700, 0x400010, 7, 3); /* another file was mapped there meanwhile */
    put_sample(BYTES, 700, 0x999999, 7, 2); /* nothing is */
    put_sample(BYTES, 12345, 0x400010, 7, 9); /* an event that nobody opened */
    ok(perf_sample_run(arena, launcher, SIDE_OLD, &kernel, &s, &err), "a program is run and sampled");
    ok(s.open[SAMPLED_CYCLES] && s.open[SAMPLED_BRANCH_MISSES] && !s.open[SAMPLED_L1I_MISSES] && !s.by_clock,
       "an event that the processor lacks is left out");
    const struct sampled_place *hot = find(&s, "/x/program", 0x1010), *child = find(&s, "/x/program", 0x2fff);
    ok(hot && hot->events[SAMPLED_CYCLES] == 1500 && hot->events[SAMPLED_BRANCH_MISSES] == 20,
       "samples of one place are summed by event, at their place in the file");
    ok(child && child->events[SAMPLED_DTLB_MISSES] == 5, "a child has its parent's maps");
    ok(find(&s, "/x/other", 0x10) && find(&s, "", 0x999999), "the last map counts; without one the address stands");
    ok(s.taken == 6 && s.lost == 0 && s.squares == 1000 * 1000 + 500 * 500 + 9 + 4, "six samples are counted");
    ok(p.open == 0 && p.mapped == 0, "everything is closed and unmapped");
    ok(p.asked_cpu == launcher_cpu(launcher), "and was opened for the core of the program");
    empty();
    put_map(BYTES, 7, 0x400000, 0x2000, 0x1000, "/x/program");
    put_sample(BYTES, 700, 0x400010, 7, 100);
    ok(perf_sample_run(arena, launcher, SIDE_OLD, &kernel, &s, &err) &&
           find(&s, "/x/program", 0x1010)->events[SAMPLED_CYCLES] == 1600,
       "a second run adds to the first") || (diag("%s", err.text), false);
}

static void check_refusals(struct launcher *launcher)
{
    struct played p = { .no_counters = true };
    struct perf_sample_kernel kernel = play(&p);
    struct samples s = { .taken = 0 };
    struct err err = ERR_INIT;
    empty();
    ok(perf_sample_run(arena, launcher, SIDE_OLD, &kernel, &s, &err) && s.by_clock && !s.open[SAMPLED_BRANCH_MISSES],
       "without counters the CPU clock is sampled, and nothing else");
    p.refuse = EACCES;
    ok(!perf_sample_run(arena, launcher, SIDE_OLD, &kernel, &s, &err) && strstr(err.text, "perf_event_paranoid"),
       "a refusal is one sentence with the remedy");
    p = (struct played){ .no_map = true };
    err = ERR_INIT;
    ok(!perf_sample_run(arena, launcher, SIDE_OLD, &kernel, &s, &err) && strstr(err.text, "ulimit -l") && p.open == 0,
       "so is a ring that cannot be mapped, and nothing stays open");
}

/* ---- the real kernel ---- */

static void check_real(struct launcher *launcher)
{
    struct samples s = { .taken = 0 };
    struct err err = ERR_INIT;
    if (!perf_sample_run(arena, launcher, SIDE_OLD, NULL, &s, &err)) {
        skip("sampling with the real kernel", err.text);
        return;
    }
    double all = 0, here = 0;
    char own[4096] = "";
    if (readlink("/proc/self/exe", own, sizeof own - 1) < 0)
        own[0] = '\0';
    for (size_t i = 0; i < s.count; i++) {
        all += s.places[i].events[SAMPLED_CYCLES];
        here += strcmp(s.places[i].path, own) == 0 ? s.places[i].events[SAMPLED_CYCLES] : 0;
    }
    ok(s.taken > 20 && here > .5 * all, "most samples of a busy loop lie in its own file (%g of %g)", here, all);
}

/* Busy for a twentieth of a second of its own time. */
static int be_target(void)
{
    volatile unsigned sum = 1;
    while (clock() < CLOCKS_PER_SEC / 20)
        for (int i = 0; i < 100000; i++)
            sum = sum * 31 + 7;
    return 0;
}

int main(int argc, char **argv)
{
    static char *args[] = { "--target", NULL };
    struct spec spec;
    if (argc > 1 && strcmp(argv[1], "--target") == 0)
        return be_target();
    arena = arena_new();
    ring = aligned_alloc(4096, 4096 + BYTES);
    check_ring();
    check_damage();
    struct launcher *launcher = target(&spec, args);
    check_played(launcher);
    check_refusals(launcher);
    check_real(launcher);
    launcher_close(launcher);
    free(ring);
    arena_free(arena);
    return done_testing();
}
