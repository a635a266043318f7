# SPDX-License-Identifier: MIT OR Apache-2.0
# Thin verbs; each works from a clean clone. The work is in scripts/, where exit codes are exact
# (0 pass, 1 fail, 3 set-up impossible); make itself turns every failure into 2.

.DEFAULT_GOAL := help
FEED ?=
SECONDS ?= 60
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
ARGS ?=
export JOBS DESTDIR

.PHONY: help
help: ## list the verbs
	@echo "make <verb>:"
	@sed -n 's/^\([a-z][a-z0-9-]*\):.*## /  \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20
	@echo "options: FEED=path (demo)  ARGS='…' (bench, dst)  SECONDS=n (fuzz)  PREFIX=, DESTDIR= (install)  JOBS=n (parallel compilers)"

.PHONY: setup
setup: ## install every Debian package that any verb needs
	@scripts/setup all

.PHONY: build
build: ## build library, tests and programs into build/release
	@scripts/build release

.PHONY: demo
demo: ## build and run the market-data demonstration; FEED=path replays a recording of yours
	@scripts/demo $(if $(FEED),"$(FEED)")

.PHONY: test
test: ## build and run all tests
	@scripts/test release

.PHONY: install
install: ## build and install library, programs, man pages; PREFIX=/usr/local DESTDIR=
	@scripts/install "$(PREFIX)"

.PHONY: package
package: ## build a Debian package of what install installs
	@scripts/package

.PHONY: bench
bench: ## build and run the benchmarks
	@scripts/run-program dmp-bench $(ARGS)

.PHONY: dst
dst: ## simulate: all profiles, the size of CI; ARGS='run --profile chaos' and the like for other things
	@scripts/run-program dst $(if $(ARGS),$(ARGS),night --rounds 1 --seeds 3000 --anew --out build/dst --jobs $(JOBS))

.PHONY: dst-night
dst-night: ## simulate until Ctrl-C, findings in build/dst-night; the next one goes on there
	@scripts/run-program dst night --out build/dst-night --jobs $(JOBS) $(ARGS)

.PHONY: fuzz
fuzz: ## build and run the fuzzers, SECONDS=60 each
	@scripts/fuzz $(SECONDS)

.PHONY: sanitizers
sanitizers: ## build and test with the address, undefined behaviour and thread sanitizers
	@status=0; for preset in asan-ubsan tsan; do scripts/test $$preset || status=1; done; exit $$status

.PHONY: aarch64
aarch64: ## cross compile for 64-bit ARM
	@scripts/build aarch64

.PHONY: lint
lint: ## clang-tidy on the library; ARGS=--deep: on all programs too, with the static analyzer
	@scripts/setup lint
	@scripts/lint $(ARGS)

.PHONY: format
format: ## rewrite the C++ sources with clang-format 14
	@scripts/format

.PHONY: format-check
format-check: ## fail if a C++ source is not formatted
	@scripts/format --check

.PHONY: check-includes
check-includes: ## draw the graph of rooms; fail on an arrow that points up or sideways
	@scripts/setup includes
	@scripts/check-includes

.PHONY: docs
docs: ## the documentation of the API, into build/docs/html; a warning is an error
	@scripts/docs

.PHONY: hooks
hooks: ## run format-check and check-includes before each git commit
	@scripts/install-hooks

.PHONY: ci
ci: ## everything the continuous integration runs
	@.ci/run

.PHONY: clean
clean: ## remove build/
	@rm -rf build
