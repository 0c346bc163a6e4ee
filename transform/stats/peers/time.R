# Times R on the CSV files of the folder given: Rscript time.R FOLDER REPETITIONS
# One line a repetition on stdout: what, items, seconds, separated by tabs. The results of the first repetition go to
# r_WHAT.csv in the folder, so that they can be compared. Reading is not timed, building the sts objects is: 200 series in
# one object where that is quicker. Debian 12: r-base-core, r-cran-surveillance, r-cran-survival.
args <- commandArgs(TRUE)
dir <- args[1]; reps <- as.integer(args[2])
suppressMessages({library(surveillance); library(survival)})
rd <- function(f) unname(as.matrix(read.csv(file.path(dir, f), header = FALSE)))
run <- function(what, items, fun) for (r in seq_len(reps)) {
  gc()
  s <- system.time(res <- fun())[["elapsed"]]
  if (r == 1) write.table(res, file.path(dir, paste0("r_", what, ".csv")), sep = ",", row.names = FALSE, col.names = FALSE, na = "NaN")
  cat(what, items, sprintf("%.3f", s), sep = "\t"); cat("\n"); flush(stdout())
}
blocks <- function(m, freq, fun) do.call(rbind, lapply(seq(1, nrow(m), by = 200), function(i) {
  s <- sts(observed = t(m[i:min(i + 199, nrow(m)), , drop = FALSE]), start = c(2019, 1), frequency = freq)
  t(upperbound(fun(s)))
}))
m <- rd("farrington.csv")
run("farrington_flexible", nrow(m), function() t(sapply(seq_len(nrow(m)), function(i) {
  s <- sts(observed = as.integer(m[i, ]), start = c(2015, 1), frequency = 52)
  r <- suppressWarnings(farringtonFlexible(s, control = list(range = 365:416, b = 5, w = 3, noPeriods = 10, pastWeeksNotIncluded = 26,
    weightsThreshold = 2.58, pThresholdTrend = 1, alpha = 0.01, thresholdMethod = "delta", glmWarnings = FALSE)))
  as.vector(upperbound(r))
})))
m <- rd("ears.csv")
for (method in c("C1", "C2", "C3")) run(paste0("ears_", method), nrow(m), function() blocks(m, 365, function(s) earsC(s, control = list(method = method))))
m <- rd("cusum.csv")
run("cusum", nrow(m), function() blocks(m, 52, function(s) cusum(s, control = list(range = 157:260, k = 1.04, h = 2.26, m = NULL, trans = "rossi"), verbose = FALSE)))
x <- rd("exposure.csv"); below <- rd("below.csv")
run("censored_lognormal", nrow(x), function() t(sapply(seq_len(nrow(x)), function(i) {
  f <- survreg(Surv(x[i, ], 1 - below[i, ], type = "left") ~ 1, dist = "lognormal")
  c(coef(f)[[1]], f$scale)
})))
if (requireNamespace("SpatialEpi", quietly = TRUE)) {
  d <- rd("scan.csv"); cases <- d[, 4]
  run("scan_spatial", 1, function() { set.seed(1)
    r <- SpatialEpi::kulldorff(d[, 1:2], cases, d[, 3], expected.cases = sum(cases) * d[, 3] / sum(d[, 3]), pop.upper.bound = 0.5,
                               n.simulations = 999, alpha.level = 0.05, plot = FALSE)
    matrix(r$most.likely.cluster$log.likelihood.ratio) })
}
