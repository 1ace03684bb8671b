#include "stat/distribution.h"

#include <math.h>

double normal_cdf(double z)
{
    return 0.5 * erfc(-z / sqrt(2));
}

/* A first guess to 3 digits (Abramowitz and Stegun 26.2.22), for the lower half. */
static double rough_quantile(double p)
{
    double t = sqrt(-2 * log(p));
    return -(t - (2.30753 + 0.27061 * t) / (1 + 0.99229 * t + 0.04481 * t * t));
}

/* Halley's steps on erfc: each about triples the digits, so four reach the double's end. */
double normal_quantile(double p)
{
    if (!(p > 0))
        return -INFINITY;
    if (!(p < 1))
        return INFINITY;
    if (p > 0.5)
        return -normal_quantile(1 - p);
    double z = rough_quantile(p);
    for (int i = 0; i < 4; i++) {
        double u = (normal_cdf(z) - p) * sqrt(2 * M_PI) * exp(z * z / 2);
        z -= u / (1 + z * u / 2);
    }
    return z;
}

/* Continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8), by Lentz's method. */
static double beta_fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double h = d;
    for (int m = 1; m < 500; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / (fabs(1 + even * d) < tiny ? tiny : 1 + even * d);
        c = fabs(1 + even / c) < tiny ? tiny : 1 + even / c;
        h *= d * c;
        d = 1 / (fabs(1 + odd * d) < tiny ? tiny : 1 + odd * d);
        c = fabs(1 + odd / c) < tiny ? tiny : 1 + odd / c;
        h *= d * c;
        if (fabs(d * c - 1) < 1e-16)
            break;
    }
    return h;
}

/* Regularised incomplete beta function. */
static double beta_regular(double x, double a, double b)
{
    if (x <= 0 || x >= 1)
        return x <= 0 ? 0 : 1;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double student_cdf(double t, double df)
{
    double square = t * t, all = df + square;
    /* Near 0 the first form would subtract from 1 what carries the digits. */
    double tail =
        square > df ? 0.5 * beta_regular(df / all, df / 2, 0.5) : 0.5 - 0.5 * beta_regular(square / all, 0.5, df / 2);
    return t > 0 ? 1 - tail : tail;
}

/* Bisection: called a few times a figure, so that plain and safe beats fast. */
double student_quantile(double p, double df)
{
    if (!(p > 0 && p < 1))
        return p > 0 ? INFINITY : -INFINITY;
    if (p >= 0.5)
        return p > 0.5 ? -student_quantile(1 - p, df) : 0;
    double lo = -1, hi = 0;
    while (student_cdf(lo, df) > p && lo > -1e30)
        lo *= 2;
    for (int i = 0; i < 200 && hi - lo > 1e-15 * fabs(lo); i++) {
        double mid = lo + (hi - lo) / 2;
        if (student_cdf(mid, df) < p)
            lo = mid;
        else
            hi = mid;
    }
    return lo + (hi - lo) / 2;
}
