# Makes the reference cases of the methods for small counts: Rscript small_counts.R oracle
# Debian 12: r-base-core, r-cran-jsonlite, r-cran-surveillance (1.20.3), r-cran-spc (0.6.7), r-cran-spdep (1.2-7), r-cran-survival.
# Where a package has the method, the package answers; otherwise the numbers come from R's distribution functions or
# from counting every outcome.
suppressMessages({library(jsonlite); library(surveillance); library(spc); library(spdep); library(survival)})
root <- commandArgs(TRUE)[1]
seen <- list()
case <- function(method, reference, note, input, expected, rel = 1e-9, abs = 1e-12, fields = NULL) {
  n <- if (is.null(seen[[method]])) 1 else seen[[method]] + 1
  seen[[method]] <<- n
  id <- sprintf("%s-%03d", method, n)
  dir.create(file.path(root, method), showWarnings = FALSE, recursive = TRUE)
  tolerance <- list(abs = abs, rel = rel)
  if (!is.null(fields)) tolerance$fields <- fields
  text <- toJSON(list(id = id, method = method, reference = reference, note = note, input = input, expected = expected, tolerance = tolerance),
                 auto_unbox = TRUE, digits = 17, na = "null", null = "null", pretty = FALSE)
  writeLines(text, file.path(root, method, paste0(id, ".json")))
}
vec <- function(x) I(x) # a list also when it has one element

# ---- count_test
tails <- function(p) list(p_value = p(0), mid_p = (p(0) + p(1)) / 2)
count <- function(x, t, b, units, test, alpha, note, dispersion = NULL, prior = NULL) {
  upper <- switch(test,
    poisson = function(k) ppois(k - 1, b / units * t, lower.tail = FALSE),
    binomial = function(k) poisson.test(c(k, b), c(t, units), alternative = "greater")$p.value,
    predictive = function(k) { s <- if (is.null(prior)) c(0.5, 0) else prior
      pnbinom(k - 1, b + s[1], (units + s[2]) / (units + s[2] + t), lower.tail = FALSE) },
    negative_binomial = function(k) { a1 <- t / dispersion; a2 <- units / dispersion; n <- k + b; i <- k:n
      sum(exp(lchoose(n, i) + lbeta(i + a1, n - i + a2) - lbeta(a1, a2))) })
  at <- function(k) if (k <= 0) 1 else upper(k)
  above <- switch(test, # P(more than x), given the same sum where the sum is given
    binomial = if (x + b > 0) pbinom(x, x + b, t / (t + units), lower.tail = FALSE) else 0,
    negative_binomial = { a1 <- t / dispersion; a2 <- units / dispersion; n <- x + b
      if (x + 1 > n) 0 else { i <- (x + 1):n; sum(exp(lchoose(n, i) + lbeta(i + a1, n - i + a2) - lbeta(a1, a2))) } },
    at(x + 1))
  bound <- 0
  while (at(bound + 1) > alpha) bound <- bound + 1
  s <- if (is.null(prior)) c(0.5, 0) else prior
  expected <- if (test == "predictive") (b + s[1]) / (units + s[2]) * t else b / units * t
  input <- list(cases = x, exposure = t, baseline_cases = b, baseline_exposure = units, test = test, alpha = alpha)
  if (!is.null(dispersion)) input$dispersion <- dispersion
  if (!is.null(prior)) { input$prior_shape <- prior[1]; input$prior_rate <- prior[2] }
  case("count_test", "R: poisson.test, ppois, pnbinom, lbeta", note, input,
       list(expected = expected, p_value = at(x), mid_p = (at(x) + above) / 2, upperbound = bound, alarm = x > bound))
}
for (test in c("poisson", "binomial", "predictive")) {
  count(4, 4, 11, 208, test, 0.01, "four cases in four weeks after eleven in four years")
  count(2, 1, 1, 260, test, 0.01, "two cases in a week, one in five years before")
  count(0, 13, 5, 260, test, 0.05, "no case")
  count(31, 52, 88, 260, test, 0.05, "a year against five")
  count(140, 52.5, 500.0, 261.25, test, 0.001, "larger counts, exposures that are no whole numbers")
}
count(3, 1, 0, 104, "binomial", 0.01, "nothing in the past")
count(3, 1, 0, 104, "predictive", 0.01, "nothing in the past")
count(3, 4, 2, 208, "predictive", 0.01, "pooled with other places", prior = c(1.7, 310))
for (alpha in c(0.3, 2)) {
  count(4, 4, 11, 208, "negative_binomial", 0.01, "more variation than Poisson", dispersion = alpha)
  count(31, 52, 88, 260, "negative_binomial", 0.05, "more variation than Poisson", dispersion = alpha)
  count(2, 1, 1, 260, "negative_binomial", 0.01, "more variation than Poisson", dispersion = alpha)
}

# ---- dispersion
set.seed(11)
for (size in c(0.8, 5)) {
  e <- round(runif(40, 0.5, 2), 2); y <- rnbinom(40, size = size, mu = 3 * e)
  f <- glm(y ~ 1 + offset(log(e)), poisson, control = list(epsilon = 1e-14))
  phi <- sum(residuals(f, "pearson")^2) / df.residual(f)
  case("dispersion", "R: glm, Pearson residuals", "overdispersed counts", list(counts = y, exposure = e),
       list(dispersion = max(0, phi - 1) / exp(coef(f)[[1]])), rel = 1e-8)
}
case("dispersion", "R: glm, Pearson residuals", "less than Poisson variation", list(counts = c(2, 2, 2, 3), exposure = c(1, 1, 1, 1)), list(dispersion = 0))

# ---- gap_chart
chart <- function(gaps, kind, alpha, baseline = 0, events = 1, note = "", rel = 1e-8) {
  learned <- if (baseline) gaps[seq_len(baseline)] else gaps
  n <- length(learned); total <- sum(learned); r <- events
  judged <- sapply((baseline + r):length(gaps), function(i) sum(gaps[(i - r + 1):i]))
  if (kind == "g") {
    P <- if (!baseline) function(g) pnbinom(g, r, n / (n + total)) else
      function(g) sapply(g, function(g) { if (g < 0) return(0); N <- total + g; i <- 0:g
        sum(exp(lchoose(N, i) + lbeta(i + r, N - i + n) - lbeta(r, n))) })
    first <- function(p) { g <- 0; while (P(g) < p * (1 - 64 * 2^-52)) g <- g + 1; g }
    center <- first(0.5); low <- -1; while (P(low + 1) <= alpha) low <- low + 1
    high <- first(1 - alpha) + 1
    if (low < 0) low <- NA
  } else if (kind == "t") {
    P <- if (!baseline) function(t) pgamma(t, r, n / total) else function(t) pf(t / r / (total / n), 2 * r, 2 * n)
    Q <- if (!baseline) function(p) qgamma(p, r, n / total) else function(p) qf(p, 2 * r, 2 * n) * r * total / n
    center <- Q(0.5); low <- Q(alpha); high <- Q(1 - alpha)
  } else if (kind == "t_weibull") {
    f <- survreg(Surv(learned) ~ 1, dist = "weibull", control = list(rel.tolerance = 1e-14, iter.max = 100))
    shape <- 1 / f$scale; scale <- exp(coef(f)[[1]])
    P <- function(t) pweibull(t, shape, scale); Q <- function(p) qweibull(p, shape, scale)
    center <- Q(0.5); low <- Q(alpha); high <- Q(1 - alpha)
  } else {
    y <- learned^(1 / 3.6); sd <- mean(abs(diff(y))) / (2 / sqrt(pi))
    P <- function(t) pnorm(t^(1 / 3.6), mean(y), sd); Q <- function(p) pmax(0, qnorm(p, mean(y), sd))^3.6
    center <- Q(0.5); low <- Q(alpha); high <- Q(1 - alpha); if (low <= 0) low <- NA
  }
  p <- sapply(judged, P)
  input <- list(gaps = gaps, chart = kind, alpha = alpha)
  if (baseline) input$baseline <- baseline
  if (r > 1) input$events <- r
  m <- length(judged)
  case("gap_chart", "R: pnbinom, lbeta, pgamma, pf, survreg, pnorm", note, input,
       list(gap = vec(judged), center = vec(rep(center, m)), lower = vec(rep(low, m)), upper = vec(rep(high, m)), p_value = vec(p),
            alarm = vec(!is.na(low) & judged <= low), long = vec(judged >= high)), rel = rel)
}
# Days between infections, Benneyan's kind of example, and times between explosions in mines (Jarrett 1979, first forty,
# as in R's boot::coal).
days <- c(13, 2, 0, 41, 22, 5, 16, 9, 30, 4, 11, 7, 60, 3, 18, 1, 0, 2, 1, 0)
mines <- diff(c(1851.2026, 1851.6324, 1851.9692, 1851.9747, 1852.3142, 1852.3470, 1852.3580, 1852.3854, 1852.9767, 1853.1958, 1853.2286,
                1853.3128, 1853.4880, 1853.5893, 1854.1338, 1854.1636, 1854.2183, 1855.4244, 1856.1660, 1856.5301, 1856.5383))
chart(days, "g", 0.01, note = "all gaps, plug-in")
chart(days, "g", 0.05, baseline = 12, note = "baseline of twelve")
chart(days, "g", 0.01, baseline = 12, events = 4, note = "four events together")
chart(days, "g", 0.005, events = 3, note = "three events together, plug-in")
chart(mines, "t", 0.00135, note = "all gaps, plug-in")
chart(mines, "t", 0.01, baseline = 12, note = "baseline of twelve")
chart(mines, "t", 0.01, baseline = 10, events = 4, note = "four events together")
chart(mines, "t_weibull", 0.005, note = "Weibull", rel = 1e-6)
chart(mines, "t_weibull", 0.02, baseline = 14, note = "Weibull, baseline", rel = 1e-6)
chart(mines, "t_nelson", 0.00135, note = "transformed, three standard deviations")
chart(days + 0.5, "t_nelson", 0.01, baseline = 15, note = "transformed, baseline")

# ---- cusum_arl: pois.cusum.arl alarms above its limit, we at it, so its limit is one step less
for (v in list(c(0.02, 1, 60, 35), c(0.2, 2, 18, 7), c(0.5, 4, 30, 6), c(1, 3, 9, 2), c(4, 9, 22, 2), c(10, 12, 40, 1), c(0.05, 1, 14, 14))) {
  m <- v[1]; k <- v[2]; h <- v[3]; s <- v[4]
  case("cusum_arl", "R spc: pois.cusum.arl", "Poisson", list(mean = m, k = k, h = h, scale = s), list(arl = pois.cusum.arl(m, k, h - 1, s)), rel = 1e-8)
}
case("cusum_arl", "R surveillance: arlCusum(h = 10, k = 3, theta = 2.4)", "the example of its manual",
     list(mean = 2.4, k = 3, h = 10, scale = 1), list(arl = arlCusum(h = 10, k = 3, theta = 2.4, digits = 0)$ARL), rel = 1e-8)
markov <- function(pmf, k, h, s) { # brute force
  Q <- matrix(0, h, h)
  for (i in 0:(h - 1)) for (x in 0:200) { j <- max(0, i + x * s - k); if (j < h) Q[i + 1, j + 1] <- Q[i + 1, j + 1] + pmf(x) }
  solve(diag(h) - Q, rep(1, h))[1]
}
case("cusum_arl", "R: Markov chain, dnbinom", "negative binomial", list(mean = 0.5, dispersion = 0.8, k = 4, h = 30, scale = 6),
     list(arl = markov(function(x) dnbinom(x, mu = 0.5, size = 1 / 0.8), 4, 30, 6)), rel = 1e-8)

# ---- cusum_design: K by the rounding of the lattice, H by trying every limit
lattice <- function(k) { s <- if (k < 5) 5 else 1; repeat { n <- round(k * s); if (n >= 1 && abs(n / s - k) <= max(0.01 * k, 1e-3 * min(1, k))) return(c(n, s)); s <- s + 1 } }
design <- function(m, ratio, arl, alpha = 0) {
  run <- function(h) if (h == 1) markov(function(x) if (alpha == 0) dpois(x, m) else dnbinom(x, mu = m, size = 1 / alpha), k, h, s) else if (alpha == 0) pois.cusum.arl(m, k, h - 1, s) else markov(function(x) dnbinom(x, mu = m, size = 1 / alpha), k, h, s)
  ref <- function(r) if (alpha == 0) m * (r - 1) / log(r) else
    { e <- log((1 + alpha * m * r) / (1 + alpha * m)); e / alpha / (log(r) - e) }
  ks <- lattice(ref(ratio)); k <- ks[1]; s <- ks[2]
  h <- 1; while (run(h) < arl) h <- h + 1
  real <- uniroot(function(r) ref(r) - k / s, c(1 + 1e-6, 1000), tol = 1e-14)$root
  input <- list(mean = m, ratio = ratio, arl = arl); if (alpha) input$dispersion <- alpha
  case("cusum_design", "R spc: pois.cusum.arl over all limits", "smallest limit with the run length", input,
       list(k = k / s, h = h / s, scale = s, ratio = real, arl = run(h)), rel = 1e-7)
}
design(0.02, 2, 520)
design(0.2, 2, 104)
design(1, 2, 104)
design(4, 1.5, 520)
design(20, 1.3, 260)
design(0.5, 2, 104, 0.8)

# ---- cusum_counts: the recursion, step by step
set.seed(5)
x <- c(rpois(30, 0.4), rpois(14, 1.4)); k <- 4 / 7; h <- 26 / 7
C <- 0; S <- B <- numeric(0); A <- logical(0)
for (v in x) { B <- c(B, max(0, ceiling(h + k - C - 1e-9) - 1)); C <- max(0, C + v - k); S <- c(S, C); A <- c(A, C >= h - 1e-9); if (C >= h - 1e-9) C <- 0 }
case("cusum_counts", "R: the recursion", "begins afresh after an alarm", list(counts = x, range_from = 1, range_to = length(x), mean = 0.4, k = k, h = h),
     list(cusum = S, upperbound = B, alarm = A))

# ---- empirical_bayes
set.seed(21)
pop <- round(exp(rnorm(14, 8, 1))); risk <- rgamma(14, 4, 4 / 0.002); y <- rpois(14, pop * risk)
eb <- EBest(y, pop, family = "poisson"); par <- attr(eb, "parameters")
case("empirical_bayes", "R spdep: EBest", "fourteen areas", list(cases = y, exposure = pop),
     list(raw = eb$raw, smoothed = eb$estmm, mean = rep(par$b, 14), variance = rep(par$a, 14)))
flat <- c(3, 4, 5, 4, 3)
eb <- EBest(flat, rep(1000, 5), family = "poisson"); par <- attr(eb, "parameters")
case("empirical_bayes", "R spdep: EBest", "no more differences than chance", list(cases = flat, exposure = rep(1000, 5)),
     list(raw = eb$raw, smoothed = eb$estmm, mean = rep(par$b, 5), variance = rep(par$a, 5)))
ring <- lapply(1:14, function(i) sort(unique((c(i - 2, i, i - 3, i + 1) %% 14) + 1)))
ring <- lapply(1:14, function(i) setdiff(ring[[i]], i))
nb <- lapply(ring, as.integer); class(nb) <- "nb"; attr(nb, "region.id") <- as.character(1:14)
el <- EBlocal(y, pop, nb, geoda = TRUE); par <- attr(el, "parameters")
case("empirical_bayes", "R spdep: EBlocal(geoda = TRUE)", "neighbours on a ring", list(cases = y, exposure = pop, neighbours = lapply(ring, vec)),
     list(raw = el$raw, smoothed = el$est, mean = par$m, variance = par$a))

# ---- gamma_prior
for (seed in 31:33) {
  set.seed(seed); e <- round(runif(25, 50, 900)); y <- rpois(25, e * rgamma(25, 2, 2 / 0.02))
  ll <- function(p) -sum(dnbinom(y, size = exp(p[1]), prob = exp(p[2]) / (exp(p[2]) + e), log = TRUE))
  o <- optim(c(0, log(100)), ll, method = "BFGS", control = list(reltol = 1e-15, maxit = 2000))
  for (i in 1:5) o <- optim(o$par, ll, method = "Nelder-Mead", control = list(reltol = 1e-15, maxit = 5000))
  case("gamma_prior", "R: optim over dnbinom", "twenty-five places", list(cases = y, exposure = e), list(shape = exp(o$par[1]), rate = exp(o$par[2])), rel = 1e-4)
}

# ---- temporal_scan
llr <- function(c, e, N) if (c <= e) 0 else c * log(c / e) + if (N > c) (N - c) * log((N - c) / (N - e)) else 0
prospective <- function(x, e, W) {
  n <- length(x); q <- e / sum(e); N <- sum(x); best <- list(l = 0)
  for (w in 1:W) { i <- (n - w + 1):n; l <- llr(sum(x[i]), N * sum(q[i]), N); if (l > best$l + 1e-10) best <- list(l = l, from = n - w + 1, c = sum(x[i]), e = N * sum(q[i])) }
  best
}
compositions <- function(N, k) if (k == 1) matrix(N) else do.call(rbind, lapply(0:N, function(i) cbind(i, compositions(N - i, k - 1))))
scan <- function(x, e, W, note) {
  n <- length(x); N <- sum(x); b <- prospective(x, e, W); q <- e / sum(e)
  # every way to share the cases out over the newest W points and the rest
  parts <- c(q[n - (W - 1):0], 1 - sum(q[n - (W - 1):0])); M <- compositions(N, W + 1)
  probability <- apply(M, 1, function(v) dmultinom(v, prob = parts))
  stat <- apply(M, 1, function(v) { best <- 0; for (w in 1:W) best <- max(best, llr(sum(v[(W - w + 1):W]), N * sum(q[(n - w + 1):n]), N)); best })
  p <- sum(probability[stat >= b$l - 1e-9 * max(1, b$l)])
  input <- list(counts = x, max_window = W); if (any(e != e[1])) input$exposure <- e
  case("temporal_scan", "R: every outcome counted, dmultinom", note, input,
       list(max_llr = b$l, from = b$from, to = n, cases_in = b$c, expected_in = b$e, relative_risk = b$c / b$e / ((N - b$c) / (N - b$e)), p_value = p), abs = 1e-10)
}
scan(c(0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 1, 1), rep(1, 20), 4, "three cases in the last three points")
scan(c(0, 1, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2), c(rep(1, 12), 0.9, 0.6, 0.3), 3, "the newest reports are not complete")
scan(c(1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 1), rep(1, 12), 5, "nothing special")
# windows anywhere: chance in the simulation
set.seed(3); x <- rpois(60, 0.3); x[31:35] <- x[31:35] + 1
n <- length(x); N <- sum(x)
anywhere <- function(x, W) { best <- list(l = 0); for (end in n:1) for (w in 1:min(W, end)) { i <- (end - w + 1):end
  l <- llr(sum(x[i]), N * w / n, N); if (l > best$l + 1e-10) best <- list(l = l, from = end - w + 1, to = end, c = sum(x[i]), e = N * w / n) }; best }
b <- anywhere(x, 8); sims <- replicate(4999, anywhere(rmultinom(1, N, rep(1, n))[, 1], 8)$l)
case("temporal_scan", "R: brute force, 4999 simulations", "windows anywhere", list(counts = x, max_window = 8, prospective = FALSE, n_sim = 999, mc_seed = 1),
     list(max_llr = b$l, from = b$from, to = b$to, cases_in = b$c, expected_in = b$e, relative_risk = b$c / b$e / ((N - b$c) / (N - b$e)),
          p_value = (1 + sum(sims >= b$l - 1e-9)) / 5000), fields = list(p_value = list(abs = 0.03, rel = 0)))

# ---- series: window_test, time_between, window_scan, rate_cusum
set.seed(77); x <- rpois(120, 0.25); x[112:115] <- c(1, 2, 0, 2)
cond <- function(k, t, b, units) if (k <= 0) 1 else pbinom(k - 1, k + b, t / (t + units), lower.tail = FALSE)
bound <- function(t, b, units, alpha) { k <- 0; while (cond(k + 1, t, b, units) > alpha) k <- k + 1; k }
rows <- lapply(101:120, function(t) { w <- 4; win <- (t - w + 1):t; base <- max(1, t - w - 2 - 80 + 1):(t - w - 2); b <- sum(x[base])
  list(4, sum(x[win]), b / length(base) * 4, bound(4, b, length(base), 0.02), cond(sum(x[win]), 4, b, length(base))) })
pick <- function(i) sapply(rows, function(r) r[[i]])
case("window_test", "R: pbinom, week by week", "four weeks against eighty, two left out", list(counts = x, range_from = 101, range_to = 120, window = 4, baseline = 80, gap = 2, alpha = 0.02),
     list(window = pick(1), cases = pick(2), expected = pick(3), upperbound = pick(4), p_value = pick(5), alarm = pick(2) > pick(4)))
set.seed(78); v <- rnbinom(120, size = 1.5, mu = 0.8); e <- round(runif(120, 0.5, 2), 2)
rows <- lapply(101:120, function(t) { w <- 4; win <- (t - w + 1):t; base <- max(1, t - w - 80 + 1):(t - w); b <- sum(v[base]); T <- sum(e[base]); tt <- sum(e[win]); k <- sum(v[win])
  rate <- b / T; phi <- sum((v[base] - rate * e[base])^2 / (rate * e[base])) / (length(base) - 1); d <- max(0, phi - 1) / rate
  P <- function(k) if (k <= 0) 1 else { n <- k + b; i <- k:n; sum(exp(lchoose(n, i) + lbeta(i + tt / d, n - i + T / d) - lbeta(tt / d, T / d))) }
  B <- 0; while (P(B + 1) > 0.02) B <- B + 1
  list(4, k, rate * tt, B, P(k)) })
pick <- function(i) sapply(rows, function(r) r[[i]])
case("window_test", "R: lbeta, week by week", "dispersion estimated from the past, with exposure", list(counts = v, exposure = e, range_from = 101, range_to = 120, window = 4, baseline = 80,
     alpha = 0.02, test = "negative_binomial", estimate_dispersion = TRUE),
     list(window = pick(1), cases = pick(2), expected = pick(3), upperbound = pick(4), p_value = pick(5), alarm = pick(2) > pick(4)))
rows <- lapply(101:120, function(t) { s <- t; while (s > 1 && t - s < 79 && sum(x[s:t]) < 3) s <- s - 1; len <- t - s + 1
  base <- max(1, s - 80):(s - 1); b <- sum(x[base]); k <- sum(x[s:t]); p <- if (x[t] == 0 || k < 3) 1 else cond(k, len, b, length(base))
  list(len, k, b / length(base) * len, bound(len, b, length(base), 0.02), p, x[t] > 0 && k >= 3 && k > bound(len, b, length(base), 0.02)) })
case("time_between", "R: pbinom, week by week", "three cases together", list(counts = x, range_from = 101, range_to = 120, events = 3, baseline = 80, alpha = 0.02),
     list(window = pick(1), cases = pick(2), expected = pick(3), upperbound = pick(4), p_value = pick(5), alarm = pick(6)))
few <- x[61:120]; few[1:48] <- c(1, rep(0, 15), 1, rep(0, 14), 1, rep(0, 16))
scanat <- function(v, W) { n <- length(v); N <- sum(v); q <- rep(1 / n, n); b <- prospective(v, rep(1, n), W)
  if (b$l == 0) return(list(1, v[n], N / n, 1))
  M <- compositions(N, W + 1); parts <- c(rep(1 / n, W), 1 - W / n)
  stat <- apply(M, 1, function(z) { best <- 0; for (w in 1:W) best <- max(best, llr(sum(z[(W - w + 1):W]), N * w / n, N)); best })
  list(n - b$from + 1, b$c, b$e, sum(apply(M, 1, function(z) dmultinom(z, prob = parts))[stat >= b$l - 1e-9 * max(1, b$l)])) }
rows <- lapply(50:54, function(t) { v <- few[max(1, t - 2 - 40):t]; r <- scanat(v, 3); k <- 0
  repeat { u <- v; u[length(u)] <- k + 1; if (scanat(u, 3)[[4]] <= 0.02) break; k <- k + 1 }; c(r, k) })
case("window_scan", "R: every outcome counted", "windows of up to three weeks", list(counts = few, range_from = 50, range_to = 54, max_window = 3, baseline = 40, alpha = 0.02),
     list(window = pick(1), cases = pick(2), expected = pick(3), upperbound = pick(5), p_value = pick(4), alarm = pick(4) <= 0.02), abs = 1e-10)
limits <- list(); C <- 0; rows <- list()
for (t in 101:120) {
  base <- max(1, t - 1 - 80):(t - 2); m <- (sum(x[base]) + 0.5) / length(base); step <- round(log(m) / log(1.1)); key <- as.character(step)
  mean <- 1.1^step
  if (is.null(limits[[key]])) { ks <- lattice(mean / log(2)); h <- 1; while (h == 1 || pois.cusum.arl(mean, ks[1], h - 1, ks[2]) < 52) h <- h + 1; limits[[key]] <- c(ks[1] / ks[2], h / ks[2]) }
  k <- limits[[key]][1] * m / mean; h <- limits[[key]][2]
  B <- max(0, ceiling(h + k - C - 1e-9) - 1); C <- max(0, C + x[t] - k); A <- C >= h - 1e-9; if (A) C <- 0
  rows <- c(rows, list(list(1, x[t], m, B, NA, A)))
}
case("rate_cusum", "R spc: pois.cusum.arl, week by week", "twice the rate, a false alarm a year", list(counts = x, range_from = 101, range_to = 120, baseline = 80, gap = 1, ratio = 2, arl = 52),
     list(window = pick(1), cases = pick(2), expected = pick(3), upperbound = pick(4), p_value = pick(5), alarm = pick(6)))
