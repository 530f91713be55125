# make demo and make test need no step before them; scripts/setup.sh finds or installs what is missing.

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build

GOLANGCI_VERSION := v2.15.0
BIN := $(CURDIR)/bin
export CGO_ENABLED := 1
export PATH := $(BIN)/go/bin:$(BIN)/node/bin:$(PATH)

.PHONY: setup
setup: ## find or install Go and a C compiler
	@scripts/setup.sh

.PHONY: build
build: setup ## bin/posemu
	@go build -o $(BIN)/posemu ./cmd/posemu

.PHONY: demo
demo: build ## the whole journey, in a few seconds
	@$(BIN)/posemu demo

.PHONY: test
test: setup bindings-check ## everything, with the race detector, and the Kotlin side
	@scripts/setup.sh node python tools
	@go vet ./...
	@GOARCH=386 CGO_ENABLED=0 go vet ./ws
	@go test -race ./...
	@. scripts/shipped.sh && go test -trimpath -tags="$$tags" ./offline # over SQLite as apps have it
	@GOARCH=386 CGO_ENABLED=0 go test -run '^Test' ./posstream # its example needs SQLite
	@cd ws/proof && go vet ./... && go test -race -parallel 8 ./...
	@$(MAKE) --no-print-directory jvm-test

.PHONY: proof-ws
proof-ws: setup ## the channel over a thousand faults of the line, and ten thousand connections that leave nothing behind
	@cd ws/proof && go test -v -count=1 -parallel 16 -run TestABadLineLosesNothing . -faults 1008 -devices 16
	@go test -v -count=1 -run TestConnectAndCloseLeaveNothingBehind ./ws -cycles 10000

.PHONY: jvm
jvm: build ## the binding for a desktop JVM
	@scripts/setup.sh java
	@scripts/jvm-binding.sh

.PHONY: jvm-test
jvm-test: jvm ## binding, Kotlin library and sample on a desktop JVM; MAVEN_FLAGS=-o works offline
	@scripts/jvm-test.sh $(MAVEN_FLAGS)

.PHONY: jvm-api-update
jvm-api-update: jvm ## accept the public API of the Kotlin library as it is now
	@scripts/jvm-test.sh -Dapi.update=true -Dtest=ApiTest -Dsurefire.failIfNoSpecifiedTests=false $(MAVEN_FLAGS)

.PHONY: kotlin-format
kotlin-format: ## mend the Kotlin files as far as ktlint can
	@scripts/setup.sh java
	@mvn -q -f android-sample -pl style verify -Dktlint.flags=-F $(MAVEN_FLAGS)

.PHONY: jvm-bench
jvm-bench: jvm ## a bound call beside the Go call, an offline check from Kotlin
	@scripts/jvm-bench.sh $(MAVEN_FLAGS)

.PHONY: lint
lint: setup $(BIN)/golangci-lint-$(GOLANGCI_VERSION) ## gofmt, vet and golangci-lint
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "not gofmt: $$unformatted" >&2; exit 1; fi
	@go vet ./...
	@$(BIN)/golangci-lint-$(GOLANGCI_VERSION) run ./...

$(BIN)/golangci-lint-$(GOLANGCI_VERSION):
	@mkdir -p $(BIN)
	@GOBIN=$(BIN) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@mv $(BIN)/golangci-lint $@

.PHONY: proof-pay
proof-pay: setup ## 500 kills between a webhook and its processing, 500 in QR payments, 500 in card payments: none lost, none done twice
	@POSEMU_PAY_KILLS=500 go test -count=1 -timeout 30m -run 'TestKilledBetweenWebhookAndProcessing|TestKilledIn' -v ./cmd/posemu

FUZZTIME ?= 20s
.PHONY: fuzz
fuzz: setup ## every fuzz target for FUZZTIME
	@scripts/fuzz.sh $(FUZZTIME)

.PHONY: proof
proof: setup ## long proofs: thousands of kills, every fuzz target for a minute
	@go test -run Kill -count 40 -timeout 60m ./internal/atomicfile ./offline ./cmd/posemu
	@scripts/fuzz.sh 60s

.PHONY: proof-stream
proof-stream: setup ## 200 POS x 10,000 events: none lost, order kept, memory flat
	@go test -v -count=1 -timeout 30m -run TestNothingIsLost ./posstream -stream.pos 200 -stream.events 10000

.PHONY: bindings-check
bindings-check: setup ## gobind: nothing skipped, Java equal to the golden
	@scripts/bindings-check.sh

.PHONY: bindings-update
bindings-update: setup ## accept the bindings as they are now
	@scripts/bindings-check.sh --update

.PHONY: aar
aar: ## build/aar: the AAR with sources and POM; needs an NDK, see docs/aar.md
	@scripts/aar.sh

.PHONY: bench
bench: ## every measured path beside its peer, Java's too; fails when one is short
	@scripts/setup.sh java
	@go run ./bench $(BENCHFLAGS)

.PHONY: clean
clean: ## remove what was built
	@rm -rf $(BIN) build
