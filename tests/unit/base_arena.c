#include "base/arena.h"
#include "base/err.h"
#include "tap.h"

#include <stdint.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

static char released[8];

static void note(void *thing)
{
    strcat(released, thing);
}

int main(void)
{
    struct arena *a = arena_new();
    struct err err = ERR_INIT;
    bool zero = true, aligned = true;

    for (size_t size = 1; size < 200000; size = size * 3 + 1) {
        unsigned char *p = arena_alloc(a, size);
        aligned = aligned && (uintptr_t)p % 16 == 0;
        for (size_t i = 0; i < size; i++)
            zero = zero && p[i] == 0;
        memset(p, 0xff, size);
    }
    ok(zero, "arena memory is zeroed");
#ifdef __SANITIZE_ADDRESS__
    bool guarded = true;
    for (size_t size = 1; size < 100; size++) {
        char *p = arena_alloc(a, size);
        guarded = guarded && __asan_address_is_poisoned(p + size) && !__asan_region_is_poisoned(p, size);
    }
    ok(guarded, "the address sanitizer watches the byte behind every piece");
#endif
    ok(aligned, "arena memory is aligned to 16 bytes");
    is_str(arena_printf(a, "%s-%d", "x", 7), "x-7", "arena_printf formats");

    int *items = NULL;
    size_t count = 0, room = 0;
    for (int i = 0; i < 1000; i++)
        *ARENA_PUSH(a, items, count, room) = i;
    bool kept = count == 1000;
    for (int i = 0; i < 1000; i++)
        kept = kept && items[i] == i;
    ok(kept, "ARENA_PUSH keeps a thousand items in order");

    ok(!err_set(&err, ERR_TOOL, "first %d", 1) && !err_set(&err, ERR_USAGE, "second"), "err_set is false");
    is_str(err.text, "first 1", "the first cause wins");
    ok(err.kind == ERR_TOOL, "and keeps its kind");
    err_clear(&err);
    err_sys(&err, ERR_TOOL, 2, "cannot open '%s'", "f");
    is_str(err.text, "cannot open 'f': No such file or directory", "err_sys appends the system's words");

    arena_defer(a, note, "1");
    arena_defer(a, note, "2");
    is_str(released, "", "deferred releases wait");
    arena_free(a);
    is_str(released, "21", "freeing the arena runs them, the last one first");
    return done_testing();
}
