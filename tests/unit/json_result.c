/* A result saved and loaded is the same result; what is no result is refused with one sentence. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/json.h"
#include "report_examples.h"
#include "tap.h"

static char folder[] = "/tmp/json_result.XXXXXX";

static char *in_folder(const char *name)
{
    static char path[4][200];
    static int next;
    char *p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

static char *slurp(const char *path)
{
    FILE *f = fopen(path, "r");
    if (!f)
        return NULL;
    char *text = NULL;
    size_t size = 0;
    if (getdelim(&text, &size, '\0', f) < 0 && text)
        text[0] = '\0';
    fclose(f);
    return text;
}

static void spill(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0)
        abort();
}

static void round_trip(const struct example *example)
{
    struct err err = ERR_INIT;
    char *one = in_folder("one.json"), *two = in_folder("two.json");
    struct result *r = example->build();
    bool saved = result_save_file(r, one, &err);
    struct result *loaded = saved ? result_load(one, &err) : NULL;
    ok(loaded, "%s: saves and loads", example->name);
    if (err.kind)
        diag("%s", err.text);
    if (loaded && result_save_file(loaded, two, &err)) {
        char *a = slurp(one), *b = slurp(two);
        ok(a && b && strcmp(a, b) == 0, "%s: the loaded result saves to the same bytes", example->name);
        free(a);
        free(b);
    }
    result_free(loaded);
    result_free(r);
}

/* What the bytes cannot show: the values and the links between them. */
static void values_come_back(void)
{
    struct err err = ERR_INIT;
    char *path = in_folder("values.json");
    struct result *r = example_layout();
    r->comparison.figures[0].p = NAN;
    r->comparison.figures[1].ratio = 0.1 + 0.2;
    r->spec.seed = UINT64_MAX;
    struct result *l = result_save_file(r, path, &err) ? result_load(path, &err) : NULL;
    if (!ok(l, "a result with odd values loads")) {
        diag("%s", err.text);
        return;
    }
    ok(isnan(l->comparison.figures[0].p), "NaN comes back as NaN");
    ok(l->comparison.figures[1].ratio == 0.1 + 0.2, "a double comes back to the last bit");
    ok(l->spec.seed == UINT64_MAX, "the largest seed comes back");
    ok(l->comparison.time == &l->comparison.figures[0], "the figure that the regression is judged on is found again");
    ok(l->spec.arg_count == 3 && l->spec.args[3] == NULL && strcmp(l->spec.args[1], "400") == 0, "arguments end with NULL");
    ok(l->session.count == r->session.count && l->session.runs[1].readings[M_CPU].value == r->session.runs[1].readings[M_CPU].value,
       "raw readings come back");
    ok(READING_SCALED(&l->session.runs[0].readings[M_BRANCH_MISSES]), "a multiplexed reading still says so");
    ok(l->session.runs[0].readings[M_L1I_MISSES].state == READING_NOT_COUNTED &&
           l->session.runs[0].readings[M_DTLB_WALKS].state == READING_NOT_SUPPORTED &&
           l->session.runs[0].readings[M_WALL].state == READING_NOT_ASKED,
       "the three kinds of absence are kept apart");
    const struct symbol_change *moved = delta_at(l->delta, false, 0x401b20);
    ok(moved && moved->fate == FATE_MOVED && moved->old->address == 0x401a40, "a symbol change is found by new's address");
    ok(moved && moved->new >= l->inventory[1]->symbols && moved->new < l->inventory[1]->symbols + l->inventory[1]->symbol_count &&
           moved->new->code_hash == 0x9e3779b97f4a7c15,
       "its symbol lives in the inventory");
    bool ascending = true;
    for (size_t i = 1; i < l->inventory[0]->symbol_count; i++)
        ascending &= l->inventory[0]->symbols[i - 1].address <= l->inventory[0]->symbols[i].address;
    ok(l->inventory[0]->symbol_count == 4 && ascending, "old's symbols are in address order");
    ok(l->cost[1]->functions[0].cost.cycles[COMPONENT_OPCACHE] == 35.05e6, "costs by function come back");
    ok(l->verdict.rules[RULE_IPC].fired && !l->verdict.rules[RULE_CACHE_MISS].known, "rules come back by id");
    is_str(l->verdict.evidence[0].symbol, "hash_probe", "evidence names its symbol");
    const struct symbol_change *gone = &l->delta->symbols[4];
    ok(gone->fate == FATE_REMOVED && gone->kin && strcmp(gone->kin->name, "main") == 0, "a removed function still says where it went");
    ok(l->inventory[1]->segments[0].flags == 5 && l->inventory[1]->bits == 64, "segments and word size come back");
    result_free(l);
    result_free(r);
}

static void bytes_that_are_no_text(void)
{
    struct err err = ERR_INIT;
    char *path = in_folder("bytes.json");
    struct result *r = result_new();
    r->side[0].path = "caf\xe9/\xed\xa0\x80/ok\xe2\x82\xac/\"\\\n";
    r->side[1].path = "\xf0\x9f";
    struct result *l = result_save_file(r, path, &err) ? result_load(path, &err) : NULL;
    if (ok(l, "a path that is not UTF-8 can be saved")) {
        is_str(l->side[0].path, "caf\xef\xbf\xbd/\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd/ok\xe2\x82\xac/\"\\\n", "each bad byte becomes U+FFFD, good ones stay");
        is_str(l->side[1].path, "\xef\xbf\xbd\xef\xbf\xbd", "a character cut short too");
    }
    result_free(l);
    result_free(r);
}

/* A program with more symbols and functions than the bounds. */
static void large_program(void)
{
    enum { MANY = JSON_SYMBOLS_MAX + 1000, HOT = MANY - 7 };
    struct err err = ERR_INIT;
    struct result *r = result_new();
    struct symbol *symbols = arena_array(r->arena, MANY, sizeof *symbols);
    struct symbol_change *changes = arena_array(r->arena, MANY, sizeof *changes);
    for (int i = 0; i < 2; i++)
        r->inventory[i] = arena_alloc(r->arena, sizeof *r->inventory[i]);
    r->delta = arena_alloc(r->arena, sizeof *r->delta);
    for (size_t i = 0; i < MANY; i++) {
        symbols[i] = (struct symbol){ .name = arena_printf(r->arena, "f%zu", i), .address = 0x1000 + 16 * i, .size = 16 };
        changes[i] = (struct symbol_change){ .fate = i == 5 ? FATE_CHANGED : FATE_SAME, .name = symbols[i].name, .old = &symbols[i], .new = &symbols[i] };
        r->delta->fates[SYMBOL_FUNCTION][changes[i].fate]++;
    }
    *r->delta = (struct delta){ .old = r->inventory[0], .new = r->inventory[1], .symbols = changes, .symbol_count = MANY };
    r->delta->fates[SYMBOL_FUNCTION][FATE_SAME] = MANY - 1;
    r->delta->fates[SYMBOL_FUNCTION][FATE_CHANGED] = 1;
    struct cost_profile *cost = r->cost[1] = arena_alloc(r->arena, sizeof *cost);
    cost->functions = arena_array(r->arena, JSON_COST_ITEMS_MAX + 50, sizeof *cost->functions);
    cost->function_count = JSON_COST_ITEMS_MAX + 50;
    for (size_t i = 0; i < cost->function_count; i++) {
        cost->functions[i] = (struct cost_item){ .name = "f", .address = i ? 0 : symbols[HOT].address + 4 };
        cost->functions[i].cost.cycles[COMPONENT_BASE] = 1;
    }
    char *one = in_folder("large.json"), *two = in_folder("large2.json");
    struct result *l = result_save_file(r, one, &err) ? result_load(one, &err) : NULL;
    if (!ok(l, "a program beyond the bounds is saved")) {
        diag("%s", err.text);
        return;
    }
    ok(l->delta->symbol_count == JSON_SYMBOLS_MAX, "no more symbol records than the bound");
    ok(delta_at(l->delta, false, symbols[HOT].address), "the symbol that the costs name is among them");
    ok(delta_at(l->delta, false, symbols[5].address), "so is the one that changed");
    ok(l->delta->fates[SYMBOL_FUNCTION][FATE_SAME] == MANY - 1, "the counts tell of all of them");
    double sum = 0;
    for (size_t i = 0; i < l->cost[1]->function_count; i++)
        sum += l->cost[1]->functions[i].cost.cycles[COMPONENT_BASE];
    ok(l->cost[1]->function_count == JSON_COST_ITEMS_MAX && sum == JSON_COST_ITEMS_MAX + 50, "costs beyond the bound are summed into one");
    char *a = slurp(one), *b = result_save_file(l, two, &err) ? slurp(two) : NULL;
    ok(a && b && strcmp(a, b) == 0, "and saved again they are the same bytes");
    free(a);
    free(b);
    result_free(l);
    result_free(r);
}

static void refused(int line, const char *text, const char *what, const char *word)
{
    struct err err = ERR_INIT;
    char *path = in_folder("bad.json");
    spill(path, text);
    struct result *r = result_load(path, &err);
    bool said = !r && err.kind == ERR_TOOL && strstr(err.text, "bad.json") && strstr(err.text, word);
    if (!ok(said, "refused, naming file and reason: %s", what))
        diag("line %d: wanted <%s> in <%s>", line, word, err.text);
    result_free(r);
}
#define REFUSED(...) refused(__LINE__, __VA_ARGS__)
#define HEAD "{\"schema\": {\"name\": \"layout_tax_forensics/result\", \"version\": 1}, "

static void bad_files(void)
{
    REFUSED("", "an empty file", "not JSON");
    REFUSED(HEAD "\"warnings\": [", "a file cut short", "cut or damaged");
    REFUSED("[1, 2]", "JSON that is no object", "was not written by");
    REFUSED("{\"schema\": {\"name\": \"gungraun/summary\", \"version\": 1}}", "another tool's file", "was not written by");
    REFUSED("{\"schema\": {\"name\": \"layout_tax_forensics/pin\", \"version\": 1}}", "another kind of ours", "not a comparison");
    REFUSED("{\"schema\": {\"name\": \"layout_tax_forensics/result\", \"version\": 99}}", "another version", "version 99");
    REFUSED("{\"schema\": {\"name\": \"layout_tax_forensics/result\"}}", "no version", "version 0");
    REFUSED(HEAD "\"metrics\": 3}", "a list that is a number", "metrics is not a list");
    REFUSED(HEAD "\"metrics\": [{\"name\": \"warp-speed\"}]}", "a metric of the future", "metrics[0].name is \"warp-speed\"");
    REFUSED(HEAD "\"metrics\": [{\"name\": 7}]}", "a metric without a word", "metrics[0].name is no word");
    REFUSED(HEAD "\"runs\": [{\"side\": \"old\", \"round\": 1e9}]}", "a real where an integer belongs", "runs[0].round");
    REFUSED(HEAD "\"runs\": [{\"readings\": {\"cpu\": {\"value\": \"x\"}}}]}", "a value that is a word", "runs[0].readings.cpu.value");
    REFUSED(HEAD "\"sides\": {\"old\": {\"size\": -1}}}", "a negative size", "sides.old.size");
    REFUSED(HEAD "\"delta\": {\"symbols\": []}}", "a delta without its files", "needs sides.old.elf");
    REFUSED(HEAD "\"sides\": {\"old\": {\"elf\": {}}, \"new\": {\"elf\": {}}}, \"delta\": {\"symbols\": [{\"fate\": \"same\"}]}}",
            "a symbol on neither side", "neither side");
    REFUSED(HEAD "\"slowdown\": {\"metric\": \"cpu\", \"source\": \"clock\"}}", "judged on a metric that is not there", "not among the metrics");
    REFUSED(HEAD "\"warnings\": [1]}", "a sentence that is a number", "list of strings");
    REFUSED(HEAD "\"slowdown\": {\"interval\": [1]}}", "an interval with one end", "pair of numbers");
    REFUSED(HEAD "\"complete\": 1}", "a truth that is a number", "true or false");
    REFUSED(HEAD "\"complete\": true, \"complete\": false}", "a key twice", "not JSON");
    struct err err = ERR_INIT;
    ok(!result_load(in_folder("absent.json"), &err) && strstr(err.text, "No such file"), "a file that is not there");
    err_clear(&err);
    ok(!result_load(folder, &err) && strstr(err.text, "is a folder"), "a folder");
}

/* Every prefix of a saved file, coarsely: an error or a result, never a crash. */
static void cut_anywhere(void)
{
    struct err err = ERR_INIT;
    char *path = in_folder("cut.json");
    struct result *r = example_layout();
    result_save_file(r, path, &err);
    result_free(r);
    char *text = slurp(path);
    size_t length = strlen(text), refusals = 0, tries = 0;
    for (size_t cut = 0; cut + 2 < length; cut += 1 + length / 97, tries++) {
        struct err each = ERR_INIT;
        FILE *f = fopen(path, "w");
        fwrite(text, 1, cut, f);
        fclose(f);
        struct result *l = result_load(path, &each);
        refusals += !l && each.kind == ERR_TOOL;
        result_free(l);
    }
    ok(tries > 50 && refusals == tries, "every file cut short is refused (%zu of %zu)", refusals, tries);
    free(text);
}

static int names_in(const char *path)
{
    char command[300];
    int count = -1;
    snprintf(command, sizeof command, "ls -A '%s' | wc -l", path);
    FILE *f = popen(command, "r");
    if (f && fscanf(f, "%d", &count) != 1)
        count = -1;
    if (f)
        pclose(f);
    return count;
}

static void full_disk(void)
{
    struct err err = ERR_INIT;
    struct result *r = example_layout();
    ok(!result_save_file(r, "/dev/full", &err) && strstr(err.text, "/dev/full") && strstr(err.text, "make room"),
       "a full device: one sentence");
    err_clear(&err);
    ok(!result_save_file(r, in_folder("no/such.json"), &err) && strstr(err.text, "make that folder"), "a folder that is not there");
    err_clear(&err);
    ok(!result_save_file(r, folder, &err) && strstr(err.text, "is a folder"), "a folder instead of a file");
    err_clear(&err);
    char *tiny = in_folder("tiny");
    mkdir(tiny, 0755);
    if (mount("tmpfs", tiny, "tmpfs", 0, "size=4k") != 0) {
        skip("a full file system leaves nothing behind", strerror(errno));
        skip("a read-only file system leaves nothing behind", strerror(errno));
        result_free(r);
        return;
    }
    ok(!result_save_file(r, in_folder("tiny/r.json"), &err) && strstr(err.text, "No space left") && names_in(tiny) == 0,
       "a full file system leaves nothing behind: %s", err.text);
    err_clear(&err);
    mount(NULL, tiny, NULL, MS_REMOUNT | MS_RDONLY, NULL);
    ok(!result_save_file(r, in_folder("tiny/r.json"), &err) && strstr(err.text, "read-only") && names_in(tiny) == 0,
       "a read-only file system leaves nothing behind: %s", err.text);
    umount(tiny);
    result_free(r);
}

static void old_file_survives(void)
{
    struct err err = ERR_INIT;
    char *path = in_folder("kept.json"), *link = in_folder("link.json");
    spill(path, "precious\n");
    if (symlink("kept.json", link) != 0)
        abort();
    struct result *r = example_none();
    ok(result_save_file(r, link, &err), "a symbolic link can be saved to");
    struct stat st;
    ok(lstat(link, &st) == 0 && S_ISLNK(st.st_mode), "and stays a link");
    mode_t mask = umask(0);
    umask(mask);
    ok(stat(path, &st) == 0 && st.st_size > 100 && (st.st_mode & 0777) == (0666 & ~mask), "its target has the result and an ordinary mode");
    result_free(r);
}

int main(void)
{
    if (!mkdtemp(folder))
        abort();
    for (int i = 0; i < EXAMPLE_COUNT; i++)
        round_trip(&examples[i]);
    round_trip(&(struct example){ "an empty result", result_new });
    values_come_back();
    bytes_that_are_no_text();
    large_program();
    bad_files();
    cut_anywhere();
    full_disk();
    old_file_survives();
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ok(system(command) == 0, "the scratch folder is gone");
    return done_testing();
}
