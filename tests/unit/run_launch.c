/* Starting programs: this test is its own target, called with "--target WHAT". */
#include "run/clock.h"
#include "run/launch.h"
#include "run/startup.h"
#include "tap.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

static char self[4096], folder[] = "/tmp/run_launch_XXXXXX";

/* ---- the target's side ---- */

static void print_place(int argc, char **argv)
{
    int local = 0;
    char exe[4096] = "";
    if (readlink("/proc/self/exe", exe, sizeof exe - 1) < 0)
        exe[0] = '\0';
    printf("stack=%p argc=%d argv0=%s exe=%s core=%d personality=%x\n", (void *)&local, argc, argv[0], exe,
           sched_getcpu(), (unsigned)personality(0xffffffff));
}

static int hold_grandchild(const char *pid_file)
{
    pid_t pid = fork();
    if (pid == 0) {
        setsid(); /* out of the group */
        for (;;)
            pause();
    }
    FILE *f = fopen(pid_file, "w");
    fprintf(f, "%d\n", pid);
    fclose(f);
    return 0;
}

__attribute__((noreturn)) static void hang_with_pid(const char *pid_file)
{
    FILE *f = fopen(pid_file, "w");
    fprintf(f, "%d\n", getpid());
    fclose(f);
    for (;;)
        pause();
}

static int flood(void)
{
    static char block[1 << 16];
    memset(block, 'x', sizeof block);
    block[sizeof block - 1] = '\n';
    for (int i = 0; i < 1600; i++)
        if (write(1, block, sizeof block) != sizeof block)
            return 1;
    return 0;
}

/* A sparse file is as long as a full one. */
static int flood_without_end(void)
{
    if (lseek(1, LAUNCH_OUTPUT_LIMIT + 1, SEEK_SET) < 0 || write(1, "x", 1) != 1)
        return 1;
    for (;;)
        pause();
}

static volatile char large[8 << 20];

static void touch(volatile char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i += 4096)
        bytes[i]++;
}

static int target(int argc, char **argv)
{
    const char *what = argv[2];
    char line[100];
    if (strcmp(what, "place") == 0)
        print_place(argc, argv);
    else if (strcmp(what, "env") == 0)
        for (char **e = environ; *e; e++)
            puts(*e);
    else if (strcmp(what, "fail") == 0)
        return fprintf(stderr, "bad\tnews\nin two lines\n"), 3;
    else if (strcmp(what, "crash") == 0)
        signal(SIGSEGV, SIG_DFL) /* a sanitizer takes it otherwise */, raise(SIGSEGV);
    else if (strcmp(what, "hang") == 0)
        for (;;)
            pause();
    else if (strcmp(what, "grandchild") == 0)
        return hold_grandchild(argv[3]);
    else if (strcmp(what, "large") == 0)
        touch(large, sizeof large);
    else if (strcmp(what, "own-pid") == 0)
        hang_with_pid(argv[3]);
    else if (strcmp(what, "flood") == 0)
        return flood();
    else if (strcmp(what, "endless") == 0)
        return flood_without_end();
    else if (strcmp(what, "stdin") == 0)
        while (fgets(line, sizeof line, stdin))
            printf("<%s>", line);
    return 0;
}

/* ---- the launcher's side ---- */

static struct launched launch(struct spec *spec, char *const *args, char *text, size_t room, struct err *err)
{
    struct arena *arena = arena_new();
    struct launched launched = { .stdout_fd = -1 };
    spec->args = args;
    for (spec->arg_count = 0; args[spec->arg_count]; spec->arg_count++) {
    }
    struct launcher *l = launcher_open(arena, spec, err);
    text[0] = '\0';
    if (l && launcher_run(l, SIDE_OLD, NULL, NULL, &launched, err)) {
        ssize_t got = read(launched.stdout_fd, text, room - 1);
        text[got > 0 ? got : 0] = '\0';
        close(launched.stdout_fd);
    }
    launcher_close(l);
    arena_free(arena);
    return launched;
}

#define LAUNCH(spec, text, err, ...) \
    launch((spec), (char *const[]){ "--target", __VA_ARGS__, NULL }, (text), sizeof(text), (err))

static struct spec spec_of(const char *path)
{
    struct spec spec = spec_default();
    spec.path[0] = spec.path[1] = path;
    return spec;
}

static const char *write_file(const char *name, const void *data, size_t bytes, mode_t mode)
{
    static char path[8][100];
    static int next;
    char *p = path[next++ % 8];
    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    unlink(p);
    int fd = open(p, O_WRONLY | O_CREAT, mode);
    if (fd < 0 || write(fd, data, bytes) != (ssize_t)bytes)
        exit(99);
    close(fd);
    return p;
}

static void check_refusals(void)
{
    Elf64_Ehdr elf = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1 },
                       .e_type = ET_REL,
                       .e_machine = EM_X86_64 };
    Elf64_Ehdr other = elf;
    other.e_machine = EM_S390;
#if defined(__aarch64__)
    elf.e_machine = EM_AARCH64;
#endif
    const struct {
        const char *path, *want;
    } rows[] = {
        { "/nonexistent/x", "there is no file" },
        { folder, "is a directory" },
        { "/dev/null", "not a regular file" },
        { write_file("script", "#!/bin/sh\n", 10, 0755), "is a script" },
        { write_file("text", "hello", 5, 0755), "not an ELF program" },
        { write_file("empty", "", 0, 0755), "(it is empty)" },
        { write_file("short", &elf, 20, 0755), "cut short" },
        { write_file("object", &elf, sizeof elf, 0644), "an object file" },
        { write_file("other", &other, sizeof other, 0755), "is a program for s390" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = ERR_INIT;
        bool passed = launch_check(rows[i].path, &err);
        if (!ok(!passed && strstr(err.text, rows[i].want) && strstr(err.text, rows[i].path), "refused: %s",
                rows[i].want))
            diag("%s", err.text);
    }
    struct err err = ERR_INIT;
    ok(launch_check(self, &err), "this test is a program");
    elf.e_type = ET_EXEC;
    ok(!launch_check(write_file("noexec", &elf, sizeof elf, 0644), &err) && strstr(err.text, "chmod +x"),
       "refused: not executable");
}

/* The least busy core is another one from run to run. */
static int first_core(void)
{
    cpu_set_t own;
    int core = 0;
    sched_getaffinity(0, sizeof own, &own);
    while (!CPU_ISSET((size_t)core, &own))
        core++;
    return core;
}

static void check_place(void)
{
    struct err err = ERR_INIT;
    struct spec spec = spec_of(self);
    spec.cpu = first_core();
    char a[8192], b[8192], c[8192], linked[200];
    LAUNCH(&spec, a, &err, "place");
    LAUNCH(&spec, b, &err, "place");
    ok(a[0] && strcmp(a, b) == 0, "two runs have the same stack address");
    is_str(err.text, "", "without an error");
    char *const env[] = { "X=1234567", "LONGER_NAME=another value of odd length", "Y=", NULL };
    spec.env = env;
    spec.env_count = 3;
    LAUNCH(&spec, c, &err, "place");
    unsigned long p = strtoul(a + 6, NULL, 16), q = strtoul(c + 6, NULL, 16);
    ok(p && q && (p - q) % STARTUP_GRAIN == 0, "another environment moves the stack by whole pages only (%#lx, %#lx)",
       p, q);
    snprintf(linked, sizeof linked, "%s/a_rather_longer_name_for_the_same_program", folder);
    if (symlink(self, linked) < 0)
        diag("symlink: %s", strerror(errno));
    spec = spec_of(linked);
    spec.path[1] = self;
    LAUNCH(&spec, b, &err, "place");
    ok(strstr(b, "argv0=a_rather_longer_name_for_the_same_program exe="), "argv[0] is old's file name");
    ok(strstr(b, self) != NULL, "/proc/self/exe tells the real path");
    spec = spec_of(self);
    spec.cpu = -2;
    spec.aslr = true;
    LAUNCH(&spec, c, &err, "place");
    ok(strstr(a, "personality=40000") && strstr(c, "personality=0"),
       "address randomisation is off, or on when asked for");
}

static void check_core(void)
{
    cpu_set_t own;
    char text[8192], want[30];
    struct err err = ERR_INIT;
    struct spec spec = spec_of(self);
    sched_getaffinity(0, sizeof own, &own);
    spec.cpu = first_core();
    LAUNCH(&spec, text, &err, "place");
    snprintf(want, sizeof want, " core=%d ", spec.cpu);
    ok(strstr(text, want) != NULL, "runs on the core asked for");
    cpu_set_t after;
    sched_getaffinity(0, sizeof after, &after);
    ok(CPU_EQUAL(&own, &after), "this process has its cores back");
    spec.cpu = 1000;
    LAUNCH(&spec, text, &err, "place");
    ok(err.kind == ERR_USAGE && strstr(err.text, "there is no core 1000"), "a core that does not exist is named");
}

static void check_ends(void)
{
    char text[8192];
    struct err err = ERR_INIT;
    struct spec spec = spec_of(self);
    struct launched l = LAUNCH(&spec, text, &err, "fail");
    ok(l.outcome == OUTCOME_EXIT && l.status == 3, "exit status is told");
    is_str(l.tail, "bad news | in two lines", "the end of stderr is kept on one line");
    l = LAUNCH(&spec, text, &err, "crash");
    ok(l.outcome == OUTCOME_SIGNAL && l.status == SIGSEGV, "a signal is told");
    spec.timeout_s = 0.05;
    l = LAUNCH(&spec, text, &err, "hang");
    ok(l.outcome == OUTCOME_TIMEOUT, "a hanging program ends at the timeout");
    ok(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "and leaves no child");
    is_str(err.text, "", "none of these is an error of the launcher");
}

/* What this process has, and does between fork and execve, is not the program's. */
static void check_usage(void)
{
    enum { HEAP = 64 << 20 };
    char text[100], *heap = malloc(HEAP);
    struct err err = ERR_INIT;
    struct spec spec = spec_of(self);
    memset(heap, 1, HEAP);
    struct launched l = LAUNCH(&spec, text, &err, "large");
    ok(l.wall_ns > 0 && l.user_ns + l.system_ns > 0 && l.minor_faults > 0, "time and faults are told");
    if (SANITIZED)
        skip("its peak is its own", "a sanitizer's memory cannot be given up");
    else
        ok(l.peak_rss_known && l.peak_rss >= sizeof large && l.peak_rss < HEAP / 2,
           "its peak is its own, not that of this process (%llu KiB)", (unsigned long long)l.peak_rss >> 10);
    free(heap);
    struct reading readings[METRIC_COUNT] = { { .state = READING_NOT_ASKED } };
    l.peak_rss_known = false;
    clock_read(&l, readings);
    ok(readings[M_PEAK_RSS].state == READING_NOT_COUNTED && readings[M_WALL].state == READING_READ,
       "where it cannot be told, it is not counted");
}

static void check_orphans(void)
{
    char text[8192], pid_file[200];
    struct err err = ERR_INIT;
    struct spec spec = spec_of(self);
    int pid = 0;
    snprintf(pid_file, sizeof pid_file, "%s/pid", folder);
    LAUNCH(&spec, text, &err, "grandchild", pid_file);
    FILE *f = fopen(pid_file, "r");
    if (f && fscanf(f, "%d", &pid) != 1)
        pid = 0;
    if (f)
        fclose(f);
    ok(pid > 0 && kill(pid, 0) < 0 && errno == ESRCH, "a grandchild that left the group does not survive");
}

/* A launcher that is killed without a chance to clean up. */
static void check_sudden_death(void)
{
    char pid_file[200];
    int target_pid = 0;
    snprintf(pid_file, sizeof pid_file, "%s/own_pid", folder);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        char text[100];
        struct err err = ERR_INIT;
        struct spec spec = spec_of(self);
        LAUNCH(&spec, text, &err, "own-pid", pid_file);
        _exit(0);
    }
    for (int tries = 0; tries < 1000 && target_pid == 0; tries++) {
        FILE *f = fopen(pid_file, "r");
        if (f && fscanf(f, "%d\n", &target_pid) != 1)
            target_pid = 0;
        if (f)
            fclose(f);
        usleep(5000);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    int gone = 0;
    for (int tries = 0; tries < 1000 && !gone; tries++) {
        gone = target_pid > 0 && kill(target_pid, 0) < 0 && errno == ESRCH;
        usleep(gone ? 0 : 5000);
    }
    ok(gone, "the program dies with a launcher that is killed");
}

static void check_streams(void)
{
    char text[8192];
    struct err err = ERR_INIT;
    struct spec spec = spec_of(self);
    struct launched l = LAUNCH(&spec, text, &err, "flood");
    ok(l.outcome == OUTCOME_OK && text[0] == 'x', "100 MB of stdout are taken");
    l = LAUNCH(&spec, text, &err, "endless");
    ok(l.flooded, "more than %lld MB end the run", (long long)(LAUNCH_OUTPUT_LIMIT >> 20));
    LAUNCH(&spec, text, &err, "stdin");
    is_str(text, "", "stdin is empty by default");
    spec.stdin_path = write_file("input", "one\ntwo\n", 8, 0644);
    LAUNCH(&spec, text, &err, "stdin");
    is_str(text, "<one\n><two\n>", "stdin comes from the file");
    spec.stdin_path = "/nonexistent";
    LAUNCH(&spec, text, &err, "stdin");
    ok(strstr(err.text, "cannot read '/nonexistent' for stdin") != NULL, "a missing stdin file is named");
}

static void check_environment(void)
{
    char text[16384];
    struct err err = ERR_INIT;
    struct spec spec = spec_of(self);
    char *const env[] = { "PATH=/elsewhere", "NEW=1", NULL };
    setenv("RUN_LAUNCH_LEAK", "yes", 1);
    spec.env = env;
    spec.env_count = 2;
    LAUNCH(&spec, text, &err, "env");
    ok(!strstr(text, "LEAK") && strstr(text, "PATH=/elsewhere\n") && strstr(text, "NEW=1\n") &&
           strstr(text, "LC_ALL=C\n"),
       "the environment is clean but for what was asked for");
    spec.keep_env = true;
    LAUNCH(&spec, text, &err, "env");
    ok(strstr(text, "RUN_LAUNCH_LEAK=yes\n") && strstr(text, "PATH=/elsewhere\n"),
       "or the caller's, with the additions");
}

static bool refuse(void *context, pid_t child, struct err *err)
{
    *(pid_t *)context = child;
    return err_set(err, ERR_TOOL, "no counter today");
}

static void check_arm(void)
{
    struct err err = ERR_INIT;
    struct spec spec = spec_of(self);
    struct launched launched;
    struct arena *arena = arena_new();
    pid_t child = 0;
    struct launcher *l = launcher_open(arena, &spec, &err);
    bool ran = l && launcher_run(l, SIDE_NEW, refuse, &child, &launched, &err);
    ok(!ran && strcmp(err.text, "no counter today") == 0 && child > 0,
       "a refusing armer ends the run with its own sentence");
    ok(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "and leaves no child");
    launcher_close(l);
    arena_free(arena);
}

static void check_descriptors(void)
{
    char text[8192];
    struct err err = ERR_INIT;
    struct spec spec = spec_of(self);
    LAUNCH(&spec, text, &err, "place");
    int before = dup(0);
    close(before);
    for (int i = 0; i < 3; i++)
        LAUNCH(&spec, text, &err, "place");
    int after = dup(0);
    close(after);
    ok(before == after, "no descriptor is lost");
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "--target") == 0)
        return target(argc, argv);
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0 || !mkdtemp(folder))
        return 99;
    check_refusals();
    check_place();
    check_core();
    check_ends();
    check_usage();
    check_orphans();
    check_sudden_death();
    check_streams();
    check_environment();
    check_arm();
    check_descriptors();
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) ? 99 : done_testing();
}
