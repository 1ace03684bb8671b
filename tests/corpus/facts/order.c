/* One condition and two ways: in either order, or, with OTHER, another condition. */
#ifndef TURNED
#define BODY "test %edi,%edi; js 1f; lea 3(%rdi),%eax; ret; 1: mov %edi,%eax; neg %eax; ret"
#else
#define BODY "test %edi,%edi; jns 1f; mov %edi,%eax; neg %eax; ret; nop; 1: lea 3(%rdi),%eax; ret"
#endif
#ifdef OTHER
#undef BODY
#define BODY "test %edi,%edi; jz 1f; lea 3(%rdi),%eax; ret; 1: mov %edi,%eax; neg %eax; ret"
#endif
__asm__(".text; .globl f; .type f, @function\nf: " BODY "; .size f, .-f");
int f(int);
int main(int c, char **v)
{
    (void)v;
    return f(c);
}
