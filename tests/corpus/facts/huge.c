/* Nine megabytes of code, DATA bytes of data. */
#ifndef DATA
#define DATA 100
#endif
__asm__(".text; .skip 9000000");
char room[DATA] = { 1 };
int main(int c, char **v)
{
    (void)v;
    return room[c];
}
