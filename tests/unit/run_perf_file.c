/* Output of perf stat in every format: each row of the table is a file's text and what must be read from it. */
#include "run/event_names.h"
#include "run/perf_file.h"
#include "tap.h"

#include <unistd.h>

static char folder[] = "/tmp/run_perf_file_XXXXXX";
static struct arena *arena;

static const char *write_text(const char *text, size_t bytes)
{
    static char path[100];
    snprintf(path, sizeof path, "%s/file", folder);
    FILE *f = fopen(path, "w");
    if (!f || fwrite(text, 1, bytes, f) != bytes || fclose(f) != 0)
        exit(99);
    return path;
}

struct expected {
    int round;
    enum metric metric;
    enum reading_state state;
    double value;
    double share; /* running / enabled; 0: times not told */
};

enum { EXPECTED_MAX = 8 };

struct row {
    int line;
    const char *title, *text;
    int runs;
    struct expected expected[EXPECTED_MAX]; /* ends with METRIC_COUNT, which is not 0 */
};

#define R READING_READ
#define END { 0, METRIC_COUNT, R, 0, 0 }

static const struct row rows[] = {
    { __LINE__,
      "commas, as perf 6.1 writes them",
      "# started on Sun Nov 22 09:13:02 2026\n\n"
      "1.33,msec,task-clock,1325757,100.00,0.128,CPUs utilized\n"
      "1,,context-switches,1325757,100.00,754.286,/sec\n"
      "<not supported>,,cycles,0,100.00,,\n"
      "<not counted>,,instructions,0,0.00,,\n",
      1,
      { { 0, M_CPU, R, 1.33e6, 1 },
        { 0, M_SWITCHES, R, 1, 1 },
        { 0, M_CYCLES, READING_NOT_SUPPORTED, 0, 0 },
        { 0, M_INSTRUCTIONS, READING_NOT_COUNTED, 0, 0 },
        { 0, M_IPC, READING_NOT_SUPPORTED, 0, 0 },
        END } },
    { __LINE__,
      "another separator, modifiers, multiplexing, computed lines",
      "2000;;cycles:u;500000;50.00;3.5;GHz\n"
      "3000;;instructions:u;1000000;100.00;1.50;insn per cycle\n"
      ";;;;;0.04;stalled cycles per insn\n"
      "100;;branches:u;1000000;100.00;;\n5;;branch-misses:u;1000000;100.00;5.00;of all branches\n",
      1,
      { { 0, M_CYCLES, R, 2000, .5 },
        { 0, M_INSTRUCTIONS, R, 3000, 1 },
        { 0, M_IPC, R, 1.5, .5 },
        { 0, M_BRANCH_MISS_RATE, R, 5, 0 },
        END } },
    { __LINE__,
      "a tab",
      "7\t\tcycles\t9\t100.00\t\t\n9\t\tinstructions\t9\t100.00\t\t\n",
      1,
      { { 0, M_CYCLES, R, 7, 1 }, { 0, M_INSTRUCTIONS, R, 9, 1 }, END } },
    { __LINE__,
      "a separator of two characters",
      "7::::cycles::9::100.00::::\n1.5::msec::task-clock::9::100.00::::\n",
      1,
      { { 0, M_CYCLES, R, 7, 1 }, { 0, M_CPU, R, 1.5e6, 1 }, END } },
    { __LINE__,
      "a bar, and a decimal comma",
      "1,78|msec|task-clock|1784153|100,00|0,034|CPUs utilized\n",
      1,
      { { 0, M_CPU, R, 1.78e6, 1 }, END } },
    { __LINE__,
      "variances of -r",
      "1.27,msec,task-clock,7.72%,1272980,100.00,0.024,CPUs utilized\n"
      "74,,minor-faults,1.56%,1272980,80.00,66.724,K/sec\n",
      1,
      { { 0, M_CPU, R, 1.27e6, 1 }, { 0, M_FAULTS_MINOR, R, 74, .8 }, END } },
    { __LINE__,
      "runs that were appended",
      "# started on A\n"
      "\n"
      "10,,cycles,5,100.00,,\n"
      "20,,instructions,5,100.00,,\n"
      "# started on B\n"
      "\n"
      "11,,cycles,5,100.00,,\n"
      "21,,instructions,5,100.00,,\n",
      2,
      { { 0, M_CYCLES, R, 10, 1 }, { 1, M_CYCLES, R, 11, 1 }, { 1, M_INSTRUCTIONS, R, 21, 1 }, END } },
    { __LINE__,
      "runs that were put together without headers",
      "10,,cycles,5,100.00,,\n20,,instructions,5,100.00,,\n11,,cycles,5,100.00,,\n21,,instructions,5,100.00,,\n"
      "12,,cycles,5,100.00,,\n22,,instructions,5,100.00,,\n",
      3,
      { { 0, M_CYCLES, R, 10, 1 }, { 1, M_INSTRUCTIONS, R, 21, 1 }, { 2, M_CYCLES, R, 12, 1 }, END } },
    { __LINE__,
      "an event named twice in one run is not two runs",
      "10,,cycles,5,100.00,,\n20,,instructions,5,100.00,,\n11,,cycles,5,100.00,,\n",
      1,
      { { 0, M_CYCLES, R, 10, 1 }, END } },
    { __LINE__,
      "CPUs are added up",
      "CPU0,10,,cycles,5,100.00,,\n"
      "CPU1,30,,cycles,15,100.00,,\n"
      "CPU0,1,,instructions,5,100.00,,\n"
      "CPU1,2,,instructions,5,100.00,,\n",
      1,
      { { 0, M_CYCLES, R, 40, 1 }, { 0, M_INSTRUCTIONS, R, 3, 1 }, END } },
    { __LINE__,
      "sockets, with the number of CPUs",
      "S0,2,114.00,msec,task-clock,114004048,100.00,1.979,CPUs utilized\n"
      "S1,2,16.00,msec,task-clock,114000091,100.00,14.210,K/sec\n",
      1,
      { { 0, M_CPU, R, 130e6, 1 }, END } },
    { __LINE__,
      "intervals are added up, and a restarted clock is another run",
      "     0.020,10,,cycles,5,100.00,,\n"
      "     0.040,<not counted>,,cycles,0,100.00,,\n"
      "     0.050,2,,cycles,5,50.00,,\n"
      "     0.020,7,,cycles,5,100.00,,\n",
      2,
      { { 0, M_CYCLES, R, 12, 2. / 3 }, { 1, M_CYCLES, R, 7, 1 }, END } },
    { __LINE__,
      "the summary after intervals is not added to them",
      "     0.020,10,,cycles,5,100.00,,\n     0.040,2,,cycles,5,100.00,,\n         summary,12,,cycles,10,100.00,,\n",
      1,
      { { 0, M_CYCLES, R, 12, 1 }, END } },
    { __LINE__,
      "core types are added up, absent ones do not count",
      "10,,cpu_core/cycles/u,5,100.00,,\n"
      "<not counted>,,cpu_atom/cycles/u,0,0.00,,\n"
      "4,,cpu_core/branches/,5,100.00,,\n"
      "2,,cpu_atom/branches/,5,100.00,,\n",
      1,
      { { 0, M_CYCLES, R, 10, 1 }, { 0, M_BRANCHES, R, 6, 1 }, END } },
    { __LINE__,
      "user and kernel are added up, the total is not added to a part",
      "10,,cycles:u,5,100.00,,\n3,,cycles:k,5,100.00,,\n8,,branches,5,100.00,,\n7,,branches:u,5,100.00,,\n",
      1,
      { { 0, M_CYCLES, R, 13, 1 }, { 0, M_BRANCHES, R, 8, 1 }, END } },
    { __LINE__,
      "events with separators in their names",
      "10,,cpu/event=0x3c,umask=0x0/,500,100.00,,\n6,,cycles,500,40.00,,\n",
      1,
      { { 0, M_CYCLES, R, 6, .4 }, END } },
    { __LINE__,
      "the makers' names",
      "6,,ex_ret_brn_misp,5,100.00,,\n"
      "7,,BR_INST_RETIRED.NEAR_TAKEN:u,5,100.00,,\n"
      "8,,L1-icache-load-misses,5,100.00,,\n"
      "9,,dTLB-load-misses:uk,5,100.00,,\n",
      1,
      { { 0, M_BRANCH_MISSES, R, 6, 1 },
        { 0, M_TAKEN_BRANCHES, R, 7, 1 },
        { 0, M_L1I_MISSES, R, 8, 1 },
        { 0, M_DTLB_MISSES, R, 9, 1 },
        END } },
    { __LINE__,
      "top-down percentages become slots",
      "1000,,slots,5,100.00,,\n25,,topdown-retiring,5,100.00,25.0,%  tma_retiring\n,,,,,40.0,%  tma_frontend_bound\n",
      1,
      { { 0, M_SLOTS, R, 1000, 1 },
        { 0, M_SLOTS_RETIRING, R, 25, 1 },
        { 0, M_SLOTS_FRONTEND, R, 400, 1 },
        { 0, M_SLOTS_BACKEND, READING_NOT_ASKED, 0, 0 },
        END } },
    { __LINE__,
      "no unit on an old perf's clock",
      "0.5,,task-clock,500000,100.00,,\n1,,cycles,1,100.00,,\n",
      1,
      { { 0, M_CPU, R, .5e6, 1 }, END } },
    { __LINE__,
      "wall, user and system as events",
      "5,ns,duration_time,5,100.00,,\n3,ns,user_time,5,100.00,,\n1,ns,system_time,5,100.00,,\n",
      1,
      { { 0, M_WALL, R, 5, 1 }, { 0, M_USER, R, 3, 1 }, { 0, M_CPU, R, 4, 1 }, END } },
    { __LINE__,
      "JSON lines",
      "# started on Sun Nov 22 09:13:02 2026\n\n"
      "{\"counter-value\" : \"0.982715\", \"unit\" : \"msec\", \"event\" : \"task-clock\", "
      "\"event-runtime\" : 982715, \"pcnt-running\" : 100.00, "
      "\"metric-value\" : 0.067791, \"metric-unit\" : \"CPUs utilized\"}\n"
      "{\"counter-value\" : \"300.000000\", \"unit\" : \"\", \"event\" : \"cycles:u\", "
      "\"event-runtime\" : 50, \"pcnt-running\" : 25.00, }\n"
      "{\"counter-value\" : \"<not supported>\", \"unit\" : \"\", \"event\" : \"branches\", "
      "\"event-runtime\" : 0, \"pcnt-running\" : 100.00, "
      "\"metric-value\" : \"0.000000\", \"metric-unit\" : \"(null)\"}\n",
      1,
      { { 0, M_CPU, R, 982715, 1 },
        { 0, M_CYCLES, R, 300, .25 },
        { 0, M_BRANCHES, READING_NOT_SUPPORTED, 0, 0 },
        END } },
    { __LINE__,
      "JSON with intervals, CPUs and two objects a line",
      "{\"interval\" : 0.02, \"cpu\" : \"0\", \"counter-value\" : \"3.0\", \"unit\" : \"\", "
      "\"event\" : \"cycles\"} {\"metric-value\" : 1.0, \"metric-unit\" : \"x\"}\n"
      "{\"interval\" : 0.02, \"cpu\" : \"1\", \"counter-value\" : \"4.0\", \"unit\" : \"\", \"event\" : \"cycles\"}\n"
      "{\"interval\" : 0.04, \"cpu\" : \"0\", \"counter-value\" : \"5.0\", \"unit\" : \"\", \"event\" : \"cycles\"}\n",
      1,
      { { 0, M_CYCLES, R, 12, 0 }, END } },
    { __LINE__,
      "the output for people",
      "hello from the program\n\n Performance counter stats for './a 1':\n\n"
      "              1.39 msec task-clock:u              #    0.027 CPUs utilized            ( +-  1.20% )\n"
      "         1,234,567      cycles:u                  #    3.500 GHz                      ( +-  0.20% )  (66.67%)\n"
      "         2,469,134      instructions:u            #    2.00  insn per cycle           (83.33%)\n"
      "   <not supported>      branches:u                                                  \n"
      "                                                  #     25.0 %  tma_retiring  (50%)\n\n"
      "          0.053000 +- 0.000841 seconds time elapsed  ( +-  1.59% )\n\n"
      "       0.002685000 seconds user\n       0.001000000 seconds sys\n\n",
      1,
      { { 0, M_CPU, R, 1.39e6, 0 },
        { 0, M_CYCLES, R, 1234567, .6667 },
        { 0, M_INSTRUCTIONS, R, 2469134, .8333 },
        { 0, M_IPC, R, 2, .8333 },
        { 0, M_BRANCHES, READING_NOT_SUPPORTED, 0, 0 },
        { 0, M_WALL, R, 53e6, 0 },
        { 0, M_USER, R, 2685000, 0 },
        END } },
    { __LINE__,
      "the output for people, other marks, two runs",
      " Performance counter stats for 'a':\n\n     1.234.567      cycles\n          1,39 msec task-clock\n"
      " Performance counter stats for 'a':\n\n     1.234.568      cycles\n          1,40 msec task-clock\n",
      2,
      { { 0, M_CYCLES, R, 1234567, 0 }, { 0, M_CPU, R, 1.39e6, 0 }, { 1, M_CYCLES, R, 1234568, 0 }, END } },
};

static const struct run *find_run(const struct session *session, int round)
{
    for (size_t i = 0; i < session->count; i++)
        if (session->runs[i].round == round)
            return &session->runs[i];
    return NULL;
}

static bool check_expected(const struct session *session, const struct expected *e, int line)
{
    const struct run *run = find_run(session, e->round);
    const struct reading *r = run ? &run->readings[e->metric] : NULL;
    double share = r && r->enabled_ns ? (double)r->running_ns / (double)r->enabled_ns : 0;
    bool same = r && r->state == e->state &&
                (e->state != R || (fabs(r->value - e->value) <= 1e-9 * e->value && r->source == SOURCE_FILE &&
                                   fabs(share - e->share) < 1e-4));
    if (!same && r)
        diag("row of line %d: %s is %s %.12g share %g, not %s %.12g share %g", line, metric_table[e->metric].name,
             reading_state_name[r->state], r->value, share, reading_state_name[e->state], e->value, e->share);
    return same;
}

static void check_rows(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct session session = { .runs = NULL };
        struct perf_import import = { .runs = 0 };
        struct err err = ERR_INIT;
        bool fine =
            perf_file_read(arena, write_text(rows[i].text, strlen(rows[i].text)), SIDE_NEW, &session, &import, &err);
        bool right = fine && import.runs == rows[i].runs && session.complete;
        if (!right)
            diag("row of line %d: %d runs %s", rows[i].line, import.runs, err.text);
        for (int k = 0; k < EXPECTED_MAX && rows[i].expected[k].metric != METRIC_COUNT; k++)
            right = check_expected(&session, &rows[i].expected[k], rows[i].line) && right;
        ok(right, "%s", rows[i].title);
    }
}

static void check_notes(void)
{
    static const char text[] =
        "1,,cycles:u,5%,5,100.00,,\n2,,power.energy:u,5,100.00,,\n3,,power.energy,5,100.00,,\n4,,r01c2,5,100.00,,\n";
    struct session session = { .runs = NULL };
    struct perf_import import = { .runs = 0 };
    struct err err = ERR_INIT;
    const char *path = write_text(text, sizeof text - 1);
    ok(perf_file_read(arena, path, SIDE_OLD, &session, &import, &err) &&
           perf_file_read(arena, path, SIDE_OLD, &session, &import, &err) && import.runs == 2 &&
           session.runs[1].round == 1 && session.runs[1].side == SIDE_OLD,
       "a second file continues the rounds");
    ok(import.averaged && import.user_only, "means and user mode are noticed");
    ok(import.left_out_count == 2, "what has no metric is listed once");
    is_str(import.left_out[0], "power.energy", "by its name");
}

#define TEXT(text) text, sizeof(text) - 1

static void check_refusals(void)
{
    static const struct {
        const char *text;
        size_t bytes;
        const char *want;
    } files[] = {
        { TEXT(""), "is empty" },
        { TEXT("\n \n"), "is empty" },
        { TEXT("PERFILE2\0\0"), "`perf record`" },
        { TEXT("\x7f" "ELF\2\1"), "an ELF program" },
        { TEXT("# To display the perf.data header info, please use\n"), "a report of `perf report`" },
        { TEXT("abc\0def"), "a binary file" },
        { TEXT("hello\nworld 1, 2, 3\n"), "no line of perf stat" },
        { TEXT("{\"results\": [{\"command\": \"sleep\", \"mean\": 0.1}]}\n"), "no line of perf stat" },
        { TEXT("{\"metric-value\" : \"3.5\"}{\"metric-value\" : \"\"}\n"), "--metric-only" },
        { TEXT("<not supported>,,cycles,0,100.00,,\n"), "holds no figure" },
        { TEXT("5,,no_such_event,5,100.00,,\n"), "holds no figure" },
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct session session = { .runs = NULL };
        struct perf_import import = { .runs = 0 };
        struct err err = ERR_INIT;
        bool fine = perf_file_read(arena, write_text(files[i].text, files[i].bytes), SIDE_OLD, &session, &import, &err);
        if (!ok(!fine && err.kind == ERR_TOOL && strstr(err.text, files[i].want) && strstr(err.text, folder),
                "refused: %s", files[i].want))
            diag("%s", err.text);
    }
    struct session session = { .runs = NULL };
    struct perf_import import = { .runs = 0 };
    struct err err = ERR_INIT;
    ok(!perf_file_read(arena, "/nonexistent", SIDE_OLD, &session, &import, &err) &&
           strstr(err.text, "there is no file"),
       "refused: a missing file");
    err = ERR_INIT;
    ok(!perf_file_read(arena, folder, SIDE_OLD, &session, &import, &err) && strstr(err.text, folder),
       "refused: a directory");
}

/* Each format cut at every byte: no crash, and either figures or a sentence. */
static void check_cuts(void)
{
    bool right = true;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t bytes = 0; bytes < strlen(rows[i].text); bytes += 3) {
            struct session session = { .runs = NULL };
            struct perf_import import = { .runs = 0 };
            struct err err = ERR_INIT;
            bool fine = perf_file_read(arena, write_text(rows[i].text, bytes), SIDE_OLD, &session, &import, &err);
            right = right && fine == (err.kind == ERR_NONE) && (!fine || session.count > 0);
        }
    ok(right, "files cut short end in figures or in a sentence");
}

static void check_names(void)
{
    char normal[EVENT_NAME_MAX];
    const char *near[3];
    event_normalise("cpu_core/BR_MISP_RETIRED.ALL_BRANCHES/pp", normal);
    is_str(normal, "br_misp_retired.all_branches", "a PMU's prefix and modifiers go");
    event_normalise("BR_MISP_RETIRED:ALL_BRANCHES:u", normal);
    is_str(normal, "br_misp_retired.all_branches", "libpfm4's colon becomes a dot");
    ok(event_find("taken-branches") && event_find("taken-branches")->metric == M_TAKEN_BRANCHES,
       "a metric's own name is a name");
    ok(!event_find("ipc") && !event_find("nonsense"), "a derived metric and nonsense are none");
    size_t count = event_near("branch-mises", near, 3);
    ok(count > 0 && strcmp(near[0], "branch-misses") == 0, "a slip finds its name");
    bool own = true;
    for (const struct event_name *row = event_names; row->name; row++) {
        event_normalise(row->name, normal);
        own =
            own && strcmp(normal, row->name) == 0 && !metric_table[row->metric].derived && event_find(row->name) == row;
    }
    ok(own, "every name is in normal form, stands once and names no derived metric");
}

int main(void)
{
    if (!mkdtemp(folder))
        return 99;
    arena = arena_new();
    check_rows();
    check_notes();
    check_refusals();
    check_cuts();
    check_names();
    arena_free(arena);
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) ? 99 : done_testing();
}
