/* Everything by which a program can tell one x86-64 machine from another and choose other code: asked, and printed. */
#include <cpuid.h>
#include <elf.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int fast(void)
{
    return 2;
}
static int plain(void)
{
    return 1;
}
static int (*choose(void))(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") ? fast : plain;
}
static int chosen(void) __attribute__((ifunc("choose")));

static unsigned long auxiliary(char **env, unsigned long type)
{
    while (*env)
        env++;
    const Elf64_auxv_t *a = (const Elf64_auxv_t *)(void *)(env + 1);
    for (; a->a_type != AT_NULL; a++)
        if (a->a_type == type)
            return a->a_un.a_val;
    return 0;
}

/* Entries to ignore, of which every kernel gives another number; and whether the kernel's file tells the same list. */
static void describe_list(char **env)
{
    Elf64_auxv_t told;
    unsigned ignored = 0, same = 1;
    while (*env)
        env++;
    const Elf64_auxv_t *a = (const Elf64_auxv_t *)(void *)(env + 1);
    int file = open("/proc/self/auxv", O_RDONLY);
    for (; a->a_type != AT_NULL; a++) {
        ignored += a->a_type == AT_IGNORE;
        same &= read(file, &told, sizeof told) == sizeof told && memcmp(&told, a, sizeof told) == 0;
    }
    printf("ignored %u told %u\n", ignored, same);
}

static unsigned long random_number(int seed)
{
    unsigned long n = 0;
    unsigned char ok;
    do {
        if (seed)
            __asm__ volatile("rdseed %0; setc %1" : "=r"(n), "=qm"(ok));
        else
            __asm__ volatile("rdrand %0; setc %1" : "=r"(n), "=qm"(ok));
    } while (!ok);
    return n;
}

int main(int argc, char **argv, char **env)
{
    unsigned a, b, c, d, cpu = 77, node = 77, low, high;
    printf("hwcap %lx hwcap2 %lx frame %lx vdso %d\n", auxiliary(env, AT_HWCAP), auxiliary(env, AT_HWCAP2),
           auxiliary(env, AT_MINSIGSTKSZ), auxiliary(env, AT_SYSINFO_EHDR) != 0);
    describe_list(env);
    static const unsigned leaves[] = { 0, 1, 2, 4, 7, 0xb, 0xd, 0x80000001, 0x80000006 };
    for (unsigned i = 0; i < sizeof leaves / sizeof *leaves; i++) {
        __cpuid_count(leaves[i], 0, a, b, c, d);
        printf("cpuid %x: %08x %08x %08x %08x\n", leaves[i], a, b, c, d);
    }
    __cpuid(1, a, b, c, d);
    printf("ifunc %d avx2 %d avx512 %d\n", chosen(), !!__builtin_cpu_supports("avx2"), !!__builtin_cpu_supports("avx512f"));
    if (c & bit_OSXSAVE) {
        __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        printf("xcr0 %x %x\n", high, low);
    }
    getcpu(&cpu, &node);
    printf("cpu %u node %u, cache %ld %ld\n", cpu, node, sysconf(_SC_LEVEL1_DCACHE_SIZE), sysconf(_SC_LEVEL2_CACHE_SIZE));
    if (argc > 1 && argv[1][0] == 'r')
        printf("random %lx %lx\n", random_number(0), random_number(1));
    return 0;
}
