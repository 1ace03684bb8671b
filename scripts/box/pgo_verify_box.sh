#!/bin/bash
# Checks that a bench built with a profile runs and does what the system build does, then writes its manifest.
#
#   scripts/box/pgo_verify_box.sh BINARY SYSTEM_BINARY FOLDER
#
# FOLDER holds profile.json; the manifest is FOLDER/manifest.json: binary, compiler, flags, profile, knobs, source.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

help_asked "$@"
(($# == 3)) || die "usage: pgo_verify_box.sh BINARY SYSTEM_BINARY FOLDER"
BINARY=$1 SYSTEM=$2 FOLDER=$3
need_program BINARY "$BINARY"
need_program SYSTEM_BINARY "$SYSTEM"
need_cpu
clean_knobs "${PROMOTED[@]}"
scratch
prepare_target

# Loads that between them enter the tiny, the middle and the large paths.
LOADS=('300000 400 1' '100000 8192 7' '100000 50 3 1 60' '3000 64 5 20000 300000')
for load in "${LOADS[@]}"; do
    read -ra words <<<"$load"
    for program in "$SYSTEM" "$BINARY"; do
        target_run "verify ($load)" "$(readlink -f -- "$program")" "${words[@]}" --checksum
        grep '^Checksum = ' "$WORK/out" >>"$WORK/sums.$(basename "$program")" ||
            die "verify ($load): $program printed no checksum"
    done
done
cmp -s "$WORK/sums.$(basename "$SYSTEM")" "$WORK/sums.$(basename "$BINARY")" ||
    die "$BINARY does not keep its blocks' contents: its checksums differ from $SYSTEM's; do not measure it"

manifest_json "$BINARY" "$FOLDER/profile.json" >"$WORK/manifest"
save "$FOLDER/manifest.json" <"$WORK/manifest"
printf '  %-5s profile %s  binary %s\n' PGO "$("$RECORD" get "$FOLDER/profile.json" hash | cut -c1-16)" \
    "$(sha256_of "$BINARY" | cut -c1-16)"
