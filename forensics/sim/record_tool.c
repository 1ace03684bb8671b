#include "sim/record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char tool_name[] = "layout_tax_recorder-amd64-linux";

/* Where the recorder lies or its sources lie, relative to the folder of this program: beside a program in the source
 * tree, in another build folder, below tests/unit, or installed. */
static const char *const built_in[] = { "recorder", "build/recorder", "../../recorder",
                                        "../libexec/layout_tax_forensics/recorder" };
static const char *const sources_in[] = { "forensics/sim/recorder",
                                          "../forensics/sim/recorder",
                                          "../../forensics/sim/recorder",
                                          "../../../forensics/sim/recorder",
                                          "../../../../forensics/sim/recorder",
                                          "../libexec/layout_tax_forensics/src/sim/recorder" };

static const char *own_folder(struct arena *arena)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0)
        return ".";
    path[n] = '\0';
    *strrchr(path, '/') = '\0';
    return arena_strdup(arena, path);
}

static bool has(struct arena *arena, const char *folder, const char *file)
{
    return access(arena_printf(arena, "%s/%s", folder, file), R_OK | X_OK) == 0;
}

/* The first of `places` (below `folder`) that holds `file`; NULL: none. */
static const char *find(struct arena *arena, const char *folder, const char *const *places, size_t n, const char *file)
{
    for (size_t i = 0; i < n; i++) {
        const char *place = arena_printf(arena, "%s/%s", folder, places[i]);
        if (has(arena, place, file))
            return place;
    }
    return NULL;
}

static const char *cache_folder(struct arena *arena, struct err *err)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *folder;
    if (base && base[0] == '/')
        folder = arena_printf(arena, "%s/layout_tax_forensics/recorder-%d", base, STREAM_VERSION);
    else if (home && home[0] == '/')
        folder = arena_printf(arena, "%s/.cache/layout_tax_forensics/recorder-%d", home, STREAM_VERSION);
    else {
        err_set(err, ERR_TOOL,
                "the recorder is not built, and there is no place to build it: set XDG_CACHE_HOME or HOME");
        return NULL;
    }
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(folder, 0777);
        *slash = '/';
    }
    if (mkdir(folder, 0777) == 0 || errno == EEXIST)
        return folder;
    err_sys(err, ERR_TOOL, errno, "cannot make '%s' for the recorder", folder);
    return NULL;
}

/* Runs build.sh; what it complained of (one line) is the sentence. */
static bool build(struct arena *arena, const char *sources, const char *into, struct err *err)
{
    char text[400] = "", *command = arena_printf(arena, "exec '%s/build.sh' '%s' 2>&1", sources, into);
    FILE *p = popen(command, "re");
    if (!p)
        return err_sys(err, ERR_TOOL, errno, "cannot start the recorder's build '%s/build.sh'", sources);
    size_t n = fread(text, 1, sizeof text - 1, p);
    while (!feof(p) && !ferror(p))
        fgetc(p);
    int status = pclose(p);
    text[n] = '\0';
    text[strcspn(text, "\n")] = '\0';
    if (status == 0)
        return true;
    return err_set(err, ERR_TOOL, "the recorder could not be built: %s", text[0] ? text : "its build script died");
}

const char *record_tool_dir(struct arena *arena, struct err *err)
{
    const char *own = own_folder(arena);
    const char *folder = find(arena, own, built_in, sizeof built_in / sizeof *built_in, tool_name);
    if (folder)
        return folder;
    folder = cache_folder(arena, err);
    if (!folder || has(arena, folder, tool_name))
        return folder;
    const char *sources = find(arena, own, sources_in, sizeof sources_in / sizeof *sources_in, "build.sh");
    if (!sources) {
        err_set(err, ERR_TOOL,
                "the recorder is neither built nor are its sources beside '%s': run make, or make install", own);
        return NULL;
    }
    return build(arena, sources, folder, err) ? folder : NULL;
}
