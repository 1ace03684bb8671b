#!/usr/bin/env bash
# What the documents say is what the files say.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
cd "$root" || exit 1

is "$(grep '^| `' docs/dependencies.md)" "$(scripts/setup.sh --list)" "docs/dependencies.md holds the table of scripts/setup.sh"

# Every relative link of every Markdown file leads somewhere.
broken=$(grep -rnoE --include='*.md' '\]\([^)#: ]+[)#]' README.md docs | while IFS=: read -r file _ link; do
    target=${link#](}
    target=${target%[)#]}
    [[ -e $(dirname "$file")/$target ]] || echo "$file: $target"
done)
is "$broken" "" "every link in README.md and docs/ leads to a file"

extra=$(find . -maxdepth 1 -mindepth 1 ! -name '.*' -printf '%f\n' |
    grep -vxE 'Makefile|README\.md|LICENSE|alloc|forensics|bench|scripts|docs|tests|build|results|pinned|layout_tax_forensics|bench_random_mixed_[a-z_0-9]+')
is "$extra" "" "the top level holds only what the design names"
done_testing
