#!/bin/bash
# What the shared object shows to the world: the listed symbols and nothing else, little TLS, no lazy calls.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
build=${BUILD:-$root/build}
for lib in libhakmem.so libhakmem_checking.so; do
    nm -D --defined-only "$build/$lib" | awk '$2 != "A" { print $3 }' | sort >"$work/got"
    ok "$lib exports what exports.txt lists and nothing else" diff "$root/tests/alloc/exports.txt" "$work/got"
done
lib=$build/libhakmem.so
is "$(nm -D --undefined-only "$lib" | grep -cE ' (malloc|free|calloc|realloc)(@|$)')" 0 'it calls no allocator but itself'
tls=$(readelf -lW "$lib" | awk '$1 == "TLS" { print $6 }')
ok "its TLS block ($((tls)) bytes) is below 1 KiB, for late dlopen" test "$((tls))" -lt 1024
like "$(readelf -dW "$lib")" 'STATIC_TLS' 'its TLS is initial-exec: no call to find it'
unlike "$(objdump -d --no-show-raw-insn "$lib")" '__tls_get_addr' 'and nothing asks __tls_get_addr'
like "$(readelf -dW "$lib")" 'BIND_NOW|NOW' 'it binds at load time'
unlike "$(readelf -lW "$lib" | grep GNU_STACK)" 'RWE' 'its stack is not executable'
needed=$(readelf -dW "$lib" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | paste -sd' ')
is "$needed" 'libc.so.6' 'it needs the C library alone'
cat >"$work/late.c" <<'END'
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    void *lib = dlopen(argv[argc - 1], RTLD_NOW);
    void *(*alloc)(unsigned long) = lib ? (void *(*)(unsigned long))dlsym(lib, "hakmem_malloc") : NULL;
    if (!alloc)
        fprintf(stderr, "%s\n", dlerror());
    return !alloc || !alloc(100);
}
END
ok 'it can be loaded late by dlopen' sh -c "${CC:-gcc} -o '$work/late' '$work/late.c' && '$work/late' '$lib'"
done_testing
