# Everything that is done with this tree. `make` alone lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Tools built by `make deps` come first.
export PATH := $(CURDIR)/.cache/bin:$(PATH)

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)
BINS := qianshao camsim qsbench

# Longer than the longest test package on two slow cores.
TEST_TIMEOUT ?= 15m
FUZZ_TIME ?= 2m

.PHONY: help deps web web-test bench-web check format vet lint arrows race test test-faults fuzz bench soak demo build run clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

deps: ## install what is missing (Debian packages, Go tools) and say so
	@.ci/deps

# The web app: built again when its sources changed.
WEB := api/web
WEB_SOURCES := $(shell find $(WEB)/src $(WEB)/public $(WEB)/index.html $(WEB)/vite.config.ts $(WEB)/tsconfig.json $(WEB)/openapi.json -type f 2>/dev/null)

web: $(WEB)/dist/index.html ## the web app into api/web/dist, for the next build

$(WEB)/node_modules/.installed: $(WEB)/package-lock.json
	cd $(WEB) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(WEB)/dist/index.html: $(WEB)/node_modules/.installed $(WEB_SOURCES)
	cd $(WEB) && npm run --silent types >/dev/null && npm run --silent check && npm run --silent build

web-test: web ## the web app's unit tests
	cd $(WEB) && npm run --silent test

check: format arrows race ## the fast part of test, for every save (race has lint beside it, lint has vet in it)

format:
	@out=$$(gofumpt -l . 2>&1); [ -z "$$out" ] || { echo "not formatted (gofumpt -w):"; echo "$$out"; exit 1; }

vet:
	CGO_ENABLED=0 go vet ./...

lint:
	CGO_ENABLED=0 golangci-lint run

arrows:
	CGO_ENABLED=0 go test ./cmd/qianshao -run 'TestArrows|TestPackageComments'

# The cameras of ./ingest keep time: what runs beside it gets the time that it leaves.
# The browser, whose seconds are counted, has the machine for itself.
# Of the others those that take longest come first. Vet is in lint.
OTHERS = ./cmd/qianshao ./api/clip $$(go list ./... | grep -v '/ingest$$')
GOTEST = go test -vet=off -timeout $(TEST_TIMEOUT)

race:
	CGO_ENABLED=1 $(GOTEST) -race -short $(OTHERS)
	.ci/beside 'CGO_ENABLED=1 $(GOTEST) -race -short ./ingest' '$(MAKE) --no-print-directory lint'

test: deps web-test check ## everything: check, all tests, a smoke of every fuzz target
	CGO_ENABLED=0 $(GOTEST) -skip '^TestWorkbench$$' $(OTHERS)
	.ci/beside 'CGO_ENABLED=0 $(GOTEST) ./ingest' '.ci/fuzz 1s'
	CGO_ENABLED=0 $(GOTEST) -run '^TestWorkbench$$' ./cmd/qianshao

test-faults: ## the long proofs of no loss: kills, power cuts, full disks
	QIANSHAO_FAULTS=1 CGO_ENABLED=0 go test -timeout 4h -run 'Kill|Power|Fault|Crash|Full|Away|Promises' ./...

fuzz: ## every fuzz target for FUZZ_TIME (2m)
	.ci/fuzz $(FUZZ_TIME)

bench: ## the speed table (cmd/qsbench)
	CGO_ENABLED=0 go run ./cmd/qsbench $(ARGS)

bench-web: web ## the web app's speed, in Chromium against the real program
	cd $(WEB) && npx vite build --config vite.bench.ts --logLevel warn
	BENCH=1 CGO_ENABLED=0 go test ./cmd/qianshao -run '^TestWorkbench$$' -count=1 -v

soak: build ## 200 odd cameras for an hour, every frame held against what was sent
	./bin/qsbench soak --svg cmd/qsbench/soak.svg $(ARGS)

build: ## bin/qianshao, bin/camsim and bin/qsbench
	@mkdir -p bin
	@for b in $(BINS); do [ ! -d cmd/$$b ] || { echo "bin/$$b $(VERSION)"; CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/$$b ./cmd/$$b; }; done

demo: deps web build ## simulated cameras and the server, ready in seconds
	./bin/qianshao demo $(ARGS)

run: build ## the server on ./data
	./bin/qianshao serve --data data $(ARGS)

clean: ## what was built and what the demo recorded; tools stay in .cache
	rm -rf bin demo-data
