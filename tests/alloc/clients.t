#!/bin/bash
# Real programs with the allocator preloaded, both builds: same output as without.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
build=${BUILD:-$root/build}

same() { # TITLE PROGRAM ARGS...: stdout and status with each build as without any
    local title=$1 want got lib
    shift
    if ! command -v "$1" >/dev/null; then
        skip "$title" "$1 is not installed"
        return
    fi
    want=$("$@" 2>&1 </dev/null; echo "status $?")
    for lib in libhakmem.so libhakmem_checking.so; do
        got=$(LD_PRELOAD=$build/$lib "$@" 2>&1 </dev/null; echo "status $?")
        is "$got" "$want" "$title ($lib)"
    done
}

cat >"$work/threads.py" <<'END'
import threading, json, os, re
def work(n):
    d = {str(i): [i] * (i % 30) for i in range(5000)}
    out[n] = len(json.dumps(json.loads(json.dumps(d)))) + len(re.sub('[1-3]+', 'x' * 10, '123456789' * 1000))
out = {}
t = [threading.Thread(target=work, args=(n,)) for n in range(4)]
[x.start() for x in t]; [x.join() for x in t]
print(out[0], len(set(out.values())))
pid = os.fork()
if pid == 0:
    print(sum(len('y' * i) for i in range(3000)), flush=True)
    os._exit(0)
os.waitpid(pid, 0)
END
python=$(command -v /usr/bin/python3 || echo python3)
same 'python3 with threads and fork' "$python" "$work/threads.py"
# shellcheck disable=SC2016 # the dollars are perl's
same 'perl' perl -e 'my %h; $h{$_ % 5000} .= "x" x ($_ % 40) for 1..200000; my $n = 0; $n += length for values %h; print "$n\n"'
same 'sort' sort -n --parallel=4 "$root/tests/alloc/contract.c"
same 'awk' awk 'BEGIN { for (i = 0; i < 100000; i++) a[i % 9973] = a[i % 9973] i; n = 0; for (k in a) n += length(a[k]); print n }'
same 'git log' git -C "$root" log --oneline --stat -5
same 'tar and gzip' sh -c "tar czf - -C '$root' alloc | tar tzf - | sort"
same 'gcc' "${CC:-gcc}" -O2 -S -o - -I "$root/tests/lib" "$root/tests/alloc/mixed.c"
same 'sqlite3' sqlite3 :memory: 'with recursive c(x) as (select 1 union all select x+1 from c where x < 50000) select sum(length(hex(x*x))), count(distinct x % 977) from c'
same 'node' node -e 'const m=new Map();for(let i=0;i<1e5;i++)m.set("k"+i%999,(m.get("k"+i%999)||"")+i);let n=0;for(const v of m.values())n+=v.length;console.log(n)'
same 'xz' sh -c "xz -c -T2 '$root/alloc/space.c' | xz -dc | cksum"

# Started where little is allowed: address space, another tool's hands, a position-independent static program.
limited() { (ulimit -v "$1" && LD_PRELOAD=$build/libhakmem.so perl -e 'print length("x" x 100000), "\n"'); }
for kib in 20000 60000 1000000; do
    is "$(limited "$kib")" 100000 "perl starts under ulimit -v $kib"
done
if command -v valgrind >/dev/null; then
    ok 'a load runs under valgrind --tool=none' env LD_PRELOAD="$build/libhakmem.so" valgrind -q --tool=none \
        "$build/tests/alloc/mixed"
else
    skip 'valgrind --tool=none' 'valgrind is not installed'
fi
ok 'a static-pie program works' sh -c "${CC:-gcc} -O1 -static-pie -o '$work/pie' '$root/tests/alloc/mixed.c' \
    '$build/libhakmem.a' && '$work/pie'"
done_testing
