#!/bin/bash
# The box that puts what commands print into documents.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
box=$root/scripts/box/docs_box.sh

cat >"$work/page.md" <<'EOF'
# Title

    $ echo one; \
        printf 'two  \n\nthree\n\n'
    stale

      and more of it

Between.

    not a command
    $ false
    $ echo two >&2
EOF
cat >"$work/want.md" <<'EOF'
# Title

    $ echo one; \
        printf 'two  \n\nthree\n\n'
    one
    two

    three

Between.

    not a command
    $ false
    [exit status 1]
    $ echo two >&2
    two
EOF
ok "a page is renewed" "$box" "$work/page.md"
is "$(cat "$work/page.md")" "$(cat "$work/want.md")" "outputs are replaced, everything else stays"
ok "and renewed again" "$box" "$work/page.md"
is "$(cat "$work/page.md")" "$(cat "$work/want.md")" "it is the same"
is "$("$box" --list "$work/page.md" | wc -l)" 3 "--list shows the commands"
like "$("$box" "$work/none.md" 2>&1)" 'none.md is not there' "a document that is not there is refused"
not_ok "with a status" "$box" "$work/none.md"
done_testing
