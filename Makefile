# scalesim: build, test, measure, install. One object tree a variant under build/, so that gcc,
# clang and sanitizer builds never mix. Sources are found by folder: a new file needs no edit here.

PREFIX  ?= /usr/local
DESTDIR ?=
VERSION := $(shell cat VERSION)

ifeq ($(origin CC),default)
CC := gcc
endif
VARIANT ?= release
B       := build/$(VARIANT)-$(notdir $(CC))
PROGRAM ?= scalesim
# The same with MPI in it; mpicc of Open MPI or MPICH, around the same compiler.
MPICC       ?= mpicc
MPIRUN      ?= mpirun
HAVE_MPI    := $(shell command -v $(MPICC) >/dev/null && command -v $(MPIRUN) >/dev/null && echo yes)
MPI_PROGRAM := $(PROGRAM)-mpi
MPI_BUILD   := OMPI_CC="$(CC)" MPICH_CC="$(CC)" $(MPICC)

WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
            -Wvla -Wundef -Wwrite-strings -Werror
OPT      ?= -O2 -g -fno-tree-slp-vectorize
# No a*b+c in one rounding: the same bits from every compiler, on machines that have it too.
EXACT    := -ffp-contract=off
# Skylake and its heirs decode a branch across a 32-byte line slowly since their 2019 microcode
# (Intel, "Jump Conditional Code Erratum"): up to 15 % in loops as short as the engine's. The flag
# is gcc's assembler's, or clang's, or there is none.
LAYOUT   := $(shell for f in -Wa,-mbranches-within-32B-boundaries -mbranches-within-32B-boundaries; \
              do $(CC) $$f -x c -c -o /dev/null /dev/null 2>/dev/null && echo $$f && break; done)
SAN      ?=
CPPFLAGS += -D_GNU_SOURCE -DSCALESIM_VERSION='"$(VERSION)"' -I.
CFLAGS   += -std=gnu17 $(OPT) $(EXACT) $(LAYOUT) $(WARN) $(SAN) -fopenmp -MMD -MP
LDFLAGS  += $(SAN) -fopenmp
ENGINE_LIBS := -lgsl -lgslcblas -lm
LIBS     := -lcsv -ljansson -linih -lexpat -lsmartcols -lmuparser $(ENGINE_LIBS)

ENGINE_SRC := $(wildcard sim/engine/*.c)
CORE_SRC   := $(wildcard model/*.c sim/*.c sim/host/*.c calibrate/*.c plots/*.c) \
              $(filter-out cli/main.c,$(wildcard cli/*.c))
ENGINE_OBJ := $(ENGINE_SRC:%.c=$B/%.o) $(patsubst %.S,$B/%.o,$(wildcard sim/engine/*.S))
CORE_OBJ   := $(CORE_SRC:%.c=$B/%.o) $B/data.o
ENGINE_LIB := $B/libscalesim-engine.a
CORE_LIB   := $B/libscalesim.a
MPI_OBJ    := $(patsubst %.c,$B/%.o,$(wildcard sim/mpi/*.c))
# Traces are what tables are made of and tests read, not part of the program.
DATA       := $(shell find data -path data/traces -prune -o -type f -print | LC_ALL=C sort) \
              $(sort $(wildcard plots/*.gp))

UNIT_TESTS   := $(patsubst %.c,$B/%,$(wildcard tests/unit/test_*.c tests/sim/test_*.c tests/calibrate/test_*.c))
ENGINE_TESTS := $(patsubst %.c,$B/%,$(wildcard tests/engine/test_*.c))
EXAMPLE_TEST := tests/examples/test_installed.sh
MPI_TEST     := tests/mpi/test_ranks.sh
BENCHES      := $(patsubst %.c,$B/%,$(wildcard tests/bench/bench_*.c))
FUZZERS      := $(patsubst %.c,$B/%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: all mpi parameters check check-san kills fuzz fuzz-run bench bench-engine bench-model bench-host \
        bench-sweep accuracy targets targets-full install install-mpi format lint clean FORCE
.DELETE_ON_ERROR:
.SECONDARY:

all: $(PROGRAM)

$B/scalesim: $B/cli/main.o $(CORE_LIB) $(ENGINE_LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

# One name for every variant: a copy of the one last asked for, whichever compiler made it.
ifneq ($(PROGRAM),$B/scalesim)
$(PROGRAM): $B/scalesim FORCE
$(MPI_PROGRAM): $B/scalesim-mpi FORCE
$(PROGRAM) $(MPI_PROGRAM):
	@cmp -s $< $@ || cp $< $@
endif

# Only the ranks differ: linked first, they keep ranks_alone.o of the library out.
mpi: $(MPI_PROGRAM)

$B/scalesim-mpi: $B/cli/main.o $(MPI_OBJ) $(CORE_LIB) $(ENGINE_LIB)
	$(MPI_BUILD) $(LDFLAGS) -o $@ $^ $(LIBS)

$B/sim/mpi/%.o: sim/mpi/%.c
	@mkdir -p $(@D)
	$(MPI_BUILD) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(ENGINE_LIB): $(ENGINE_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(CORE_LIB): $(CORE_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$B/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$B/%.o: %.S
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# data/ and the scripts of plots/ compiled in: one assembly file that includes every file and an
# index of their names.
$B/data.o: data/embed.sh $(DATA)
	@mkdir -p $(@D)
	sh data/embed.sh $(DATA) > $B/data.S
	$(CC) -c -o $@ $B/data.S

$B/tests/engine/%: $B/tests/engine/%.o $(ENGINE_LIB)
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka -ljansson $(ENGINE_LIBS)

$B/tests/fuzz/%: $B/tests/fuzz/%.o $(CORE_LIB) $(ENGINE_LIB)
	$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)

$B/tests/%: $B/tests/%.o $(CORE_LIB) $(ENGINE_LIB)
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LIBS)

# The tests drive the program as a user would, so they need it built and its place told.
# The examples are compiled against what `make install` puts in place, and nothing else.
TEST_PROGRAMS := SCALESIM=./$(PROGRAM) SCALESIM_MPI=$(if $(HAVE_MPI),./$(MPI_PROGRAM)) MPIRUN=$(MPIRUN)
check: $(PROGRAM) $(if $(HAVE_MPI),$(MPI_PROGRAM)) $(ENGINE_TESTS) $(UNIT_TESTS)
	@$(MAKE) --no-print-directory install DESTDIR=$B/installed PREFIX=/usr >$B/install.log
	@$(TEST_PROGRAMS) INSTALLED=$B/installed/usr EXAMPLE_CC="$(CC) $(SAN)" \
	  EXAMPLE_LIBS="-fopenmp $(ENGINE_LIBS)" \
	  sh tests/run.sh $(ENGINE_TESTS) $(EXAMPLE_TEST) $(UNIT_TESTS) $(MPI_TEST)

# Many more studies killed and resumed than `check` has time for.
KILLS ?= 200
kills: $(PROGRAM) $(if $(HAVE_MPI),$(MPI_PROGRAM)) $B/tests/unit/test_kills
	@$(TEST_PROGRAMS) SCALESIM_KILLS=$(KILLS) $B/tests/unit/test_kills

check-san:
	$(MAKE) VARIANT=san OPT="-O1 -g -fno-omit-frame-pointer" \
	  SAN="-fsanitize=address,undefined -fno-sanitize-recover=all" \
	  PROGRAM=build/san-$(notdir $(CC))/scalesim check

# libFuzzer, so clang; seeds are the project's own files, findings are kept under build/. Each reader
# of traces is fuzzed by itself; FUZZ_ONLY="fio sadf" picks fuzzers and readers by name.
FUZZ_SECONDS ?= 30
FUZZ_ONLY    ?=
fuzz:
	$(MAKE) CC=clang VARIANT=fuzz OPT="-O1 -g" fuzz-run \
	  SAN="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all"

fuzz-run: $(FUZZERS)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_ONLY="$(FUZZ_ONLY)" sh tests/fuzz/run.sh $B/tests/fuzz

bench: bench-engine bench-model bench-host bench-sweep

bench-engine: $B/tests/bench/bench_engine
	@$<

bench-model: $B/tests/bench/bench_model $(PROGRAM)
	@SCALESIM=./$(PROGRAM) $<

bench-host: $B/tests/bench/bench_host
	@$<

# Real curves, each fitted on one part and predicted on the other. SCALESIM_FACTS and SCALESIM_TRACES
# name folders of further traces, left out where they are not set.
accuracy: $B/tests/accuracy/accuracy
	@$<

# data/parameters.csv from itself and the traces in the tree: what they settle takes its place among
# the facts; the same bytes every time. The program has the table compiled in: make it again.
TRACES := $(sort $(wildcard data/traces/*.csv data/traces/*/*.json))
parameters: $(PROGRAM)
	@./$(PROGRAM) calibrate $(TRACES) -o data/parameters.csv

bench-sweep: $B/tests/bench/bench_sweep
	@$<

# Published figures against the simulation; targets-full with tighter intervals.
targets: $(PROGRAM)
	@./$(PROGRAM) validate --targets --replications 4

targets-full: $(PROGRAM)
	@./$(PROGRAM) validate --targets --replications 60 --precision 0.01

install: $(PROGRAM) $(ENGINE_LIB)
	install -D -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/scalesim
	install -D -m 644 cli/scalesim.1 $(DESTDIR)$(PREFIX)/share/man/man1/scalesim.1
	install -D -m 644 $(ENGINE_LIB) $(DESTDIR)$(PREFIX)/lib/libscalesim-engine.a
	install -d $(DESTDIR)$(PREFIX)/include/scalesim/sim/engine
	install -m 644 sim/engine/*.h $(DESTDIR)$(PREFIX)/include/scalesim/sim/engine

install-mpi: $(MPI_PROGRAM)
	install -D -m 755 $(MPI_PROGRAM) $(DESTDIR)$(PREFIX)/bin/scalesim-mpi

format:
	clang-format -i $(shell git ls-files '*.c' '*.h')

lint:
	mandoc -T lint -W warning cli/scalesim.1
	clang-format --dry-run -Werror $(shell git ls-files '*.c' '*.h')

clean:
	rm -rf build scalesim scalesim-mpi

-include $(shell find build -name '*.d' 2>/dev/null)
