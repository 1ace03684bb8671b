#!/usr/bin/env bash
# Installs what the build and the tests need and this machine lacks; says in one line what and why.
#
#   scripts/setup.sh build|check|demo    installs what is missing for that target
#   scripts/setup.sh --list              the table as Markdown (docs/dependencies.md holds the same rows)
set -euo pipefail

# target | package | probe | what for | why this one
#   target: build (also needed by check and demo), check, demo
#   probe:  cmd:NAME a command, hdr:FILE a header the compiler finds, file:PATH a file,
#           san:COMPILER a compiler that can link a sanitizer's runtime
table() {
    cat <<'ROWS'
build|gcc|cmd:gcc|compiler|the system's own; PGO and LTO
build|libc6-dev|hdr:stdio.h|C library headers|the system's own
build|binutils|cmd:ld|assembler and linker|the system's own
build|libelf-dev|hdr:libelf.h|read ELF|elfutils: the reference reader, survives broken files
build|libdw-dev|hdr:elfutils/libdw.h|read DWARF, CFI, separate debug info|elfutils: finds debug info wherever it lives
build|libzydis-dev|hdr:Zydis/Zydis.h|disassemble x86-64|fast, complete, exact operand offsets for address masking
build|libjansson-dev|hdr:jansson.h|JSON|small, stable, the caller owns the errors
build|libpfm4-dev|hdr:perfmon/pfmlib_perf_event.h|event names to perf encodings|knows every x86 PMU, the table perf itself lacks
build|libmd-dev|hdr:sha256.h|SHA-256|a digest and nothing else
build|valgrind|file:/usr/include/valgrind/pub_tool_basics.h|the recorder of the processor model|its headers and libraries are what an out-of-tree tool links
build|perl|cmd:prove|JSON in scripts, TAP harness|prove comes with perl, and JSON::PP too
check|git|cmd:git|a repository for the workflow's tests|they pin builds of commits
check|clang|cmd:clang|second compiler of the warning check|other warnings than gcc's
check|libclang-rt-dev|san:clang|its sanitizer runtimes|clang's own
check|shellcheck|cmd:shellcheck|lint of the scripts|the only one of its kind
check|python3|cmd:python3|reference implementations in tests|present nearly everywhere
check|python3-jsonschema|file:/usr/lib/python3/dist-packages/jsonschema/__init__.py|validate the JSON reports|the reference validator
check|python3-yaml|file:/usr/lib/python3/dist-packages/yaml/__init__.py|read the workflow of docs/layouts.md|the reader that everybody has
check|g++|cmd:g++|C++ test programs|the system's own
check|elfutils|cmd:eu-readelf|a second reader of ELF to agree with|of other make than binutils
check|dwarves|cmd:pahole|struct layouts to agree with|the tool that everybody reads them with
check|dwz|cmd:dwz|debug information shared between files|the one that Debian packs with
check|procps|cmd:ps|look for processes left behind|the system's own
check|lld|cmd:ld.lld|order functions by a list|the linker whose list a remedy is written for
check|mold|cmd:mold|shuffle code and data by a seed|another linker that large programs are linked with
check|bolt-16|cmd:llvm-bolt-16|write variants of a linked program|the one rewriter that distributions have
check|parallel|cmd:parallel|run the shards of a sweep|GNU's own is what many run jobs with
ROWS
}

missing_probe() { # PROBE: true when what it looks for is not here
    case $1 in
    cmd:*) ! command -v "${1#cmd:}" >/dev/null 2>&1 ;;
    file:*) ! test -e "${1#file:}" ;;
    san:*) ! printf 'int main(void) { return 0; }\n' | "${1#san:}" -fsanitize=thread -x c -o "$scratch/san" - 2>/dev/null ;;
    hdr:*)
        # A header that is simply there needs no compiler to find it.
        ! test -e "/usr/include/${1#hdr:}" &&
            ! printf '#include <%s>\n' "${1#hdr:}" | "${CC:-cc}" -E -x c - >/dev/null 2>&1
        ;;
    esac
}

if [[ ${1-} == --list ]]; then
    table | awk -F'|' '{ printf "| `%s` | %s | %s | %s |\n", $2, $1, $4, $5 }'
    exit 0
fi
target=${1:?usage: setup.sh build|check|demo|--list}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
packages=() reasons=()
while IFS='|' read -r for package probe what _; do
    [[ $for == build || $for == "$target" ]] || continue
    if missing_probe "$probe"; then
        packages+=("$package")
        reasons+=("$package ($what)")
    fi
done < <(table)
((${#packages[@]})) || exit 0

list=$(printf '%s, ' "${reasons[@]}")
if ! command -v apt-get >/dev/null; then
    echo "setup: missing here: ${list%, }; this machine has no apt-get: install their equivalents and try again" >&2
    exit 1
fi
as_root=()
if [[ $(id -u) != 0 ]]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        as_root=(sudo -n)
    else
        echo "setup: missing here: ${list%, }; not root and no password-less sudo: run" >&2
        echo "    sudo apt-get install --no-install-recommends ${packages[*]}" >&2
        exit 1
    fi
fi
echo "setup: installing ${list%, }"
log=$scratch/log
install() {
    DEBIAN_FRONTEND=noninteractive ${as_root[@]+"${as_root[@]}"} apt-get install -y --no-install-recommends "${packages[@]}" >"$log" 2>&1
}
# Package lists may be absent or old on a fresh machine: fetch them only when the first try fails.
if ! install && ! { ${as_root[@]+"${as_root[@]}"} apt-get update >"$log" 2>&1 && install; }; then
    tail -n 5 "$log" >&2
    echo "setup: apt-get could not install them; run it by hand: apt-get update && apt-get install --no-install-recommends ${packages[*]}" >&2
    exit 1
fi
