#!/usr/bin/env bash
# Seeds for the fuzzer: programs of two to nine kilobytes, with and without symbols, debug information of each kind, TLS.
#   seeds.sh FOLDER
# A seed whose compiler is not there is left out. Pages of 64 bytes leave no room between the segments.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=$1
rm -rf "$folder"
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
tight=-Wl,-z,max-page-size=64,-z,common-page-size=64,-z,noseparate-code,-z,norelro,--build-id=none,--hash-style=gnu

# seed NAME COMPILER SOURCE FLAGS...
seed() {
    local name=$1 compiler=$2 source=$3
    shift 3
    command -v "$compiler" >/dev/null || return 0
    "$compiler" -nostdlib "$tight" -o "$folder/$name" "$@" "$here/$source" 2>/dev/null || rm -f "$folder/$name"
}

seed static gcc seed_elf.c -O2 -static
seed debug.so gcc seed_elf.c -O2 -g -fPIC -shared
seed dwarf4.so gcc seed_elf.c -O2 -gdwarf-4 -fdebug-types-section -fPIC -shared
seed dwarf64.so gcc seed_elf.c -O1 -gdwarf-5 -gdwarf64 -fPIC -shared
seed packed.so gcc seed_elf.c -O3 -g -gz -fPIC -shared
seed relative.so gcc seed_elf.c -O3 -funroll-all-loops -fno-plt -fPIC -shared -Wl,-z,pack-relative-relocs
seed lto gcc seed_elf.c -O2 -g -flto -static-pie
seed clang.so clang seed_elf.c -O2 -g -fPIC -shared
seed ranges.so clang seed_elf.c -O1 -gdwarf-5 -ffunction-sections -fPIC -shared
seed cxx.so g++ seed_elf.cc -O2 -g -fPIC -shared -fno-exceptions -fno-rtti
seed cxx_clang.so clang++ seed_elf.cc -O2 -gdwarf-4 -fPIC -shared -fno-exceptions -fno-rtti
seed plain.so gcc seed_elf.c -Os -fPIC -shared
seed stripped gcc seed_elf.c -O2 -s -static-pie
seed small gcc seed_elf.c -O1 -m32 -static
# A program of skeletons, and the package of their other halves and type units.
split() (
    command -v clang++ >/dev/null && command -v llvm-dwp >/dev/null || return 0
    cd "$folder"
    seed split.so clang++ seed_elf.cc -O2 -gdwarf-5 -gsplit-dwarf -fdebug-types-section -grecord-command-line -fPIC \
        -shared -fno-exceptions -fno-rtti
    llvm-dwp -e split.so -o package || rm -f split.so package
    rm -f ./*.dwo
)
split
[[ -s $folder/debug.so && -s $folder/cxx.so ]]
