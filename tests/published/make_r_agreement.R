# Makes tests/published/data/r_agreement.json with R. Run from the root of the repository:
#     Rscript tests/published/make_r_agreement.R
# Needs the package psych. CI needs no R: the numbers are kept.
suppressMessages(library(psych))
set.seed(2018)
n <- 60; k <- 4
truth <- rnorm(n)
scores <- sapply(1:k, function(j) pmin(2, pmax(0, round(1 + 0.7 * truth + rnorm(n, c(0, .2, -.2, .4)[j], 0.5)))))
fit <- ICC(scores, lmer = FALSE)$results
number <- function(x) sprintf("%.17g", x)
pairs <- combn(k, 2)
kappas <- apply(pairs, 2, function(p) {
  counts <- table(factor(scores[, p[1]], 0:2), factor(scores[, p[2]], 0:2))
  cohen.kappa(as.matrix(counts))$weighted.kappa
})
text <- paste0(
  '{"scores": [', paste0("[", apply(scores, 1, paste, collapse = ", "), "]", collapse = ", "), '],\n',
  '"icc2": {"value": ', number(fit$ICC[2]), ', "lower": ', number(fit$`lower bound`[2]), ', "upper": ', number(fit$`upper bound`[2]), '},\n',
  '"icc2k": ', number(fit$ICC[5]), ',\n',
  '"alpha": ', number(alpha(as.data.frame(scores), warnings = FALSE)$total$raw_alpha), ',\n',
  '"kappas": [', paste(number(kappas), collapse = ", "), ']}'
)
writeLines(text, "tests/published/data/r_agreement.json")
