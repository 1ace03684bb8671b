#!/bin/bash
# Runs the commands that a document shows and puts what they print in its place.
#
#   scripts/box/docs_box.sh [--list] docs/workflow.md...
#
# A command is an indented line that starts with "$ ", continued while it ends in a backslash; what follows, indented or
# empty, up to the next command or the next line that is not indented, is its output. A status other than 0 is shown as
# a last line "[exit status N]". Commands run by bash from the root of the checkout, one after the other.
# --list prints the commands and runs nothing.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
help_asked "$@"
list=
[[ ${1:-} != --list ]] || { list=1 && shift; }
(($#)) || die "name a document; --help explains"
scratch

# print_run COMMAND: the output, indented, without trailing spaces and empty lines.
print_run()
{
    local status=0
    (cd "$ROOT" && bash -c "$1") </dev/null >"$WORK/output" 2>&1 || status=$?
    ((status == 0)) || printf '[exit status %d]\n' "$status" >>"$WORK/output"
    sed -e :a -e '/^[[:space:]]*$/{$d;N;ba' -e '}' "$WORK/output" | sed 's/^/    /; s/ *$//'
}

# One document from standard input to standard output.
renew()
{
    local line command inside=
    while IFS= read -r line; do
        if [[ $line == '    $ '* ]]; then
            inside=1
            printf '%s\n' "$line"
            command=${line#'    $ '}
            while [[ $command == *\\ ]] && IFS= read -r line; do
                printf '%s\n' "$line"
                command=${command%\\}${line#'    '}
            done
            say "$command"
            print_run "$command"
        elif [[ -n $inside && ($line == '    '* || -z $line) ]]; then
            continue
        else
            [[ -z $inside ]] || printf '\n'
            inside=
            printf '%s\n' "$line"
        fi
    done
}

for document; do
    [[ -f $document && -r $document ]] || die "$document is not there or cannot be read"
    if [[ -n $list ]]; then
        sed -n 's/^    \$ //p' "$document"
        continue
    fi
    renew <"$document" >"$WORK/new"
    save "$document" <"$WORK/new"
done
