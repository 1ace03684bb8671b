/* Whole sessions, with this test as its own target ("--target WHAT FOLDER") and with scripts. */
#include "run/session.h"
#include "run/interrupt.h"
#include "run/script.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char self[4096], folder[] = "/tmp/run_session_XXXXXX", new_path[100];

/* ---- the target's side ---- */

/* Counts the calls of one name through a file in the folder. */
static int call_number(const char *where, const char *name)
{
    char path[300], byte = 0;
    struct stat st;
    snprintf(path, sizeof path, "%s/count.%s", where, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    bool fine = fd >= 0 && write(fd, &byte, 1) == 1 && fstat(fd, &st) == 0;
    if (fd >= 0)
        close(fd);
    return fine ? (int)st.st_size : -1;
}

static int target(char **argv)
{
    const char *what = argv[2];
    int n = call_number(argv[3], what);
    if (strcmp(what, "speed") == 0)
        printf("hello\nThroughput = %d,000.5 ops/s\n", n);
    else if (strcmp(what, "changing") == 0)
        printf("first\nrun %d\n", n);
    else if (strcmp(what, "crash-late") == 0 && n == 5)
        return fprintf(stderr, "assertion failed\n"), raise(SIGABRT);
    else if (strcmp(what, "fail") == 0)
        return fprintf(stderr, "x: error while loading shared libraries: liby.so\n"), 127;
    else if (strcmp(what, "hang") == 0)
        for (;;)
            pause();
    return 0;
}

/* Old and new are copies of this test; what "differ" prints hangs on the file it is. */
static int differ_target(void)
{
    char exe[4096] = "";
    if (readlink("/proc/self/exe", exe, sizeof exe - 1) < 0)
        return 1;
    const char *name = strrchr(exe, '/');
    printf("common\nI am %s\n", name && strcmp(name, "/new") == 0 ? "new" : "old");
    return 0;
}

/* ---- the session's side ---- */

struct told {
    int progress, total;
    double left;
    char warning[700];
    int warnings;
};

static void progress(void *context, int done, int total, double left)
{
    struct told *told = context;
    told->progress = done;
    told->total = total;
    told->left = left;
}

static void warn(void *context, const char *sentence)
{
    struct told *told = context;
    told->warnings++;
    snprintf(told->warning, sizeof told->warning, "%s", sentence);
}

static struct arena *arena;

static struct spec small_spec(const char *what)
{
    struct spec spec = spec_default();
    static char *args[4];
    args[0] = "--target";
    args[1] = (char *)what;
    args[2] = folder;
    spec.path[0] = self;
    spec.path[1] = new_path;
    spec.args = args;
    spec.arg_count = 3;
    spec.runs = 3;
    spec.timeout_s = 20;
    return spec;
}

static bool run(struct spec *spec, struct session *session, struct told *told, struct err *err)
{
    struct source_object source = clock_source();
    *told = (struct told){ 0 };
    *err = ERR_INIT;
    struct session_hooks hooks = { told, progress, warn };
    bool fine = session_run(arena, spec, &source, &hooks, session, err);
    source_close(&source);
    return fine;
}

static void check_normal(void)
{
    struct session session;
    struct told told;
    struct err err;
    struct spec spec = small_spec("speed");
    spec.throughput = "Throughput = ([0-9.,]+)";
    bool fine = run(&spec, &session, &told, &err), read = fine, clock = fine;
    if (!ok(fine && session.complete && session.count == 9, "three rounds of three sides"))
        diag("%s", err.text);
    for (size_t i = 0; i < session.count; i++) {
        const struct reading *r = session.runs[i].readings;
        read = read && r[M_THROUGHPUT].state == READING_READ && r[M_THROUGHPUT].value == 1000.0 * ((double)i + 3) + .5;
        clock = clock && r[M_WALL].value > 0 && r[M_WALL].source == SOURCE_CLOCK &&
                r[M_CYCLES].state == READING_NOT_ASKED && r[M_CPU].value == r[M_USER].value + r[M_SYSTEM].value &&
                r[M_FAULTS_MINOR].value > 0;
    }
    ok(read, "throughput comes from the pattern's group, with commas, and the warm-up is thrown away");
    ok(clock, "the clock's figures are there and no others");
    ok(told.progress == 11 && told.total == 11 && told.left == 0, "progress ends at the total");
    ok(told.warnings == 0 && !session.output_note, "the line of the throughput does not count as a difference");
    ok(spec.cpu >= 0, "the core in use is recorded");
}

static void check_errors(void)
{
    struct session session;
    struct told told;
    struct err err;
    struct spec spec = small_spec("crash-late");
    run(&spec, &session, &told, &err);
    ok(err.kind == ERR_TARGET && strstr(err.text, "killed by SIGABRT (signal 6) in round 1 of 3") &&
           strstr(err.text, "last words: assertion failed"),
       "a crash names signal, round and last words: %s", err.text);
    ok(!session.complete && session.count == 3, "what ran before it is kept");
    spec = small_spec("fail");
    run(&spec, &session, &told, &err);
    ok(err.kind == ERR_TARGET && strstr(err.text, "exit status 127 in the warm-up") &&
           strstr(err.text, "--env LD_LIBRARY_PATH"),
       "a missing library leads to the remedy");
    spec = small_spec("hang");
    spec.timeout_s = 0.05;
    run(&spec, &session, &told, &err);
    ok(err.kind == ERR_TARGET && strstr(err.text, "did not end within 0.05 s"), "a hang is named");
    spec = small_spec("none");
    spec.throughput = "Throughput = ([0-9.]+)";
    run(&spec, &session, &told, &err);
    ok(err.kind == ERR_TARGET && strstr(err.text, "printed no line on stdout in the warm-up"),
       "a pattern that never matches is named");
    spec.throughput = "Throughput = [0-9]+";
    run(&spec, &session, &told, &err);
    ok(err.kind == ERR_USAGE && strstr(err.text, "has no group"), "a pattern without a group is refused");
    spec.throughput = "(";
    run(&spec, &session, &told, &err);
    ok(err.kind == ERR_USAGE && strstr(err.text, "not an extended regular expression"), "a wrong pattern is refused");
    spec = small_spec("none");
    spec.path[1] = "/nonexistent";
    run(&spec, &session, &told, &err);
    ok(err.kind == ERR_TOOL && session.count == 0 && !session.complete, "a missing program is an error of the tool");
}

static void check_same(void)
{
    struct session session;
    struct told told;
    struct err err;
    struct spec spec = small_spec("differ");
    ok(run(&spec, &session, &told, &err) && session.output_note &&
           strstr(session.output_note, "different results (line 2: old 'I am old', new 'I am new')"),
       "different results are noted with their first line: %s", session.output_note ? session.output_note : err.text);
    spec.same_output = true;
    run(&spec, &session, &told, &err);
    ok(err.kind == ERR_TARGET && strstr(err.text, "different results (line 2") && session.count < 9,
       "or end the session, early");
    spec.runs = 1;
    spec.warmup = 0;
    ok(!run(&spec, &session, &told, &err) && err.kind == ERR_TARGET, "one run a side is enough at the end");
    spec.ignore_lines = "^I am";
    ok(run(&spec, &session, &told, &err) && !session.output_note, "unless the line is ignored");
    spec = small_spec("changing");
    ok(run(&spec, &session, &told, &err) && session.output_note &&
           strstr(session.output_note, "stdout of old changes from run to run (line 2: 'run"),
       "a program that changes by itself is no difference, but noted: %s",
       session.output_note ? session.output_note : err.text);
    spec.same_output = true;
    ok(!run(&spec, &session, &told, &err) && err.kind == ERR_TARGET && strstr(err.text, "could not be compared"),
       "nor is it a proof of the same results");
}

static void check_script(void)
{
    static const char text[] = "# comment\n* bad\n",
                      good[] = "old * cycles 100\nnew * cycles 120 1000 500\nnew 1 cycles 130\n"
                               "old * instructions 200\ncontrol * cycles not-counted\nnew 2 exit 4\n";
    struct err err = ERR_INIT;
    struct source_object source;
    struct session session;
    struct spec spec = spec_default();
    char path[100];
    snprintf(path, sizeof path, "%s/script", folder);
    for (int i = 0; i < 2; i++) {
        FILE *f = fopen(path, "w");
        fputs(i ? good : text, f);
        fclose(f);
        bool fine = script_source(arena, path, &source, &err);
        if (i == 0)
            ok(!fine && strstr(err.text, "script:2: a row is"), "a wrong row is named by file and line");
        err = ERR_INIT;
    }
    spec.runs = 2;
    ok(session_run(arena, &spec, &source, NULL, &session, &err) && session.count == 6,
       "a script runs without programs");
    int seen = 0;
    for (size_t i = 0; i < session.count; i++) {
        const struct run *r = &session.runs[i];
        const struct reading *cycles = &r->readings[M_CYCLES];
        if (r->side == SIDE_NEW)
            seen += r->round == 0 ? cycles->value == 120 && READING_SCALED(cycles) : cycles->value == 130;
        else if (r->side == SIDE_OLD)
            seen += cycles->value == 100 && r->readings[M_IPC].value == 2 && r->readings[M_IPC].source == SOURCE_SCRIPT;
        else
            seen += cycles->state == READING_NOT_COUNTED && r->readings[M_INSTRUCTIONS].state == READING_NOT_ASKED;
    }
    ok(seen == 6, "rows, exact rounds, scaling, absent states and derived metrics come out");
    spec.runs = 3;
    err = ERR_INIT;
    ok(!session_run(arena, &spec, &source, NULL, &session, &err) && err.kind == ERR_TARGET &&
           strstr(err.text, "new ended with exit status 4"),
       "a scripted failure is a failure: %s", err.text);
    source_close(&source);
}

/* A session of a hanging program in another process, which is sent a signal once the program runs. */
static void check_interrupt(void)
{
    int status = 0, calls = 0;
    struct spec spec = small_spec("hang");
    char path[200];
    struct stat st;
    snprintf(path, sizeof path, "%s/count.hang", folder);
    unlink(path);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct session session;
        struct told told;
        struct err err;
        spec.warmup = 0;
        bool fine = run(&spec, &session, &told, &err);
        bool marked = !fine && err.kind == ERR_INTERRUPTED && !session.complete && session.count == 0 &&
                      strstr(session.interrupted, "SIGINT in round 1 of 3") && interrupt_signal() == SIGINT;
        bool empty = waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD;
        _exit(marked && empty ? 42 : 1);
    }
    while (calls++ < 2000 && (stat(path, &st) < 0 || st.st_size == 0))
        nanosleep(&(struct timespec){ 0, 5000000 }, NULL);
    kill(pid, SIGINT);
    waitpid(pid, &status, 0);
    ok(WIFEXITED(status) && WEXITSTATUS(status) == 42,
       "Ctrl-C ends the program, marks the session and leaves no child");
}

static bool copy_file(const char *from, const char *to)
{
    char command[5000];
    snprintf(command, sizeof command, "cp '%s' '%s'", from, to);
    return system(command) == 0;
}

int main(int argc, char **argv)
{
    signal(SIGINT, SIG_DFL); /* a test run that was started in the background inherits it ignored */
    if (argc > 3 && strcmp(argv[1], "--target") == 0)
        return strcmp(argv[2], "differ") == 0 ? differ_target() : target(argv);
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0 || !mkdtemp(folder))
        return 99;
    snprintf(new_path, sizeof new_path, "%s/new", folder);
    if (!copy_file(self, new_path))
        return 99;
    arena = arena_new();
    check_normal();
    check_errors();
    check_same();
    check_script();
    check_interrupt();
    arena_free(arena);
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) ? 99 : done_testing();
}
