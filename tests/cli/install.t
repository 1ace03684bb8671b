#!/usr/bin/env bash
# What `make install` puts under a folder of its own works from there, without the source tree.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
prefix=/opt/hakmem
there=$work/stage$prefix
make=(make --no-print-directory -s -C "$root" "DESTDIR=$work/stage" "PREFIX=$prefix")
status=0
env -u MAKEFLAGS -u MAKELEVEL "${make[@]}" install >"$work/log" 2>&1 || status=$?
is "$status" 0 "make install puts everything under DESTDIR and PREFIX" || diag "$(tail -5 "$work/log")"

for file in bin/layout_tax_forensics bin/layout_tax_forensics_box lib/libhakmem.so lib/libhakmem.a include/hakmem.h \
    lib/pkgconfig/hakmem.pc share/man/man1/layout_tax_forensics.1 share/man/man3/libhakmem.3; do
    ok "$file is there" test -s "$there/$file"
done
is "$(find "$work/stage" -type f ! -path "$there/*")" "" "and nothing beside PREFIX"

mkdir "$work/elsewhere" && cd "$work/elsewhere" || exit 1
unset HAKMEM_ROOT LAYOUT_TAX_FORENSICS
is "$("$there/bin/layout_tax_forensics" --version)" "$("$root/layout_tax_forensics" --version)" "the installed command runs elsewhere"
if [[ -x $there/libexec/layout_tax_forensics/recorder/layout_tax_recorder-amd64-linux ]]; then
    is "$("$there/bin/layout_tax_forensics" --runs 0 --quiet /bin/true /bin/true | cut -d: -f1)" "NONE (no regression)" \
        "it finds the installed recorder"
else
    skip "it finds the installed recorder" "no recorder was built: valgrind's development files are missing"
fi
status=0
RESULTS_DIR=$work/results "$there/bin/layout_tax_forensics_box" --source clock --runs 2 --warmup 0 /bin/true /bin/true \
    >"$work/out" 2>"$work/err" || status=$?
like "$status" '^[07]$' "the installed box ends with a verdict's status"
is "$(find "$work/results" -name '*.json' -size +0 | wc -l) $(find "$work/results" -name '*.txt' -size +0 | wc -l)" "1 1" \
    "and leaves its results where it was told"
is "$(ls -A)" "" "and nothing where it was called"

cat >program.c <<'E2'
#include <hakmem.h>
int main(void)
{
    char *p = hakmem_malloc(100);
    if (!p)
        return 1;
    hakmem_free(p);
    return 0;
}
E2
if command -v pkg-config >/dev/null; then
    flags=$(PKG_CONFIG_PATH=$there/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$work/stage pkg-config --cflags --libs hakmem)
else # what pkg-config would make of it
    flags=$(sed -n -e "s|\${prefix}|$prefix|" -e 's/^\(libdir\|includedir\)=//p' "$there/lib/pkgconfig/hakmem.pc" |
        sed -e "1s|^|-L$work/stage|" -e "2s|^|-I$work/stage|" | tr '\n' ' ')-lhakmem
fi
# shellcheck disable=SC2086
ok "a C program compiles with the flags of the package file" "${CC:-gcc}" -o shared program.c $flags
ok "and runs with the installed library" env LD_LIBRARY_PATH="$there/lib" ./shared
ok "a C program links the installed archive" "${CC:-gcc}" -I"$there/include" -o archive program.c "$there/lib/libhakmem.a" -lpthread
ok "and runs" ./archive
ok "make uninstall succeeds" env -u MAKEFLAGS -u MAKELEVEL "${make[@]}" uninstall
is "$(find "$work/stage" -type f)" "" "and takes every file away again"
done_testing
