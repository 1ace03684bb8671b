#!/usr/bin/env bash
# inspect: what two ELF files tell without a run. Each pair is made for one fact; its twin differs in nothing.
# shellcheck source=tests/lib/tap.sh
. "$(dirname "$0")/../lib/tap.sh"
ltf=${LTF:-$root/layout_tax_forensics}
cc=${CC:-gcc}

if ! command -v "$cc" >/dev/null || [[ $(uname -m) != x86_64 ]]; then
    skip "facts of pairs made here" "needs $cc on x86-64"
    done_testing
    exit
fi

inspect() { # OLD NEW [OPTION...]: the report, unwrapped enough to be matched
    local old=$1 new=$2
    shift 2
    "$ltf" inspect "$@" "$old" "$new" 2>&1 | tr -s ' \n' ' '
}

facts() { # OLD NEW: sentences of the JSON, one a line, with kind and cause
    "$ltf" inspect --json - "$1" "$2" 2>/dev/null |
        python3 -c 'import json, sys
for f in json.load(sys.stdin)["delta"]["code_facts"]: print(f["kind"], f["cause"], f["sentence"])'
}

make_one() { # NAME FLAGS... < source: $work/NAME
    local name=$1
    shift
    # shellcheck disable=SC2068
    "$cc" -O1 -xc - -o "$work/$name" $@
}

# A loop of 36 bytes that starts 5 bytes behind f, which starts PAD bytes into a page.
# shellcheck disable=SC2016 # a $ of the assembler
loop_source='__asm__(".text; .balign 4096; .if PAD; .skip PAD; .endif; .globl f; .type f, @function\n"
"f: mov $100, %ecx\n1: .rept 16; incl %eax; .endr; decl %ecx; jnz 1b; ret; .size f, .-f");
int f(int); int main(int c, char **v) { (void)v; return f(c); }'
make_one loop0 -Wa,--defsym,PAD=0 <<<"$loop_source"
make_one loop40 -Wa,--defsym,PAD=40 <<<"$loop_source"
make_one loop_twin -Wa,--defsym,PAD=0 <<<"$loop_source"
like "$(facts "$work/loop0" "$work/loop40")" "loop-lines layout the loop at f\+0x5 \(36 bytes\) now crosses a boundary of 64 bytes" \
    "a loop that came to cross a line is a fact of layout"
like "$(facts "$work/loop40" "$work/loop0")" "the loop at f\+0x5 \(36 bytes\) no longer crosses a boundary" "and the other way round"
like "$(inspect "$work/loop0" "$work/loop40")" "What code and data tell .* layout loop-lines 1 the loop at f\+0x5 \(36 bytes\) now crosses" \
    "the report says it, by cause"
is "$(facts "$work/loop0" "$work/loop_twin")" "" "a second build of the same source has no fact"

work_source='unsigned f(unsigned *p) { unsigned s = 0; for (unsigned i = 0; i < 64; i++) s = s * 31 + p[i]; return s ROUNDS; }
unsigned d[64]; int main(void) { return f(d) & 1; }'
make_one work_old "-DROUNDS=" -fno-inline <<<"$work_source"
make_one work_new "-DROUNDS=*(s^7)/(s|3)" -fno-inline <<<"$work_source"
like "$(facts "$work/work_old" "$work/work_new")" "instructions work f has [0-9]+ instructions in .*, before [0-9]+" "more instructions are a fact of work"

data_source='char a[SIZE] = { 1 }; __thread int t[THREAD]; struct s { int x; char pad[SIZE]; long y; } v;
int main(void) { return a[0] + t[0] + (int)v.y; }'
make_one data_old -g -DSIZE=40 -DTHREAD=4 <<<"$data_source"
make_one data_new -g -DSIZE=80 -DTHREAD=8 <<<"$data_source"
data=$(facts "$work/data_old" "$work/data_new")
like "$data" "object-size data a has 80 bytes, before 40" "an object that grew is a fact of data"
like "$data" "tls-size data PT_TLS has 32 bytes, before 16" "so is thread-local storage"
like "$data" "struct-size data struct s has 96 bytes, 4 of them holes, before 56 with 4" "and a struct, with debug information"

CC=$cc "$root/tests/corpus/build.sh" "$work/corpus" align_fib lostcold hash pad tls rebuild >"$work/build.log" 2>&1
while IFS='|' read -r sides want title; do
    like "$(facts "$work/corpus/${sides% *}" "$work/corpus/${sides%/*}/${sides#* }")" "$want" "$title"
done <<'PAIRS'
align_fib/old new|function-lines layout fib [(][0-9]+ bytes[)] touches 2 lines, before 1|labelled pair align_fib: its function came to lie on two lines
lostcold/old new|cold-part hint check has 0 bytes in its cold part, before [0-9]+|labelled pair lostcold: the cold part is gone
hash/old new|instructions work hash.* instructions in .*, before|labelled pair hash: more instructions
tls/libold.so libnew.so|tls-calls data tick has 3 calls of __tls_get_addr, before 0|labelled pair tls: a call an access
PAIRS
is "$(facts "$work/corpus/rebuild/old" "$work/corpus/rebuild/new")" "" "labelled pair rebuild: nothing"
verbose=$(inspect "$work/corpus/pad/old" "$work/corpus/pad/new" -v)
count=$(facts "$work/corpus/pad/old" "$work/corpus/pad/new" | wc -l)
is "$("$ltf" inspect -v "$work/corpus/pad/old" "$work/corpus/pad/new" | sed -n '/^What code/,/^$/p' | grep -cE '^  (work|layout|hint|data) ')" \
    "$count" "--verbose shows every fact"
unlike "$verbose" "more with --verbose" "and promises no more"
is "$(inspect "$work/corpus/pad/old" "$work/corpus/pad/new" --all)" "$verbose" "--all is the same"
is "$("$ltf" inspect --json - "$work/corpus/pad/old" "$work/corpus/pad/new" | sha256sum)" \
    "$("$ltf" inspect --json - "$work/corpus/pad/old" "$work/corpus/pad/new" | sha256sum)" "the order is the same every time"
start_up=$("$ltf" inspect --json - "$work/loop0" "$work/loop40" | python3 -c 'import json, sys
d = json.load(sys.stdin)["delta"]
names = [f["name"] for f in d["code_facts"]]
print(names[0], len([n for n in names[:1] if n in ("_start", "frame_dummy", "_init", "register_tm_clones")]))')
is "$start_up" "f 0" "the first fact is of code of the program itself, not of the start files"

same=$(inspect /bin/ls /bin/ls)
status=$("$ltf" inspect /bin/ls /bin/ls >/dev/null 2>&1; echo $?)
is "$status" 0 "a file against itself: status 0"
unlike "$same" "What code and data tell|Symbols that changed" "nothing changed"
like "$same" "functions: [0-9]+ same data objects|functions: [0-9]+ same " "all functions are the same"
is "$(facts /bin/ls /bin/ls)" "" "and there is no fact"

# A library of each side beside the program; the twin's is another file of the same source.
for side in old new twin; do
    mkdir -p "$work/$side"
    size=40; [[ $side == new ]] && size=80
    "$cc" -O1 -g -shared -fPIC -xc - -o "$work/$side/liba.so" "-DSIZE=$size" <<<'char a[SIZE] = { 1 }; int pick(int n) { return a[n]; }'
    # shellcheck disable=SC2016 # $ORIGIN is for the loader
    "$cc" -O1 -xc - -o "$work/$side/prog" -L"$work/$side" -la '-Wl,-rpath,$ORIGIN' <<<'int pick(int); int main(int c, char **v) { (void)v; return pick(c); }'
done
library=$(inspect "$work/old/prog" "$work/new/prog")
like "$library" "Shared libraries that differ \([0-9]+ more are the same file\) .* liba\.so .* data object-size a has 80 bytes, before 40" \
    "a shared library that differs is inspected, too"
unlike "$library" "What code and data tell" "and its facts are not the program's"
unlike "$(inspect "$work/old/prog" "$work/twin/prog")" "Shared libraries" "two libraries of the same bytes: nothing"
"$ltf" inspect --json "$work/library.json" "$work/old/prog" "$work/new/prog" >"$work/library.txt"
is "$("$ltf" report "$work/library.json")" "$(cat "$work/library.txt")" "JSON holds all of it"
like "$("$ltf" --runs 1 --warmup 0 --no-control --source clock "$work/old/prog" "$work/new/prog" 2>&1)" "Shared libraries that differ" \
    "a comparison has it, too"

strip -o "$work/stripped0" "$work/loop0"
strip -o "$work/stripped40" "$work/loop40"
stripped=$(inspect "$work/stripped0" "$work/stripped40")
like "$stripped" "no symbol table" "stripped files are read, and the report says what that costs"
like "$stripped" "functions: .* same" "and functions are compared all the same"
echo "no ELF" >"$work/text"
for case in "$work/text|is not|a file that is no ELF" "$work/none|does not exist|a file that is not there"; do
    IFS='|' read -r path want title <<<"$case"
    said=$("$ltf" inspect "$work/loop0" "$path" 2>&1)
    is "$?" 1 "$title: status 1"
    like "$said" "layout_tax_forensics: .*${path##*/}.*" "$title is named"
    is "$(wc -l <<<"$said")" 1 "$title: one sentence"
    like "$said" "$want" "$title: and why"
done
done_testing
