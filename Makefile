# The commands of contributors. "make help" lists them.

TARGET ?= reference
WORLD  ?= auto
OUT    ?= assay-report
RUN    ?=
REPORTS ?=
FUZZTIME ?= 1m
FUZZ   ?=
FROM   ?=
SURVEY ?=
TO     ?= latest

ACTIONLINT  := go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
GOVULNCHECK := go run golang.org/x/vuln/cmd/govulncheck@v1.9.0
GOTESTSUM   := go run gotest.tools/gotestsum@v1.13.0 --format pkgname-and-test-fails
GOLANGCI    := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

# The race detector needs cgo, and cgo needs a C compiler.
CC_FOUND := $(shell command -v $$(go env CC) 2>/dev/null)
RACE     := $(if $(CC_FOUND),-race)
SERVER   := $(if $(filter reference,$(TARGET)),--bin bin/assay-server)

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

.PHONY: build
build: ## build bin/assay, bin/assay-server (the reference server) and bin/assay-schedule
	@echo "make: building bin/assay, bin/assay-server and bin/assay-schedule"
	@CGO_ENABLED=0 go build -ldflags=-s -o bin/ ./suite/cmd/assay ./server/cmd/assay-server
	@CGO_ENABLED=0 go build -ldflags=-s -o bin/assay-schedule ./server/cmd/schedule

.PHONY: conformance
conformance: build ## run the suite against TARGET (default: the reference server, with --strict); the report is in assay-report/
	bin/assay run --target $(TARGET) $(SERVER) --world $(WORLD) --out $(OUT) $(if $(SERVER),--strict) $(RUN)

.PHONY: test
test: lint unit ## run all checks: lint, unit tests, the suite in both worlds, some known-bad servers and instruments, a few issuances by stock Pebble
	$(MAKE) conformance
	$(MAKE) conformance WORLD=loopback OUT=assay-report/loopback
	go run ./suite/cmd/mutants --sample 12 --whole 0
	go run ./suite/cmd/mutants --instruments --sample 16
	$(MAKE) conformance OUT=assay-report/stock RUN="--ca stock --only ACME-01,ACME-04,HTTP01-02,ALPN01-01"

.PHONY: lint
lint: layout ## run gofmt, go vet, golangci-lint with .golangci.yml, actionlint and the layout check
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt: $$unformatted"; exit 1; }
	go vet ./...
	$(GOLANGCI) run --allow-parallel-runners ./...
	$(ACTIONLINT) .github/workflows/*.yml
	cd fixtures/variants/certmagic && go vet ./...
	@server=$$(go list -deps -test ./suite/... | grep '^assay/server'); test -z "$$server" || { echo "lint: suite imports $$server, expected no import of the server"; exit 1; }

.PHONY: layout
layout: ## check import directions, the number of files in each directory, and the form of doc comments
	go run ./suite/internal/layout

.PHONY: cross
cross: ## run go vet and go build for darwin
	GOOS=darwin go vet ./...
	GOOS=darwin CGO_ENABLED=0 go build ./...

.PHONY: unit
unit: ## run the unit tests, with the race detector if there is a C compiler, and list those that were skipped, with the reasons
	@test -n "$(RACE)" || echo "no C compiler: the unit tests run without the race detector"
	$(GOTESTSUM) -- $(RACE) -timeout 30m -skip '^TestConformance$$' ./... # make conformance runs the whole suite
	cd suite/example && go vet ./... && go test ./...

.PHONY: mutants
mutants: ## check that the suite catches each known-bad server; NAMES="chain-*" selects some
	go run ./suite/cmd/mutants $(NAMES)

.PHONY: variants
variants: ## check that the suite accuses no correct variant; NAMES="logs-json" selects some
	go run ./suite/cmd/mutants --variants $(NAMES)

.PHONY: instruments
instruments: ## check that faults of the suite itself are noticed; NAMES="journal-*" selects some
	go run ./suite/cmd/mutants --instruments $(NAMES)

.PHONY: survey
survey: ## change the reference server in small ways and list what no spec notices (hours); SURVEY="--sample 100" makes it shorter
	go run ./suite/cmd/survey --json assay-survey.json $(SURVEY)

.PHONY: fuzz
fuzz: ## run every fuzz function for FUZZTIME (default 1m), one after another; FUZZ="Fuzz*Head" selects some
	go run ./suite/internal/fuzz -time $(FUZZTIME) $(FUZZ)

.PHONY: abuse
abuse: ## run the suite against hostile servers and kill runs at random; NAMES="file-* forks" selects kinds of servers
	go run ./suite/cmd/abuse attack $(NAMES)
	$(if $(NAMES),,go run ./suite/cmd/abuse storm)

.PHONY: upgrade
upgrade: build ## compare the behaviour with two versions of x/crypto: FROM=v0.57.0 TO=v0.58.0 (default: the newest)
	@test -n "$(FROM)" || { echo "upgrade: FROM: found nothing, expected a version: make upgrade FROM=v0.57.0 TO=v0.58.0"; exit 2; }
	bin/assay upgrade --from $(FROM) --to $(TO) --world $(WORLD) $(RUN)

.PHONY: atlas
atlas: build ## update suite/upgrade/atlas/, which shows what every release of x/crypto changed in behaviour
	bin/assay atlas --world $(WORLD) --out suite/upgrade/atlas $(RUN)

# The name of a directory without what follows a hyphen is that of the target. The
# version of a server that does not say it is in a variable: VERSION_headscale=v0.29.3
# report.html is not kept, because assay report makes it again from report.json.
.PHONY: gallery
gallery: build ## make fixtures/targets/reports/ from the reports in the directories REPORTS, and the pages that show them
	@for dir in $(REPORTS); do \
		name=$$(basename "$$dir"); name=$${name%%-*}; eval "version=\$${VERSION_$$name:-}"; \
		copy=$$(mktemp -d); cp "$$dir/report.json" "$$copy"; \
		bin/assay submit --report "$$copy" $${version:+--server-version "$$version"} \
			--to "fixtures/targets/reports/$$name" || exit 1; \
		rm -r "$$copy"; \
	done
	go generate ./suite/internal/gallery

.PHONY: vuln
vuln: ## look for known vulnerabilities in functions that are called
	$(GOVULNCHECK) ./...

.PHONY: bench
bench: build ## measure issuance by stock Pebble and by the edge, and the cost of a whole run
	go run ./suite/cmd/bench

.PHONY: generate
generate: ## update the generated files
	go generate ./...

.PHONY: clean
clean: ## remove the files that the other commands write
	rm -rf bin assay-report assay-repeat assay-ca assay-upgrade assay-atlas assay-submission assay-gallery assay-survey.json
