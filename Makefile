# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.
# They need Go, npm and make; the tests also install Debian's Chromium, fonts and the mail server aiosmtpd.

GO      ?= go
NPM     ?= npm
BIN     := bin/ohwatch
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
ASSETS  := reports/assets/echarts.min.js
PACKAGES := node_modules/.package-lock.json

export CGO_ENABLED := 0

.PHONY: build demo test bench bench-stats evaluation lint fmt clean assets browser mailserver bench-ingest bench-transform bench-warnings backtest bench-reports torture

build: $(ASSETS)
	$(GO) build -trimpath -buildvcs=auto -ldflags "-X main.version=$(VERSION)" -o $(BIN) ./cmd/ohwatch

# The main job on the embedded engine: simulate a city, load its files, transform, warn, report.
demo: build
	./$(BIN) demo --data ohwatch-data/demo

test: $(ASSETS) browser mailserver
	$(GO) vet ./...
	$(GO) test -timeout 20m ./...

bench: $(ASSETS)
	$(GO) test -run '^$$' -bench . -count 5 -timeout 60m ./...

# The statistical methods beside R, where it is installed, else beside its recorded times.
bench-stats:
	$(GO) run ./transform/stats/peers

# The page that says which detector finds what, and what the defaults rest on. It takes about a minute on two cores.
evaluation: build
	./$(BIN) stat evaluate --series 100 --cities 8 --out docs/evaluation.md > /dev/null

# Loads ROWS examinations RUNS times, beside the engine's own way to read the same file.
ROWS ?= 5000000
RUNS ?= 5
bench-ingest: $(ASSETS)
	OHWATCH_BENCH_ROWS=$(ROWS) OHWATCH_BENCH_RUNS=$(RUNS) $(GO) test -run '^$$' -bench '^BenchmarkIngest$$' -benchtime 1x -timeout 180m ./cmd/ohwatch

# Times a full transform of ROWS examinations and the other streams in proportion, beside one scan of the rows; a transform
# after a new batch of 1 %; and the questions that kept results answer.
bench-transform: $(ASSETS)
	OHWATCH_BENCH_ROWS=$(ROWS) $(GO) test -run '^$$' -bench '^BenchmarkTransform$$' -benchtime 1x -timeout 180m ./transform

# Times the rules of one week over a simulated city of SCALE and over a made one of ROWS examinations, and a back-test of WEEKS
# weeks of the simulated one.
SCALE ?= 1
WEEKS ?= 104
bench-warnings: $(ASSETS)
	OHWATCH_BENCH_SCALE=$(SCALE) OHWATCH_BENCH_WEEKS=$(WEEKS) $(GO) test -run '^$$' -bench '^BenchmarkWarnings$$' -benchtime 1x -timeout 180m ./cmd/ohwatch
	OHWATCH_BENCH_ROWS=$(ROWS) $(GO) test -run '^$$' -bench '^BenchmarkEvaluate$$' -benchtime 1x -timeout 180m ./transform

# The page that says which planted events of the simulated city the rules find, and what else they raise.
backtest: build
	rm -rf ohwatch-data/backtest
	./$(BIN) demo --data ohwatch-data/backtest --today 2026-11-16
	./$(BIN) warn backtest --data ohwatch-data/backtest --today 2026-11-16 --lang en --from 2024-W24 --to 2026-W46 --truth ohwatch-data/backtest/city-truth.json --out ohwatch-data/backtest/replayed
	cp ohwatch-data/backtest/replayed/backtest-2024-W24-2026-W46.md docs/backtest-planted.md

# How long each report takes on the demo's city, from the start of the command to its end: the page alone, all forms, the annual
# report, the letters to all townships.
REPORTS_DATA ?= ohwatch-data/demo
bench-reports: build
	@[ -d $(REPORTS_DATA) ] || ./$(BIN) demo --data $(REPORTS_DATA)
	@for report in weekly "weekly --format html,pdf,docx,xlsx" quarterly annual township; do \
		start=$$(date +%s%N); ./$(BIN) --data $(REPORTS_DATA) report $$report --out ohwatch-data/bench-reports > /dev/null || exit $$?; \
		echo "$$(( ($$(date +%s%N) - start) / 1000000 )) ms: ohwatch report $$report"; \
	done

# Kills ohwatch, and apart from it the engine, at 200 random moments of a load each.
torture: $(ASSETS)
	OHWATCH_TORTURE=200 $(GO) test -run '^TestLoad_Killed$$' -v -timeout 180m ./ingest

# govulncheck needs its database; where that cannot be reached it says so and the rest still counts.
lint: $(ASSETS)
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "not gofmt'ed:"; echo "$$unformatted"; exit 1; fi
	@unformatted=$$($(GO) tool gofumpt -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "not gofumpt'ed, run make fmt:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	@$(GO) tool govulncheck ./... || if [ $$? -eq 3 ]; then exit 3; else echo "govulncheck: its database could not be reached, not checked"; fi

fmt:
	$(GO) tool gofumpt -w $$(git ls-files '*.go')

clean:
	rm -rf bin ohwatch-data reports/assets/echarts.min.js node_modules

assets: $(ASSETS)

# The engine library and ECharts come from the package manager, pinned by hash.
$(PACKAGES): package.json package-lock.json
	$(NPM) ci
	@touch $@

$(ASSETS): $(PACKAGES)
	@mkdir -p $(@D)
	cp node_modules/echarts/dist/echarts.common.min.js $@

# Chromium and a Chinese font for the tests of the pages.
browser:
	@if ! command -v chromium >/dev/null 2>&1 || ! ls /usr/share/fonts/opentype/noto/NotoSansCJK* >/dev/null 2>&1; then \
		sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
		$$sudo apt-get update -q && $$sudo apt-get install -q -y --no-install-recommends chromium fonts-noto-cjk; \
	fi

# A mail server for the tests of delivery.
mailserver:
	@if ! /usr/bin/python3 -c 'import aiosmtpd' >/dev/null 2>&1; then \
		sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
		$$sudo apt-get update -q && $$sudo apt-get install -q -y --no-install-recommends python3-aiosmtpd; \
	fi
