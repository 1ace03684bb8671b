#include "sim/profile.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

static const struct profile *by_name(const char *name)
{
    for (size_t i = 0; i < profile_count(); i++)
        if (strcmp(profile_at(i)->name, name) == 0)
            return profile_at(i);
    return NULL;
}

/* Families and models of processors that share a row; anything else goes to its vendor's nearest. */
static const struct {
    const char *vendor;
    unsigned family, first_model, last_model;
    const char *profile;
} cpus[] = {
    { "AuthenticAMD", 0x19, 0x10, 0x1f, "zen4" },       /* Genoa */
    { "AuthenticAMD", 0x19, 0x60, 0xaf, "zen4" },       /* Raphael, Phoenix, Bergamo */
    { "AuthenticAMD", 0x19, 0x00, 0xff, "zen3" },       /* Milan, Vermeer, Cezanne */
    { "AuthenticAMD", 0x1a, 0x00, 0xff, "zen4" },       /* Zen 5 has no row: nearest */
    { "AuthenticAMD", 0x00, 0x00, 0xff, "zen3" },       /* Zen 1 and 2: nearest */
    { "HygonGenuine", 0x00, 0x00, 0xff, "zen3" },
    { "GenuineIntel", 0x06, 0x8f, 0x8f, "golden-cove" }, /* Sapphire Rapids */
    { "GenuineIntel", 0x06, 0x97, 0xff, "golden-cove" }, /* Alder Lake and later */
    { "GenuineIntel", 0x06, 0x6a, 0x6c, "golden-cove" }, /* Ice Lake server: no JCC erratum, nearer to the newer row */
    { "GenuineIntel", 0x00, 0x00, 0xff, "skylake-sp" },
};

const struct profile *profile_nearest(const char *vendor, unsigned family, unsigned model)
{
    for (size_t i = 0; i < sizeof cpus / sizeof cpus[0]; i++)
        if (strcmp(cpus[i].vendor, vendor) == 0 && (cpus[i].family == 0 || cpus[i].family == family) &&
            model >= cpus[i].first_model && model <= cpus[i].last_model)
            return by_name(cpus[i].profile);
    return profile_at(0);
}

const struct profile *profile_native(void)
{
#if defined(__x86_64__)
    unsigned a, b, c, d;
    char vendor[13] = "";
    if (!__get_cpuid(0, &a, &b, &c, &d))
        return profile_at(0);
    memcpy(vendor, &b, 4);
    memcpy(vendor + 4, &d, 4);
    memcpy(vendor + 8, &c, 4);
    if (!__get_cpuid(1, &a, &b, &c, &d))
        return profile_at(0);
    unsigned family = (a >> 8) & 15, model = (a >> 4) & 15;
    if (family == 6 || family == 15)
        model |= ((a >> 16) & 15) << 4;
    if (family == 15)
        family += (a >> 20) & 255;
    return profile_nearest(vendor, family, model);
#else
    return profile_at(0);
#endif
}

static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t length = strlen(text);
    while (length && isspace((unsigned char)text[length - 1]))
        text[--length] = '\0';
    return text;
}

static bool set_param(struct profile *profile, const char *path, unsigned line, const char *key, const char *value,
                      struct err *err)
{
    for (int id = 0; id < PARAM_COUNT; id++) {
        const struct param_row *row = &param_table[id];
        if (strcmp(row->key, key) != 0)
            continue;
        char *end;
        errno = 0;
        long number = strtol(value, &end, 0);
        if (errno || end == value || *end)
            return err_set(err, ERR_USAGE, "profile '%s' line %u: '%s' of %s is not a whole number", path, line, value,
                           key);
        if (number < row->min || number > row->max)
            return err_set(err, ERR_USAGE, "profile '%s' line %u: %s = %ld is outside of %d..%d %s", path, line, key,
                           number, (int)row->min, (int)row->max, row->unit);
        if (row->power_of_two && (number & (number - 1)))
            return err_set(err, ERR_USAGE, "profile '%s' line %u: %s = %ld must be a power of two", path, line, key,
                           number);
        profile->value[id] = (int32_t)number;
        profile->source[id] = profile->name;
        return true;
    }
    return err_set(err, ERR_USAGE, "profile '%s' line %u: no parameter is called '%s' (`profiles` lists them)", path,
                   line, key);
}

/* Bounds that tie several parameters together. */
static bool consistent(const struct profile *p, struct err *err)
{
    static const enum param pairs[][2] = { { P_BTB1_ENTRIES, P_BTB1_WAYS }, { P_BTB2_ENTRIES, P_BTB2_WAYS } };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        int32_t entries = p->value[pairs[i][0]], ways = p->value[pairs[i][1]];
        if (entries % ways || ((entries / ways) & (entries / ways - 1)))
            return err_set(err, ERR_USAGE, "profile '%s': %s / %s must be a power of two, not %d / %d", p->name,
                           param_table[pairs[i][0]].key, param_table[pairs[i][1]].key, (int)entries, (int)ways);
    }
    int32_t sets = p->value[P_ITLB2_SETS];
    if (sets & (sets - 1))
        return err_set(err, ERR_USAGE, "profile '%s': itlb2-sets = %d must be 0 or a power of two", p->name, (int)sets);
    if (sets && !p->value[P_ITLB2_WAYS])
        return err_set(err, ERR_USAGE, "profile '%s': itlb2-ways must be at least 1 when itlb2-sets is not 0", p->name);
    static const enum param rising[] = { P_L1D_LATENCY, P_L2_LATENCY, P_LLC_LATENCY, P_MEMORY_LATENCY };
    for (size_t i = 1; i < sizeof rising / sizeof rising[0]; i++)
        if (p->value[rising[i]] < p->value[rising[i - 1]])
            return err_set(err, ERR_USAGE, "profile '%s': %s must not be below %s", p->name, param_table[rising[i]].key,
                           param_table[rising[i - 1]].key);
    return true;
}

static bool load_line(struct profile *profile, const char *path, unsigned number, char *line, bool *base_allowed,
                      struct err *err)
{
    char *hash = strchr(line, '#');
    if (hash)
        *hash = '\0';
    char *text = trim(line);
    if (!*text)
        return true;
    char *equals = strchr(text, '=');
    if (!equals)
        return err_set(err, ERR_USAGE, "profile '%s' line %u: expected `key = value`, not '%s'", path, number, text);
    *equals = '\0';
    char *key = trim(text), *value = trim(equals + 1);
    if (strcmp(key, "base") != 0) {
        *base_allowed = false;
        return set_param(profile, path, number, key, value, err);
    }
    const struct profile *base = strcmp(value, "native") == 0 ? profile_native() : by_name(value);
    if (!base)
        return err_set(err, ERR_USAGE, "profile '%s' line %u: no profile is called '%s' (`profiles` lists them)", path,
                       number, value);
    if (!*base_allowed)
        return err_set(err, ERR_USAGE, "profile '%s' line %u: `base` must be the first line", path, number);
    *base_allowed = false;
    memcpy(profile->value, base->value, sizeof profile->value);
    memcpy(profile->source, base->source, sizeof profile->source);
    return true;
}

const struct profile *profile_load(struct arena *arena, const char *path, struct err *err)
{
    FILE *file = fopen(path, "r");
    if (!file) {
        err_sys(err, ERR_USAGE, errno, "cannot open the profile '%s'", path);
        return NULL;
    }
    struct profile *profile = arena_alloc(arena, sizeof *profile);
    *profile = *profile_at(0);
    profile->name = arena_strdup(arena, path);
    profile->title = "a file's";
    char line[256];
    bool good = true, base_allowed = true;
    for (unsigned number = 1; good && fgets(line, sizeof line, file); number++) {
        if (!strchr(line, '\n') && strlen(line) == sizeof line - 1)
            good = err_set(err, ERR_USAGE, "profile '%s' line %u is longer than %zu characters", path, number,
                           sizeof line - 2);
        else
            good = load_line(profile, path, number, line, &base_allowed, err);
    }
    if (good && ferror(file))
        good = err_sys(err, ERR_TOOL, errno, "cannot read the profile '%s'", path);
    fclose(file);
    return good && consistent(profile, err) ? profile : NULL;
}

const struct profile *profile_find(struct arena *arena, const char *name, struct err *err)
{
    if (strcmp(name, "native") == 0)
        return profile_native();
    const struct profile *profile = by_name(name);
    if (profile)
        return profile;
    if (strpbrk(name, "/."))
        return profile_load(arena, name, err);
    err_set(err, ERR_USAGE,
            "no profile is called '%s': `layout_tax_forensics profiles` lists them; a file's name needs a '/' or a '.'",
            name);
    return NULL;
}
