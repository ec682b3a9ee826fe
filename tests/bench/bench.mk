# SPDX-License-Identifier: BSD-2-Clause
# The traffic source and sink of `make bench`, under $(BUILD)/bench/.
PKTGEN_SRC := $(filter-out %.bpf.c %/pktsink.c,$(wildcard tests/bench/pktgen/*.c))
BENCH_OUT := $(BUILD)/bench
BENCH_TOOLS := $(BENCH_OUT)/pktgen $(BENCH_OUT)/pktsink

bench-tools: $(BENCH_TOOLS)

$(BENCH_OUT)/%.bpf.o: tests/bench/pktgen/%.bpf.c
	@mkdir -p $(@D)
	$(CLANG) -target bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror \
		-I/usr/include/$(shell $(CC) -print-multiarch) -MMD -MP -c $< -o $@

$(BENCH_OUT)/%.skel.h: $(BENCH_OUT)/%.bpf.o
	$(BPFTOOL) gen skeleton $< name $*_bpf >$@.tmp && mv $@.tmp $@

$(BENCH_OUT)/%.o: tests/bench/pktgen/%.c | $(BENCH_OUT)/pktgen.skel.h $(BENCH_OUT)/pktsink.skel.h
	@mkdir -p $(@D)
	$(COMPILE) -I$(BENCH_OUT) -c $< -o $@

$(BENCH_OUT)/pktgen: $(patsubst tests/bench/pktgen/%.c,$(BENCH_OUT)/%.o,$(PKTGEN_SRC))
	$(LINK) $^ -lbpf -lcrypto -o $@
$(BENCH_OUT)/pktsink: $(BENCH_OUT)/pktsink.o
	$(LINK) $^ -lbpf -o $@

.PHONY: bench-tools
