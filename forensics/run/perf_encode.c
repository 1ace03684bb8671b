#include "run/perf_encode.h"

#include <linux/perf_event.h>
#include <perfmon/pfmlib.h>
#include <perfmon/pfmlib_perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "run/perf_table.h"

static bool ready(void)
{
    static int state; /* 0: not tried, 1: works, -1: does not */
    if (state == 0)
        state = pfm_initialize() == PFM_SUCCESS ? 1 : -1;
    return state == 1;
}

static bool has_rows(const char *pmu)
{
    for (const struct perf_table_row *row = perf_table; row->pmus; row++)
        if (strcmp(row->pmus, " perf ") != 0 && perf_row_holds(row, pmu))
            return true;
    return false;
}

/* AMD family 1Ah is Zen 5, which libpfm4 4.13 does not detect. */
static bool is_zen5(void)
{
#if defined(__x86_64__)
    unsigned eax, ebx, ecx, edx;
    if (!__get_cpuid(0, &eax, &ebx, &ecx, &edx) || ebx != 0x68747541 /* "Auth"enticAMD */)
        return false;
    __get_cpuid(1, &eax, &ebx, &ecx, &edx);
    return ((eax >> 8) & 0xf) == 0xf && ((eax >> 20) & 0xff) + 0xf == 0x1a;
#else
    return false;
#endif
}

const char *perf_pmu(void)
{
    int pmu;
    if (!ready())
        return NULL;
    pfm_for_all_pmus(pmu)
    {
        pfm_pmu_info_t info;
        memset(&info, 0, sizeof info);
        info.size = sizeof info;
        if (pfm_get_pmu_info((pfm_pmu_t)pmu, &info) == PFM_SUCCESS && info.is_present && has_rows(info.name))
            return info.name;
    }
    return is_zen5() ? "amd64_fam1ah_zen5" : NULL;
}

static int encode(const char *name, struct perf_event_attr *attr)
{
    pfm_perf_encode_arg_t arg;
    char *full = NULL;
    memset(attr, 0, sizeof *attr);
    attr->size = sizeof *attr;
    memset(&arg, 0, sizeof arg);
    arg.size = sizeof arg;
    arg.attr = attr;
    arg.fstr = &full;
    int rc = pfm_get_os_event_encoding(name, PFM_PLM0 | PFM_PLM3, PFM_OS_PERF_EVENT, &arg);
    free(full);
    return rc;
}

const char *perf_encode(const char *pmu, const char *event, struct perf_code *code)
{
    struct perf_event_attr attr;
    char name[512];
    int rc = PFM_ERR_NOTFOUND;
    if (!ready())
        return "libpfm4 does not start";
    if (pmu && !strstr(event, "::")) {
        snprintf(name, sizeof name, "%s::%s", pmu, event);
        rc = encode(name, &attr);
    }
    if (rc == PFM_ERR_NOTFOUND)
        rc = encode(event, &attr);
    if (rc != PFM_SUCCESS)
        return pfm_strerror(rc);
    *code = (struct perf_code){ attr.type, attr.config, attr.config1, attr.config2 };
    return NULL;
}
