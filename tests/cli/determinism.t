#!/usr/bin/env bash
# The modelled figures are the same bytes wherever, by whomever and beside whatever the command runs.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
ltf=${LTF:-$root/layout_tax_forensics}
chmod 755 "$work"

why_not() {
    [[ -x $ltf ]] || { echo "$ltf is not built"; return; }
    "$ltf" --runs 0 -q /bin/true /bin/true >"$work/true" 2>&1 && return
    grep -q -i valgrind "$work/true" && echo "the recorder cannot be had: $(tail -1 "$work/true")"
}
reason=$(why_not)
if [[ -n $reason ]]; then
    skip "the same figures every time" "$reason"
    done_testing
    exit
fi

# Two loads: heap and C library; a shared object with thread-local data. Both differ between old and new.
mkdir "$work/heap"
ok "the loads build" "$root/tests/corpus/build.sh" "$work" tls
ok "and the heap's old" gcc -O1 -o "$work/heap/old" "$root/tests/recorder/malloc.c"
ok "and new" gcc -O2 -o "$work/heap/new" "$root/tests/recorder/malloc.c"

# What a saved result says that came from the model: costs (their recipe names the folder, so without it), metrics, the
# verdict.
figures() {
    python3 -c '
import json, sys
result = json.load(sys.stdin)
metrics = [m for m in result["metrics"] if m["source"] == "sim"]
assert len(metrics) > 20 and result["costs"]["old"]["total"]["instructions"] > 100000
assert result["costs"]["old"]["total"] != result["costs"]["new"]["total"]
for side in result["costs"].values():
    del side["recipe"]
json.dump({"costs": result["costs"], "metrics": metrics, "verdict": result["verdict"]}, sys.stdout, indent=1)'
}

# model FILE PREFIX...: both loads under the prefix; the figures of both in FILE.
model() {
    local file=$1
    shift
    {
        "$@" "$ltf" --runs 0 --profile zen3 --json - "$work/heap/old" "$work/heap/new" -- 20000 | figures
        "$@" "$ltf" --runs 0 --profile zen3 --json - "$work/tls/old" "$work/tls/new" -- 2 | figures
    } >"$work/$file"
}
same() { # TITLE PREFIX...
    local title=$1
    shift
    model again "$@"
    ok "$title" cmp "$work/first" "$work/again"
}

model first env
ok "there are figures to compare" grep -q dependence "$work/first"
same "a second run is the same" env
mkdir -p "$work/a folder/much/deeper/than/the/first"
cd "$work/a folder/much/deeper/than/the/first" || exit 1
same "in another working directory, too" env
cd / || exit 1
same "with no environment at all" env -i PATH=/usr/bin:/bin
same "with a large one, other language and preferences" env "BIG=$(printf '%060000d' 0)" LC_ALL=C.UTF-8 MALLOC_ARENA_MAX=1 \
    MALLOC_PERTURB_=77 GLIBC_TUNABLES=glibc.malloc.tcache_count=0 LD_BIND_NOW=1
same "with small limits and another umask" bash -c 'ulimit -S -s 1024; ulimit -S -n 256; umask 077; exec "$@"' -
if setarch -R true 2>/dev/null; then
    same "without address randomisation around it" setarch -R
else
    skip "without address randomisation around it" "setarch -R is refused here"
fi
if [[ $(id -u) != 0 ]]; then
    skip "as another user" "only root can become one"
elif ! runuser -u nobody -- "$ltf" --version >/dev/null 2>&1; then
    skip "as another user" "nobody may not run $ltf"
else
    same "as another user" runuser -u nobody --
fi
first_cpu=$(taskset -pc $$ | sed 's/.*: *//;s/[-,].*//')
same "on one processor, where recorder and model take turns" taskset -c "$first_cpu"

burners=()
for _ in 1 2; do
    timeout 20 bash -c 'while :; do :; done' &
    burners+=($!)
done
same "while others burn every processor" env
kill "${burners[@]}" 2>/dev/null
wait "${burners[@]}" 2>/dev/null

# A load that asks for the time and prints how fast it was, over an allocator that tidies up by the clock.
mixed=$root/bench_random_mixed_hakmem_minimal
if [[ -x $mixed ]]; then
    like "$("$ltf" --runs 0 --profile zen3 -q "$mixed" "$mixed" -- 20000 400 1)" 'changed by 0 %' \
        "a program that prints its own speed is the same, too"
else
    skip "a program that prints its own speed is the same, too" "$mixed is not built"
fi

# The comparison must be able to fail: one turn more is other figures.
"$ltf" --runs 0 --profile zen3 --json - "$work/heap/old" "$work/heap/new" -- 20000 | figures >"$work/as-before"
"$ltf" --runs 0 --profile zen3 --json - "$work/heap/old" "$work/heap/new" -- 20001 | figures >"$work/one-more"
ok "one load's figures are the first part of both" cmp -n "$(stat -c %s "$work/as-before")" "$work/as-before" "$work/first"
not_ok "one turn more is seen" cmp "$work/as-before" "$work/one-more"
done_testing
