#!/bin/bash
# Other people's tests and programs over the allocator as preload: what passes with the C library's own malloc must pass
# with hakmem.
#
#   scripts/box/others_tests_box.sh [SUITE...]          (make test-others does the same after building)
#
# Suites: mimalloc glibc stress-ng python perl gcc redis sqlite3 node nginx. Sources are fetched and unpacked below
# $BUILD/others, which also keeps each point's output. A suite whose programs are not here is skipped with the reason.
#
#   PRELOAD=build/libhakmem.so   BUILD=build   TIMEOUT=600 (s a point)
#   MIMALLOC='DIR ...' (unpacked sources; else `apt-get source mimalloc`, where deb-src is configured)
#   INSTALL= (1: apt-get install what is missing: needs root)

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
help_asked "$@"

TIMEOUT=${TIMEOUT:-600} INSTALL=${INSTALL:-}
need_build
PRELOAD=$(readlink -f -- "${PRELOAD:-$BUILD/libhakmem.so}")
HERE=$BUILD/others
CC=${CC:-gcc}
need_number TIMEOUT "$TIMEOUT" 1 86400
[[ -f $PRELOAD ]] || die "PRELOAD: $PRELOAD is not there; make builds it"
LD_PRELOAD=$PRELOAD HAKMEM_STATS=1 /bin/true 2>&1 | grep -q . || die "$PRELOAD does not take effect as preload here"
mkdir -p "$HERE"
PATH=$PATH:/usr/sbin:/sbin
exec 3>&1

# ---- points ----

passed=0 failed=0 suite='' suite_passed=0 suite_failed=0 suite_known=0 skipped=()
declare -a table=()

note_point() # PASSED(true/false) TITLE LOG
{
    if $1; then
        suite_passed=$((suite_passed + 1))
        printf 'ok   %-10s %s\n' "$suite" "$2"
    else
        suite_failed=$((suite_failed + 1))
        printf 'FAIL %-10s %s (%s)\n' "$suite" "$2" "${3#"$ROOT"/}"
    fi
}

log_of() # TITLE
{
    printf '%s/%s.%s.log' "$HERE" "$suite" "${1//[^a-zA-Z0-9_-]/_}"
}

# over TITLE COMMAND...: passes when the command does, preloaded.
over()
{
    local title=$1 log
    shift
    log=$(log_of "$title")
    if timeout -k 5 "$TIMEOUT" env LD_PRELOAD="$PRELOAD" "$@" >"$log" 2>&1 </dev/null; then
        note_point true "$title" "$log"
    else
        echo "status $?" >>"$log"
        note_point false "$title" "$log"
    fi
}

# end_session SID: ends what is left of a session that we began.
end_session()
{
    local stat rest sid
    for stat in /proc/[0-9]*/stat; do
        rest=$(cat "$stat" 2>/dev/null) || continue
        read -r _ _ _ sid _ <<<"${rest##*) }"
        [[ $sid != "$1" ]] || kill -KILL "$(basename "$(dirname "$stat")")" 2>/dev/null || true
    done
}

# known TITLE REASON SECONDS COMMAND...: a failure that docs/ALLOC.md explains is told, and not held against the run.
# A test that hangs may have children in process groups of their own, which the timeout does not reach.
known()
{
    local log session status=0
    log=$(log_of "$1")
    setsid timeout -k 5 "$3" env LD_PRELOAD="$PRELOAD" "${@:4}" >"$log" 2>&1 </dev/null &
    session=$!
    wait "$session" || status=$?
    end_session "$session"
    if ((status == 0)); then
        note_point true "$1" "$log"
    else
        suite_known=$((suite_known + 1))
        printf 'known %-9s %s: %s\n' "$suite" "$1" "$2"
    fi
}

# alike TITLE COMMAND...: passes when the command prints the same and ends the same way with and without.
alike()
{
    local title=$1 log status=0
    shift
    log=$(log_of "$title")
    timeout -k 5 "$TIMEOUT" "$@" >"$log.native" 2>"$log.native.err" </dev/null || status=$?
    echo "status $status" >>"$log.native"
    status=0
    timeout -k 5 "$TIMEOUT" env LD_PRELOAD="$PRELOAD" "$@" >"$log" 2>"$log.err" </dev/null || status=$?
    echo "status $status" >>"$log"
    if [[ $(stat -c %s "$log.native") -gt 12 ]] && cmp -s "$log.native" "$log"; then
        note_point true "$title" "$log"
    else
        note_point false "$title" "$log"
    fi
}

not_here() # REASON
{
    skipped+=("$suite: $1")
    printf 'skip %-10s %s\n' "$suite" "$1"
}

# need COMMAND PACKAGE: false, and the suite is skipped, when it is not there and may not be installed.
need()
{
    command -v "$1" >/dev/null || [[ -e $1 ]] && return 0
    if [[ -n $INSTALL ]] && apt-get install -y --no-install-recommends "$2" >"$HERE/apt.log" 2>&1; then
        return 0
    fi
    not_here "$1 is not here: apt-get install $2, or INSTALL=1"
    return 1
}

# ---- allocators' own tests ----

# mimalloc's names as the C library's, for what has a counterpart there. Heaps and the like have none: their tests are
# left out by name.
mimalloc_shim()
{
    mkdir -p "$1/mimalloc"
    cat >"$1/mimalloc.h" <<'SHIM'
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#define MI_BLOCK_ALIGNMENT_MAX ((size_t)1 << 20)
#define MI_PAGE_MAX_OVERALLOC_ALIGN 65536
#define MI_MiB ((size_t)1 << 20)
#define MI_SMALL_SIZE_MAX 1024
#define MI_MAX_ALIGN_SIZE 16
#define MI_DEBUG 0
#define MI_PADDING_SIZE 0
#define mi_malloc malloc
#define mi_calloc calloc
#define mi_realloc realloc
#define mi_reallocarray reallocarray
#define mi_free free
#define mi_usable_size malloc_usable_size
#define mi_posix_memalign posix_memalign
#define mi_memalign memalign
#define mi_malloc_aligned(n, a) memalign(a, n)
#define mi_good_size(n) (n)
#define mi_realpath realpath
#define mi_option_disable(o) ((void)0)
#define mi_stats_print(p) malloc_stats()
static inline void *mi_zalloc_aligned(size_t n, size_t a)
{
    void *p = memalign(a, n);
    return p ? memset(p, 0, n) : NULL;
}
/* No counterpart: the tests that use these are not counted. */
typedef int mi_heap_t;
#define mi_heap_new() ((mi_heap_t *)0)
#define mi_heap_delete(h) ((void)0)
#define mi_heap_destroy(h) ((void)0)
#define mi_heap_malloc(h, n) malloc(n)
#define mi_heap_malloc_aligned(h, n, a) memalign(a, n)
#define mi_heap_contains_block(h, p) 1
#define mi_heap_contains(h, p) 1
#define mi_heap_malloc_tp(t, h) malloc(sizeof(t))
#define mi_malloc_aligned_at(n, a, o) malloc(n)
#define mi_rezalloc_aligned(p, n, a) realloc(p, n)
#define mi_malloc_tp(t) malloc(sizeof(t))
static inline void *mi_umalloc(size_t n, size_t *size)
{
    void *p = malloc(n);
    *size = malloc_usable_size(p);
    return p;
}
static inline void *mi_urealloc(void *p, size_t n, size_t *before, size_t *after)
{
    *before = malloc_usable_size(p);
    p = realloc(p, n);
    *after = malloc_usable_size(p);
    return p;
}
static inline void mi_ufree(void *p, size_t *size)
{
    *size = malloc_usable_size(p);
    free(p);
}
SHIM
    : >"$1/mimalloc/types.h"
}

# What of test-api has no meaning for a malloc: heaps, offsets in alignments, zeroing realloc; mimalloc's own answers to
# realloc(p, 0) (the C library frees and returns NULL) and to the usable size of an empty block.
MIMALLOC_OWN='heap|stl_|malloc-aligned-at.*|rezalloc.*|realloc-sizezero|calloc0|malloc_aligned11|umalloc.*|urealloc.*|ufree.*'

mimalloc_api() # DIR NAME
{
    local shim=$HERE/shim log bad
    log=$(log_of "$2 test-api")
    mimalloc_shim "$shim"
    if ! $CC -w -O1 -fno-builtin -I"$shim" -I"$1/test" -o "$HERE/$2-api" "$1/test/test-api.c" >"$log" 2>&1; then
        note_point false "$2 test-api: does not compile over the C library's names" "$log"
        return
    fi
    timeout -k 5 "$TIMEOUT" env LD_PRELOAD="$PRELOAD" "$HERE/$2-api" >"$log" 2>&1 || true
    bad=$(grep 'FAILED:' "$log" | grep -vE "FAILED: ($MIMALLOC_OWN)" || true)
    if [[ -z $bad ]] && grep -q '^succeeded' "$log"; then
        note_point true "$2 test-api: $(grep -c '  ok\.$\|^ok\.$' "$log" || true) tests, $(grep -cE "^test: ($MIMALLOC_OWN)" "$log" || true) of them mimalloc's own" "$log"
    else
        note_point false "$2 test-api: ${bad:-it did not end}" "$log"
    fi
}

suite_mimalloc()
{
    local dirs dir name
    read -ra dirs <<<"${MIMALLOC:-}"
    if ((${#dirs[@]} == 0)); then
        (cd "$HERE" && apt-get source -q mimalloc >"$HERE/apt-source.log" 2>&1) || true
        for dir in "$HERE"/mimalloc-*/; do [[ ! -d $dir ]] || dirs+=("${dir%/}"); done
    fi
    ((${#dirs[@]})) || { not_here "no sources: MIMALLOC='DIR ...', or configure deb-src"; return; }
    for dir in "${dirs[@]}"; do
        [[ -f $dir/test/test-stress.c ]] || { not_here "$dir has no test/test-stress.c"; continue; }
        name=$(basename "$dir")
        if $CC -w -O2 -DUSE_STD_MALLOC -I"$dir/include" -o "$HERE/$name-stress" "$dir/test/test-stress.c" -lpthread 2>"$HERE/$name-stress.log"; then
            over "$name test-stress 32 threads" "$HERE/$name-stress"
            over "$name test-stress 4 threads, scale 100" "$HERE/$name-stress" 4 100 20
        else
            note_point false "$name test-stress: does not compile" "$HERE/$name-stress.log"
        fi
        mimalloc_api "$dir" "$name"
    done
}

# Tests of glibc's malloc folder that are about something else, and what.
GLIBC_OTHER='alloc_buffer|dynarray.*|scratch_buffer: inner helpers of the C library, not its allocator
compathooks.*|mallocstate|malloc-check|mtrace: the debugging library of glibc (libc_malloc_debug), which replaces malloc itself
interpose.*: bring a malloc of their own
mxfast|safe-linking|malloc-usable-tunables|tcfree.*|malloc-tcache-leak: structures and tunables of that allocator alone
malloc-backtrace|malloc-stats-cancellation: expect the words that that allocator prints'

glibc_skipped() # NAME: why it is left out; false: it is not
{
    local names why
    while IFS= read -r why; do
        names=${why%%: *}
        [[ ! ${1#tst-} =~ ^($names)$ ]] || { printf '%s' "${why#*: }"; return 0; }
    done <<<"$GLIBC_OTHER"
    return 1
}

glibc_unpack()
{
    local archive include=$HERE/glibc-include header
    [[ -d $HERE/glibc ]] && return
    archive=$(compgen -G '/usr/src/glibc/glibc-*.tar.xz')
    rm -rf "$HERE/glibc.new"
    mkdir -p "$HERE/glibc.new" "$include"
    tar -C "$HERE/glibc.new" --strip-components=1 -xf "$archive" --wildcards '*/malloc' '*/support' '*/include' '*/test-skeleton.c' \
        '*/sysdeps/x86_64/*.h' '*/sysdeps/generic/*.h'
    mv "$HERE/glibc.new" "$HERE/glibc"
    for header in array_length intprops libc-pointer-arith libc-diag; do
        ln -sfn "$HERE/glibc/include/$header.h" "$include/"
    done
    ln -sfn "$HERE/glibc/sysdeps/x86_64/stackinfo.h" "$HERE/glibc/sysdeps/generic/malloc-size.h" "$HERE/glibc/sysdeps/generic/malloc-alignment.h" "$include/"
}

# glibc's own test harness, as far as it compiles outside its tree.
glibc_support()
{
    local file object path
    GLIBC_FLAGS=(-w -O1 -std=gnu11 -fno-builtin -D_GNU_SOURCE -D_LARGEFILE64_SOURCE -D_ISOMAC -DTIMEOUTFACTOR=10 -include limits.h
        -I"$HERE/glibc" -I"$HERE/glibc/support" -I"$HERE/glibc-include")
    for path in SRCDIR OBJDIR OBJDIR_ELF_LDSO INSTDIR LIBDIR BINDIR SBINDIR SLIBDIR ROOTSBINDIR COMPLOCALEDIR SYSCONFDIR; do
        GLIBC_FLAGS+=("-D${path}_PATH=\"/nonexistent\"")
    done
    [[ -f $HERE/libsupport.a ]] && return
    mkdir -p "$HERE/support"
    for file in "$HERE"/glibc/support/*.c; do
        object=$HERE/support/$(basename "$file" .c).o
        $CC "${GLIBC_FLAGS[@]}" -c -o "$object" "$file" 2>/dev/null || rm -f "$object"
    done
    ar rcs "$HERE/libsupport.a" "$HERE"/support/*.o
}

suite_glibc()
{
    local file name why log
    need /usr/src/glibc glibc-source || return 0
    glibc_unpack
    glibc_support
    for file in "$HERE"/glibc/malloc/tst-*.c; do
        name=$(basename "$file" .c)
        log=$(log_of "$name.cc")
        if why=$(glibc_skipped "$name"); then
            not_here "$name: $why"
        elif ! $CC "${GLIBC_FLAGS[@]}" -o "$HERE/$name" "$file" "$HERE/libsupport.a" -lpthread -ldl >"$log" 2>&1; then
            not_here "$name: does not compile outside glibc's tree"
        elif ! timeout -k 5 "$TIMEOUT" "$HERE/$name" >"$log" 2>&1 </dev/null; then
            not_here "$name: fails with the C library's own malloc, too, outside glibc's tree"
        elif [[ $name == tst-malloc-fork-deadlock ]]; then
            known "$name" "fork in one thread, fflush(NULL) and getline in others: the C library takes its stream locks after every fork handler" \
                30 "$HERE/$name"
        else
            over "$name" "$HERE/$name"
        fi
    done
}

# ---- programs ----

suite_stress-ng()
{
    need stress-ng stress-ng || return 0
    over "malloc, 4 processes" stress-ng --malloc 4 --malloc-ops 40000 --malloc-touch --verify
    over "malloc, threads" stress-ng --malloc 1 --malloc-ops 20000 --malloc-pthreads 8 --malloc-bytes 64m --verify
    over "malloc, large blocks" stress-ng --malloc 2 --malloc-ops 4000 --malloc-bytes 1g --malloc-max 64 --verify
}

# Small objects past python's own allocator, to ours.
suite_python()
{
    need /usr/lib/python3.11/test/test_dict.py libpython3.11-testsuite || return 0
    local tests=(array binascii bytes bz2 codecs collections copy ctypes defaultdict deque dict enumerate exceptions fork1
        functools gc generators gzip hashlib heapq io itertools json list long memoryview mmap ordered_dict pickle queue re
        set slice sort string struct super thread threading threading_local tuple unicodedata weakref
        xml_etree_c zlib)
    alike_python "${tests[@]/#/test_}"
}

# Tests that fail are run again without us: a container refuses some to everybody.
alike_python()
{
    local log bad still test
    log=$(log_of "regression tests")
    (cd "$HERE" && timeout -k 5 $((TIMEOUT * 4)) env LD_PRELOAD="$PRELOAD" PYTHONMALLOC=malloc /usr/bin/python3 -m test -j2 "$@") >"$log" 2>&1 </dev/null || true
    bad=$(sed -n '/tests\? failed:/,/^$/{/failed:/d;p}' "$log")
    for test in $bad; do
        still+=" $test"
        (cd "$HERE" && timeout -k 5 "$TIMEOUT" env PYTHONMALLOC=malloc /usr/bin/python3 -m test "$test") >"$log.$test.native" 2>&1 </dev/null || {
            still=${still% "$test"}
            not_here "$test: fails with the C library's malloc, too"
        }
    done
    if [[ -z $still ]] && grep -q 'tests\? OK\|Result: ' "$log"; then
        note_point true "regression tests: $(sed -n 's/^\([0-9]*\) tests OK.*/\1 modules OK/p' "$log")" "$log"
    else
        note_point false "regression tests:$still" "$log"
    fi
}

# Debian ships no tests with perl; so its own modules at work, one output against the other.
suite_perl()
{
    need perl perl || return 0
    # shellcheck disable=SC2016 # perl's own
    alike "manual pages of its library" bash -c 'for m in /usr/share/perl/5.*/{CPAN,Test2,Pod}/*.pm /usr/share/perl/5.*/*.pod; do [[ ! -f $m ]] || pod2man --date=x --release=x "$m"; done 2>&1'
    # shellcheck disable=SC2016
    alike "hashes, strings, patterns, threads of data" perl -e 'use Storable "dclone"; use JSON::PP; my %h; srand(1);
        for my $i (1 .. 60000) { my $k = join "-", map { int rand 997 } 1 .. 3; push @{$h{$k % 1000}}, $k x (1 + $i % 9) }
        my $c = dclone(\%h); my $j = JSON::PP->new->canonical->encode({ map { $_ => $c->{$_} } grep $_ < 40, keys %$c });
        my $n = () = $j =~ /(\d)\1/g; my @s = sort map { @$_ } values %h; print length $j, " $n @s[0 .. 5] ", scalar(@s), "\n"'
}

# The allocator's sources, twice into the same folder: the objects must be the same, byte for byte.
suite_gcc()
{
    local log self=$HERE/self kind sums=()
    need "$CC" gcc || return 0
    log=$(log_of "this project")
    for kind in with without; do
        rm -rf "$self"
        if [[ $kind == with ]]; then
            (cd "$ROOT" && LD_PRELOAD=$PRELOAD make BUILD="$self" CC="$CC" "$self/libhakmem.so") >"$log" 2>&1
        else
            (cd "$ROOT" && make BUILD="$self" CC="$CC" "$self/libhakmem.so") >>"$log" 2>&1
        fi || { note_point false "this project: make fails ($kind)" "$log"; return; }
        sums+=("$(cd "$self" && find . -name '*.o' -exec sha256sum {} + | sort)")
    done
    if [[ ${sums[0]} == "${sums[1]}" ]]; then
        note_point true "this project: $(wc -l <<<"${sums[0]}") objects, byte for byte as without" "$log"
    else
        note_point false "this project: objects differ" "$log"
    fi
}

# Starts a server under the preload, waits for its socket, runs the function, ends it.
with_server() # SOCKET COMMAND... -- FUNCTION ARG...
{
    local socket=$1 command=() pid status=0
    shift
    while [[ $1 != -- ]]; do command+=("$1"); shift; done
    shift
    rm -f "$socket"
    LD_PRELOAD=$PRELOAD "${command[@]}" >"$HERE/$suite.server.log" 2>&1 </dev/null &
    pid=$!
    for _ in {1..200}; do [[ ! -S $socket ]] || break; sleep 0.05; done
    grep -qF "$PRELOAD" "/proc/$pid/maps" || die "$suite: the server does not have $PRELOAD"
    "$@" || status=$?
    kill "$pid" 2>/dev/null || true
    wait "$pid" || true
    return $status
}

redis_load()
{
    local s=$1 log before
    log=$(log_of "redis-benchmark")
    timeout "$TIMEOUT" redis-benchmark -s "$s" --csv -n 4000 -c 20 >"$log" 2>&1 || return 1
    timeout "$TIMEOUT" redis-benchmark -s "$s" --csv -n 20000 -P 16 -d 3000 -r 5000 -t set,get,lpush,zadd,hset >>"$log" 2>&1 || return 1
    # shellcheck disable=SC2016
    redis-cli -s "$s" eval 'for i = 1, 30000 do redis.call("set", "k" .. i, string.rep("v", i % 700)) end return redis.call("dbsize")' 0 >>"$log" || return 1
    before=$(redis-cli -s "$s" debug digest 2>>"$log" || redis-cli -s "$s" dbsize)
    redis-cli -s "$s" bgsave >>"$log"
    for _ in {1..200}; do [[ $(redis-cli -s "$s" info persistence) != *rdb_bgsave_in_progress:1* ]] && break; sleep 0.1; done
    redis-cli -s "$s" debug reload >>"$log"
    [[ $(redis-cli -s "$s" info persistence) == *rdb_last_bgsave_status:ok* ]] || return 1
    redis-cli -s "$s" flushall >/dev/null && redis-cli -s "$s" memory purge >/dev/null
    [[ $before ]]
}

suite_redis()
{
    need redis-server redis-server && need redis-benchmark redis-tools || return 0
    local dir=$HERE/redis
    mkdir -p "$dir"
    rm -f "$dir"/dump.rdb
    if with_server "$dir/socket" redis-server --port 0 --unixsocket "$dir/socket" --dir "$dir" --save '' --activedefrag no \
        --enable-debug-command yes --io-threads 2 -- redis_load "$dir/socket"; then
        note_point true "redis-benchmark, saving by fork, reload" "$(log_of "redis-benchmark")"
    else
        note_point false "redis-benchmark, saving by fork, reload" "$(log_of "redis-benchmark")"
    fi
}

suite_sqlite3()
{
    need sqlite3 sqlite3 || return 0
    alike "tables, indices, json, windows, vacuum" sqlite3 "$HERE/sqlite.$$.db" "
        drop table if exists t; create table t(a integer primary key, b text, c blob);
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 120000)
            insert into t select i, printf('%x-%d', i * 7919 % 65537, i), zeroblob(i % 300) from n;
        create index tb on t(b); delete from t where a % 7 = 3; vacuum;
        select count(*), sum(length(b)), sum(length(c)), max(b) from t where b > '8';
        select sum(x) from (select count(*) over (partition by substr(b, 1, 2) order by a) x from t);
        select length(group_concat(json_object('a', a, 'b', b))) from t where a < 30000;
        pragma integrity_check; drop table t;"
    rm -f "$HERE/sqlite.$$.db"
}

suite_node()
{
    need node nodejs || return 0
    cat >"$HERE/load.js" <<'JS'
const { Worker, isMainThread, workerData, parentPort } = require('worker_threads');
const zlib = require('zlib'), crypto = require('crypto');
function work(n) {
    const parts = [];
    for (let i = 0; i < 4000; i++) parts.push(Buffer.alloc(1 + (i * 7919) % 3000, i & 255));
    const all = Buffer.concat(parts), packed = zlib.deflateSync(all), back = zlib.inflateSync(packed);
    const map = new Map();
    for (let i = 0; i < 200000; i++) map.set('k' + i % 5003, { i, s: 'x'.repeat(i % 50) });
    return crypto.createHash('sha256').update(back).update(JSON.stringify([...map.values()]) + n).digest('hex');
}
if (isMainThread) {
    let left = 4;
    const results = [work(0)];
    for (let i = 1; i <= 4; i++)
        new Worker(__filename, { workerData: i }).on('message', r => { results.push(r); if (!--left) console.log(results.sort().join('\n')); });
} else parentPort.postMessage(work(workerData));
JS
    alike "workers, buffers, zlib, crypto" node "$HERE/load.js"
}

nginx_load() # SOCKET PIDFILE WANT
{
    local i
    for i in {1..40}; do
        for _ in {1..10}; do printf 'url = "http://x/page"\noutput = "/dev/null"\n'; done |
            curl -sf --compressed --parallel --unix-socket "$1" -K - 2>/dev/null || return 1
        ((i != 20)) || kill -HUP "$(cat "$2")"
    done
    [[ $(curl -sf --compressed --unix-socket "$1" http://x/page | sha256sum) == "$3" ]]
}

suite_nginx()
{
    need nginx nginx-light && need curl curl || return 0
    local dir=$HERE/nginx
    mkdir -p "$dir/html" "$dir/logs"
    seq 1 60000 >"$dir/html/page"
    cat >"$dir/nginx.conf" <<CONF
daemon off; worker_processes 2; pid $dir/nginx.pid; error_log $dir/logs/error.log;
events { worker_connections 256; }
http { access_log off; gzip on; gzip_types *; default_type text/plain;
    client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3; uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
    server { listen unix:$dir/socket; root $dir/html; } }
CONF
    chmod -R a+rX "$dir"
    if with_server "$dir/socket" nginx -p "$dir" -c "$dir/nginx.conf" -- nginx_load "$dir/socket" "$dir/nginx.pid" "$(sha256sum <"$dir/html/page")"; then
        note_point true "400 compressed pages, a reload among them" "$dir/logs/error.log"
    else
        note_point false "400 compressed pages, a reload among them" "$dir/logs/error.log"
    fi
}

# ---- all of them ----

ALL_SUITES=(mimalloc glibc stress-ng python perl gcc redis sqlite3 node nginx)
suites=("$@")
((${#suites[@]})) || suites=("${ALL_SUITES[@]}")
for suite in "${suites[@]}"; do
    [[ " ${ALL_SUITES[*]} " == *" $suite "* ]] || die "no suite '$suite'; there are ${ALL_SUITES[*]}"
done
for suite in "${suites[@]}"; do
    suite_passed=0 suite_failed=0 suite_known=0 skipped_before=${#skipped[@]}
    "suite_$suite"
    passed=$((passed + suite_passed)) failed=$((failed + suite_failed))
    table+=("$(printf '%-12s %6d %6d %6d %7d' "$suite" $suite_passed $suite_failed $suite_known $((${#skipped[@]} - skipped_before)))")
done
printf '\nOther people'"'"'s tests over %s\n%-12s %6s %6s %6s %7s\n' "${PRELOAD#"$ROOT"/}" suite passed failed known skipped
printf '%s\n' "${table[@]}"
((failed == 0)) || die "$failed of $((passed + failed)) points failed; the outputs are in ${HERE#"$ROOT"/}"
