#!/bin/bash
# The modelled figures on other processors and another kernel: the same bytes?
#
#   scripts/box/other_machine_box.sh [CPU...]        (default: Nehalem-v1 Haswell-v4 EPYC-v1)
#
# Boots a machine in software (no KVM) for each processor of QEMU's list with nothing in it but the analyzer, its recorder and two
# pairs of programs, models and sweeps the pairs in there as here, and compares. Exit status 1 when a figure differs.
#
#   KERNEL=(Debian's cloud kernel, downloaded into BUILD/other_machine)   LAYOUTS=8   SEED=7   MEMORY=2048 (MiB)
#   TIMEOUT=1800 (s a machine)   BUILD=build

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
help_asked "$@"

LAYOUTS=${LAYOUTS:-8} SEED=${SEED:-7} MEMORY=${MEMORY:-2048} TIMEOUT=${TIMEOUT:-1800}
need_number LAYOUTS "$LAYOUTS" 4 1000
need_number SEED "$SEED" 0 4294967295
need_number MEMORY "$MEMORY" 512 1000000
need_number TIMEOUT "$TIMEOUT" 1 1000000
need_built_analyzer
for program in qemu-system-x86_64:qemu-system-x86 busybox:busybox-static cpio:cpio python3:python3 gcc:gcc; do
    command -v "${program%:*}" >/dev/null || die "${program%:*} is not here; apt-get install ${program#*:}"
done
ldd "$(command -v busybox)" >/dev/null 2>&1 && die "busybox needs libraries here; apt-get install busybox-static"
[[ -x $BUILD/recorder/layout_tax_recorder-amd64-linux ]] || die "the recorder is not built; apt-get install valgrind, and make"
scratch
CPUS=("$@")
((${#CPUS[@]})) || CPUS=(Nehalem-v1 Haswell-v4 EPYC-v1)

# Debian's kernel for virtual machines: all that is needed of it is built in.
find_kernel()
{
    local home=$BUILD/other_machine package
    [[ -z ${KERNEL:-} ]] || { [[ -r $KERNEL ]] || die "KERNEL: $KERNEL cannot be read"; return; }
    KERNEL=$(compgen -G "$home/kernel/boot/vmlinuz-*" | head -n 1 || true)
    [[ -z $KERNEL ]] || return 0
    package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/.*Depends: //p' | head -n 1)
    [[ -n $package ]] || die "this system's packages have no linux-image-cloud-amd64; name a kernel with KERNEL="
    mkdir -p "$home"
    (cd "$home" && apt-get download "$package" && dpkg -x "$package"_*.deb kernel && rm "$package"_*.deb) \
        >"$WORK/apt.log" 2>&1 || die "cannot download $package: $(tail -n 1 "$WORK/apt.log"); name a kernel with KERNEL="
    KERNEL=$(compgen -G "$home/kernel/boot/vmlinuz-*" | head -n 1)
}

# commands FOLDER: what is run, in here as in there: a name and the analyzer's words; results go to FOLDER under that
# name. Programs lie at one path on both, as a path stands on the stack and moves what lies below it.
commands()
{
    local pairs=$WORK/pairs
    printf '%s\n' \
        "heap --json $1/heap --runs 0 --profile zen3 $pairs/heap/old $pairs/heap/new -- 20000" \
        "tls --json $1/tls --runs 0 --profile zen3 $pairs/tls/old $pairs/tls/new -- 2" \
        "sweep sweep --json $1/sweep --layouts $LAYOUTS --seed $SEED --profile zen3 $pairs/heap/old $pairs/heap/new -- 5000"
}

# Where the symbols of the C library and its loader lie, when they are installed: names come from there.
debug_files()
{
    local file id
    for file in /lib64/ld-linux-x86-64.so.2 "$(gcc -print-file-name=libc.so.6)"; do
        id=$(build_id_of "$file")
        compgen -G "/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug" || true
    done
}

# guest FOLDER: the files of the machine. `init` runs the commands and sends what they saved through the second serial port.
guest()
{
    local root=$1 file
    mkdir -p "$root"/{bin,proc,sys,dev,tmp,var/tmp} "$root$WORK"
    cp "$(command -v busybox)" "$root/bin/busybox"
    cp -r --parents "$WORK/pairs" "$root"
    cp -r --parents "$BUILD/recorder" "$LTF" "$root"
    while read -r file; do
        cp -L --parents "$file" "$root"
    done < <(echo /etc/ld.so.cache; debug_files; ldd "$LTF" "$WORK"/pairs/*/{old,new} | grep -o '/[^ :]* (' | tr -d '( ' | sort -u)
    {
        printf '#!/bin/busybox sh\n/bin/busybox --install -s /bin\nexport PATH=/bin HOME=/ LC_ALL=C\n'
        printf 'mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev\n'
        printf 'stty -F /dev/ttyS1 raw\nuname -sr; grep -m 1 "model name" /proc/cpuinfo\n'
        commands /tmp | while read -r name words; do
            printf 'echo %s; %s %s >/tmp/out 2>&1 || tail -n 3 /tmp/out\n' "$name" "$LTF" "$words"
        done
        printf 'cd /tmp; tar czf - heap tls sweep | base64 >/dev/ttyS1; sync; reboot -f\n'
    } >"$root/init"
    chmod 755 "$root/init"
}

# figures FOLDER: all figures of the results in it, as one text.
figures()
{
    local name
    for name in heap tls sweep; do
        [[ -s $1/$name ]] || return 1
        python3 "$BOX_DIR/model_figures.py" <"$1/$name"
    done
}

find_kernel
mkdir -p "$WORK/pairs/heap" "$WORK/here" "$WORK/root"
"$ROOT/tests/corpus/build.sh" "$WORK/pairs" tls >/dev/null
gcc -O1 -o "$WORK/pairs/heap/old" "$ROOT/tests/recorder/malloc.c"
gcc -O2 -o "$WORK/pairs/heap/new" "$ROOT/tests/recorder/malloc.c"
while read -r name words; do
    # shellcheck disable=SC2086 # words are words
    "$LTF" $words >"$WORK/out" 2>&1 || (($? > 1 && $? != 8)) || die "$name: $(tail -n 1 "$WORK/out")"
done < <(commands "$WORK/here")
figures "$WORK/here" >"$WORK/here/figures"
guest "$WORK/root"
(cd "$WORK/root" && find . | cpio -o -H newc --quiet | gzip -1) >"$WORK/initrd"

printf 'here: %s, %s, %s bytes of figures, sha256 %.16s\n' "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" \
    "$(uname -r | cut -d- -f1)" "$(stat -c %s "$WORK/here/figures")" "$(sha256_of "$WORK/here/figures")"
differs=0
for cpu in "${CPUS[@]}"; do
    mkdir -p "$WORK/$cpu"
    timeout "$TIMEOUT" qemu-system-x86_64 -accel tcg -cpu "$cpu" -m "$MEMORY" -nographic -no-reboot -nodefaults \
        -kernel "$KERNEL" -initrd "$WORK/initrd" -append "console=ttyS0 quiet panic=-1" \
        -serial "file:$WORK/$cpu/console" -serial "file:$WORK/$cpu/results" 2>"$WORK/$cpu/qemu" ||
        die "$cpu: the machine did not end well: $(tail -n 1 "$WORK/$cpu/qemu")"
    base64 -d "$WORK/$cpu/results" 2>/dev/null | tar xzf - -C "$WORK/$cpu" 2>/dev/null || true
    figures "$WORK/$cpu" >"$WORK/$cpu/figures" 2>/dev/null ||
        die "$cpu: no figures came back: $(tail -n 9 "$WORK/$cpu/console" | tr -d '\r' | tr '\n' ' ')"
    same="the same bytes"
    cmp -s "$WORK/here/figures" "$WORK/$cpu/figures" || { same="OTHER FIGURES"; differs=1; }
    printf '%s: %s, %s: %s\n' "$cpu" "$(sed -n 's/\r//; s/^model name.*: //p' "$WORK/$cpu/console" | head -n 1)" \
        "$(sed -n 's/\r//; s/.*Linux \([0-9.]*\)-.*/\1/p' "$WORK/$cpu/console" | head -n 1)" "$same"
    ((differs == 0)) || [[ -z ${KEEP:-} ]] || cp -r "$WORK/here" "$WORK/$cpu" "$KEEP"
done
exit "$differs"
