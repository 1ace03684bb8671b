/* Normal and Student distributions: what the intervals and the power formula need. */
#ifndef FORENSICS_STAT_DISTRIBUTION_H
#define FORENSICS_STAT_DISTRIBUTION_H

/* P(Z <= z) of the standard normal. */
double normal_cdf(double z);

/* z with P(Z <= z) == p; p in (0, 1), else -inf or +inf. */
double normal_quantile(double p);

/* P(T <= t) with `df` degrees of freedom, df > 0 (need not be whole). */
double student_cdf(double t, double df);

/* t with P(T <= t) == p; p in (0, 1). */
double student_quantile(double p, double df);

#endif
