# Makes tests/published/data/r_referee.json with R. Run from the root of the repository:
#     Rscript tests/published/make_r_referee.R
# Needs car, emmeans, multcomp, coin, lme4, lmerTest and jsonlite. CI needs no R: the numbers are kept.
suppressMessages({library(car); library(emmeans); library(multcomp); library(coin); library(lmerTest); library(jsonlite)})
options(contrasts = c("contr.sum", "contr.poly"))
set.seed(20)
tight <- lmerControl(optCtrl = list(xtol_abs = 1e-12, ftol_abs = 1e-14))

cohort <- function(n, effects, sd, slope, sex = TRUE, cages = 0) {
  d <- NULL
  for (g in names(effects)) for (i in seq_len(n[[g]])) {
    b <- rnorm(1, 20, 7)
    d <- rbind(d, data.frame(animal = paste0(g, i), group = g, baseline = round(b, 2),
      after = round(20 + slope * (b - 20) + effects[[g]] + rnorm(1, 0, sd), 2), sex = c("f", "m")[i %% 2 + 1]))
  }
  d$group <- factor(d$group, levels = names(effects)); d$sex <- factor(d$sex)
  d
}

ancova <- function(d, control, doses, margin) {
  m <- lm(after ~ baseline + group, d)
  e <- emmeans(m, ~group)
  pairs <- as.data.frame(summary(pairs(e, reverse = TRUE), infer = TRUE))
  ref <- which(levels(d$group) == control)
  k <- nlevels(d$group)
  # Dunnett: treatment contrasts of the adjusted means, p by multivariate t with a tight tolerance.
  others <- setdiff(seq_len(k), ref)
  L <- matrix(0, k - 1, length(coef(m)))
  X <- e@linfct
  for (j in seq_along(others)) L[j, ] <- X[others[j], ] - X[ref, ]
  g <- glht(m, linfct = L)
  p_dunnett <- as.numeric(summary(g, test = adjusted("single-step", abseps = 1e-6, maxpts = 5e5))$test$pvalues)
  dose <- doses[levels(d$group)]; w <- dose - mean(dose); w <- w / sum(w^2)
  trend <- as.data.frame(summary(contrast(e, list(trend = as.numeric(w))), infer = TRUE))
  s <- summary(contrast(e, "trt.vs.ctrl", ref = ref, adjust = "none"), infer = TRUE, level = 0.90)
  eq <- as.data.frame(summary(contrast(e, "trt.vs.ctrl", ref = ref), side = "equivalence", delta = margin, adjust = "none"))
  a <- Anova(m, type = 3)
  two <- lm(after ~ baseline + group * sex, d)
  a2 <- Anova(two, type = 3)
  cells <- as.data.frame(summary(emmeans(two, ~ group * sex), infer = TRUE))
  par <- anova(m, lm(after ~ baseline * group, d))
  cov2 <- lm(after ~ baseline + sex + group, d)
  list(rows = d, control = control, doses = as.list(doses), margin = margin,
    F = a["group", "F value"], p = a["group", "Pr(>F)"], df = m$df.residual,
    means = as.data.frame(summary(e))[, c("group", "emmean", "SE", "lower.CL", "upper.CL")],
    pairs = pairs[, c("contrast", "estimate", "SE", "lower.CL", "upper.CL", "p.value")],
    dunnett = p_dunnett, trend = trend[, c("estimate", "SE", "p.value")],
    limits90 = as.data.frame(s)[, c("lower.CL", "upper.CL")], p_equivalence = eq$p.value,
    parallel = c(par$F[2], par[["Pr(>F)"]][2]),
    factors = list(F = a2[c("group", "sex", "group:sex"), "F value"], p = a2[c("group", "sex", "group:sex"), "Pr(>F)"],
      cells = cells[, c("group", "sex", "emmean", "lower.CL", "upper.CL")]),
    with_sex = as.data.frame(summary(pairs(emmeans(cov2, ~group), reverse = TRUE)))[, c("estimate", "SE", "p.value")])
}

cages <- function() {
  d <- cohort(list(sham = 12, drug = 12, both = 12), c(sham = 0, drug = 12, both = 5), 5, 0.5)
  d$cage <- paste0("c", rep(1:12, each = 3))
  d$after <- round(d$after + rnorm(12, 0, 4)[rep(1:12, each = 3)], 2)
  m <- lmer(after ~ baseline + group + (1 | cage), d, control = tight)
  e <- emmeans(m, ~group, lmer.df = "satterthwaite")
  s <- as.data.frame(summary(pairs(e, reverse = TRUE, adjust = "none"), infer = TRUE))
  v <- as.data.frame(VarCorr(m))$vcov
  by_cage <- aggregate(cbind(baseline, after) ~ cage + group, d, mean)
  a <- Anova(lm(after ~ baseline + group, by_cage), type = 3)
  list(rows = d, var_cage = v[1], var_residual = v[2], pairs = s[, c("contrast", "estimate", "SE", "df", "p.value")],
    cage_means = c(a["group", "F value"], a["group", "Pr(>F)"]))
}

# animal, cage and cage at a timepoint over three timepoints: contrasts of changes and group x time
long <- function() {
  d <- expand.grid(timepoint = c("baseline", "30min", "2h"), animal = sprintf("m%02d", 1:24), stringsAsFactors = FALSE)
  d$group <- rep(c("sham", "drug"), each = 36); d$cage <- paste0("c", (as.integer(substr(d$animal, 2, 3)) - 1) %/% 3)
  a <- rnorm(24, 0, 6); c1 <- rnorm(8, 0, 5); c2 <- rnorm(24, 0, 5)
  an <- as.integer(substr(d$animal, 2, 3)); cg <- (an - 1) %/% 3 + 1; ti <- match(d$timepoint, c("baseline", "30min", "2h"))
  d$value <- round(20 + a[an] + c1[cg] + c2[(cg - 1) * 3 + ti] + ifelse(d$group == "drug" & ti > 1, 15, 0) + rnorm(72, 0, 5), 2)
  d <- d[-c(7, 30, 50), ]
  d$t <- factor(d$timepoint, levels = c("baseline", "30min", "2h")); d$g <- factor(d$group, levels = c("sham", "drug"))
  d$ct <- paste(d$cage, d$timepoint)
  m <- lmer(value ~ g * t + (1 | animal) + (1 | cage) + (1 | ct), d, control = tight)
  e <- emmeans(m, ~ g * t, lmer.df = "satterthwaite")
  grid <- as.data.frame(e)
  rows <- lapply(c("30min", "2h"), function(time) {
    w <- rep(0, nrow(grid)); at <- function(g, t) which(grid$g == g & grid$t == t)
    w[at("drug", time)] <- 1; w[at("drug", "baseline")] <- -1; w[at("sham", time)] <- -1; w[at("sham", "baseline")] <- 1
    s <- as.data.frame(contrast(e, list(w))); list(timepoint = time, estimate = s$estimate, se = s$SE, df = s$df, p = s$p.value)
  })
  v <- as.data.frame(VarCorr(m)); a <- anova(m, type = 3, ddf = "Satterthwaite")
  list(rows = d[, c("animal", "group", "timepoint", "cage", "value")],
    variances = as.list(setNames(v$vcov, v$grp)), contrasts = rows,
    interaction = list(F = a["g:t", "F value"], df = a["g:t", "DenDF"], p = a["g:t", "Pr(>F)"]))
}

wilcoxon <- lapply(list(ties = c(3, 3, -1, 5, 5, 2, -2, 8), zeros = c(0, 0, 4, -1, 2.5, 2.5, 6, 7, -3), five = c(12.5, 12.5, 25, 3, 8),
    many = round(rnorm(30, 1.2, 4))), function(x) {
  list(x = x, p = as.numeric(pvalue(wilcoxsign_test(x ~ rep(0, length(x)), distribution = "exact", zero.method = "Wilcoxon"))))
})

permutation <- lapply(list(two = c(5, 6), three = c(3, 4, 3)), function(sizes) {
  g <- factor(rep(seq_along(sizes), sizes)); v <- round(rnorm(sum(sizes), as.integer(g) * 4, 5), 1)
  list(sizes = sizes, values = v, p = if (length(sizes) == 2)
      as.numeric(pvalue(oneway_test(v ~ g, distribution = "exact"))) else {
      # all ways by hand: the sum of squares between groups
      n <- length(v); between <- function(idx1, idx2) { i3 <- setdiff(seq_len(n), c(idx1, idx2))
        sum(c(sum(v[idx1])^2 / length(idx1), sum(v[idx2])^2 / length(idx2), sum(v[i3])^2 / length(i3))) }
      seen <- between(which(g == 1), which(g == 2)); hits <- 0; ways <- 0
      for (a in combn(n, sizes[1], simplify = FALSE)) { left <- setdiff(seq_len(n), a)
        for (b in combn(left, sizes[2], simplify = FALSE)) { ways <- ways + 1; hits <- hits + (between(a, b) >= seen - 1e-9) } }
      hits / ways })
})

fisher <- lapply(list(c(5, 0, 8, 8), c(1, 3, 0, 10, 12, 9), c(2, 2, 1, 6, 7, 8)), function(x) {
  k <- length(x) / 2; lost <- x[1:k]; of <- x[(k + 1):length(x)]
  list(lost = lost, of = of, p = fisher.test(rbind(lost, of - lost))$p.value)
})

images <- function() {
  n <- c(12, 5, 20, 9, 14, 3); a <- rep(seq_along(n), n); v <- round(rnorm(6, 0, 1)[a] + rnorm(sum(n), 0, 1.5), 3)
  t <- summary(aov(v ~ factor(a)))[[1]]
  list(animal = a, value = v, ms_between = t[1, 3], ms_within = t[2, 3])
}

crossed <- function() {
  d <- expand.grid(image = 1:60, rater = c("a", "b", "c", "d"))
  d$score <- pmin(2, pmax(0, round(1 + rnorm(60, 0, .7)[d$image] + c(-.3, 0, .1, .4)[d$rater] + rnorm(nrow(d), 0, .5))))
  d <- d[-sample(nrow(d), 90), ]
  m <- lme4::lmer(score ~ 1 + (1 | image) + (1 | rater), d, control = tight)
  v <- as.data.frame(VarCorr(m))
  list(rows = d, variances = as.list(setNames(v$vcov, v$grp)))
}

repeated <- function() {
  a <- rep(1:9, each = 7); x <- round(rnorm(9, 0, 2)[a] + rnorm(63), 3); y <- round(.6 * x + rnorm(9, 0, 2)[a] + rnorm(63), 3)
  t <- anova(lm(y ~ factor(a) + x)); r <- sign(coef(lm(y ~ factor(a) + x))["x"]) * sqrt(t["x", "Sum Sq"] / (t["x", "Sum Sq"] + t["Residuals", "Sum Sq"]))
  list(animal = a, x = x, y = y, r = as.numeric(r), between = cor(tapply(x, a, mean), tapply(y, a, mean)))
}

first <- cohort(list(vehicle = 8, low = 6, high = 9, sham = 7), c(vehicle = 25, low = 18, high = 8, sham = 0), 8, 0.5)
second <- cohort(list(a = 12, b = 10, c = 11), c(a = 0, b = 3, c = -2), 6, 0.8)
write_json(list(ancova = list(first = ancova(first, "vehicle", c(vehicle = 0, low = 1, high = 3, sham = 4), 15),
    second = ancova(second, "a", c(a = 0, b = 1, c = 2), 6)),
    cages = cages(), long = long(), wilcoxon = wilcoxon, permutation = permutation, fisher = fisher, images = images(),
    crossed = crossed(), repeated = repeated()),
  "tests/published/data/r_referee.json", digits = 15, auto_unbox = TRUE)
