/* A loop of 36 bytes and 18 instructions, five bytes behind f, which starts PAD bytes into a page. */
__asm__(".text; .balign 4096; .if PAD; .skip PAD; .endif; .globl f; .type f, @function\n"
        "f: mov $100, %ecx\n1: .rept 16; incl %eax; .endr; decl %ecx; jnz 1b; ret; .size f, .-f");
int f(int);
int main(int c, char **v)
{
    (void)v;
    return f(c);
}
