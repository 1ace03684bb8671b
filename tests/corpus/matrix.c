/* Products with a matrix stored by rows but walked by columns. PITCH is the number of elements from row to row. */
#include "common.h"

enum { N = 128 };

static double a[N * PITCH], x[N], y[N];

static NOINLINE void product(void)
{
    for (int column = 0; column < N; column++) {
        double sum = 0;
        for (int row = 0; row < N; row++)
            sum += a[row * PITCH + column] * x[row];
        y[column] = sum;
    }
}

int main(int argc, char **argv)
{
    for (int i = 0; i < N; i++) {
        x[i] = rnd() % 100;
        for (int k = 0; k < N; k++)
            a[i * PITCH + k] = rnd() % 100;
    }
    double total = 0;
    for (unsigned long n = repeats(argc, argv, 60); n; n--) {
        product();
        total += y[n % N];
    }
    printf("%.0f\n", total);
    return 0;
}
