"""A link order that hurts: bad_order.py SAVED.json BINARY prints BINARY's functions, one a line, for ld.lld's
--symbol-ordering-file. Each hot function begins a page, and cold ones fill it up, so that the hot ones share the sets of
the L1I that their place in the page selects. Hot are those in which SAVED's model executes more than one instruction in
10,000; what is larger than half a page is left to the linker, as are names that occur twice."""
import json
import subprocess
import sys

PAGE, ALIGN, HOT = 4096, 16, 1e-4


def sizes_of(binary):
    """Size in memory of each function whose name is its own."""
    sizes, twice = {}, set()
    for line in subprocess.run(["nm", "-S", "--defined-only", binary], capture_output=True, text=True, check=True).stdout.splitlines():
        words = line.split()
        if len(words) == 4 and words[2] in "tT":
            twice.update([words[3]] if words[3] in sizes else [])
            sizes[words[3]] = -(-int(words[1], 16) // ALIGN) * ALIGN
    return {name: size for name, size in sizes.items() if name not in twice and ".cold" not in name}


def main():
    saved, binary = sys.argv[1:3]
    with open(saved, encoding="utf-8") as file:
        executed = {f["name"]: f["instructions"] for f in json.load(file)["costs"]["old"]["functions"]}
    sizes, total = sizes_of(binary), sum(executed.values())
    hot = [name for name in sorted(executed, key=executed.get, reverse=True)
           if executed[name] > HOT * total and sizes.get(name, PAGE) <= PAGE // 2]
    cold = sorted((name for name in sizes if name not in hot), key=lambda name: (-sizes[name], name))
    for name in hot:
        print(name)
        room = -sizes[name] % PAGE
        for filler in list(cold):
            if sizes[filler] <= room:
                print(filler)
                cold.remove(filler)
                room -= sizes[filler]
        if not cold:
            break


main()
