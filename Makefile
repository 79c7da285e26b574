# SPDX-License-Identifier: GPL-3.0-or-later
# earshot: `make help` says what there is.

# ---- paths ---------------------------------------------------------------------------------
B        ?= build
PREFIX   ?= /usr/local
DESTDIR  ?=
CAPTURES ?= tests/captures
V        ?= 0
VERSION  := 0.1.0

# ---- dependencies, each can be overridden --------------------------------------------------
PKG_CONFIG ?= pkg-config
DEPS       := libpcap libndpi hiredis libevent libpsl libzstd libseccomp
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
	-DEARSHOT_VERSION='"$(VERSION)"' $(CFLAGS)
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
	$(Q)rm -f $@ && $(AR) rcs $@ $^

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

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-16s %s\n", $$1, $$2}' Makefile

clean: ## remove the build folder
	rm -rf $(B)

.PHONY: all help clean
