#!/bin/sh
# Builds the recorder, a Valgrind tool, out of tree against the installed Valgrind's headers and static libraries.
# usage: build.sh OUTDIR [CC]
# Part of the recorder of layout_tax_forensics. SPDX-License-Identifier: GPL-2.0-or-later
#
# OUTDIR gets all that a run needs (the tool is static, so a run does not need Valgrind itself):
#   layout_tax_recorder-amd64-linux     the tool
#   vgpreload_core-amd64-linux.so       an empty library in place of Valgrind's, which the engine preloads in any case
#   valgrind-version                    what it was built against
set -eu

out=$1
cc=${2:-cc}
here=$(cd "$(dirname "$0")" && pwd)
include=${VALGRIND_INCLUDE:-/usr/include/valgrind}
libs=${VALGRIND_LIBS:-/usr/lib/x86_64-linux-gnu/valgrind}
known="3.19.0"

die() { echo "recorder: $*" >&2; exit 1; }

if [ ! -r "$include/pub_tool_tooliface.h" ] || [ ! -r "$libs/libcoregrind-amd64-linux.a" ]; then
    die "Valgrind's headers and static libraries are missing: apt-get install valgrind"
fi
version=$(sed -n 's/^#define VERSION "\(.*\)"/\1/p' "$include/config.h")
case " $known " in
*" $version "*) ;;
*) die "Valgrind $version is installed, but the recorder knows only $known: install one of these" ;;
esac

mkdir -p "$out"
work=$(mktemp -d "$out/build.XXXXXX")
trap 'rm -rf "$work"' EXIT

# -mgeneral-regs-only: the engine does not save vector registers around a tool's calls.
for c in "$here"/*.c; do
    $cc -m64 -O2 -g -std=gnu11 -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Werror \
        -fomit-frame-pointer -fno-stack-protector -fno-strict-aliasing -fno-builtin -fno-pie -fcf-protection=none \
        -mgeneral-regs-only -DVGA_amd64=1 -DVGO_linux=1 -DVGP_amd64_linux=1 -DVGPV_amd64_linux_vanilla=1 \
        -isystem "$include" -I"$here/../.." -c -o "$work/$(basename "$c" .c).o" "$c"
done
# The address is where Valgrind's own tools live: outside what the target uses.
$cc -m64 -static -nodefaultlibs -nostartfiles -u _start -Wl,-Ttext-segment=0x58000000 -Wl,--build-id=none \
    -Wl,--wrap=vgPlain_di_notify_mmap -o "$work/tool" "$work"/*.o \
    "$libs/libcoregrind-amd64-linux.a" "$libs/libvex-amd64-linux.a" -lgcc "$libs/libgcc-sup-amd64-linux.a"
echo "" | $cc -shared -nostdlib -Wl,--build-id=none -x c -o "$work/preload" -
echo "$version" > "$work/version"

mv "$work/version" "$out/valgrind-version"
mv "$work/preload" "$out/vgpreload_core-amd64-linux.so"
mv "$work/tool" "$out/layout_tax_recorder-amd64-linux" # last: who finds it finds the rest
