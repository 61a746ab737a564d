# Makes tests/published/data/r_paired.json with R. Run from the root of the repository:
#     Rscript tests/published/make_r_paired.R
# CI needs no R: the numbers are kept.
options(digits = 17)
number <- function(x) paste0("[", paste(sprintf("%.17g", x), collapse = ", "), "]")
cases <- list(
  plain = c(12.5, 3.1, -4.2, 20.7, 8.8, 15.0, 1.9, -0.7, 9.3),
  ties = c(10, 10, -10, 20, 20, 5, -5, 0, 30, 15),
  two = c(1.5, 4.0),
  none = c(-3.2, 2.9, 1.1, -1.4, 0.6, -0.2, 2.2, -2.6)
)
set.seed(2)
cases$many <- round(rnorm(60, 1, 4), 3)
parts <- c()
for (name in names(cases)) {
  x <- cases[[name]]; t <- t.test(x); w <- suppressWarnings(wilcox.test(x))
  df <- length(x) - 1
  J <- if (df > 1) exp(lgamma(df / 2) - lgamma((df - 1) / 2)) / sqrt(df / 2) else NA
  parts <- c(parts, sprintf(
    '"%s": {"x": %s, "mean": %.17g, "lower": %.17g, "upper": %.17g, "t": %.17g, "df": %d, "p": %.17g, "V": %.17g, "p_wilcoxon": %.17g, "g": %s}',
    name, number(x), mean(x), t$conf.int[1], t$conf.int[2], t$statistic, df, t$p.value, w$statistic, w$p.value,
    if (is.na(J)) "null" else sprintf("%.17g", mean(x) / sd(x) * J)))
}
p <- sapply(cases, function(x) t.test(x)$p.value)
parts <- c(parts, sprintf('"holm": %s', number(p.adjust(p, "holm"))))
n <- c(power.t.test(delta = 1, sd = 1, power = 0.8)$n, power.t.test(delta = 20, sd = 11, power = 0.8)$n)
parts <- c(parts, sprintf('"power_t": %s', number(n)))
writeLines(paste0("{", paste(parts, collapse = ",\n"), "}"), "tests/published/data/r_paired.json")
