#include "sim/record.h"

#include "sim/record_alias.h"
#include "sim/record_check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Descriptors of fixed number in the recorded process. The first two stay open in it; the engine moves or closes the
 * rest. */
enum { FD_ALIAS = 200, FD_TOOL, FD_LOG, FD_RING, FD_PINNED_END };
enum { FD_SPARE = 300 };

/* What the target sees besides the spec's own additions; hash seeds because a hash table's order is work. */
static const char *const fixed_env[] = {
    "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "TZ=UTC0", "HOME=/", "PYTHONHASHSEED=0", "PERL_HASH_SEED=0"
};

struct record {
    struct arena *arena;
    const struct record_spec *spec; /* a copy; its strings are the caller's */
    const char *name;         /* of the program, as in its argv[0] */
    struct record_alias alias;
    const char *recipe;
    char **argv, **env;       /* of the tool */
    int fds[FD_PINNED_END - FD_ALIAS]; /* what becomes FD_ALIAS and the next ones; -1: not open */
    struct stream *stream;

    pid_t pid; /* leader of its own process group; 0: not started */
    pthread_t watcher;
    int wait_status;
    atomic_bool gone;      /* wait_status holds */
    atomic_bool timed_out, interrupted;
    struct timespec deadline; /* CLOCK_MONOTONIC; tv_sec 0: none */
};

/* ---- what the program is given ---- */

struct text_list {
    char **items;
    size_t count, room;
};

static void push(struct arena *arena, struct text_list *list, const char *text)
{
    *ARENA_PUSH(arena, list->items, list->count, list->room) = text ? arena_strdup(arena, text) : NULL;
}

/* Adds NAME=value, in place of an entry of that name. */
static void push_env(struct arena *arena, struct text_list *list, const char *entry)
{
    size_t name = strcspn(entry, "=");
    for (size_t i = 0; i < list->count; i++) {
        if (strncmp(list->items[i], entry, name) == 0 && list->items[i][name] == '=') {
            list->items[i] = arena_strdup(arena, entry);
            return;
        }
    }
    push(arena, list, entry);
}

static struct text_list target_env(struct record *r)
{
    struct text_list list = { 0 };
    for (size_t i = 0; i < sizeof fixed_env / sizeof *fixed_env; i++)
        push(r->arena, &list, fixed_env[i]);
    for (const char *const *e = r->spec->env; e && *e; e++)
        push_env(r->arena, &list, *e);
    for (const char *const *e = r->spec->own_env; e && *e; e++)
        push_env(r->arena, &list, *e);
    return list;
}

static char **tool_env(struct record *r)
{
    struct text_list list = target_env(r);
    push(r->arena, &list, arena_printf(r->arena, "VALGRIND_LIB=/proc/self/fd/%d", FD_TOOL));
    push(r->arena, &list, "VALGRIND_LAUNCHER=/usr/bin/valgrind"); /* must be set; used only to follow an execve */
    push(r->arena, &list, NULL);
    return list.items;
}

static char **tool_argv(struct record *r, enum record_isa isa)
{
    struct text_list list = { 0 };
    static const char *const options[] = { "layout_tax_recorder",
                                           "--command-line-only=yes",
                                           "--tool=layout_tax_recorder",
                                           "-q",
                                           "--vgdb=no",
                                           "--fair-sched=yes",
                                           "--trace-children=no",
                                           "--child-silent-after-fork=yes",
                                           "--sigill-diagnostics=no" };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        push(r->arena, &list, options[i]);
    push(r->arena, &list, arena_printf(r->arena, "--log-fd=%d", FD_LOG));
    push(r->arena, &list, arena_printf(r->arena, "--ring-fd=%d", FD_RING));
    push(r->arena, &list, isa == RECORD_ISA_V3 ? "--modern=yes" : "--modern=no");
    push(r->arena, &list, arena_printf(r->arena, "/proc/self/fd/%d/%s", FD_ALIAS, r->name));
    for (const char *const *a = r->spec->args; a && *a; a++)
        push(r->arena, &list, *a);
    push(r->arena, &list, NULL);
    return list.items;
}

/* ---- the recipe ---- */

static void recipe_line(FILE *f, const char *key, const char *value)
{
    fprintf(f, "%s=", key);
    for (; *value; value++) {
        if (*value == '\n')
            fputs("\\n", f);
        else
            fputc(*value, f);
    }
    fputc('\n', f);
}

static const char *engine_version(struct record *r, const char *tool_dir)
{
    char version[64] = "";
    FILE *f = fopen(arena_printf(r->arena, "%s/valgrind-version", tool_dir), "re");
    if (f) {
        if (!fgets(version, sizeof version, f))
            version[0] = '\0';
        fclose(f);
    }
    version[strcspn(version, "\n")] = '\0';
    return arena_printf(r->arena, "valgrind %s", version[0] ? version : "(unknown)");
}

/* The START event has room for 128 KiB less a word; a longer recipe loses its last arguments. */
static const char *make_recipe(struct record *r, const char *tool_dir, enum record_isa isa)
{
    char *text = NULL, *cwd = r->spec->cwd ? realpath(r->spec->cwd, NULL) : getcwd(NULL, 0),
         *program = realpath(r->spec->program, NULL);
    size_t bytes = 0, most = (STREAM_EVENT_WORDS_MAX - 2) * 8ul;
    FILE *f = open_memstream(&text, &bytes);
    struct text_list env = target_env(r);
    recipe_line(f, "engine", engine_version(r, tool_dir));
    recipe_line(f, "isa", isa == RECORD_ISA_V3 ? "x86-64-v3" : "x86-64-v2");
    recipe_line(f, "pinned", "cpuid rdtsc at_random getrandom");
    recipe_line(f, "aslr", "off");
    fprintf(f, "stack=%d\ndescriptors=%d\numask=022\n", RECORD_STACK, RECORD_DESCRIPTORS);
    recipe_line(f, "program", program ? program : r->spec->program);
    recipe_line(f, "cwd", cwd ? cwd : "");
    for (size_t i = 0; i < env.count; i++)
        recipe_line(f, "env", env.items[i]);
    recipe_line(f, "arg", arena_printf(r->arena, "/proc/self/fd/%d/%s", FD_ALIAS, r->name));
    for (const char *const *a = r->spec->args; a && *a; a++)
        recipe_line(f, "arg", *a);
    fclose(f);
    const char *recipe = arena_strndup(r->arena, text, bytes < most ? bytes : most);
    free(text);
    free(cwd);
    free(program);
    return recipe;
}

/* ---- descriptors ---- */

static int *fd_of(struct record *r, int pinned)
{
    return &r->fds[pinned - FD_ALIAS];
}

/* The ring, with the recipe behind it for the recorder to write as START. */
static bool open_ring(struct record *r, struct err *err)
{
    int fd = stream_ring_create(r->spec->ring_chunks, 0, err);
    struct stat st;
    uint64_t bytes = strlen(r->recipe);
    *fd_of(r, FD_RING) = fd;
    if (fd < 0)
        return false;
    if (fstat(fd, &st) != 0 || pwrite(fd, r->recipe, bytes, st.st_size) != (ssize_t)bytes ||
        pwrite(fd, &bytes, sizeof bytes, offsetof(struct stream_control, recipe_bytes)) != sizeof bytes)
        return err_sys(err, ERR_TOOL, errno, "cannot write the recipe of the recording");
    r->stream = stream_open_fd(fd, r->spec->program, err);
    return r->stream != NULL;
}

static bool open_all(struct record *r, const char *tool_dir, enum record_isa isa, struct err *err)
{
    *fd_of(r, FD_ALIAS) = record_alias_open(&r->alias, r->spec->program, r->name, r->arena, err);
    if (*fd_of(r, FD_ALIAS) < 0)
        return false;
    *fd_of(r, FD_TOOL) = open(tool_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *fd_of(r, FD_LOG) = memfd_create("layout_tax_log", MFD_CLOEXEC);
    if (*fd_of(r, FD_TOOL) < 0 || *fd_of(r, FD_LOG) < 0)
        return err_sys(err, ERR_TOOL, errno, "cannot open the recorder's folder '%s'", tool_dir);
    r->recipe = make_recipe(r, tool_dir, isa);
    return open_ring(r, err);
}

/* ---- the child: after fork, so nothing but system calls ---- */

/* Copies every descriptor out of the way first, since sources and targets may overlap; then into place. */
static bool place_descriptors(const struct record *r)
{
    int from[3 + FD_PINNED_END - FD_ALIAS], n = 0;
    const int standard[3] = { r->spec->stdin_fd, r->spec->stdout_fd, r->spec->stderr_fd };
    for (int i = 0; i < 3; i++) {
        int fd = standard[i] >= 0 ? standard[i] : open("/dev/null", i ? O_WRONLY | O_CLOEXEC : O_RDONLY | O_CLOEXEC);
        from[n++] = fcntl(fd, F_DUPFD_CLOEXEC, FD_SPARE);
    }
    for (int i = 0; i < FD_PINNED_END - FD_ALIAS; i++)
        from[n++] = fcntl(r->fds[i], F_DUPFD_CLOEXEC, FD_SPARE);
    close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
    for (int i = 0; i < n; i++)
        if (from[i] < 0 || dup2(from[i], i < 3 ? i : FD_ALIAS + i - 3) < 0)
            return false;
    return true;
}

/* Exactly these limits: another stack limit moves the target's memory. */
static bool set_limits(void)
{
    for (unsigned i = 0; i < record_limit_count; i++) {
        const struct record_limit *row = &record_limits[i];
        struct rlimit limit;
        if (getrlimit(row->resource, &limit) != 0)
            return false;
        limit.rlim_cur = row->given < limit.rlim_max ? row->given : limit.rlim_max;
        if (setrlimit(row->resource, &limit) != 0)
            return false;
    }
    return true;
}

static void default_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    for (int s = 1; s < NSIG; s++)
        signal(s, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* One step after the other; the name of the one that failed, with errno. */
static const char *become_recorder(const struct record *r)
{
    if (!set_limits())
        return "setting its limits";
    if (personality(ADDR_NO_RANDOMIZE) == -1)
        return "turning address randomisation off (personality is refused here: a container's seccomp profile?)";
    if (!place_descriptors(r))
        return "placing its descriptors";
    if (r->spec->cwd && chdir(r->spec->cwd) != 0)
        return "entering its working directory";
    execve("/proc/self/fd/201/layout_tax_recorder-amd64-linux", r->argv, r->env);
    return "starting the recorder (is the file system that it lies on mounted noexec?)";
}

static _Noreturn void child(const struct record *r)
{
    char text[256];
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* even who is killed leaves no recorder behind */
    default_signals();
    umask(022);
    const char *failed = become_recorder(r);
    int cause = errno, n = snprintf(text, sizeof text, "%s: %s\n", failed, strerrordesc_np(cause));
    _exit(write(r->fds[FD_LOG - FD_ALIAS], text, (size_t)n) < 0 ? 126 : 127);
}
_Static_assert(FD_TOOL == 201, "the path of the tool in child()");

/* ---- watching it ---- */

static bool past_deadline(const struct record *r, int *left_ms)
{
    struct timespec now;
    *left_ms = r->spec->keep_on ? 100 : 1000;
    if (!r->deadline.tv_sec)
        return false;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double left =
        (double)(r->deadline.tv_sec - now.tv_sec) + (double)(r->deadline.tv_nsec - now.tv_nsec) / 1e9;
    if (left * 1000 < *left_ms)
        *left_ms = left > 0 ? (int)(left * 1000) + 1 : 10;
    return left <= 0;
}

/* Waits for the process, ends it at its deadline or when it is no longer wanted, and with its end everything of its
 * group. */
static void *watch(void *arg)
{
    struct record *r = arg;
    struct pollfd p = { .fd = (int)syscall(SYS_pidfd_open, r->pid, 0), .events = POLLIN };
    siginfo_t info;
    for (;;) {
        int left_ms;
        info.si_pid = 0;
        if (waitid(P_PID, (id_t)r->pid, &info, WEXITED | WNOWAIT | WNOHANG) == 0 && info.si_pid == r->pid)
            break;
        if (past_deadline(r, &left_ms))
            atomic_store(&r->timed_out, true);
        if (r->spec->keep_on && !r->spec->keep_on(r->spec->context))
            atomic_store(&r->interrupted, true);
        if (atomic_load(&r->timed_out) || atomic_load(&r->interrupted))
            kill(-r->pid, SIGKILL);
        poll(&p, p.fd >= 0, p.fd >= 0 ? left_ms : 10);
    }
    if (p.fd >= 0)
        close(p.fd);
    kill(-r->pid, SIGKILL);
    while (waitpid(r->pid, &r->wait_status, 0) < 0 && errno == EINTR)
        ;
    atomic_store(&r->gone, true);
    return NULL;
}

static bool lives(void *context)
{
    return !atomic_load(&((struct record *)context)->gone);
}

static bool start_process(struct record *r, struct err *err)
{
    if (r->spec->timeout > 0) {
        clock_gettime(CLOCK_MONOTONIC, &r->deadline);
        r->deadline.tv_sec += (time_t)r->spec->timeout;
        r->deadline.tv_nsec += (long)((r->spec->timeout - (double)(time_t)r->spec->timeout) * 1e9);
    }
    r->pid = fork();
    if (r->pid == 0)
        child(r);
    if (r->pid < 0) {
        r->pid = 0;
        return err_sys(err, ERR_TOOL, errno, "cannot start a process for the recorder");
    }
    setpgid(r->pid, r->pid); /* whoever comes first */
    int failed = pthread_create(&r->watcher, NULL, watch, r);
    if (!failed)
        return true;
    kill(-r->pid, SIGKILL);
    waitpid(r->pid, NULL, 0);
    r->pid = 0;
    return err_sys(err, ERR_TOOL, failed, "cannot start a thread to watch the recorder");
}

/* ---- life ---- */

static void clean_up(struct record *r)
{
    stream_close(r->stream);
    r->stream = NULL;
    for (int i = 0; i < FD_PINNED_END - FD_ALIAS; i++)
        if (r->fds[i] >= 0)
            close(r->fds[i]);
    record_alias_remove(&r->alias);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

struct record *record_start(const struct record_spec *spec, struct arena *arena, struct err *err)
{
    enum record_isa isa;
    const char *tool_dir = spec->tool_dir ? spec->tool_dir : record_tool_dir(arena, err);
    int program = tool_dir && record_check_limits(err) ? record_check_open(spec->program, &isa, err) : -1;
    if (program < 0)
        return NULL;
    close(program);
    if (spec->cwd && access(spec->cwd, X_OK) != 0) {
        err_sys(err, ERR_TARGET, errno, "cannot use '%s' as working directory", spec->cwd);
        return NULL;
    }
    struct record *r = arena_alloc(arena, sizeof *r);
    struct record_spec *copy = arena_alloc(arena, sizeof *copy);
    *copy = *spec;
    *r = (struct record){ .arena = arena, .spec = copy, .name = base_name(spec->name ? spec->name : spec->program) };
    for (int i = 0; i < FD_PINNED_END - FD_ALIAS; i++)
        r->fds[i] = -1;
    r->argv = tool_argv(r, isa);
    r->env = tool_env(r);
    if (!open_all(r, tool_dir, isa, err) || !start_process(r, err)) {
        clean_up(r);
        return NULL;
    }
    stream_on_wait(r->stream, lives, r);
    return r;
}

struct stream *record_stream(struct record *r)
{
    return r->stream;
}

static const char *read_log(struct record *r)
{
    char text[2000];
    ssize_t n = pread(*fd_of(r, FD_LOG), text, sizeof text - 1, 0);
    return arena_strndup(r->arena, text, n > 0 ? (size_t)n : 0);
}

static int first_line(const char *text)
{
    return (int)strcspn(text, "\n");
}

/* Sentences for ends that are the engine's doing and not the program's. `cut`: the stream has no end, and not by our
 * will. */
static bool judge_end(const struct record *r, const struct record_result *result, bool cut, struct err *err)
{
    const char *program = r->spec->program, *said;
    if (atomic_load(&r->interrupted))
        return err_set(err, ERR_INTERRUPTED, "interrupted while '%s' was recorded", program);
    if (result->timed_out)
        return err_set(err, ERR_TARGET,
                       "the recording of '%s' was ended after %g seconds: give it less to do or more time", program,
                       r->spec->timeout);
    if (result->signal == SIGILL && (said = strstr(result->messages, "AVX-512 instruction")))
        return err_set(err, ERR_TARGET,
                       "'%s' uses AVX-512, which the recorder cannot run (%.*s): build it for x86-64-v3 or less", program,
                       first_line(said), said);
    if (result->signal == SIGILL && (said = strstr(result->messages, "unknown instruction")))
        return err_set(err, ERR_TARGET,
                       "'%s' uses an instruction that the recorder cannot run (%.*s): build it for x86-64-v3 or less",
                       program, first_line(said), said);
    if (cut && result->signal)
        return err_set(err, ERR_TARGET, "the recording of '%s' was ended by signal %d from outside: record it again",
                       program, result->signal);
    if (cut)
        return err_set(err, ERR_TOOL, "the recorder failed on '%s' (status %d): %.*s", program, result->status,
                       first_line(result->messages), result->messages);
    return true;
}

bool record_finish(struct record *r, struct record_result *result, struct err *err)
{
    bool ended = stream_is_done(r->stream) || stream_producer_ended(r->stream),
         given_up = !ended && !atomic_load(&r->gone);
    if (given_up)
        kill(-r->pid, SIGKILL); /* it would wait for its reader for ever */
    pthread_join(r->watcher, NULL);
    *result =
        (struct record_result){ .status = -1, .recipe = r->recipe, .messages = read_log(r), .timed_out = r->timed_out };
    if (WIFEXITED(r->wait_status))
        result->status = WEXITSTATUS(r->wait_status);
    else
        result->signal = WTERMSIG(r->wait_status);
    bool ok = judge_end(r, result, !ended && !given_up, err);
    clean_up(r);
    return ok;
}

bool record_to_file(const struct record_spec *spec, const char *path, struct arena *arena, struct record_result *result,
                    struct err *err)
{
    struct err save = ERR_INIT;
    struct record *r = record_start(spec, arena, err);
    if (!r)
        return false;
    bool saved = stream_save(r->stream, path, &save);
    /* How the process ended says more than that the stream stopped. */
    if (!record_finish(r, result, err))
        return false;
    return saved || err_set(err, save.kind, "%s", save.text);
}
