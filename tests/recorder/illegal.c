/* Ends by SIGILL; argv[1] says how. */
#include <signal.h>

int main(int argc, char **argv)
{
    switch (argc > 1 ? argv[1][0] : 0) {
    case 'a': __asm__ volatile(".byte 0x62, 0xf1, 0x7d, 0x48, 0xef, 0xc0"); break; /* vpxord zmm0, zmm0, zmm0 */
    case 'x': __asm__ volatile(".byte 0x8f, 0xe8, 0x78, 0xc0, 0xc0, 0x01"); break; /* vprotb xmm0, xmm0, 1 (XOP) */
    case 't': __builtin_trap();
    case 'r': return raise(SIGILL);
    }
    return 0;
}
