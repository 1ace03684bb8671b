/* A fused cmp and jne of five bytes, PAD bytes behind a page. */
__asm__(".text; .balign 4096; .globl f; .type f, @function\n"
        "f: .skip PAD, 0xf8; cmp $1, %edi; jne 1f; incl %eax; 1: clc; clc; clc; clc; ret; .size f, .-f");
int f(int);
int main(int c, char **v)
{
    (void)v;
    return f(c);
}
