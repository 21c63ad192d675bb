# Everything a newcomer needs; each target does its own set-up. `make help` lists them.
# Options: DATA=/path (one's own images), PRESET=release|asan|tsan, ARGS (for ctest, fuzzers).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

DATA ?= data/imagenet-like
PREFIX ?= /usr/local
LAUNCHER := $(if $(shell command -v ccache),-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_CUDA_COMPILER_LAUNCHER=ccache)
# Builds in other folders (a fresh clone, CI) find what this one compiled.
export CCACHE_BASEDIR ?= $(CURDIR)
export CCACHE_NOHASHDIR ?= 1
# Configures once; ninja runs CMake again by itself when a CMakeLists.txt changes.
configure = test -f build$(2)/build.ninja || cmake --preset $(1) $(LAUNCHER)
# The same, and once more when nvcc has come since: an earlier `make build` did without.
configure_cuda = [ build$(2)/build.ninja -nt .venv-cuda/stamp ] || cmake --preset $(1) $(LAUNCHER)
make_data = .venv/bin/python scripts/make_dataset.py data/imagenet-like
CTEST := ctest --output-on-failure --no-tests=error

.PHONY: help build demo test test-slow bench accuracy accuracy-forecast accuracy-probe gpu-programs gpu-check gpu-pack format format-check docs-check asan tsan fuzz install clean setup data

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' Makefile

setup:
	@scripts/bootstrap.sh build

data: setup
	@$(make_data)

build: setup ## Compile everything into build/ (programs: build/bin)
	@$(call configure,release)
	@cmake --build build

demo: setup ## Record a real image pipeline and show what holds it back (DATA=/path: your images)
	@$(call configure,release)
	@cmake --build build --target programs
	@scripts/demo.sh "$(DATA)"

test: setup ## Build and run all tests (a few minutes)
	@scripts/bootstrap.sh test
	@{ $(make_data) && scripts/bootstrap.sh torch; } & \
	scripts/bootstrap.sh cuda && { $(call configure_cuda,release); } && cmake --build build && wait $$!
	@scripts/run_tests.sh build $(ARGS)

test-matrix: build ## Run the tests of Python jobs with older PyTorch and other Pythons (downloads GBs)
	@scripts/bootstrap.sh test
	@scripts/test_matrix.sh build $(ARGS)

test-slow: build data ## Run the tests that take long
	@cd build && $(CTEST) -L slow $(ARGS)

bench: build data ## Measure, print figures beside their goals, write build/bench.json
	@scripts/bootstrap.sh rival
	@.venv/bin/python scripts/bench.py

accuracy: build data ## How often verdicts and forecasts are right: writes docs/accuracy.md (an hour, alone)
	@scripts/bootstrap.sh torch
	@.venv/bin/python benchmarks/accuracy/verdict_accuracy.py --json docs/accuracy.json \
	  --page docs/accuracy.md $(ARGS)

accuracy-probe: build data ## Compare experiments on running jobs with doubled stages (a quarter of an hour)
	@.venv/bin/python benchmarks/accuracy/probe_accuracy.py $(ARGS)

accuracy-forecast: build data ## Make forecasts, then really make the changes, and compare (some minutes)
	@.venv/bin/python benchmarks/accuracy/forecast_accuracy.py $(ARGS)

gpu-programs:
	@scripts/bootstrap.sh cuda
	@$(MAKE) data
	@cmake --preset release $(LAUNCHER) -DDATAMON_CUDA=ON
	@cmake --build build --target gpu-check-programs

gpu-check: ## Measure and test what needs an NVIDIA GPU on this machine's: writes docs/gpu-results.md (ten minutes)
	@python3 scripts/gpu_check.py --look $(ARGS)
	@$(MAKE) gpu-programs
	@.venv/bin/python scripts/gpu_check.py $(ARGS)

gpu-pack: gpu-programs ## Build gpu-check for a machine with a GPU and no network: build/gpu-pack/run.sh runs it there
	@DATA="$(DATA)" scripts/gpu_pack.sh

format: ## Format the C and C++ code
	@scripts/bootstrap.sh ci
	@scripts/format.sh

format-check: ## Refuse unformatted code
	@scripts/bootstrap.sh ci
	@scripts/format.sh --check

docs-check: build ## Refuse broken links, stale generated files, unknown commands in the docs
	@.venv/bin/python scripts/check_docs.py

asan: data ## Build with address and undefined-behaviour sanitizers, run the tests
	@scripts/bootstrap.sh ci
	@$(call configure,asan,-asan)
	@cmake --build build-asan
	@scripts/run_tests.sh build-asan $(ARGS)

tsan: data ## Build with the thread sanitizer, run the tests
	@scripts/bootstrap.sh ci
	@$(call configure,tsan,-tsan)
	@cmake --build build-tsan
	@scripts/run_tests.sh build-tsan $(ARGS)

fuzz: setup ## Build the libFuzzer targets and run each on its corpus for a fixed number of inputs
	@scripts/bootstrap.sh ci
	@$(call configure,asan,-asan)
	@cmake --build build-asan --target fuzz/all
	@scripts/fuzz.sh build-asan $(ARGS)

install: build ## Install under PREFIX (default /usr/local; DESTDIR is honoured)
	@cmake --install build --prefix "$(PREFIX)"

clean: ## Remove the build folders (not .venv and data)
	@rm -rf build build-asan build-tsan
