# Makes tests/published/data/r_mixed.json with R. Run from the root of the repository:
#     Rscript tests/published/make_r_mixed.R
# Needs lme4, lmerTest and emmeans. CI needs no R: the numbers are kept.
suppressMessages({library(lmerTest); library(emmeans)})
set.seed(7)
number <- function(x) sprintf("%.17g", x)
case <- function(drop, sd_animal) {
  d <- expand.grid(timepoint = c("baseline", "30min", "60min"), animal = sprintf("m%02d", 1:24), stringsAsFactors = FALSE)
  d$group <- rep(c("sham", "surgery", "carprofen"), each = 24)
  own <- rnorm(24, 0, sd_animal)
  effect <- ifelse(d$timepoint == "baseline", 0, c(sham = 2, surgery = 25, carprofen = 10)[d$group])
  d$value <- round(20 + own[match(d$animal, unique(d$animal))] + effect + rnorm(nrow(d), 0, 9), 2)
  if (drop) d <- d[-c(5, 18, 40, 41, 66), ]
  d$g <- factor(d$group, levels = c("sham", "surgery", "carprofen"))
  d$t <- factor(d$timepoint, levels = c("baseline", "30min", "60min"))
  fit <- lmer(value ~ g * t + (1 | animal), d, control = lmerControl(optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-14)))
  means <- emmeans(fit, ~ g * t, lmer.df = "satterthwaite")
  rows <- NULL
  for (time in c("30min", "60min")) for (p in list(c("surgery", "sham"), c("carprofen", "sham"), c("carprofen", "surgery"))) {
    grid <- as.data.frame(means)
    w <- rep(0, nrow(grid))
    at <- function(g, t) which(grid$g == g & grid$t == t)
    w[at(p[1], time)] <- 1; w[at(p[1], "baseline")] <- -1; w[at(p[2], time)] <- -1; w[at(p[2], "baseline")] <- 1
    s <- as.data.frame(contrast(means, list(w)))
    rows <- c(rows, paste0('{"timepoint": "', time, '", "a": "', p[1], '", "b": "', p[2], '", "estimate": ', number(s$estimate),
      ', "se": ', number(s$SE), ', "df": ', number(s$df), ', "p": ', number(s$p.value), '}'))
  }
  v <- as.data.frame(VarCorr(fit))$vcov
  cells <- paste0('["', d$animal, '", "', d$group, '", "', d$timepoint, '", ', d$value, "]", collapse = ", ")
  paste0('{"cells": [', cells, '], "var_animal": ', number(v[1]), ', "var_residual": ', number(v[2]),
         ', "contrasts": [', paste(rows, collapse = ", "), "]}")
}
writeLines(paste0('{"complete": ', case(FALSE, 6), ',\n"missing": ', case(TRUE, 6), ',\n"no_spread": ', case(FALSE, 0), '}'),
           "tests/published/data/r_mixed.json")
