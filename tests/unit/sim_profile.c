/* Profiles: the table is whole, files override it, mistakes get a sentence. */
#include "base/arena.h"
#include "base/err.h"
#include "sim/profile.h"
#include "tap.h"

#include <unistd.h>

static struct arena *arena;

/* Loads a profile made of `text`. */
static const struct profile *load(const char *text, struct err *err)
{
    char path[] = "/tmp/sim_profile_XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        exit(1);
    close(fd);
    err_clear(err);
    const struct profile *profile = profile_find(arena, path, err);
    unlink(path);
    return profile;
}

static void refuses(const char *text, const char *words)
{
    struct err err = ERR_INIT;
    const struct profile *profile = load(text, &err);
    if (!ok(!profile && err.kind == ERR_USAGE && strstr(err.text, words), "refused with the words \"%s\"", words))
        diag("said: %s", err.text);
}

int main(void)
{
    arena = arena_new();
    struct err err = ERR_INIT;

    bool whole = true;
    for (size_t i = 0; i < profile_count(); i++)
        for (int id = 0; id < PARAM_COUNT; id++) {
            const struct profile *p = profile_at(i);
            const struct param_row *row = &param_table[id];
            bool good = p->source[id] && *p->source[id] && p->value[id] >= row->min && p->value[id] <= row->max &&
                        (!row->power_of_two || !(p->value[id] & (p->value[id] - 1)));
            if (!good)
                diag("%s: %s = %d", p->name, row->key ? row->key : "(no row)", (int)p->value[id]);
            whole = whole && good;
        }
    ok(profile_count() == 4 && whole, "four profiles, every value inside its bounds and with a source");

    is_str(profile_nearest("AuthenticAMD", 0x19, 0x01)->name, "zen3", "Milan is zen3");
    is_str(profile_nearest("AuthenticAMD", 0x19, 0x11)->name, "zen4", "Genoa is zen4");
    is_str(profile_nearest("AuthenticAMD", 0x19, 0x61)->name, "zen4", "Raphael is zen4");
    is_str(profile_nearest("AuthenticAMD", 0x17, 0x31)->name, "zen3", "Rome goes to zen3");
    is_str(profile_nearest("GenuineIntel", 6, 0x55)->name, "skylake-sp", "Skylake-SP is itself");
    is_str(profile_nearest("GenuineIntel", 6, 0x8f)->name, "golden-cove", "Sapphire Rapids is golden-cove");
    is_str(profile_nearest("SomethingNew", 1, 1)->name, "zen3", "an unknown vendor gets the first row");
    ok(profile_find(arena, "native", &err) == profile_native(), "native is this machine's nearest");

    const struct profile *p = load("# mine\nbase = skylake-sp\nwindow = 100 # small\n\n", &err);
    ok(p && p->value[P_WINDOW] == 100 && strcmp(p->source[P_WINDOW], p->name) == 0, "a file overrides one parameter");
    ok(p && p->value[P_DISPATCH_WIDTH] == 4, "and keeps the rest of its base");
    p = load("window = 100\n", &err);
    ok(p && p->value[P_DISPATCH_WIDTH] == profile_at(0)->value[P_DISPATCH_WIDTH],
       "without a base it starts from the first row");

    refuses("window 100\n", "line 1: expected `key = value`");
    refuses("\nwidow = 100\n", "line 2: no parameter is called 'widow'");
    refuses("window = lots\n", "'lots' of window is not a whole number");
    refuses("window = 5000\n", "window = 5000 is outside of 16..1024 ops");
    refuses("l2-sets = 1000\n", "l2-sets = 1000 must be a power of two");
    refuses("window = 100\nbase = zen4\n", "`base` must be the first line");
    refuses("base = zen9\n", "no profile is called 'zen9'");
    refuses("btb2-entries = 5000\n", "btb2-entries / btb2-ways must be a power of two");
    refuses("l2-latency = 3\n", "l2-latency must not be below l1d-latency");
    refuses("itlb2-sets = 3\n", "itlb2-sets = 3 must be 0 or a power of two");
    err_clear(&err);
    ok(!profile_find(arena, "zen9", &err) && strstr(err.text, "no profile is called 'zen9'"),
       "an unknown name is refused");
    err_clear(&err);
    ok(!profile_find(arena, "./none", &err) && strstr(err.text, "cannot open the profile './none'"),
       "so is a missing file");

    arena_free(arena);
    return done_testing();
}
