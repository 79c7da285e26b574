# SPDX-License-Identifier: GPL-3.0-or-later
# earshot: `make help` says what there is.

# ---- paths ---------------------------------------------------------------------------------
B        ?= build
PREFIX   ?= /usr/local
DESTDIR  ?=
SYSCONFDIR ?= $(if $(filter /usr,$(PREFIX)),/etc,$(PREFIX)/etc)
CAPTURES ?= tests/captures
V        ?= 0
JOBS     ?= $(shell nproc 2>/dev/null || echo 1)
VERSION  := 0.1.0

# ---- dependencies, each can be overridden --------------------------------------------------
PKG_CONFIG ?= pkg-config
DEPS       := libpcap libndpi hiredis libevent libevent_openssl openssl libpsl libzstd zlib libseccomp
DEP_CFLAGS ?= $(shell $(PKG_CONFIG) --cflags $(DEPS) 2>/dev/null)
DEP_LIBS   ?= $(shell $(PKG_CONFIG) --libs $(DEPS) 2>/dev/null) -lm
TEST_LIBS  ?= $(shell $(PKG_CONFIG) --libs cmocka 2>/dev/null)

# ---- flags: CFLAGS and LDFLAGS are the packager's, we add ------------------------------------
CC      ?= cc
CFLAGS  ?= -O2 -g
WARN    := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wformat=2 -Wvla -Wold-style-definition
ifeq ($(CI),true)
WARN    += -Werror
endif
HARDEN  ?= -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
	-fstack-clash-protection -fcf-protection -fPIE
HARDEN_LD ?= -pie -Wl,-z,relro,-z,now
ALL_CFLAGS = -std=gnu11 $(WARN) $(HARDEN) -I. -MMD -MP $(patsubst -I%,-isystem %,$(DEP_CFLAGS)) \
	-DEARSHOT_VERSION='"$(VERSION)"' -DEARSHOT_SHARE='"$(PREFIX)/share/earshot"' $(CFLAGS)
ALL_LDFLAGS = $(HARDEN_LD) $(LDFLAGS)

ifeq ($(V),1)
Q :=
say :=
else
Q := @
say = @printf '  %-6s %s\n'
endif

# ---- sources: three archives, an arrow that points right does not link ----------------------
capture_c  := $(wildcard capture/*/*.c)
classify_c := $(wildcard classify/*/*.c)
rules_c    := $(filter-out rules/cli/main.c,$(wildcard rules/*/*.c))
obj         = $(patsubst %.c,$(B)/%.o,$(1))

all: $(B)/earshot ## build build/earshot, which runs from here without being installed
.DEFAULT_GOAL := all

$(B)/capture.a: $(call obj,$(capture_c))
$(B)/classify.a: $(call obj,$(classify_c))
$(B)/rules.a: $(call obj,$(rules_c))
$(B)/%.a:
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) qcs $@ $^

$(B)/%.o: %.c
	$(say) CC $<
	$(Q)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -c -o $@ $<

LIBS_capture  = $(B)/capture.a
LIBS_classify = $(B)/classify.a $(B)/capture.a
LIBS_rules    = $(B)/rules.a $(B)/classify.a $(B)/capture.a

$(B)/earshot: $(B)/rules/cli/main.o $(LIBS_rules)
	$(say) LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DEP_LIBS)

# ---- tests ----------------------------------------------------------------------------------
# A unit test links one folder and what stands left of it.
unit_c    := $(wildcard tests/unit/*/test_*.c)
unit_bin  := $(patsubst %.c,$(B)/%,$(unit_c))
fuzz_c    := $(wildcard tests/fuzz/fuzz_*.c)
replay_bin := $(patsubst tests/fuzz/fuzz_%.c,$(B)/tests/fuzz/replay_%,$(fuzz_c))

define unit_rule
$(B)/tests/unit/$(1)/%: $(B)/tests/unit/$(1)/%.o $$(LIBS_$(1))
	$$(say) LD $$@
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(DEP_LIBS) $$(TEST_LIBS)
endef
$(foreach r,capture classify rules,$(eval $(call unit_rule,$(r))))

$(B)/tests/fuzz/replay_%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/replay.o $(LIBS_rules)
	$(say) LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DEP_LIBS)

.PRECIOUS: $(B)/%.o
-include $(shell [ -d $(B) ] && find $(B) -name '*.d')

# ---- arrows: includes and symbols point left, pure rooms are pure ---------------------------
arrows: $(B)/.arrows ## check that includes and symbols point left only
$(B)/.arrows: $(LIBS_rules) $(wildcard tests/arrows/arrows.sh tests/arrows/*.txt)
	$(say) ARROWS $(B)
	$(Q)tests/arrows/arrows.sh $(B) && touch $@
# Of the plain builds: a sanitizer's own symbols are nobody's arrows.
ifeq ($(findstring -fsanitize,$(CFLAGS)),)
$(B)/earshot: | $(B)/.arrows
endif

# ---- checking -------------------------------------------------------------------------------
# T=window runs what matches. build-asan: the same tests under the address and undefined-
# behaviour sanitizers. build-clang: the second compiler, warnings are errors.
T        ?=
ASAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
asan_make = $(MAKE) B=$(B)-asan CFLAGS="-O1 -g $(ASAN_FLAGS)" HARDEN=-fPIE HARDEN_LD=-pie \
	LDFLAGS="$(ASAN_FLAGS)"
TALLY    := $(B)/tally
matching  = $(if $(T),$(foreach t,$(1),$(if $(findstring $(T),$(t)),$(t))),$(1))
units     = $(call matching,$(unit_bin) $(replay_bin))
scripts   = $(call matching,$(wildcard tests/$(1)/test_*.sh))
# Fast scripts: no root, no network, no Redis.
fast      = $(call scripts,arrows) $(call scripts,golden) $(filter %/test_rules.sh %/test_bad_input.sh,$(call scripts,system))
slow      = $(filter-out $(fast),$(call scripts,system)) $(call scripts,live) $(call scripts,redis) \
	$(call scripts,chaos) $(call scripts,evasion)

# Programs the shell tests run.
tool_bin := $(B)/tests/tools/verdicts $(B)/tests/tools/pieces $(B)/tests/tools/speech $(B)/tests/tools/weekstore $(B)/tests/redis/feeder \
	$(B)/tests/chaos/feeder $(B)/tests/chaos/collector \
	$(B)/tests/score/records $(B)/tests/bench/hot
$(B)/tests/bench/hot: $(B)/tests/tools/film.o
$(tool_bin): $(B)/%: $(B)/%.o $(LIBS_rules)
	$(say) LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(DEP_LIBS)

# Programs of the bench and of the score, see below.
bench_bin := $(B)/tests/bench/gen $(B)/tests/bench/floor $(B)/tests/score/mix
$(B)/tests/bench/gen $(B)/tests/score/mix: $(B)/tests/tools/film.o
$(bench_bin): $(B)/%: $(B)/%.o $(LIBS_capture)
	$(say) LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(DEP_LIBS)

tests: $(unit_bin) $(replay_bin) $(tool_bin) $(bench_bin) $(B)/earshot
.PHONY: tests

check: ## the fast tests: no root, no network, no Redis, under a minute
	$(Q)contrib/deps.sh test
	$(Q)$(MAKE) -j$(JOBS) tests
	$(Q)rm -f $(TALLY); tests/run $(TALLY) $(B) $(units) $(fast)
	$(Q)tests/run $(TALLY) --total

asan: ## the unit tests and the reading of all captures under the sanitizers
	$(Q)contrib/deps.sh test
	$(Q)$(asan_make) -j$(JOBS) tests
	$(Q)$(asan_make) asan-run
asan-run: tests
	$(Q)rm -f $(TALLY); CUTS=50 tests/run $(TALLY) $(B) $(units) tests/system/test_books.sh tests/system/test_cut_files.sh
	$(Q)tests/run $(TALLY) --total

# What has threads, under the thread sanitizer.
tsan_make = $(MAKE) B=$(B)-tsan CFLAGS="-O1 -g -Wno-maybe-uninitialized -fsanitize=thread" \
	HARDEN=-fPIE HARDEN_LD=-pie LDFLAGS=-fsanitize=thread
threaded := $(addprefix $(B)/tests/unit/,rules/test_front capture/test_reader rules/test_reload)
tsan: ## what has threads, under the thread sanitizer
	$(Q)contrib/deps.sh test
	$(Q)$(tsan_make) -j$(JOBS) tsan-build
	$(Q)rm -f $(TALLY); $(tsan_make) TALLY=$(TALLY) tsan-part
	$(Q)tests/run $(TALLY) --total
tsan-build: $(threaded) $(B)/earshot
tsan-part:
	$(Q)tests/run $(TALLY) $(B) $(threaded) tests/system/test_threads.sh
.PHONY: tsan tsan-build tsan-part

test: ## everything, on a machine fresh from the installer; installs what it needs
	$(Q)contrib/deps.sh test
	$(Q)$(MAKE) -j$(JOBS) CI=true tests
	$(Q)$(MAKE) -j$(JOBS) CI=true CC=clang B=$(B)-clang $(B)-clang/earshot
	$(Q)rm -f $(TALLY); tests/run $(TALLY) $(B) $(units) $(fast)
	$(Q)$(asan_make) -j$(JOBS) tests
	$(Q)$(asan_make) TALLY=$(TALLY) asan-part
	$(Q)$(tsan_make) -j$(JOBS) tsan-build
	$(Q)$(tsan_make) TALLY=$(TALLY) tsan-part
	$(Q)tests/run $(TALLY) $(B) $(slow) $(call scripts,fuzz)
	$(Q)tests/run $(TALLY) --total
asan-part:
	$(Q)CUTS=50 tests/run $(TALLY) $(B) $(units) tests/system/test_books.sh tests/system/test_cut_files.sh

score: $(B)/earshot ## detection over CAPTURES=DIR [REWRITE=ipv6|renumber|cut|vlan|qinq|mpls|pppoe|gre|vxlan|half-taps|duplicates|super|mixed|year|loss|loss-5|one-way|answers|detour] [NOLIST=1] [HEARING='score.pass 9.16']
	$(Q)tests/score/score.py $(B)/earshot $(CAPTURES) --work $(B)/score \
		$(if $(REWRITE),--rewrite $(REWRITE)) $(if $(NOLIST),--no-list) \
		$(if $(HEARING),--hearing '$(HEARING)')
	$(Q)[ ! -f $(CAPTURES)/lab/labels.tsv ] || { printf '\nthe lab'"'"'s own scenes (tests/lab):\n'; \
		tests/score/score.py $(B)/earshot $(CAPTURES)/lab --work $(B)/score/lab \
		$(if $(REWRITE),--rewrite $(REWRITE)) $(if $(NOLIST),--no-list) \
		$(if $(HEARING),--hearing '$(HEARING)'); }

# Captures of our own, made with real tools in real time; KEEP=1 puts them into tests/captures/lab.
lab: ## make the lab's captures, about twenty minutes, as root [SCENE="name ..."] [LABJOBS=9] [KEEP=1]
	$(Q)contrib/deps.sh lab
	$(Q)tests/lab/lab.py $(B)/lab --jobs $(or $(LABJOBS),9) $(if $(KEEP),--keep tests/captures/lab) $(SCENE)

# A day of an office of 200 hosts, made of the captures' ordinary traffic: about five minutes.
score-day: $(B)/earshot $(B)/tests/score/mix ## false alarms a day: the quiet captures as a day of 200 hosts
	$(Q)tests/score/day.py $(B) $(CAPTURES)

figures: $(B)/tests/score/records ## the figures of contrib/docs/hearing.md, from CAPTURES=DIR
	$(Q)tests/score/figures.py $(B) $(CAPTURES) contrib/docs/figures

evasions: $(B)/earshot $(B)/tests/tools/pieces ## the evader's table anew, and T6 over simulated senders
	$(Q)tests/evasion/evasions.py $(B)/earshot --write contrib/docs/evasions.md --date $(shell date -u +%F)
	$(Q)$(B)/tests/tools/pieces 300 20
.PHONY: evasions

speech: $(B)/tests/tools/speech ## microphones and ordinary programs simulated: the tables of contrib/docs/hearing.md
	$(Q)$< talk 100
	$(Q)$< quiet 10
	$(Q)$< within 2
.PHONY: speech

# A fuzz target of its own: make build/fuzz/fuzz_decode, then run it.
FUZZ_FLAGS := -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
fuzz_bin := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(fuzz_c))
$(B)/fuzz/%: tests/fuzz/%.c $(B)/fuzz/all.a
	$(say) FUZZ $@
	$(Q)clang -std=gnu11 -g -O1 -I. $(DEP_CFLAGS) -DEARSHOT_VERSION='"$(VERSION)"' $(FUZZ_FLAGS) \
		-o $@ $< $(B)/fuzz/all.a $(DEP_LIBS)
$(B)/fuzz/all.a: $(capture_c) $(classify_c) $(rules_c) $(wildcard */*/*.h)
	$(Q)$(MAKE) B=$(B)-fuzz CC=clang HARDEN= HARDEN_LD= \
		CFLAGS="-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all" \
		$(B)-fuzz/capture.a $(B)-fuzz/classify.a $(B)-fuzz/rules.a
	$(Q)mkdir -p $(@D) && rm -f $@ && $(AR) qcs $@ `find $(B)-fuzz/capture $(B)-fuzz/classify $(B)-fuzz/rules -name '*.o'`
fuzz: $(fuzz_bin) ## build the fuzz targets (clang)

# ---- showing --------------------------------------------------------------------------------
demo: ## from packets to explained alerts and a Redis, in a minute
	$(Q)contrib/deps.sh demo
	$(Q)$(MAKE) $(B)/earshot
	$(Q)contrib/demo.sh $(B)

# ---- measuring ------------------------------------------------------------------------------
# SIZE=4 for longer sets, SETS=mice,real for some, KEEP=1 writes it into tests/bench/RESULTS.md.
# Flags as a package would have them: measure nothing built with a sanitizer.
SIZE ?= 1
RUNS ?= 5
SETS ?= elephant,voice,small,mice,real
bench: ## speed and memory beside ndpiReader and bare libpcap [SIZE=1] [RUNS=5] [SETS=...] [KEEP=1]
	$(Q)contrib/deps.sh bench
	$(Q)$(MAKE) $(B)/earshot $(bench_bin)
	$(Q)tests/bench/bench.py $(B) $(CAPTURES) --size $(SIZE) --runs $(RUNS) --sets $(SETS) \
		--note "$(NOTE)" $(if $(KEEP),--keep tests/bench/RESULTS.md)
SECONDS ?= 60
RATE ?= 0
bench-live: ## loss and CPU on a wire of two namespaces, as root [SECONDS=60] [RATE=0: top speed] [SETS=...] [KEEP=1]
	$(Q)contrib/deps.sh bench
	$(Q)$(MAKE) $(B)/earshot $(bench_bin)
	$(Q)tests/bench/live.py $(B) $(CAPTURES) --seconds $(SECONDS) --rate $(RATE) --sets $(SETS) \
		--note "$(NOTE)" $(if $(KEEP),--keep tests/bench/RESULTS.md)
bench-redis: ## through spool and Function beside a bare XADD, memory in Redis, delay; root for the wire [RUNS=5] [KEEP=1]
	$(Q)contrib/deps.sh test
	$(Q)$(MAKE) $(B)/earshot $(B)/tests/chaos/feeder $(B)/tests/chaos/collector
	$(Q)tests/bench/redis.py $(B) $(CAPTURES) --rounds $(RUNS) --note "$(NOTE)" \
		$(if $(KEEP),--keep tests/bench/RESULTS.md)
bench-growth: ## what a packet costs with 1,000 to 1,000,000 flows alive; 10,000,000 within 4 GiB [RUNS=5] [KEEP=1]
	$(Q)contrib/deps.sh bench
	$(Q)$(MAKE) $(B)/earshot $(bench_bin)
	$(Q)tests/bench/growth.py $(B) --runs $(RUNS) --note "$(NOTE)" $(if $(KEEP),--keep tests/bench/RESULTS.md)
.PHONY: bench bench-live bench-redis bench-growth

instructions: $(B)/tests/bench/hot $(B)/tests/bench/gen ## count the hot pieces' instructions anew, into tests/bench/instructions.tsv
	$(Q)contrib/deps.sh test
	$(Q)tests/system/test_instructions.sh --write

# Faults between sensor and Redis, each while CHAOS_RATE events a second flow: half an hour, as
# root for all of it. Its short form is tests/chaos/test_chaos.sh in `make test`.
CHAOS_RATE ?= 5000
chaos: ## Redis, network, disk and processes fail while events flow: nothing lost [CHAOS_RATE=5000] [SCENE=name,...] [KEEP=1]
	$(Q)contrib/deps.sh test
	$(Q)$(MAKE) -j$(JOBS) tests
	$(Q)$(asan_make) -j$(JOBS) $(B)-asan/tests/chaos/feeder
	$(Q)tests/chaos/chaos.py $(B) --long --rate $(CHAOS_RATE) --only "$(SCENE)" --note "$(NOTE)" \
		$(if $(KEEP),--keep tests/chaos/RESULTS.md)
.PHONY: chaos

test-versions: ## tests/redis and the short chaos with Redis 8 and Valkey 8 of a Debian 13, as root [KEEP=1]
	$(Q)contrib/deps.sh versions
	$(Q)$(MAKE) -j$(JOBS) tests
	$(Q)tests/chaos/versions.sh $(B) $(if $(KEEP),--keep)
.PHONY: test-versions

# ---- installing -----------------------------------------------------------------------------
install: $(B)/earshot ## program, rules, service, manual and documents below DESTDIR/PREFIX
	install -d $(DESTDIR)$(SYSCONFDIR)/earshot $(DESTDIR)$(PREFIX)/lib/systemd/system \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d $(DESTDIR)$(PREFIX)/lib/tmpfiles.d
	sed 's#@BIN@#$(PREFIX)/bin#; s#@ETC@#$(SYSCONFDIR)#' contrib/systemd/earshot.service \
		>$(DESTDIR)$(PREFIX)/lib/systemd/system/earshot.service
	install -m 644 contrib/systemd/earshot.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/earshot.conf
	install -m 644 contrib/systemd/earshot.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/earshot.conf
	[ -e $(DESTDIR)$(SYSCONFDIR)/earshot/earshot.conf ] || \
		install -m 644 contrib/earshot.conf $(DESTDIR)$(SYSCONFDIR)/earshot/earshot.conf
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/earshot/rules/std \
		$(DESTDIR)$(PREFIX)/share/earshot/rules/site $(DESTDIR)$(PREFIX)/share/earshot/selftest
	install -m 755 $(B)/earshot $(DESTDIR)$(PREFIX)/bin/earshot
	install -m 644 rules/std/*.rules $(DESTDIR)$(PREFIX)/share/earshot/rules/std/
	install -d $(DESTDIR)$(PREFIX)/share/earshot/rules/optional/stories \
		$(DESTDIR)$(PREFIX)/share/earshot/editors
	install -m 644 rules/optional/*.rules $(DESTDIR)$(PREFIX)/share/earshot/rules/optional/
	install -m 644 rules/optional/stories/*.rules \
		$(DESTDIR)$(PREFIX)/share/earshot/rules/optional/stories/
	cp -R contrib/editors/vim $(DESTDIR)$(PREFIX)/share/earshot/editors/
	install -m 644 rules/site/README.md $(DESTDIR)$(PREFIX)/share/earshot/rules/site/
	install -m 644 contrib/selftest/*.pcap.zst $(DESTDIR)$(PREFIX)/share/earshot/selftest/
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5 \
		$(DESTDIR)$(PREFIX)/share/man/man7 $(DESTDIR)$(PREFIX)/share/doc/earshot
	install -m 644 contrib/man/earshot.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 contrib/man/earshot-rules.5 contrib/man/earshot.conf.5 \
		$(DESTDIR)$(PREFIX)/share/man/man5/
	install -m 644 contrib/man/earshot-events.7 $(DESTDIR)$(PREFIX)/share/man/man7/
	install -m 644 README.md contrib/docs/*.md $(DESTDIR)$(PREFIX)/share/doc/earshot/
	$(B)/earshot schema >$(DESTDIR)$(PREFIX)/share/earshot/earshot-event.schema.json

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-16s %s\n", $$1, $$2}' Makefile

clean: ## remove the build folder
	rm -rf $(B) $(B)-asan $(B)-tsan $(B)-clang $(B)-fuzz $(B)-debian-13

.PHONY: all help clean arrows check asan asan-run asan-part test lab score score-day figures fuzz demo install
