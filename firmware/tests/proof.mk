# make -C firmware fuzz SECONDS=60   both targets under libFuzzer (needs clang); what is new goes to build/firmware/fuzz/found
# make -C firmware fuzz_keep         what it found joins tests/corpus
# make -C firmware fuzz_replay       every input of tests/corpus again, with any compiler; part of `make test`

SECONDS ?= 60
CLANG ?= clang
FUZZ := $(BUILD)/fuzz
FUZZ_INCLUDES := $(INCLUDES) -Itests/fuzz -D_POSIX_C_SOURCE=200809L
# The board under test guides the fuzzer, the judge does not.
GUIDED := -fsanitize-coverage=inline-8bit-counters,pc-table
FUZZ_HEADERS := $(HEADERS) $(wildcard tests/fuzz/*.h) tests/bench_plant.c tests/proof.mk

bytes_JUDGED := $(CORE) boards/host/host.c
bytes_JUDGES := tests/fuzz/fuzz_bytes.c tests/fuzz/judge.c tests/fuzz/wire.c
link_JUDGED := core/link.c core/packet.c core/messages.c
link_JUDGES := tests/fuzz/fuzz_link.c tests/fuzz/wire.c

.PHONY: fuzz fuzz_targets fuzz_replay fuzz_keep clang
test: | fuzz_replay
fuzz_replay: $(FUZZ)/replay_bytes $(FUZZ)/replay_link
	@$(FUZZ)/replay_bytes tests/corpus/bytes
	@$(FUZZ)/replay_link tests/corpus/link

fuzz_targets: clang $(FUZZ)/fuzz_bytes $(FUZZ)/fuzz_link
fuzz: fuzz_targets
	@for target in bytes link; do mkdir -p $(FUZZ)/found/$$target && echo "fuzz: $$target" && \
	$(FUZZ)/fuzz_$$target -max_total_time=$(SECONDS) -max_len=400 -timeout=10 -print_final_stats=1 -verbosity=0 \
		-artifact_prefix=$(FUZZ)/found/ $(FUZZ)/found/$$target tests/corpus/$$target || exit 1; done

# Of what fuzzing found, the fewest inputs that reach something that tests/corpus does not.
fuzz_keep: fuzz_targets
	@for target in bytes link; do mkdir -p $(FUZZ)/found/$$target && \
	$(FUZZ)/fuzz_$$target -merge=1 -set_cover_merge=1 -use_counters=0 -verbosity=0 tests/corpus/$$target \
		$(FUZZ)/found/$$target || exit 1; done

clang:
	@command -v $(CLANG) >/dev/null || { echo "fuzz: $(CLANG) is not installed; on Debian: apt install clang" >&2; exit 1; }

$(FUZZ)/fuzz_%: $(FUZZ_HEADERS) $(CORE) $(wildcard tests/fuzz/*.c) Makefile
	@mkdir -p $(FUZZ)/$*
	@for source in $($*_JUDGED); do \
	$(CLANG) $(STRICT) $(SANITIZE) -O2 $(GUIDED) $(FUZZ_INCLUDES) -c -o $(FUZZ)/$*/$$(basename $$source .c).o $$source || exit 1; done
	@for source in $($*_JUDGES); do \
	$(CLANG) $(STRICT) $(SANITIZE) -O2 $(FUZZ_INCLUDES) -c -o $(FUZZ)/$*/$$(basename $$source .c).o $$source || exit 1; done
	$(CLANG) $(SANITIZE) -fsanitize=fuzzer -o $@.$$$$ \
		$(patsubst %.c,$(FUZZ)/$*/%.o,$(notdir $($*_JUDGED) $($*_JUDGES))) -lm && mv $@.$$$$ $@

$(FUZZ)/replay_%: $(FUZZ_HEADERS) $(CORE) $(wildcard tests/fuzz/*.c) Makefile
	@mkdir -p $(@D)
	$(CC) $(STRICT) $(SANITIZE) $(FUZZ_INCLUDES) -o $@.$$$$ tests/fuzz/replay.c $($*_JUDGED) $($*_JUDGES) -lm && mv $@.$$$$ $@

# safety.c and limits.c alone: what tools/firmware_mutants.py breaks.
ALONE := core/safety.c core/limits.c core/settings.c core/programme_report.c core/profile.c core/packet.c core/messages.c
$(BUILD)/test/test_safety: tests/test_safety.c tests/safety_table.c tests/neighbours.c $(ALONE) $(HEADERS) Makefile
	@mkdir -p $(@D)
	$(CC) $(STRICT) $(SANITIZE) $(INCLUDES) -o $@.$$$$ tests/test_safety.c tests/safety_table.c tests/neighbours.c $(ALONE) -lm && mv $@.$$$$ $@

$(BUILD)/test/test_limits: tests/test_limits.c tests/neighbours.c $(ALONE) $(HEADERS) Makefile
	@mkdir -p $(@D)
	$(CC) $(STRICT) $(SANITIZE) $(INCLUDES) -o $@.$$$$ tests/test_limits.c tests/neighbours.c $(ALONE) -lm && mv $@.$$$$ $@
