/* Three branches and a return, with GAP bytes of nops between them. */
__asm__(".text; .balign 64; .globl f; .type f, @function\n"
        "f: test %edi, %edi; js 1f; .skip GAP, 0x90; test $1, %edi; jz 1f; .skip GAP, 0x90; test $2, %edi; jz 1f\n"
        ".skip GAP, 0x90; mov $3, %eax; 1: ret; .size f, .-f");
int f(int);
int main(int c, char **v)
{
    (void)v;
    return f(c);
}
