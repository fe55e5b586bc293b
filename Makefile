# tick86. Settings, sources by role, rules, checks: this file reads from top to bottom.
#   make          build/tick86 and build/libtimekeep.a
#   make demo     install what is needed, build, run a real program under all three clocks
#   make check    install what the tests need, build, run every test

# --- settings -------------------------------------------------------------------------------------
VERSION  := 0.1.0
PREFIX   ?= /usr/local
BUILD    ?= build
CC       ?= gcc
OPT      ?= -O2 -fno-tree-slp-vectorize
WARN     := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes
CFLAGS   := -std=gnu11 -g -fPIE $(OPT) $(WARN) $(EXTRA_CFLAGS)
CPPFLAGS := -I. -D_GNU_SOURCE -DTICK86_VERSION='"$(VERSION)"' $(EXTRA_CPPFLAGS)
LDFLAGS  := $(EXTRA_LDFLAGS)
LDLIBS   := -lZydis -Wl,-Bstatic -lzstd -lxxhash -lseccomp -ljansson -Wl,-Bdynamic

# What starting up costs counts: libraries are linked in where the system has them for that, and tick86 stands at a fixed address. A
# position-independent one has 12,000 pointers in its tables of handlers to set, on 80 pages. Whatever runs guest code stands in the window
# that the guest's addresses leave (emu/mem/window.c), or above them all where nothing can be moved there (emu/mem/layout.h).
# The kernel must not start the dynamic loader there, since it would place it where it likes: PT_INTERP, the second program header, becomes
# PT_NULL.
FIXED     := -pie -Wl,-no-pie,--no-relax
IN_WINDOW := $(FIXED),-Ttext-segment=0x440000100000,-e,window_entry
ABOVE     := $(FIXED),-Ttext-segment=0x510000000000
PLACE     ?= $(IN_WINDOW)
define link_placed
	$(call Q,LD)$(CC) $(LDFLAGS) $(PLACE) -o $@.unplaced $^ $(LDLIBS) $(1)
	@$(if $(findstring window_entry,$(PLACE)),test $$(od -An -tu4 -j120 -N4 $@.unplaced) = 3 && \
		printf '\0' | dd of=$@.unplaced bs=1 seek=120 conv=notrunc status=none)
	@mv $@.unplaced $@
endef

# What is made is shown by name; with V=1 by its command.
Q = $(if $(V),,@printf '  %-4s %s\n' $(1) $@;)

# For the commands that build as a first step: all CPUs, unless the caller has chosen.
PARALLEL = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

# --- sources by role ------------------------------------------------------------------------------
objects  = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
TIMEKEEP := $(call objects,$(wildcard timekeep/*.c))
DECODE   := $(call objects,$(wildcard decode/*.c))
MAIN     := $(call objects,emu/main.c)
EMU      := $(filter-out $(MAIN),$(call objects,$(wildcard emu/*.c emu/*/*.c emu/*/*/*.c)))
UNIT     := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/*.c))

all: $(BUILD)/tick86 $(BUILD)/libtimekeep.a

# make check-asan: the sanitizers need handlers that return (emu/op/dispatch.h), and let the guest try any address.
SANITIZE := -fsanitize=address,undefined -fno-sanitize=null,alignment -fno-sanitize-recover=undefined -fno-omit-frame-pointer

# --- rules ----------------------------------------------------------------------------------------
$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call Q,CC)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# For make check-asan: handlers access the guest's memory, of which the address sanitizer knows nothing.
$(BUILD)/obj/emu/op/%.o: CFLAGS += $(OP_FLAGS)

# Their lists of forms say `general`: translated code that calls these handlers leaves the guest's vector registers in the host's.
$(foreach f,alu shift multiply bit move exchange stack control,$(BUILD)/obj/emu/op/$(f).o): CFLAGS += -mgeneral-regs-only

# Runs before the C library.
$(BUILD)/obj/emu/mem/window.o: CFLAGS += -fno-stack-protector $(if $(findstring clang,$(CC)),-fno-builtin,-fno-tree-loop-distribute-patterns)

# Run only where the host and the guest's CPU model have AVX2.
$(BUILD)/obj/emu/op/avx%.o: CFLAGS += -mavx2 -mfma -mf16c -ffp-contract=off

# The vDSO is an ELF file of its own inside the emulator.
$(BUILD)/vdso.so: emu/linux/process/vdso.S emu/linux/process/vdso.lds emu/op/vdso.h Makefile
	@mkdir -p $(@D)
	$(CC) -I. -shared -nostdlib -o $@ $< -Wl,-T,emu/linux/process/vdso.lds -Wl,-soname,linux-vdso.so.1 -Wl,--hash-style=both \
		-Wl,--build-id=none -Wl,--eh-frame-hdr -Wl,-z,max-page-size=4096 -Wl,-Bsymbolic

$(BUILD)/obj/emu/linux/process/vdso.o: $(BUILD)/vdso.so
$(BUILD)/obj/emu/linux/process/vdso.o: CPPFLAGS += -DVDSO_IMAGE='"$(BUILD)/vdso.so"'

$(BUILD)/libtimekeep.a: $(TIMEKEEP)
	@rm -f $@
	$(call Q,AR)$(AR) rcs $@ $^

$(BUILD)/libdecode.a: $(DECODE)
	@rm -f $@
	$(call Q,AR)$(AR) rcs $@ $^

$(BUILD)/libemu.a: $(EMU)
	@rm -f $@
	$(call Q,AR)$(AR) rcs $@ $^

LIBRARIES := $(BUILD)/libemu.a $(BUILD)/libdecode.a $(BUILD)/libtimekeep.a

$(BUILD)/tick86: $(MAIN) $(LIBRARIES)
	$(link_placed)

$(BUILD)/tests/insn: $(call objects,$(wildcard tests/insn/*.c)) $(LIBRARIES)
	@mkdir -p $(@D)
	$(link_placed)

$(BUILD)/tests/mutate: $(BUILD)/obj/tests/trace/mutate.o $(LIBRARIES)
	@mkdir -p $(@D)
	$(link_placed)

# Of all tests that run programs.
$(BUILD)/tests/limit: tests/limit.c Makefile
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE -g -O2 $(WARN) -o $@ $<

# Of tests/campaign.test.
$(BUILD)/tests/kill_at: tests/trace/kill_at.c Makefile
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE -g -O2 $(WARN) -o $@ $<

$(BUILD)/tests/unit/check_clock_model: $(call objects,$(wildcard tests/unit/model/*.c))

$(BUILD)/tests/unit/%: $(BUILD)/obj/tests/unit/%.o $(LIBRARIES)
	@mkdir -p $(@D)
	$(call link_placed,-lcheck -lsubunit -lm -lrt -lpthread)

# --- benchmark and demonstration -------------------------------------------------------------------
BENCH := $(patsubst tools/bench/%.c,$(BUILD)/bench/%,$(filter-out %/cc1.c,$(wildcard tools/bench/*.c))) \
	$(BUILD)/bench/hello-static $(if $(shell command -v javac),$(BUILD)/bench/Bench.class) $(if $(shell command -v go),$(BUILD)/bench/goroutines)
BENCH_OPT = -O2 -fno-tree-vectorize
$(BUILD)/bench/fib: BENCH_OPT = -O2 -fno-tree-vectorize -fno-inline -fno-optimize-sibling-calls
$(BUILD)/bench/matmul: BENCH_OPT = -O3
$(BUILD)/bench/hello-static: BENCH_OPT = -O2 -static

$(BUILD)/bench/%: tools/bench/%.c tools/bench/bench.h Makefile
	@mkdir -p $(@D)
	$(call Q,CC)gcc -std=gnu11 -D_GNU_SOURCE $(WARN) $(BENCH_OPT) -o $@ $< -lm

$(BUILD)/bench/hello-static: tools/bench/hello.c Makefile
	@mkdir -p $(@D)
	$(call Q,CC)gcc -std=gnu11 $(WARN) $(BENCH_OPT) -o $@ $<

$(BUILD)/bench/Bench.class: tools/bench/Bench.java Makefile
	@mkdir -p $(@D)
	javac -d $(@D) $<

$(BUILD)/bench/goroutines: tools/bench/goroutines.go Makefile
	@mkdir -p $(@D)
	GO111MODULE=off GOFLAGS= go build -o $@ $<

# BENCH_FLAGS: --quick, --rounds=N, --programs=LIST, --tools=LIST (see tools/bench/run --help)
bench:
	@tools/deps bench
	@$(MAKE) $(PARALLEL) --no-print-directory all $(BENCH)
	tools/bench/run --build=$(BUILD) $(BENCH_FLAGS)
	tools/bench/record --build=$(BUILD) $(if $(findstring --quick,$(BENCH_FLAGS)),--quick)

demo:
	@tools/deps
	@$(MAKE) $(PARALLEL) --no-print-directory all
	@tools/demo/run $(BUILD)

# --- tests ----------------------------------------------------------------------------------------
# The guest programs, four times each. They make wrong calls on purpose, and the warnings about those would be right.
GUEST_NAMES  := $(patsubst tests/guest/%.c,%,$(wildcard tests/guest/*.c))
GUEST_FLAGS  := -std=gnu11 -D_GNU_SOURCE -O2 $(WARN) -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds -Wno-nonnull
GUEST_CC_glibc-dynamic := gcc
GUEST_CC_glibc-static  := gcc -static
GUEST_CC_musl-dynamic  := musl-gcc
GUEST_CC_musl-static   := musl-gcc -static
GUEST_VARIANTS := glibc-dynamic glibc-static musl-dynamic musl-static
guest_rule = $(BUILD)/guest/$(1)/%: tests/guest/%.c $(wildcard tests/guest/*.h) Makefile ; \
	@mkdir -p $$(@D) && $(GUEST_CC_$(1)) $(GUEST_FLAGS) -o $$@ $$< -lm
$(foreach variant,$(GUEST_VARIANTS),$(eval $(call guest_rule,$(variant))))

$(BUILD)/guest/times: tests/real/times.c Makefile
	@mkdir -p $(@D)
	$(call Q,CC)gcc $(GUEST_FLAGS) -static -o $@ $<

guest: $(BUILD)/tests/limit $(BUILD)/guest/times $(foreach variant,$(GUEST_VARIANTS),$(addprefix $(BUILD)/guest/$(variant)/,$(GUEST_NAMES)))

# Guest programs of tests/replay.test that no two runs of are alike, or that are made for recordings.
REPLAY_GUESTS := $(patsubst tests/replay/%.c,$(BUILD)/guest/replay/%,$(wildcard tests/replay/*.c))

$(BUILD)/guest/replay/%: tests/replay/%.c tests/replay/hard.h Makefile
	@mkdir -p $(@D)
	$(call Q,CC)musl-gcc $(GUEST_FLAGS) -static -o $@ $<

replay-guests: $(BUILD)/tests/limit $(REPLAY_GUESTS) $(BUILD)/guest/times \
	$(foreach variant,glibc-dynamic musl-static,$(addprefix $(BUILD)/guest/$(variant)/,$(GUEST_NAMES)))

# Guest programs of tests/clock.test, which have no native run to be compared with.
CLOCK_GUESTS := $(patsubst tests/clock/%.c,$(BUILD)/clock/%,$(wildcard tests/clock/*.c))

$(BUILD)/clock/%: tests/clock/%.c $(wildcard tests/clock/*.h) tests/guest/rseq.h Makefile
	@mkdir -p $(@D)
	$(call Q,CC)gcc $(GUEST_FLAGS) -static -o $@ $<

clock-guests: $(BUILD)/tests/limit $(CLOCK_GUESTS)

# Guest programs of tests/attack.test. They include the table of system calls and the layout of memory.
ATTACKS := $(patsubst tests/attack/%.c,$(BUILD)/attack/%,$(wildcard tests/attack/*.c))

$(BUILD)/attack/%: tests/attack/%.c tests/attack/attack.h $(wildcard emu/linux/rows/*.h) emu/mem/layout.h Makefile
	@mkdir -p $(@D)
	$(call Q,CC)gcc -I. $(GUEST_FLAGS) -Wno-missing-field-initializers -Wno-unused-const-variable -static -o $@ $< -lutil

$(BUILD)/attack/ioctls.list: tests/attack/list-ioctls Makefile
	@mkdir -p $(@D)
	$(call Q,LIST)tests/attack/list-ioctls $(BUILD)/attack/headers >$@.new && mv $@.new $@

attacks: $(BUILD)/tests/limit $(ATTACKS) $(BUILD)/attack/ioctls.list

# Guest programs of tests/save.test.
SAVE_GUESTS := $(patsubst tests/save/%,$(BUILD)/save/%,$(basename $(wildcard tests/save/*)))

$(BUILD)/save/%: tests/save/%.c tests/guest/rseq.h Makefile
	@mkdir -p $(@D)
	$(call Q,CC)gcc $(GUEST_FLAGS) -Wno-unused-result -static -o $@ $<

$(BUILD)/save/%: tests/save/%.S Makefile
	@mkdir -p $(@D)
	gcc -nostdlib -static -o $@ $<

save-guests: $(SAVE_GUESTS)

deps:
	@tools/deps

unit: $(UNIT) $(BUILD)/tests/limit $(BUILD)/tests/insn $(BUILD)/tests/mutate

# Fuzzing with libFuzzer, each target for FUZZ_SECONDS. Not with AddressSanitizer: its shadow lies in the guest's addresses.
# The guest may have unaligned operands, and some at address 0. `tiers` needs code to be translated, so handlers that end in jumps: they have
# no instrumentation.
FUZZ_SECONDS ?= 60
FUZZ_SANITIZE := -fsanitize=fuzzer-no-link,undefined -fno-sanitize=alignment,null,nonnull-attribute,pointer-overflow -fno-sanitize-recover=undefined
FUZZ := code elf trace
FUZZ_CFLAGS := -fno-integrated-as -Wno-unneeded-internal-declaration
FUZZ_BUILD := $(BUILD)/fuzz

$(FUZZ_BUILD)/%: $(BUILD)/obj/tests/fuzz/%.o $(patsubst %.c,$(BUILD)/obj/%.o,$(addprefix tests/insn/,emulated.c encode.c memory.c tiers.c values.c)) $(LIBRARIES)
	@mkdir -p $(@D)
	$(CC) -fsanitize=fuzzer,undefined $(LDFLAGS) -o $@ $^ $(LDLIBS)

fuzz:
	@tools/deps fuzz
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/clang FUZZ_BUILD=$(BUILD)/fuzz CC=clang OPT="-O1 -DTICK86_DISPATCH_LOOP -DTICK86_LOW_GUEST" \
		EXTRA_CFLAGS="$(FUZZ_CFLAGS) $(FUZZ_SANITIZE)" $(addprefix $(BUILD)/fuzz/,$(FUZZ))
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/clang-tiers FUZZ_BUILD=$(BUILD)/fuzz CC=clang OPT="-O2 -DTICK86_LOW_GUEST" \
		EXTRA_CFLAGS="$(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link" OP_FLAGS=-fno-sanitize=fuzzer-no-link $(BUILD)/fuzz/tiers
	for target in $(FUZZ) tiers; do mkdir -p $(BUILD)/fuzz/corpus-$$target && \
		$(BUILD)/fuzz/$$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 -max_len=2048 -artifact_prefix=$(BUILD)/fuzz/ \
		$(BUILD)/fuzz/corpus-$$target || exit 1; done

# Instructions against the host CPU, as tests/insn.test does it, but a hundred times as many cases, other ones each time.
check-insn-long: $(BUILD)/tests/insn
	$(BUILD)/tests/insn --cases=4000 --sequences=10000000 --seed=$$(date +%s)
	$(BUILD)/tests/insn --tiers=2000000 --seed=$$(date +%s)

check: deps
	@$(MAKE) $(PARALLEL) --no-print-directory all unit
	tests/run $(BUILD)

# All programs that the tests have, with each clock, recorded and replayed.
check-replay-long: deps
	@$(MAKE) $(PARALLEL) --no-print-directory all
	tests/replay.test $(BUILD) --long

# Recordings that end badly, as tests/campaign.test has a few: a thousand killed, a thousand damaged, and so on.
check-campaign: deps
	@$(MAKE) $(PARALLEL) --no-print-directory all
	tests/campaign.test $(BUILD) --count=1000

# The hostile build (tests/hard.test) in all its forms, and all programs with both tiers in lockstep (tests/verify.test).
check-hard: deps
	@$(MAKE) $(PARALLEL) --no-print-directory all
	tests/hard.test $(BUILD) --long
	tests/verify.test $(BUILD) --long

# The guest's own faults must reach the emulator's handlers, not the sanitizer's.
check-asan: deps
	$(MAKE) --no-print-directory check BUILD=$(BUILD)-asan OPT=-O1 \
		PLACE='$(ABOVE)' EXTRA_CFLAGS='$(SANITIZE) -Wno-format-truncation -DTICK86_DISPATCH_LOOP -DTICK86_LOW_GUEST' EXTRA_LDFLAGS='$(SANITIZE) $(CURDIR)/tools/asan_options.c' OP_FLAGS=-fno-sanitize=address

# For a debugger: a call for each handler, no optimization, invariants checked. gdb -x tools/gdb.py --args build-debug/tick86 -- PROGRAM
debug:
	@$(MAKE) $(PARALLEL) --no-print-directory BUILD=build-debug OPT='-O0 -g3 -DTICK86_DISPATCH_LOOP -DTICK86_CHECKS' \
		EXTRA_CFLAGS='$(EXTRA_CFLAGS) -Wno-format-truncation' build-debug/tick86

tags:
	ctags -R emu decode timekeep tests 2>/dev/null || etags $$(find emu decode timekeep tests -name '*.[ch]')

# What stands on what, in the README.
rooms:
	tools/rooms readme

# All C sources into the form of .clang-format.
format:
	@tools/deps
	tools/format

lint:
	@tools/deps lint
	tools/lint

# man pages, completion, public header of timekeep, pkg-config
install: all install-timekeep
	install -D -m 755 $(BUILD)/tick86 $(DESTDIR)$(PREFIX)/bin/tick86
	install -D -m 644 tools/tick86.1 $(DESTDIR)$(PREFIX)/share/man/man1/tick86.1
	tools/man $(BUILD)/tick86 $(BUILD)/man
	install -m 644 $(BUILD)/man/* $(DESTDIR)$(PREFIX)/share/man/man1
	for shell in bash:bash-completion/completions/tick86 zsh:zsh/site-functions/_tick86 fish:fish/vendor_completions.d/tick86.fish; do \
		$(BUILD)/tick86 completion $${shell%%:*} >$(BUILD)/completion && \
		install -D -m 644 $(BUILD)/completion $(DESTDIR)$(PREFIX)/share/$${shell#*:} || exit 1; done

install-timekeep: $(BUILD)/libtimekeep.a $(BUILD)/timekeep.pc
	install -D -m 644 $(BUILD)/libtimekeep.a $(DESTDIR)$(PREFIX)/lib/libtimekeep.a
	install -D -m 644 timekeep/timekeep.h $(DESTDIR)$(PREFIX)/include/timekeep.h
	install -D -m 644 $(BUILD)/timekeep.pc $(DESTDIR)$(PREFIX)/lib/pkgconfig/timekeep.pc

$(BUILD)/timekeep.pc: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$(PREFIX)' 'Name: timekeep' 'Description: virtual clock for emulators' 'Version: $(VERSION)' \
		'Cflags: -I$${prefix}/include' 'Libs: -L$${prefix}/lib -ltimekeep' >$@

FORCE:

clean:
	rm -rf $(BUILD) $(BUILD)-asan build-debug

.PHONY: all bench rooms format debug tags check-hard check-insn-long check-campaign check-replay-long replay-guests clock-guests save-guests attacks demo deps fuzz guest unit check check-asan install install-timekeep lint clean FORCE
.SECONDARY:
-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
