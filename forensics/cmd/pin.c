#include "cmd/pin.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/bench.h"

/* True when the folder of `real` is called pinned. */
static bool in_pinned(const char *real)
{
    static const char folder[] = "/pinned";
    size_t length = (size_t)(strrchr(real, '/') - real), want = strlen(folder);
    return length >= want && strncmp(real + length - want, folder, want) == 0;
}

bool pin_check(struct arena *arena, const char *path, const char *sha256, struct err *err)
{
    char real[PATH_MAX];
    if (!realpath(path, real))
        return true; /* gone since it was read: starting it will say so */
    const char *manifest = arena_printf(arena, "%s.json", real);
    bool pinned = in_pinned(real);
    if (access(manifest, F_OK) != 0)
        return !pinned || err_set(err, ERR_TOOL, "'%s' lies in pinned/ without a manifest: pin it with "
                                  "scripts/box/pin_binary_box.sh", path);
    struct err why = ERR_INIT;
    const char *promised = manifest_sha256(arena, manifest, &why);
    if (!promised)
        return !pinned || err_set(err, ERR_TOOL, "%s", why.text);
    return strcmp(promised, sha256) == 0 ||
           err_set(err, ERR_TOOL, "'%s' is not the binary that was pinned (its sha256 differs from %s): pin it again "
                   "or restore it", path, manifest);
}
