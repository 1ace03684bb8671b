/* Types, each changed by a word of its own. */
#ifndef ARRAY
#define ARRAY 4
#endif
#ifndef MORE
#define MORE
#endif
#ifndef HUES
#define HUES red
#endif
#ifndef ORDER
#define ORDER long a; int b;
#endif
#ifndef BEFORE
#define BEFORE
#endif
enum hue { HUES };
struct box {
    int kind;
    long *next;
    int room[ARRAY];
    MORE
};
struct shifted {
    ORDER int rest[12];
};
struct crossing {
    BEFORE int words[12];
};
struct box box;
enum hue hue;
struct shifted shifted;
struct crossing crossing;
typedef int number;
number wide[ARRAY] = { 1 };
int main(int c, char **v)
{
    (void)v;
    return box.kind + (int)hue + shifted.rest[c] + crossing.words[c] + wide[c];
}
