# Makes stat_reference.txt, the figures that tests/unit/stat_*.c compare with.
#   Rscript tests/unit/data/make_reference.R > tests/unit/data/stat_reference.txt
# Only base R is used. A line is "name argument... = value..."; samples are lines "sample NAME = v1 v2 ...".
options(digits = 15)
say <- function(key, ...) cat(key, "=", formatC(c(...), digits = 15, format = "g", width = 1), "\n")

say("R version", as.numeric(R.version$major))

for (z in c(-8, -3.5, -1.96, -0.3, 0, 0.7, 2.5, 6)) say(paste("pnorm", z), pnorm(z))
for (p in c(1e-12, 1e-4, 0.025, 0.3, 0.5, 0.8, 0.975, 0.99999)) say(paste("qnorm", p), qnorm(p))
for (df in c(1, 2, 4.7, 9, 30, 200))
  for (t in c(-6, -2.2, -0.1, 0, 1.3, 12)) say(paste("pt", t, df), pt(t, df))
for (df in c(1, 2, 4.7, 9, 30, 200))
  for (p in c(0.001, 0.025, 0.2, 0.5, 0.8, 0.975)) say(paste("qt", p, df), qt(p, df))

set.seed(20240601)
samples <- list(
  small   = round(rnorm(6, 0.02, 0.01), 4),
  ten     = round(rnorm(10, 0.5, 1), 3),
  ties    = c(1, 1, 2, 2, 2, 3, -1, -2, 3, 5, 0, 0, 4),
  twenty  = round(rlnorm(20, 0, 0.4), 3),
  hundred = round(rexp(100), 4),
  ratings = c(1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30), # Hollander and Wolfe 1973, table 3.1: first
  after   = c(0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29), # and second Hamilton depression score
  term    = c(0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46), # Hollander and Wolfe 1973, table 4.1:
  preterm = c(1.15, 0.88, 0.90, 0.74, 1.21))                               # permeability of the chorioamnion
samples$depression <- samples$after - samples$ratings
for (n in names(samples)) say(paste("sample", n), samples[[n]])

for (n in names(samples)) {
  x <- samples[[n]]
  walsh <- outer(x, x, "+") / 2
  walsh <- sort(walsh[lower.tri(walsh, diag = TRUE)])
  say(paste("mean", n), mean(x))
  say(paste("sd", n), sd(x))
  for (p in c(0.05, 0.1, 0.25, 0.5, 0.77, 0.95)) say(paste("quantile", n, p), quantile(x, p, type = 7))
  say(paste("mad", n), mad(x, constant = 1))
  say(paste("trimmed", n), mean(x, trim = 0.1))
  say(paste("hl", n), median(walsh))
  k <- floor(max(1, length(x) / 10))
  if (length(x) %% 10 == 0) say(paste("lowtail", n), mean(sort(x)[1:k]))
}

# Exact p values with ties by listing every sign pattern and every choice: no formula shared with the program.
signed <- function(x) {
  x <- x[x != 0]
  r <- rank(abs(x)); n <- length(x)
  signs <- as.matrix(expand.grid(rep(list(0:1), n)))
  sums <- signs %*% r
  w <- sum(r[x > 0])
  c(w, min(1, 2 * min(mean(sums <= w + 1e-9), mean(sums >= w - 1e-9))))
}
for (n in c("small", "ten", "ties", "depression")) say(paste("signedrank", n), signed(samples[[n]]))
for (n in c("small", "ten", "depression")) { # no ties, no zeros: R's own
  w <- wilcox.test(samples[[n]], exact = TRUE, conf.int = TRUE)
  say(paste("wilcox1", n), w$statistic, w$p.value, w$conf.int, w$estimate)
  w <- wilcox.test(samples[[n]], exact = TRUE, conf.int = TRUE, conf.level = 0.9)
  say(paste("wilcox1-90", n), w$conf.int)
}
choose_all <- function(x, y) {
  r <- rank(c(y, x)); n <- length(y)
  sums <- combn(length(r), n, function(i) sum(r[i]))
  w <- sum(r[1:n])
  c(w - n * (n + 1) / 2, min(1, 2 * min(mean(sums <= w + 1e-9), mean(sums >= w - 1e-9))))
}
say("mannwhitney small ten", choose_all(samples$small, samples$ten))
say("mannwhitney ties small", choose_all(samples$ties, samples$small))
say("mannwhitney ties depression", choose_all(samples$ties, samples$depression))
say("mannwhitney term preterm", choose_all(samples$term, samples$preterm))
two <- function(a, b) {
  w <- wilcox.test(samples[[b]], samples[[a]], exact = TRUE, conf.int = TRUE)
  say(paste("wilcox2", a, b), w$statistic, w$p.value, w$conf.int, w$estimate)
}
two("small", "ten"); two("term", "preterm"); two("ten", "twenty")
for (n in c(5, 6, 8, 10, 15, 20, 25, 50, 150))
  say(paste("signrank-critical", n), qsignrank(0.025, n), qsignrank(0.05, n))
for (mn in list(c(3, 5), c(4, 4), c(5, 5), c(8, 12), c(20, 20), c(30, 45)))
  say(paste("wilcox-critical", mn[1], mn[2]), qwilcox(0.025, mn[1], mn[2]), qwilcox(0.05, mn[1], mn[2]))

s <- samples$small[1:4]
t <- t.test(s)
say("ttest first4", t$conf.int)
t <- t.test(samples$preterm[1:3], samples$term[1:3])
say("welch term3 preterm3", t$conf.int)

p <- c(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1)
say("sample bh", p) # Benjamini and Hochberg 1995, section 4
say("bh 0.05", sum(p.adjust(p, "BH") <= 0.05))
say("bh 0.1", sum(p.adjust(p, "BH") <= 0.1))

# Power of the paired t test: the effect that 10 pairs of standard deviation 1 see with 80 %.
say("power.t n=10", power.t.test(n = 10, power = 0.8, type = "one.sample")$delta)
say("power.t n=40", power.t.test(n = 40, power = 0.8, type = "one.sample")$delta)
