# SPDX-License-Identifier: BSD-2-Clause
#
# make                        the three programs, under build/
# make SANITIZE=address,undefined BUILD=build-asan
# make check | tsan           unprivileged tests;  scripts/test.sh runs everything
# make install DESTDIR= PREFIX=/usr/local
# make bench | fuzz | clean
#
# Sources are found by folder: a new file in ctl/ROOM belongs to that room, a new file in
# tests/unit or tests/exchange is a cmocka program of its own.

BUILD ?= build
PREFIX ?= /usr/local
CC ?= gcc
CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/bin/bpftool) bpftool)
PKG_CONFIG ?= pkg-config
OPT ?= -O2

# make V=1 shows the whole commands.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(patsubst $(BUILD)/%,%,$@);)

PKGS := libbpf libxdp libuv libnl-3.0 libnl-route-3.0 libssl libcrypto jansson libcurl
CFLAGS ?= $(OPT) -g
WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
CPPFLAGS += -D_GNU_SOURCE -Iinclude -Ictl -I$(BUILD)/bpf $(shell $(PKG_CONFIG) --cflags $(PKGS))
LDLIBS += $(shell $(PKG_CONFIG) --libs $(PKGS)) -lIPSec_MB -lpthread
ifneq ($(SANITIZE),)
SAN := -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all
endif
COMPILE = $(CC) -std=gnu11 $(CPPFLAGS) $(WARN) $(CFLAGS) $(SAN) -fPIE -MMD -MP
LINK = $(CC) $(CFLAGS) $(SAN) $(LDFLAGS)

# Rooms whose objects every program may draw from; the mains are apart.
ROOMS := base crypto ike radius dataplane net conf vici
ROOM_SRC := $(foreach r,$(ROOMS),$(wildcard ctl/$(r)/*.c))
LIB := $(BUILD)/libsekisho.a
prog_src = $(wildcard ctl/$(1)/*.c)
obj = $(patsubst %.c,$(BUILD)/%.o,$(1))

BPF_SRC := $(wildcard bpf/*.bpf.c)
BPF_SKEL := $(BUILD)/bpf/sekisho.skel.h
PROGRAMS := $(BUILD)/sekisho-worker $(BUILD)/sekishod $(BUILD)/sekisho
UNIT := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/*_test.c tests/exchange/*_test.c))
TOOLS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/tools/*.c))
BPF_TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/bpf/*_test.c))

all: $(PROGRAMS)
tools: $(TOOLS)
test-programs: $(UNIT) $(BPF_TESTS) $(TOOLS)

# Where Debian keeps asm/types.h; clang 19 does not tell (-print-multiarch).
ASM_INCLUDE := $(patsubst %/asm/types.h,-I%,$(firstword $(wildcard /usr/include/*-linux-*/asm/types.h)))

# ---- BPF -------------------------------------------------------------------------------
$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	$(call say,BPF)
	$(Q)$(CLANG) -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter \
		-Iinclude -Ibpf $(ASM_INCLUDE) -MMD -MP -c $< -o $@

# gate.bpf.o first: it defines the maps, and bpftool 7.1 wants a definition before its users.
$(BUILD)/bpf/sekisho.bpf.o: $(BUILD)/bpf/gate.bpf.o \
		$(patsubst bpf/%.c,$(BUILD)/bpf/%.o,$(filter-out bpf/gate.bpf.c,$(BPF_SRC)))
	$(call say,BPFLD)
	$(Q)$(BPFTOOL) gen object $@ $^

$(BPF_SKEL): $(BUILD)/bpf/sekisho.bpf.o
	$(Q)$(BPFTOOL) gen skeleton $< name sekisho >$@.tmp && mv $@.tmp $@

# ---- user space ------------------------------------------------------------------------
$(BUILD)/ctl/%.o: ctl/%.c | $(BPF_SKEL)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) -c $< -o $@

$(BUILD)/tests/%.o: tests/%.c | $(BPF_SKEL)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(COMPILE) -Itests -c $< -o $@

$(LIB): $(call obj,$(ROOM_SRC))
	$(call say,AR)
	$(Q)rm -f $@
	$(Q)ar rcs $@ $^

$(BUILD)/sekisho-worker: $(call obj,$(call prog_src,worker)) $(LIB)
	$(call say,LD)
	$(Q)$(LINK) $^ $(LDLIBS) -o $@
$(BUILD)/sekishod: $(call obj,$(call prog_src,sekishod)) $(LIB)
	$(call say,LD)
	$(Q)$(LINK) $^ $(LDLIBS) -o $@
$(BUILD)/sekisho: $(call obj,$(call prog_src,cli)) $(LIB)
	$(call say,LD)
	$(Q)$(LINK) $^ $(LDLIBS) -o $@

# Tests may draw on the worker's objects too, all but its main.
WORKER_PARTS := $(call obj,$(filter-out ctl/worker/main.c,$(call prog_src,worker)))
TEST_HELP := $(call obj,$(wildcard tests/support/*.c))
$(UNIT) $(BPF_TESTS): $(BUILD)/tests/%: $(BUILD)/tests/%.o $(WORKER_PARTS) $(TEST_HELP) $(LIB)
	$(call say,LD)
	$(Q)$(LINK) $^ $(LDLIBS) -lcmocka -o $@
$(BUILD)/tests/unit/leases_test: $(call obj,ctl/sekishod/leases.c)
$(TOOLS): $(BUILD)/tests/%: $(BUILD)/tests/%.o $(WORKER_PARTS) $(LIB)
	$(call say,LD)
	$(Q)$(LINK) $^ $(LDLIBS) -o $@

check: $(UNIT) $(BUILD)/sekisho
	scripts/layers
	scripts/run-units $(UNIT)

# What several threads do at once, under ThreadSanitizer. Without random addresses: gcc 12's cannot
# live with as many bits of them as newer kernels have, and its fences it does not see.
TSAN := $(BUILD)-tsan/tests/unit/threads_test $(BUILD)-tsan/tests/unit/turns_test
tsan:
	$(Q)$(MAKE) BUILD=$(BUILD)-tsan SANITIZE=thread OPT="-O2 -Wno-tsan" $(TSAN)
	setarch -R scripts/run-units $(TSAN)

include tests/bench/bench.mk
bench:
	BUILD=$(BUILD) scripts/bench.sh

# Everything once more as an archive with the fuzzer's instrumentation; each target takes what
# it uses.
FUZZ_SRC := $(wildcard tests/fuzz/*_fuzz.c)
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZ_SRC))
FUZZED := $(ROOM_SRC) $(filter-out ctl/worker/main.c,$(call prog_src,worker)) $(wildcard tests/support/*.c)
FUZZ_LIB := $(BUILD)/fuzz/libfuzzed.a
$(BUILD)/fuzz/obj/%.o: %.c | $(BPF_SKEL)
	@mkdir -p $(@D)
	$(call say,FUZZ)
	$(Q)$(CLANG) -std=gnu11 $(CPPFLAGS) -Itests $(WARN) -O1 -g -MMD -MP \
		-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -c $< -o $@
$(FUZZ_LIB): $(patsubst %.c,$(BUILD)/fuzz/obj/%.o,$(FUZZED))
	$(call say,AR)
	$(Q)rm -f $@
	$(Q)ar rcs $@ $^
$(FUZZERS): $(BUILD)/fuzz/%: $(BUILD)/fuzz/obj/tests/fuzz/%.o $(FUZZ_LIB)
	$(call say,LD)
	$(Q)$(CLANG) -g -fsanitize=fuzzer,address,undefined $^ $(LDLIBS) -o $@
fuzz: $(FUZZERS)
	scripts/fuzz.sh $(FUZZERS)

install: all
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(BUILD)/sekisho-worker $(BUILD)/sekishod $(DESTDIR)$(PREFIX)/sbin/
	install -m 755 $(BUILD)/sekisho $(DESTDIR)$(PREFIX)/bin/
	install -d $(DESTDIR)$(PREFIX)/share/man/man8 $(DESTDIR)$(PREFIX)/share/doc/sekisho
	install -m 644 docs/man/sekisho.8 $(DESTDIR)$(PREFIX)/share/man/man8/
	install -m 644 LICENSE README.md docs/*.md docs/sekisho.conf.example \
		$(DESTDIR)$(PREFIX)/share/doc/sekisho/
	install -d -m 750 $(DESTDIR)/etc/sekisho

clean:
	rm -rf $(BUILD)

.PHONY: all tools test-programs check tsan bench fuzz install clean
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
