/* Objects in pages: PAD bytes, first, GAP bytes, second; then third, SHIFT bytes before a line's start; two variables in
 * lines of their own, or, with NEAR, in one. */
#ifdef NEAR
#define LINE ".balign 4"
#else
#define LINE ".balign 64"
#endif
#ifndef SIZE
#define SIZE 40
#endif
__asm__(".pushsection .data; .balign 4096; .skip PAD; .globl first, second, third, left, right\n"
        ".type first, @object; first: .skip 100; .size first, 100; .skip GAP\n"
        ".type second, @object; second: .skip 200; .size second, 200\n"
        ".balign 4096; .skip 64 - SHIFT; .type third, @object; third: .skip 64; .size third, 64\n"
        ".balign 4096; .type left, @object; left: .skip 4; .size left, 4\n" LINE
        "; .type right, @object; right: .skip 4; .size right, 4; .popsection");
extern char first[], second[], third[], left[], right[];
char grown[SIZE] = { 1 };
int main(int c, char **v)
{
    (void)v;
    return first[c] + second[c] + third[c] + left[0] + right[0] + grown[c];
}
