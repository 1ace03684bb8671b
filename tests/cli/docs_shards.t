#!/usr/bin/env bash
# The commands of docs/layouts.md for many machines, taken from the page and run: a Slurm array, GNU parallel, a CI matrix.
# Fewer layouts and rounds than the page asks for, and ARGS filled in; nothing else is changed.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
ltf=${LTF:-$root/layout_tax_forensics}
if [[ ! -x $root/build/recorder/layout_tax_recorder-amd64-linux ]]; then
    skip "the page's commands" "no recorder was built"
    done_testing
    exit
fi
cd "$work" || exit 1
# block TITLE: the page's block of code behind the paragraph that begins so
block() { awk -v title="$1" 'index($0, title) == 1 { on = 1 } on && /^    / { print substr($0, 5); seen = 1 } on && seen && /^[^ ]/ { exit }' "$root/docs/layouts.md"; }
# What the page calls: the tool with less to do.
mkdir bin
cat >bin/layout_tax_forensics <<SH
#!/bin/bash
words=()
for word; do
    [[ \$last == --layouts ]] && word=8
    [[ \$word == --real ]] && words+=(--runs 2 --source clock)
    [[ \$word == sweep ]] && word="sweep --apart 0 --axes text,stack --profile zen3"
    # shellcheck disable=SC2206
    words+=(\$([[ \$word == sweep* ]] && echo \$word || true))
    [[ \$word == sweep* ]] || words+=("\$word")
    last=\$word
done
exec "$ltf" "\${words[@]}"
SH
chmod +x bin/layout_tax_forensics
export PATH=$work/bin:$PATH
# field EXPRESSION FILE: of a saved result
field() { python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); print('"$1"')' "$2"; }

cat >app.c <<'C'
#include <stdio.h>
__attribute__((noinline)) static unsigned step(unsigned x) { return x * 3 + (x >> 5); }
__attribute__((noinline)) static unsigned mix(unsigned x) { return (x ^ x << 7) + 1; }
int main(void)
{
    unsigned sum = WORK;
    for (int i = 0; i < 20000; i++)
        sum = step(sum) ^ mix(sum);
    printf("%u\n", sum != 0);
    return 0;
}
C
mkdir slurm many
for side in old:1 new:2; do
    gcc -O2 -ffunction-sections -DWORK="${side#*:}" -c app.c -o "slurm/app_${side%:*}.o" && gcc "slurm/app_${side%:*}.o" -o "slurm/${side%:*}"
done
cp slurm/old slurm/new many

# ---- Slurm ----
block 'A Slurm array' | sed 's/ ARGS$/ 1/' >slurm/job.sh
array=$(sed -n 's/^#SBATCH .*--array=\([0-9-]*\).*/\1/p' slurm/job.sh)
is "$array" 1-8 "the page has a job of eight tasks"
if command -v sbatch >/dev/null && sbatch --version >/dev/null 2>&1; then
    like "$(sbatch --test-only slurm/job.sh 2>&1)" 'to start at|Requested node configuration is not available|invalid feature' "Slurm takes its options"
else
    skip "Slurm takes its options" "Slurm is not installed"
fi
if ld --version | grep -q '^GNU ld'; then
    task() { (cd slurm && SLURM_ARRAY_TASK_ID=$1 SLURM_ARRAY_TASK_COUNT=${array#*-} bash job.sh); }
    failed=
    for ((id = 1; id <= ${array#*-}; id++)); do
        task $id >/dev/null 2>slurm/err || [[ $? == [0-7] ]] || failed+="$id: $(<slurm/err) "
    done
    is "$failed" "" "every task runs its part"
    merge=$(sed -n "s/^# then: sbatch --dependency=afterany:JOB --wrap '\(.*\)'$/\1/p" slurm/job.sh)
    like "$merge" '^layout_tax_forensics merge shard-\*.json$' "and the page has the job that merges"
    (cd slurm && bash -c "$merge --json whole.json") >out 2>&1
    is "$(field 'd["real_layouts"]["all"]["layouts"]' slurm/whole.json)" 8 "which puts all of them together"
    unlike "$(<out)" 'missing' "and misses none"
    rm slurm/shard-3.json
    task 3 >/dev/null 2>&1
    is "$(field '[l["name"] for l in d["real_layouts"]["layouts"]], len(d["real_layouts"]["layouts"][0]["old"])' slurm/shard-3.json)" \
        "$(field '[l["name"] for l in d["real_layouts"]["layouts"]], len(d["real_layouts"]["layouts"][0]["old"])' slurm/state-3.json)" \
        "a task that runs again goes on from its file"
else
    skip "every task runs its part" "the linker is not GNU ld"
fi

# ---- GNU parallel ----
block "Every task's exit status" | sed 's/--sshloginfile hosts --wd \./--will-cite -j 2/; s/ ARGS / 1 /' >many/run.sh
like "$(<many/run.sh)" 'parallel .*sweep .*::: \{1\.\.8\}.*merge shard-\{1\.\.8\}\.json' "the page has a command for GNU parallel, and what merges"
if parallel --version 2>/dev/null | grep -q '^GNU parallel'; then
    (cd many && bash run.sh) >out 2>&1
    is "$(field 'd["layouts"] and len([1 for t in d["layouts"] if t["family"] in ("order", "pad")]) > 0' many/shard-8.json)" True "GNU parallel runs the parts"
    unlike "$(tail -40 out)" 'missing|another sweep' "and they are merged"
else
    skip "GNU parallel runs the parts" "GNU parallel is not installed"
fi

# ---- a CI matrix ----
block 'A CI matrix' | sed 's/ ARGS$/ 1/' >ci.yml
if python3 -c 'import yaml' 2>/dev/null && command -v git >/dev/null; then
    export HOME=$work
    git init -q repository
    printf 'app: app.c\n\tgcc -O2 -DWORK=1 -o app app.c\n' >repository/Makefile
    cp app.c repository
    commit() { git -C repository add . && git -C repository -c user.name=x -c user.email=x@example.org commit -qm "$1" && git -C repository rev-parse HEAD; }
    base=$(commit one)
    sed -i 's/20000/20001/' repository/app.c
    commit two >/dev/null
    ok "the page's workflow runs, and its verdict is no regression" \
        python3 "$root/tests/lib/run_workflow.py" ci.yml "$work/repository" "$work/ci" "github.event.pull_request.base.sha=$base"
    is "$(cd ci/verdict-0 2>/dev/null && echo shard-*)" "shard-1.json shard-2.json shard-3.json shard-4.json" "which came from all parts"
    sed '/runs-on/d' ci.yml >lacking.yml
    not_ok "a workflow without runs-on does not" \
        python3 "$root/tests/lib/run_workflow.py" lacking.yml "$work/repository" "$work/ci2" "github.event.pull_request.base.sha=$base"
else
    skip "the page's workflow runs" "python3 has no yaml, or there is no git"
fi
done_testing
