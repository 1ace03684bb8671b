#include "core/real.h"

const char *const real_kind_name[REAL_KIND_COUNT] = {
    [REAL_SHIPPED] = "shipped",     [REAL_RELINKED] = "relinked",   [REAL_DRAWN] = "drawn",
    [REAL_OLD_PLACE] = "old-place", [REAL_NEW_PLACE] = "new-place", [REAL_REMEDIED] = "remedied",
    [REAL_RANDOM] = "random",
};
