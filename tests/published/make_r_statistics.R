# Makes tests/published/data/r_statistics.json with R. Run from the root of the repository:
#     Rscript tests/published/make_r_statistics.R
# Needs the packages car and nortest. CI needs no R: the numbers are kept.
suppressMessages({library(car); library(nortest)})
options(digits = 17)

json <- function(x) {
  if (is.list(x)) {
    if (!is.null(names(x))) {
      return(paste0("{", paste0('"', names(x), '": ', vapply(x, json, ""), collapse = ", "), "}"))
    }
    return(paste0("[", paste0(vapply(x, json, ""), collapse = ", "), "]"))
  }
  if (is.character(x)) return(paste0("[", paste0('"', x, '"', collapse = ", "), "]"))
  values <- vapply(x, function(v) if (is.na(v)) "null" else sprintf("%.17g", v), "")
  if (length(x) == 1) values else paste0("[", paste0(values, collapse = ", "), "]")
}

hedges <- function(x, y) {
  n <- length(x); m <- length(y); df <- n + m - 2
  s <- sqrt(((n - 1) * var(x) + (m - 1) * var(y)) / df)
  J <- exp(lgamma(df / 2) - lgamma((df - 1) / 2)) / sqrt(df / 2)
  k <- sqrt(n * m / (n + m)); t <- (mean(x) - mean(y)) / s * k
  find <- function(share) uniroot(function(nc) pt(t, df, nc) - share, c(t - 15, t + 15), tol = 1e-13)$root
  list(g = J * t / k, lower = J * find(0.975) / k, upper = J * find(0.025) / k)
}

games_howell <- function(x, y, groups) {
  u <- var(x) / length(x); v <- var(y) / length(y)
  df <- (u + v)^2 / (u^2 / (length(x) - 1) + v^2 / (length(y) - 1))
  se <- sqrt((u + v) / 2); d <- mean(x) - mean(y); q <- qtukey(0.95, groups, df)
  list(difference = d, lower = d - q * se, upper = d + q * se, df = df,
       p = ptukey(abs(d) / se, groups, df, lower.tail = FALSE))
}

dunn <- function(value, group) {
  r <- rank(value); n <- length(value); t <- table(value)
  ties <- sum(t^3 - t) / (12 * (n - 1)); levels <- levels(group)
  out <- list()
  for (i in seq_along(levels)) for (j in seq_along(levels)) if (j > i) {
    a <- group == levels[j]; b <- group == levels[i]
    se <- sqrt((n * (n + 1) / 12 - ties) * (1 / sum(a) + 1 / sum(b)))
    z <- (mean(r[a]) - mean(r[b])) / se
    out[[length(out) + 1]] <- list(z = z, p = 2 * pnorm(-abs(z)))
  }
  out
}

analyse <- function(value, group) {
  group <- factor(group, levels = unique(group))
  fit <- aov(value ~ group); table <- summary(fit)[[1]]
  tukey <- TukeyHSD(fit)$group
  by_mean <- leveneTest(value, group, center = mean); by_median <- leveneTest(value, group, center = median)
  ad <- ad.test(residuals(fit)); welch <- oneway.test(value ~ group); kw <- kruskal.test(value, group)
  levels <- levels(group); effects <- list(); gh <- list()
  for (i in seq_along(levels)) for (j in seq_along(levels)) if (j > i) {
    x <- value[group == levels[j]]; y <- value[group == levels[i]]
    effects[[length(effects) + 1]] <- hedges(x, y)
    gh[[length(gh) + 1]] <- games_howell(x, y, length(levels))
  }
  ss <- table[["Sum Sq"]]; ms <- table[["Mean Sq"]][2]; k <- length(levels)
  list(
    value = value, group = as.character(group),
    anova = list(F = table[["F value"]][1], df_between = table[["Df"]][1], df_within = table[["Df"]][2],
                 p = table[["Pr(>F)"]][1], eta_squared = ss[1] / sum(ss),
                 omega_squared = (ss[1] - (k - 1) * ms) / (sum(ss) + ms)),
    tukey = lapply(seq_len(nrow(tukey)), function(i) list(difference = tukey[i, "diff"],
      lower = tukey[i, "lwr"], upper = tukey[i, "upr"], p = tukey[i, "p adj"])),
    levene = list(F = by_mean[1, "F value"], p = by_mean[1, "Pr(>F)"],
                  F_median = by_median[1, "F value"], p_median = by_median[1, "Pr(>F)"]),
    anderson_darling = list(A = unname(ad$statistic), p = ad$p.value),
    rstudent = unname(rstudent(lm(value ~ group))),
    welch = list(F = unname(welch$statistic), df_within = unname(welch$parameter[2]), p = welch$p.value),
    games_howell = gh,
    kruskal = list(H = unname(kw$statistic), p = kw$p.value),
    dunn = dunn(value, group),
    holm = p.adjust(vapply(dunn(value, group), function(d) d$p, 0), "holm"),
    hedges = effects
  )
}

set.seed(20180523)
three <- round(c(rnorm(12, 2, 14), rnorm(14, 24, 17), rnorm(13, 15, 15)), 2)
tied <- c(0, 0, 5, 5, 10, 12, 5, 10, 10, 15, 20, 20, 0, 5, 5, 5, 25)
uneven <- round(c(rnorm(6, 0, 2), rnorm(9, 3, 12), rnorm(15, 1, 30), rnorm(8, -4, 6)), 3)
two <- round(c(rnorm(10, 1, 3), rnorm(8, 4, 3)), 3)
cases <- list(
  three = analyse(three, rep(c("SHAM", "LAP", "LAP+CAR"), c(12, 14, 13))),
  tied = analyse(tied, rep(c("a", "b", "c"), c(6, 6, 5))),
  uneven = analyse(uneven, rep(c("w", "x", "y", "z"), c(6, 9, 15, 8))),
  two = analyse(two, rep(c("control", "treated"), c(10, 8)))
)
power <- list(
  a = power.anova.test(groups = 3, between.var = 1, within.var = 4, power = 0.8)$n,
  b = power.anova.test(groups = 4, between.var = 1, within.var = 3, power = 0.9)$n,
  at_ten = power.anova.test(groups = 3, n = 10, between.var = 1, within.var = 4)$power
)
paper <- list(p_2_36 = pf(9.7, 2, 36, lower.tail = FALSE), p_2_33 = pf(4.0, 2, 33, lower.tail = FALSE))
text <- json(list(r = R.version.string, cases = cases, power = power, paper = paper))
writeLines(sub('"r": \\[(".*?")\\]', '"r": \\1', text), "tests/published/data/r_statistics.json")
