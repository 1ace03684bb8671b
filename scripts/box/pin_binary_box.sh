#!/bin/bash
# Pins: a copy of a binary under pinned/ with a manifest, so that a comparison weeks later still names what it ran.
#
#   pin_binary_box.sh BINARY NAME     pin it; NAME like bench_random_mixed_... also becomes a link in the folder above
#   pin_binary_box.sh list            every pin, one a line: name, first digits of its sha256, day, state
#   pin_binary_box.sh show NAME       the manifest
#   pin_binary_box.sh verify [NAME..] check pins against their manifests (all of them by default); 1 if one differs
#   pin_binary_box.sh rm NAME         forget a pin
#
# The manifest (pinned/NAME.json) holds sha256, build id and size, compiler, version and flags as DWARF has them,
# commit and whether the tree was dirty, the machine, and for a PGO build the profile's hash and the knobs that its
# training saw. Every box refuses to run a file in pinned/ that is not what its manifest says. PINNED=folder.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
PINNED=$(readlink -m -- "${PINNED:-$ROOT/pinned}")

need_name()
{
    [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9_.-]*$ && $1 != *.json ]] ||
        die "'$1' is not a name for a pin; use letters, digits, '_', '-' and '.' (and not .json)"
}

need_pin()
{
    need_name "$1"
    [[ -f $PINNED/$1.json ]] || die "there is no pin '$1' in $PINNED; pin_binary_box.sh list shows them"
}

# The manifest that the PGO build left for exactly this file: profile, knobs and commit as they were when it was built.
build_manifest_of()
{
    local sha manifest
    sha=$(sha256_of "$1")
    for manifest in "$ROOT"/build/pgo/*/manifest.json; do
        if [[ -f $manifest && $("$RECORD" get "$manifest" binary.sha256) == "$sha" ]]; then
            printf '%s\n' "$manifest"
            return
        fi
    done
}

pin()
{
    local binary=$1 name=$2 link built
    need_name "$name"
    need_program BINARY "$binary"
    [[ ! -e $PINNED/$name && ! -e $PINNED/$name.json ]] ||
        die "there is a pin '$name' already; pin_binary_box.sh rm $name, or choose another name"
    link=$(dirname "$PINNED")/$name
    [[ $name == bench_random_mixed_* ]] || link=
    [[ -z $link || ! -e $link || -L $link ]] || die "'$name' is a program that make builds; choose another name"

    scratch
    cp -- "$binary" "$WORK/copy"
    built=$(build_manifest_of "$WORK/copy")
    if [[ -n $built ]]; then
        "$RECORD" get "$built" profile >"$WORK/profile"
        manifest_json "$WORK/copy" "$WORK/profile" "$("$RECORD" get "$built" source)" >"$WORK/manifest"
    else
        manifest_json "$WORK/copy" >"$WORK/manifest"
    fi
    mkdir -p -- "$PINNED" 2>/dev/null || die "cannot make the folder $PINNED; set PINNED= to one that can be written"
    chmod 555 "$WORK/copy"
    if ! { mv -- "$WORK/copy" "$PINNED/$name.part.$$" &&
        mv -- "$PINNED/$name.part.$$" "$PINNED/$name"; } 2>/dev/null; then
        rm -f -- "$PINNED/$name.part.$$"
        die "cannot write $PINNED/$name (no right, or no room); set PINNED= to another folder"
    fi
    "$RECORD" set "$WORK/manifest" "name=$name" "binary.path=$PINNED/$name" "pinned_from=$(readlink -f -- "$binary")" |
        save "$PINNED/$name.json" || { rm -f -- "$PINNED/$name"; exit 1; }
    [[ -z $link ]] || ln -sfn "$(basename "$PINNED")/$name" "$link"
    printf 'pinned %s  sha256 %s%s\n' "$PINNED/$name" \
        "$("$RECORD" get "$PINNED/$name.json" binary.sha256 | cut -c1-16)" "${link:+  link $link}"
}

names()
{
    local manifest
    for manifest in "$PINNED"/*.json; do
        [[ ! -f $manifest ]] || basename "$manifest" .json
    done
}

# Prints ok, gone or changed.
state_of()
{
    [[ -f $PINNED/$1 ]] || { echo gone; return; }
    [[ $(sha256_of "$PINNED/$1") == "$("$RECORD" get "$PINNED/$1.json" binary.sha256)" ]] || { echo changed; return; }
    echo ok
}

list()
{
    local name
    for name in $(names); do
        printf '%-48s %s  %s  %s\n' "$name" "$("$RECORD" get "$PINNED/$name.json" binary.sha256 | cut -c1-16)" \
            "$("$RECORD" get "$PINNED/$name.json" time | cut -c1-10)" "$(state_of "$name")"
    done
}

verify()
{
    local name state bad=0
    (($# > 0)) || { mapfile -t all < <(names) && set -- "${all[@]}"; }
    (($# > 0)) || die "nothing is pinned in $PINNED; pin_binary_box.sh BINARY NAME pins"
    for name in "$@"; do
        need_pin "$name"
        state=$(state_of "$name")
        [[ $state == ok ]] && printf 'ok %s\n' "$name" && continue
        bad=1
        say "$name is $state: it is not the binary that was pinned; restore it, or rm the pin and pin again"
    done
    return "$bad"
}

forget()
{
    local link
    need_pin "$1"
    link=$(dirname "$PINNED")/$1
    rm -f -- "$PINNED/$1" "$PINNED/$1.json"
    [[ ! -L $link ]] || rm -f -- "$link"
}

help_asked "$@"
case ${1:-}:$# in
list:1) list ;;
show:2) need_pin "$2" && cat -- "$PINNED/$2.json" ;;
verify:*) verify "${@:2}" ;;
rm:2) forget "$2" ;;
*:2) pin "$1" "$2" ;;
*) die "usage: pin_binary_box.sh BINARY NAME | list | show NAME | verify [NAME...] | rm NAME" ;;
esac
