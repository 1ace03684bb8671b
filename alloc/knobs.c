#include "knobs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os.h"
#include "text.h"

extern char **environ;

#define AT(field) offsetof(struct hak_knobs, field)

const struct knob hak_knob_table[] = {
    {"HAKMEM_WARM_POOL_SIZE", KNOB_INT, 0, 1024, 16, AT(warm_pool_size), "slabs",
     "Partly used or empty slabs that a thread keeps warm for each size class; an empty slab beyond them is given "
     "back to the process at once, a partly used one is kept on a second list that is searched later."},
    {"HAKMEM_TINY_C5_INLINE_SLOTS", KNOB_BOOL, 0, 1, 1, AT(c5_inline), "",
     "Serve band C5 (129..256 bytes) from slots inline in the thread's own block; 0 keeps the same list "
     "on the thread's heap, behind a call."},
    {"HAKMEM_TINY_C6_INLINE_SLOTS", KNOB_BOOL, 0, 1, 1, AT(c6_inline), "",
     "The same for band C6 (257..512 bytes)."},
    {"HAKMEM_CACHE_KB", KNOB_INT, 1, 4096, 128, AT(cache_kb), "KiB",
     "Free memory that a thread keeps in its list of one size class; also bounded to 8..2048 blocks."},
    {"HAKMEM_RUNS_KB", KNOB_INT, 0, 65536, 2048, AT(runs_kb), "KiB",
     "Free blocks above 32 KiB and up to 1 MiB that a thread keeps for itself; 0 sends each to the process at once."},
    {"HAKMEM_PURGE_MS", KNOB_INT, -1, 3600000, 500, AT(purge_ms), "ms",
     "Idle memory is returned to the system this long after it was freed; 0 at once, -1 never."},
    {"HAKMEM_PURGE_PAGES", KNOB_BOOL, 0, 1, 1, AT(purge_pages), "",
     "Return also single pages of slabs that are partly in use: before a fresh unit is mapped, and when nothing has "
     "moved in them for HAKMEM_PURGE_MS. 0: whole slabs alone."},
    {"HAKMEM_SPARE_MB", KNOB_INT, 0, 1048576, 256, AT(spare_mb), "MiB",
     "Memory of freed blocks above 1 MiB, and of empty 2 MiB units, that is kept for reuse until it is purged: "
     "this much, or as much as is in use if that is more; 0 keeps none."},
    {"HAKMEM_HUGE_PAGES", KNOB_INT, 0, 2, 1, AT(huge_pages), "",
     "Ask for transparent huge pages. 1: for 2 MiB units of which most is in use and resident, where the system then "
     "makes them in the background, and from their first touch for new units of blocks of 32 KiB to 1 MiB, if the "
     "last unit looked at was such a one. 2: from the first touch also for the units of small blocks once there are 16, "
     "and for blocks above 1 MiB that are no larger than what is in use already."},
    {"HAKMEM_RANDOM_ORDER", KNOB_BOOL, 0, 1, 0, AT(random_order), "",
     "Hand out the blocks of a slab from a random place, which makes addresses hard to predict."},
    {"HAKMEM_ADDRESS_SPACE_GB", KNOB_INT, 1, 65536, 1024, AT(address_space_gb), "GiB",
     "Most user memory a process can ever have; 64 KiB of address space are set aside for each GiB."},
    {"HAKMEM_QUARANTINE_KB", KNOB_INT, 0, 1048576, 4096, AT(quarantine_kb), "KiB",
     "Checking build only: freed blocks are held back, poisoned, until this much is held."},
    {"HAKMEM_FAIL_NTH", KNOB_INT, 0, 1000000000, 0, AT(fail_nth), "",
     "For tests: the n-th request to the system for memory fails once; 0 switches it off."},
    {"HAKMEM_STATS", KNOB_BOOL, 0, 1, 0, AT(stats), "",
     "Print statistics on stderr when the process exits."},
    {"HAKMEM_HELP", KNOB_BOOL, 0, 1, 0, AT(help), "",
     "Print this table on stderr when the process starts."},
    {"HAKMEM_TRAIN_RECORD", KNOB_PATH, 0, 0, 0, AT(train_record), "",
     "Append one JSON line with the values in force to this file when the process exits."},
};
const size_t hak_knob_count = sizeof hak_knob_table / sizeof hak_knob_table[0];

/* Defaults, so that calls from before the environment exists work; a unit test compares them with the table. */
struct hak_knobs hak_knobs = {
    .warm_pool_size = 16, .c5_inline = 1, .c6_inline = 1, .cache_kb = 128, .runs_kb = 2048, .purge_ms = 500, .purge_pages = 1, .spare_mb = 256,
    .huge_pages = 1,
    .address_space_gb = 1024, .quarantine_kb = 4096,
};

static long *value_of(const struct knob *k)
{
    return (long *)((char *)&hak_knobs + k->offset);
}

static void report(const struct knob *k, const char *value)
{
    struct text t = {0};
    text_add(&t, "hakmem: ");
    text_add(&t, k->name);
    text_add(&t, "=");
    text_left(&t, value, 0);
    text_add(&t, " is not a whole number from ");
    text_int(&t, k->low, 0);
    text_add(&t, " to ");
    text_int(&t, k->high, 0);
    text_add(&t, "; the default ");
    text_int(&t, k->def, 0);
    text_add(&t, " is used\n");
    hak_os_write(STDERR_FILENO, t.data, t.used);
}

/* A whole decimal number of the row's range, and nothing after it. (strtol follows the locale; this runs early.) */
static bool parse(const struct knob *k, const char *value, long *out)
{
    bool negative = *value == '-';
    const char *c = value + negative;
    long n = 0;
    if (!*c)
        return false;
    for (; *c; c++) {
        if (*c < '0' || *c > '9' || n > k->high)
            return false;
        n = n * 10 + (*c - '0');
    }
    n = negative ? -n : n;
    *out = n;
    return n >= k->low && n <= k->high;
}

/* getenv by hand: it must work before the C library's start-up and never allocate. */
static const char *find(const char *name)
{
    size_t n = strlen(name);
    for (char **e = environ; *e; e++)
        if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
            return *e + n + 1;
    return NULL;
}

bool hak_knobs_read(void)
{
    static bool done;
    if (done)
        return true;
    if (!environ)
        return false;
    done = true;
    for (size_t i = 0; i < hak_knob_count; i++) {
        const struct knob *k = &hak_knob_table[i];
        const char *value = find(k->name);
        long n;
        if (!value || !*value)
            continue;
        if (k->type == KNOB_PATH)
            *(const char **)(void *)value_of(k) = value;
        else if (parse(k, value, &n))
            *value_of(k) = n;
        else
            report(k, value);
    }
    hak_os_fail_at((unsigned long)hak_knobs.fail_nth, false);
    return true;
}

static void range_text(struct text *t, const struct knob *k)
{
    if (k->type == KNOB_PATH) {
        text_add(t, "a file name");
        return;
    }
    text_int(t, k->low, 0);
    text_add(t, k->type == KNOB_BOOL ? " or " : " to ");
    text_int(t, k->high, 0);
    if (*k->unit)
        text_add(t, " ");
    text_add(t, k->unit);
}

static void help_row(struct text *t, const struct knob *k, bool markdown)
{
    text_add(t, markdown ? "| `" : "  ");
    text_left(t, k->name, markdown ? 0 : 30);
    text_add(t, markdown ? "` | " : " ");
    range_text(t, k);
    text_add(t, markdown ? " | " : ", default ");
    if (k->type == KNOB_PATH)
        text_add(t, "off");
    else
        text_int(t, k->def, 0);
    text_add(t, markdown ? " | " : "\n      ");
    text_add(t, k->help);
    text_add(t, markdown ? " |\n" : "\n");
}

void hak_knobs_help(int fd, bool markdown)
{
    struct text t = {0};
    text_add(&t, markdown ? "| variable | range | default | what it does |\n|---|---|---|---|\n"
                          : "hakmem reads these environment variables, once, when a process starts:\n");
    for (size_t i = 0; i < hak_knob_count; i++) {
        help_row(&t, &hak_knob_table[i], markdown);
        hak_os_write(fd, t.data, t.used);
        t.used = 0;
    }
}

void hak_knobs_record(void)
{
    if (!hak_knobs.train_record)
        return;
    int saved = errno;
    struct text t = {0};
    for (size_t i = 0; i < hak_knob_count; i++) {
        const struct knob *k = &hak_knob_table[i];
        if (k->type == KNOB_PATH)
            continue;
        text_add(&t, i ? ", \"" : "{\"");
        text_add(&t, k->name);
        text_add(&t, "\": ");
        text_int(&t, *value_of(k), 0);
    }
    text_add(&t, "}\n");
    /* one write of one line: lines of several processes do not mix */
    int fd = open(hak_knobs.train_record, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd >= 0) {
        hak_os_write(fd, t.data, t.used);
        close(fd);
    } else {
        static const char message[] = "hakmem: the file of HAKMEM_TRAIN_RECORD cannot be opened\n";
        hak_os_write(STDERR_FILENO, message, sizeof message - 1);
    }
    errno = saved;
}
