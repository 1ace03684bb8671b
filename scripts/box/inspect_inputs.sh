#!/bin/bash
# Makes the large programs that bench_inspect_box.sh inspects: generated sources, compiled here.
#
#   scripts/box/inspect_inputs.sh FOLDER
#
#   symbols, symbols.other   20 MB of C code and its symbol table, without debug information; the other has one more
#                            function at its front, so everything moved
#   debug                    100 MB and more of C++ with debug information: units that use the standard library
#
# One unit of each is compiled; the others are its assembler code under other names. Takes a minute or two; what is
# already there and complete is kept.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
help_asked "$@"

FOLDER=${1:?the folder to make the inputs in}
JOBS=${JOBS:-2}
mkdir -p "$FOLDER/parts"
cd "$FOLDER" || die "cannot enter '$FOLDER'"
command -v g++ >/dev/null || die "g++ is not here; apt-get install g++"

# A unit of C: functions of about 250 bytes with calls, loops, branches, constants and data.
c_unit()
{
    awk -v unit=unit00 'BEGIN {
        count = 2600
        printf "extern long shared[64]; extern const char *names[8];\n"
        for (i = 0; i < count; i++) {
            a = (i * 2654435761) % 65521
            printf "static long table_%s_%d[%d] = { %d };\n", unit, i, 2 + a % 7, a
            printf "__attribute__((noinline)) long fn_%s_%d(long *p, long n, long k)\n{\n    long s = %d;\n", unit, i, a
            if (a % 3) printf "    for (long i = 0; i < n; i++) { s += p[i] * %d; if (s & %d) s ^= shared[i & 63] >> %d; else s -= names[s & 7][i & 3]; }\n", 3 + a % 11, 1 + a % 255, 1 + a % 5
            if (a % 2) printf "    if (n > %d) { table_%s_%d[0] += s; s = s / (k | %d) + %d; }\n", a % 97, unit, i, 1 + a % 31, a % 1000
            if (a % 5 == 0) printf "    switch (k & 7) { case 0: s += %d; break; case 1: s ^= n; break; case 2: s *= 3; break; case 3: s -= k; break; case 4: s += p[1]; break; case 5: s = -s; break; default: s |= %d; }\n", a, a
            if (i > 3) printf "    if (k > 0) s += fn_%s_%d(p, n - 1, k - 1) ^ fn_%s_%d(p, s, k - %d);\n", unit, (a * 7) % i, unit, i - 1, 1 + a % 3
            printf "    return s + table_%s_%d[n & 1];\n}\n", unit, i
        }
        printf "long enter_%s(void) { return fn_%s_%d(shared, 3, 2); }\n", unit, unit, count - 1
    }'
}

# A unit of C++: containers and algorithms over types of its own, so that its code is its own, too.
cxx_unit()
{
    cat <<'END'
#include <algorithm>
#include <deque>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>
namespace unit00 {
END
    for i in {0..15}; do
        cat <<END
struct Item$i { int id = $i; char tag = 'x'; double weight = 0; std::string name; long extra[$((i % 5 + 1))] = {};
    bool operator<(const Item$i &o) const { return weight < o.weight; } };
static long work$i(unsigned n) {
    std::vector<Item$i> items(n);
    std::map<std::string, Item$i> byName;
    std::unordered_map<long, std::shared_ptr<Item$i>> byId;
    std::deque<Item$i> queue;
    std::set<Item$i> ordered;
    for (auto &item : items) { item.weight = item.id * $i; byName[item.name + "$i"] = item; queue.push_front(item);
        byId.emplace(item.id, std::make_shared<Item$i>(item)); ordered.insert(item); }
    std::sort(items.begin(), items.end());
    std::stable_sort(queue.begin(), queue.end());
    std::function<long(const Item$i &)> weigh = [n](const Item$i &item) { return long(item.weight) + n; };
    long sum = std::accumulate(items.begin(), items.end(), 0l, [&](long s, const Item$i &item) { return s + weigh(item); });
    std::ostringstream text; text << sum << byName.size() << queue.size() << ordered.size();
    return sum + long(text.str().size() + byId.size());
}
END
    done
    echo "}"
    echo 'extern "C" long enter_unit00(unsigned n) { long s = std::regex_match("1", std::regex("[0-9]+"));'
    for i in {0..15}; do echo "    s += unit00::work$i(n);"; done
    echo "    return s; }"
}

# The same unit under other names: parts/NAME00.s -> parts/NAME01.o ...
copies() # NAME COUNT
{
    local unit
    for ((unit = 0; unit < $2; unit++)); do printf '%02d\n' "$unit"; done |
        xargs -P "$JOBS" -I{} sh -c "sed 's/unit00/unit{}/g' parts/$1.s | as -o parts/$1{}.o -"
}

# A main function that enters every unit.
main_of() # COUNT ARGUMENT
{
    local unit
    for ((unit = 0; unit < $1; unit++)); do printf 'long enter_unit%02d(unsigned);\n' "$unit"; done
    echo 'int main(void) { long s = 0;'
    for ((unit = 0; unit < $1; unit++)); do printf 's += enter_unit%02d(3);\n' "$unit"; done
    echo 'return (int)s; }'
}

complete() # FILE MEGABYTES
{
    [[ -s $1 ]] && (($(stat -c %s "$1") >= $2 * 1000000))
}

C_UNITS=20 CXX_UNITS=9
if ! complete symbols 20 || ! complete symbols.other 20; then
    say "making symbols: $C_UNITS units of C"
    c_unit | gcc -O1 -S -xc -o parts/c.s -
    copies c "$C_UNITS"
    { echo 'long shared[64]; const char *names[8];'; main_of "$C_UNITS"; } | gcc -O1 -c -xc -o parts/c_main.o -
    echo 'int first_of_all(int n) { return n * 77; }' | gcc -O1 -c -xc -o parts/c_first.o -
    gcc -o symbols parts/c_main.o parts/c[0-9]*.o
    gcc -o symbols.other parts/c_first.o parts/c_main.o parts/c[0-9]*.o
fi
if ! complete debug 100; then
    say "making debug: $CXX_UNITS units of C++"
    cxx_unit | g++ -O1 -g -S -xc++ -o parts/x.s -
    copies x "$CXX_UNITS"
    main_of "$CXX_UNITS" | gcc -O1 -g -c -xc -o parts/x_main.o -
    g++ -o debug parts/x_main.o parts/x[0-9]*.o
fi
complete symbols 20 || die "'symbols' came out smaller than 20 MB"
complete debug 100 || die "'debug' came out smaller than 100 MB"
ls -l symbols symbols.other debug >&2
