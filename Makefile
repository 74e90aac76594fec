# Every command of this project. `make demo` and `make test` need only Python (3.10 or
# newer), a C compiler and make: the rest goes into .venv, made by tools/venv.sh.

PYTHON ?= python3
WERROR ?= OFF

BIN := .venv/bin
NATIVE := $(shell find native -name '*.[ch]' -o -name CMakeLists.txt)
C_FILES := $(filter %.c %.h,$(NATIVE)) $(wildcard benchmarks/peers/*.[ch])
PY_DIRS := catzilla_jit tests examples benchmarks tools

.PHONY: help demo test test-all check lint types format ctest sanitize sanitize-python model bench \
        bench-smoke test-pythons test-numba test-cpython differential wheel docs \
        docs-pictures docs-tutorial build clean
.DELETE_ON_ERROR:

# Images of Python often set it; then each of some thousand processes compiles the sources again.
unexport PYTHONDONTWRITEBYTECODE

help:
	@echo 'make demo            all distances between the airports of the world, as tasks'
	@echo 'make test            C tests, then Python tests'
	@echo 'make test-all        the same, with every case of the long tables, as in CI'
	@echo 'make check           what CI runs: lint, types, tests'
	@echo 'make format          lay out the Python and C sources'
	@echo 'make ctest           the C tests alone'
	@echo 'make sanitize        the C tests under ThreadSanitizer, then Address+UBSanitizer'
	@echo 'make model           the deque in a model of the memory orders: [SCHEDULES=N]'
	@echo 'make sanitize-python the behaviour suite on libraries with Address+UBSanitizer'
	@echo 'make differential    random programs, compiled against Python: SECONDS=600 [SEED=N]'
	@echo 'make bench           every benchmark, as ratios; JSON in benchmarks/results'
	@echo 'make wheel           the wheel, into dist; installed where no compiler is, and tried'
	@echo 'make docs            the site with the API reference, into build/docs'
	@echo 'make docs-pictures   draw docs/pictures: the command line, the benchmarks'
	@echo 'make docs-tutorial   run examples/tutorial.ipynb, and keep its outputs'
	@echo 'make test-pythons    the Python tests on 3.10 to 3.13, as far as they are here'
	@echo 'make test-numba      Numba 0.64 to 0.68, each in its environment: [NUMBA="0.67 0.66"]'
	@echo 'make test-cpython    their own tests of ThreadPoolExecutor, on Executor, on each of them'
	@echo 'make clean           remove .venv, build and the built libraries'

# -- set-up -----------------------------------------------------------------------------

.venv/installed: pyproject.toml CMakeLists.txt tools/venv.sh
	tools/venv.sh $(PYTHON)
	@touch $@

# What checks, documents and packs the project, which neither the demo nor the tests need.
.venv/dev: .venv/installed
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-build-isolation \
	    --editable '.[dev]'
	@touch $@

.venv/built: .venv/installed $(NATIVE)
	$(BIN)/cmake --build build/editable
	@touch $@

build: .venv/built

# -- use --------------------------------------------------------------------------------

demo: build
	@tools/jemalloc.sh $(BIN)/python
	$(BIN)/catzilla-jit run examples/airports.py

test: build ctest
	@tools/jemalloc.sh $(BIN)/python
	@tools/chromium.sh
	$(BIN)/python tools/tests.py $(TESTS)

# The long tables of tests/support/long_tables.py whole.
test-all:
	@$(MAKE) --no-print-directory test TESTS=--all

check: lint types
	@$(MAKE) --no-print-directory test WERROR=ON

lint: .venv/dev
	$(BIN)/ruff format --check $(PY_DIRS)
	$(BIN)/ruff check $(PY_DIRS)
	@if [ -x $(BIN)/clang-format ]; then \
	    echo $(BIN)/clang-format --dry-run --Werror native benchmarks/peers; \
	    $(BIN)/clang-format --dry-run --Werror $(C_FILES); \
	else echo 'clang-format is not installed: the C layout is not checked'; fi

types: .venv/dev
	$(BIN)/mypy
	$(BIN)/python tools/user_types.py

format: .venv/dev
	$(BIN)/ruff format $(PY_DIRS)
	$(BIN)/ruff check --fix $(PY_DIRS)
	$(BIN)/clang-format -i $(C_FILES)

# -- C tests ----------------------------------------------------------------------------

comma := ,

# $(call c_tests,DIRECTORY,CMAKE OPTIONS,CTEST PREFIX)
define c_tests
	@$(BIN)/cmake -S . -B build/$(1) -G Ninja -DCMAKE_MAKE_PROGRAM=$(CURDIR)/$(BIN)/ninja \
	    -DCATZILLA_JIT_TESTS=ON $(2) --log-level=WARNING
	$(BIN)/cmake --build build/$(1)
	$(3) $(BIN)/ctest --test-dir build/$(1) --output-on-failure
endef

ctest: .venv/installed
	$(call c_tests,ctest,-DCMAKE_BUILD_TYPE=Release -DCATZILLA_JIT_WERROR=$(WERROR) \
	    -DPython_EXECUTABLE=$(CURDIR)/$(BIN)/python)

# The ThreadSanitizer of older compilers cannot start under the address randomization of
# newer kernels; a container may forbid to switch that off.
FIXED_ADDRESSES = $(shell setarch -R true 2>/dev/null && echo setarch -R)

sanitize: .venv/installed
	$(call c_tests,tsan,-DCMAKE_BUILD_TYPE=Debug -DCATZILLA_JIT_BINDING=OFF \
	    -DCATZILLA_JIT_SANITIZE=thread,TSAN_OPTIONS=halt_on_error=1 $(FIXED_ADDRESSES))
	$(call c_tests,asan,-DCMAKE_BUILD_TYPE=Debug -DCATZILLA_JIT_BINDING=OFF \
	    -DCATZILLA_JIT_SANITIZE=address$(comma)undefined,ASAN_OPTIONS=detect_stack_use_after_return=1)

# Weakened orders must be found, or it is no model.
model:
	@if ! echo '#include <relacy/relacy.hpp>' | $(CXX) -E -x c++ - >/dev/null 2>&1; then \
	    echo 'skipped: Relacy is not installed (Debian: relacy-dev)'; \
	else \
	    mkdir -p build/model && cd build/model && \
	    $(CXX) -std=c++17 -O2 -w -o deque $(CURDIR)/native/tests/model/deque.cpp && \
	    $(CXX) -std=c++17 -O2 -w -DSTORE=rl::mo_release -o weak $(CURDIR)/native/tests/model/deque.cpp && \
	    ./deque $(SCHEDULES) && ! ./weak >/dev/null && echo 'the weakened one was found out'; \
	fi

sanitize-python: .venv/installed
	tools/sanitize_python.sh $(BIN)/python

SECONDS ?= 600

differential: build
	PYTHONPATH=tests $(BIN)/python -m differential --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

# -- measurements -----------------------------------------------------------------------

BENCHMARKS := $(sort $(wildcard benchmarks/bench_*.py))

bench: build
	@mkdir -p benchmarks/results
	@for file in $(BENCHMARKS); do \
	    name=$$(basename $$file .py); \
	    $(BIN)/python $$file --json benchmarks/results/$$name.json || exit 1; \
	done

bench-smoke: build
	@for file in $(BENCHMARKS); do \
	    echo $(BIN)/python $$file --smoke; \
	    $(BIN)/python $$file --smoke || exit 1; \
	done

docs: .venv/dev build
	$(BIN)/python tools/site.py

docs-pictures: build
	$(BIN)/python tools/pictures.py
	$(BIN)/python tools/chart.py
	$(BIN)/python tools/speedup.py
	tools/chromium.sh
	PYTHONPATH=tests $(BIN)/python tools/page_pictures.py

docs-tutorial: build
	$(BIN)/python tools/tutorial.py

wheel: .venv/dev
	tools/wheel.sh $(BIN)/python --test

test-pythons: .venv/dev
	tools/pythons.sh $(BIN)/python

test-cpython: .venv/dev
	tools/pythons.sh $(BIN)/python --run tools/cpython_tests.py

test-numba: .venv/dev
	$(BIN)/python tools/numba_matrix.py $(if $(NUMBA),--numba "$(NUMBA)") $(if $(TESTS),--tests "$(TESTS)")

clean:
	rm -rf .venv build dist catzilla_jit/*.so .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
