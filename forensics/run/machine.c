#include "run/machine.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

const char *machine_line(struct arena *arena, const char *path)
{
    char line[512];
    FILE *f = fopen(path, "re");
    if (!f)
        return NULL;
    bool got = fgets(line, sizeof line, f) != NULL;
    fclose(f);
    if (!got)
        return NULL;
    line[strcspn(line, "\n")] = '\0';
    return *line ? arena_strdup(arena, line) : NULL;
}

long machine_number(const char *path, long missing)
{
    long value;
    FILE *f = fopen(path, "re");
    if (!f)
        return missing;
    if (fscanf(f, "%ld", &value) != 1)
        value = missing;
    fclose(f);
    return value;
}

/* ---- /proc/cpuinfo ---- */

/* What follows "KEY <blanks> : " on a line; NULL when the line has another key. */
static const char *value_of(char *line, const char *key)
{
    size_t length = strlen(key);
    if (strncmp(line, key, length) != 0)
        return NULL;
    char *colon = line + length + strspn(line + length, " \t");
    if (*colon++ != ':')
        return NULL;
    colon += strspn(colon, " \t");
    colon[strcspn(colon, "\n")] = '\0';
    return colon;
}

static void read_line(struct arena *arena, struct machine *m, char *line, bool *virtual)
{
    const char *value;
    if ((value = value_of(line, "model name")))
        m->cpu_model = arena_strdup(arena, value);
    else if ((value = value_of(line, "vendor_id")))
        m->vendor = arena_strdup(arena, value);
    else if ((value = value_of(line, "cpu family")))
        m->family = atoi(value);
    else if ((value = value_of(line, "model")))
        m->model = atoi(value);
    else if ((value = value_of(line, "stepping")))
        m->stepping = atoi(value);
    else if ((value = value_of(line, "flags")))
        *virtual = strstr(value, " hypervisor") != NULL;
}

/* The first processor's part of the file. */
static void read_cpuinfo(struct arena *arena, struct machine *m, bool *virtual)
{
    char line[4096];
    FILE *f = fopen("/proc/cpuinfo", "re");
    if (!f)
        return;
    while (fgets(line, sizeof line, f) && line[0] != '\n')
        read_line(arena, m, line, virtual);
    fclose(f);
}

/* ---- the rest ---- */

static const char *hypervisor_name(struct arena *arena)
{
    static const struct {
        const char *signature, *name;
    } names[] = { { "KVMKVMKVM", "KVM" },      { "VMwareVMware", "VMware" }, { "Microsoft Hv", "Hyper-V" },
                  { "XenVMMXenVMM", "Xen" },   { "VBoxVBoxVBox", "VirtualBox" }, { "TCGTCGTCGTCG", "QEMU" },
                  { "ACRNACRNACRN", "ACRN" },  { "bhyve bhyve ", "bhyve" } };
#if defined(__x86_64__)
    /* Leaf 0x40000000: twelve letters of the hypervisor's signature in ebx, ecx, edx. */
    unsigned eax, words[3];
    char signature[13] = "";
    __cpuid(0x40000000, eax, words[0], words[1], words[2]);
    memcpy(signature, words, 12);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(signature, names[i].signature) == 0)
            return names[i].name;
    if (isprint((unsigned char)signature[0]))
        return arena_strdup(arena, signature);
#else
    (void)arena;
    (void)names;
#endif
    return "unknown";
}

/* The word in brackets of "always [madvise] never". */
static const char *chosen_word(struct arena *arena, const char *line)
{
    const char *open = line ? strchr(line, '[') : NULL, *close = open ? strchr(open, ']') : NULL;
    return close ? arena_strndup(arena, open + 1, (size_t)(close - open - 1)) : NULL;
}

struct machine machine_read(struct arena *arena, int cpu)
{
    struct machine m = { .cores = (int)sysconf(_SC_NPROCESSORS_ONLN) };
    struct utsname names;
    bool virtual = false;
    char path[100];
    read_cpuinfo(arena, &m, &virtual);
    if (virtual)
        m.hypervisor = hypervisor_name(arena);
    if (uname(&names) == 0)
        m.kernel = arena_printf(arena, "%s %s", names.sysname, names.release);
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", cpu < 0 ? 0 : cpu);
    m.governor = machine_line(arena, path);
    m.perf_event_paranoid = (int)machine_number("/proc/sys/kernel/perf_event_paranoid", -2);
    m.aslr = machine_number("/proc/sys/kernel/randomize_va_space", 0) != 0;
    m.memory_bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    m.thp = chosen_word(arena, machine_line(arena, "/sys/kernel/mm/transparent_hugepage/enabled"));
    return m;
}
