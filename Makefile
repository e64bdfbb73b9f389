# SPDX-License-Identifier: Apache-2.0
# hearth's build. Everything that it makes lies in .output/. V=1 shows the commands.
#
#   make            the binary, .output/hearth
#   make demo       as root: install what is missing, build, profile a sample load, leave demo.svg
#   make check      as root: install what is missing, build, run every test
#   make unit e2e bench soak accuracy kernels fuzz format install uninstall deb image-root clean

OUTPUT  := .output
PREFIX  ?= /usr/local
DESTDIR ?=
CLANG   ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /sbin/bpftool) bpftool)
CC      ?= cc
V       ?= 0

VERSION := 0.1.0
ARCH    := $(shell uname -m | sed -e 's/x86_64/x86/' -e 's/aarch64/arm64/')

# The folders that hold C for the user side (docs/architecture.md), lowest first.
FOLDERS := base model elf unwind symbolize worker store render http terminal profiler

PACKAGES := libbpf libelf zlib libisal sqlite3 liblzma libxxhash yajl libmicrohttpd ncursesw
WARNINGS := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wwrite-strings -Wvla -Wno-missing-field-initializers \
	    -Werror
CFLAGS   ?= -O2 -g
CFLAGS_  := -std=gnu11 $(WARNINGS) -I. -I$(OUTPUT) -include base/banned.h -D_GNU_SOURCE \
	    -DHEARTH_VERSION='"$(VERSION)"' -fno-omit-frame-pointer
LDLIBS_  := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lunwind-generic -liberty -pthread -lm
SANITIZE := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all

ifeq ($(V),1)
  Q :=
  say = @:
else
  Q := @
  say = @printf '  %-8s %s\n' $(1) $(2)
endif

sources       = $(wildcard $(addsuffix /*.c,$(1)))
objects       = $(patsubst %.c,$(OUTPUT)/$(2)/%.o,$(call sources,$(1)))
WEB_FILES    := $(wildcard web/*.js web/*.css web/*.html web/*.svg)
# The page's files in one: each kind in the order of its rows.
page-files    = $(shell sed -n 's/^$(1)(\(.*\))$$/web\/\1.$(2)/p' render/page_modules.def)
PAGE_JOINED  := $(foreach kind,js css,page_joined.$(kind) page_joined.$(kind).sha256)
LIVE_JOINED  := live_joined.js live_joined.css
WEB_JOINED   := $(PAGE_JOINED) $(LIVE_JOINED) flamegraph_joined.js
WEB_OBJECTS  := $(patsubst %,$(OUTPUT)/%.o,$(WEB_FILES) $(addprefix web/,$(WEB_JOINED)))
UNIT_TESTS   := $(patsubst tests/unit/%.c,$(OUTPUT)/unit/%,$(wildcard tests/unit/*_test.c))
SOAK_UNIT_TESTS := $(addprefix $(OUTPUT)/unit/,store_power_test store_test store_damage_test store_fault_test)
BENCHES      := $(patsubst tests/bench/%.c,$(OUTPUT)/bench/%,$(wildcard tests/bench/*_bench.c)) \
		$(OUTPUT)/bench/fp_peer.bpf.o $(OUTPUT)/bench/spin_in $(OUTPUT)/bench/hearth_short_slices \
		$(foreach kept,omit no-omit,$(foreach size,SMALL WIDE,$(OUTPUT)/bench/deep_stack-$(kept)-$(size)))
E2E_PROGRAMS := $(addprefix $(OUTPUT)/e2e/,rate_changer fake_serve front_serve)
FAIL_NTH     := $(OUTPUT)/e2e/fail_nth.so
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,$(OUTPUT)/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))
# Each clang that is installed under a name with its number.
CLANG_NUMBERS := $(sort $(patsubst /usr/bin/clang-%,%,$(shell ls /usr/bin/clang-[1-9] /usr/bin/clang-[1-9][0-9] 2>/dev/null)))
CLANG_BUILDS  := $(addprefix $(OUTPUT)/hearth-clang-,$(CLANG_NUMBERS))
C_FILES      := $(wildcard $(addsuffix /*.[ch],$(FOLDERS) bpf tests/unit tests/replay tests/bench tests/fuzz samples))

.PHONY: all deps demo check unit e2e bench soak accuracy kernels fuzz fuzz-targets case-recorder samples format check-format install uninstall clean
.DELETE_ON_ERROR:
.SECONDARY:

all: $(OUTPUT)/hearth

# --- the kernel side -------------------------------------------------------------------------------

# -Os: a tick finds its own code in no cache, either.
BPF_FLAGS   := -target bpf -mcpu=v3 -Os -g -D__TARGET_ARCH_$(ARCH) -Wall -Werror -I. \
	       -I/usr/include/$(shell uname -m)-linux-gnu
BPF_COMPILE  = $(Q)$(CLANG) $(BPF_FLAGS) -MMD -MP -MF $@.d -c $< -o $@

$(OUTPUT)/%.bpf.o: bpf/%.bpf.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(BPF_COMPILE)

$(OUTPUT)/%.skel.h: $(OUTPUT)/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

# --- the user side ---------------------------------------------------------------------------------

SKELETONS := $(patsubst bpf/%.bpf.c,$(OUTPUT)/%.skel.h,$(wildcard bpf/*.bpf.c))

# A plain build and one under sanitizers, for the unit tests.
define build-of
$(OUTPUT)/$(1)/%.o: %.c | $(SKELETONS)
	$$(call say,CC,$$@)
	$(Q)mkdir -p $$(@D)
	$(Q)$(CC) $(CFLAGS_) $(2) -MMD -MP -c $$< -o $$@

$(OUTPUT)/$(1)/libhearth.a: $(filter-out %/main.o,$(call objects,$(FOLDERS),$(1))) $(WEB_OBJECTS)
	$$(call say,AR,$$@)
	$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
$(eval $(call build-of,plain,$(CFLAGS)))
$(eval $(call build-of,sanitized,$(SANITIZE)))

# A file of web/ becomes an object with the symbols _binary_web_NAME_start and _end.
$(OUTPUT)/web/%.o: web/%
	$(call say,EMBED,$@)
	$(Q)mkdir -p $(@D)
	$(Q)ld -r -b binary -z noexecstack -o $@ $<

UNJOINED := -e '/^import .*;$$/d' -e '/^export .*;$$/d' -e '/^ *\/\/ SPDX-/d'

# A page from disk cannot import modules: they are joined, without their import and export lines.
$(OUTPUT)/web/page_joined.js: $(call page-files,PAGE_MODULE,js) render/page_modules.def
	$(call say,JOIN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)cat $(filter %.js,$^) | sed $(UNJOINED) > $@

# The live page fetches them so, too: one file is there sooner than sixty.
$(OUTPUT)/web/live_joined.js: $(filter-out web/page_main.js,$(call page-files,PAGE_MODULE,js)) $(call page-files,LIVE_MODULE,js) render/page_modules.def
	$(call say,JOIN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)cat $(filter %.js,$^) | sed $(UNJOINED) > $@

# A script of an SVG is none, either; its names are its own.
$(OUTPUT)/web/flamegraph_joined.js: web/frame_label.js web/readable_numbers.js web/flamegraph.js
	$(call say,JOIN,$@)
	$(Q)mkdir -p $(@D)
	$(Q){ echo "(() => {" && echo "'use strict';" && cat $^ | sed $(UNJOINED) && echo '})();'; } > $@

$(OUTPUT)/web/page_joined.css: $(call page-files,PAGE_STYLE,css) render/page_modules.def
	$(call say,JOIN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)cat $(filter %.css,$^) > $@

$(OUTPUT)/web/live_joined.css: $(call page-files,PAGE_STYLE,css) $(call page-files,LIVE_STYLE,css) render/page_modules.def
	$(call say,JOIN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)cat $(filter %.css,$^) > $@

$(OUTPUT)/web/%.sha256: $(OUTPUT)/web/%
	$(Q)sha256sum < $< | cut -c 1-64 > $@

$(WEB_JOINED:%=$(OUTPUT)/web/%.o): $(OUTPUT)/web/%.o: $(OUTPUT)/web/%
	$(call say,EMBED,$@)
	$(Q)cd $(OUTPUT) && ld -r -b binary -z noexecstack -o web/$*.o web/$*

$(OUTPUT)/hearth: $(OUTPUT)/plain/profiler/main.o $(OUTPUT)/plain/libhearth.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS_)

# hearth-clang-NUMBER: the same with its kernel side compiled by another clang, which the verifier may like less.
$(OUTPUT)/hearth-clang-%: $(OUTPUT)/hearth
	$(call say,CLANG-$*,$@)
	$(Q)mkdir -p $(OUTPUT)/clang-$*
	$(Q)set -e; for name in $(patsubst bpf/%.bpf.c,%,$(wildcard bpf/*.bpf.c)); do \
		clang-$* $(BPF_FLAGS) -c bpf/$$name.bpf.c -o $(OUTPUT)/clang-$*/$$name.o; \
		$(BPFTOOL) gen skeleton $(OUTPUT)/clang-$*/$$name.o name $${name}_bpf > $(OUTPUT)/clang-$*/$$name.skel.h; \
	done
	$(Q)set -e; for user in $(notdir $(basename $(shell grep -l 'skel\.h' profiler/*.c))); do \
		$(CC) -I$(OUTPUT)/clang-$* $(CFLAGS_) $(CFLAGS) -c profiler/$$user.c -o $(OUTPUT)/clang-$*/$$user.user.o; \
	done
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(OUTPUT)/plain/profiler/main.o $(OUTPUT)/clang-$*/*.user.o \
		$(OUTPUT)/plain/libhearth.a $(LDLIBS_)

$(OUTPUT)/unit/%: $(OUTPUT)/sanitized/tests/unit/%.o $(OUTPUT)/sanitized/libhearth.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(SANITIZE) $(WRAPPED) -o $@ $^ $(LDLIBS_) -ldw -lcmocka
# Calls that a test has come to it first.
$(OUTPUT)/unit/control_groups_test: WRAPPED := -Wl,--wrap=buffer_read_file
$(OUTPUT)/unit/known_code_test: WRAPPED := -Wl,--wrap=store_writer_slice,--wrap=store_writer_add_modules
$(OUTPUT)/unit/process_watch_test: WRAPPED := -Wl,--wrap=readdir
$(OUTPUT)/unit/snapshots_test: WRAPPED := -Wl,--wrap=unwind_loader_is_pending
$(OUTPUT)/unit/module_identities_test: WRAPPED := -Wl,--wrap=module_is_unchanged,--wrap=name_service_submit,--wrap=name_service_take
$(OUTPUT)/unit/modules_test: WRAPPED := -Wl,--wrap=opener_ask,--wrap=opener_take
$(OUTPUT)/unit/store_power_test: WRAPPED := -Wl,--wrap=rename,--wrap=unlink

# Records the cases of tests/replay/, as root: CONTRIBUTING.md.
$(OUTPUT)/replay/case_recorder: $(patsubst %,$(OUTPUT)/plain/tests/replay/%.o,case_recorder case_builder) $(OUTPUT)/plain/libhearth.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS_)

# What end-to-end tests do to hearth's own parts: tests/e2e/.
$(E2E_PROGRAMS): $(OUTPUT)/e2e/%: $(OUTPUT)/plain/tests/e2e/%.o $(OUTPUT)/plain/libhearth.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS_)

# What lets the n-th call of a program fail: tests/e2e/failing_calls.py.
$(FAIL_NTH): tests/e2e/fail_nth.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O2 -g -shared -fPIC -o $@ $<

# What is measured inside one process: tests/bench/*_bench.c.
$(OUTPUT)/bench/%: $(OUTPUT)/plain/tests/bench/%.o $(OUTPUT)/plain/libhearth.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS_)

# Slices of six minutes: tests/bench/figure_serve_growth.py.
$(OUTPUT)/bench/hearth_short_slices: store/store_writer.c $(OUTPUT)/hearth
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_) $(CFLAGS) -DSTORE_SLICE_NS=360000000000u -c $< -o $@.o
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(OUTPUT)/plain/profiler/main.o $@.o $(OUTPUT)/plain/libhearth.a $(LDLIBS_)

$(OUTPUT)/bench/%.bpf.o: tests/bench/%.bpf.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(BPF_COMPILE)

$(OUTPUT)/bench/spin_in: tests/bench/spin_in.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARNINGS) -O2 -fno-optimize-sibling-calls -o $@ $< -ldw -lelf

# deep_stack-KEPT-SIZE: one source without and with frame pointers, with small and wide frames.
$(OUTPUT)/bench/deep_stack-%: tests/bench/deep_stack.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARNINGS) -O2 -fno-optimize-sibling-calls \
		-f$(subst -$(lastword $(subst -, ,$*)),,$*)-frame-pointer -D$(lastword $(subst -, ,$*)) -o $@ $<

# Fuzz targets take bytes until stopped; any tests/fuzz/NAME_fuzz.c is one, with its corpus in tests/fuzz/corpus/NAME/,
# whose folders are fuzzed one by one. What they test is compiled once for all of them.
FUZZ_FOLDERS := base model elf unwind symbolize worker store
# Of http/ what reads the heads of clients; the rest needs the files of web/.
FUZZ_SOURCES := $(call sources,$(FUZZ_FOLDERS)) $(patsubst %,http/%.c,http_guard http_address http_reply http_body)

$(OUTPUT)/fuzzed/%.o: %.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(CFLAGS_) $(SANITIZE) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@

$(OUTPUT)/fuzzed/libhearth.a: $(FUZZ_SOURCES:%.c=$(OUTPUT)/fuzzed/%.o)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(OUTPUT)/fuzz/%: $(OUTPUT)/fuzzed/tests/fuzz/%.o $(OUTPUT)/fuzzed/libhearth.a
	$(call say,FUZZ,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(SANITIZE) -fsanitize=fuzzer -o $@ $^ $(LDLIBS_)

-include $(shell find $(OUTPUT) -name '*.d' -type f 2>/dev/null)

# --- tests and figures -----------------------------------------------------------------------------

samples:
	$(Q)$(MAKE) --no-print-directory --silent -C samples OUTPUT=$(abspath $(OUTPUT)/samples) V=$(V)

deps:
	$(Q)./deps.sh

# The README's command: it installs what is missing.
check: deps
	$(Q)$(MAKE) --no-print-directory -j$(shell nproc) all samples $(CLANG_BUILDS) $(UNIT_TESTS) fuzz-targets case-recorder \
		$(E2E_PROGRAMS) $(FAIL_NTH)
	$(Q)tests/run all

unit: $(UNIT_TESTS)
	$(Q)tests/run unit style

e2e: all samples $(CLANG_BUILDS) case-recorder $(E2E_PROGRAMS) $(FAIL_NTH)
	$(Q)tests/run e2e

# As root: the figures. The servers among the loads are those of `make accuracy`.
bench: all samples $(CLANG_BUILDS) $(BENCHES) $(OUTPUT)/e2e/fake_serve
	$(Q)./deps.sh accuracy
	$(Q)./deps.sh bench
	$(Q)tests/bench/run

# As root: what months do to it, within two hours: SOAK='--minutes 5 mix' for only that.
soak: all samples $(SOAK_UNIT_TESTS) $(FAIL_NTH)
	$(Q)tests/soak/run $(SOAK)

# As root: how whole the stacks of real programs are. Installs those of them that are missing.
accuracy: all samples
	$(Q)./deps.sh accuracy
	$(Q)tests/accuracy/run

case-recorder: $(OUTPUT)/replay/case_recorder

# Other kernels, from Debian's packages, under qemu's emulation: KERNELS='6.1 newest' for only these. As root only where
# something has to be installed for it.
kernels: all samples
	$(Q)./deps.sh kernels
	$(Q)tests/kernels/run $(KERNELS)

fuzz-targets: $(FUZZ_TARGETS)

# make fuzz SECONDS=600: so long for each target and each folder of its corpus.
fuzz: fuzz-targets
	$(Q)FUZZ_SECONDS=$(or $(SECONDS),20) tests/run fuzz

demo:
	$(Q)./deps.sh build
	$(Q)$(MAKE) --no-print-directory -j$(shell nproc) all samples
	$(Q)samples/demo.sh $(OUTPUT)

format:
	$(Q)clang-format -i $(C_FILES)

check-format:
	$(Q)clang-format --dry-run -Werror $(C_FILES)

# --- living on a machine ---------------------------------------------------------------------------

SYSCONFDIR ?= /etc
BINDIR     ?= $(PREFIX)/bin
MANDIR     ?= $(PREFIX)/share/man
DOCDIR     ?= $(PREFIX)/share/doc/hearth
UNITDIR    ?= $(PREFIX)/lib/systemd/system
BASHDIR    ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR     ?= $(PREFIX)/share/zsh/site-functions
FISHDIR    ?= $(PREFIX)/share/fish/vendor_completions.d
MADE       := $(OUTPUT)/install

# What install puts somewhere and uninstall takes away: FILE=WHERE.
INSTALLED := \
	$(foreach page,$(wildcard docs/*.[15]),$(page)=$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(notdir $(page))) \
	$(foreach file,README.md LICENSE LICENSES/GPL-2.0-only.txt docs/formats.md docs/http.md docs/page.md docs/profile.schema.json \
		packaging/hearth.conf,$(file)=$(DOCDIR)/$(notdir $(file))) \
	$(MADE)/hearth.service=$(UNITDIR)/hearth.service \
	$(MADE)/hearth.bash=$(BASHDIR)/hearth $(MADE)/hearth.zsh=$(ZSHDIR)/_hearth $(MADE)/hearth.fish=$(FISHDIR)/hearth.fish
source-of = $(firstword $(subst =, ,$(1)))
target-of = $(DESTDIR)$(lastword $(subst =, ,$(1)))
CONF     := $(DESTDIR)$(SYSCONFDIR)/hearth/hearth.conf

# With the paths of this installation.
.PHONY: installed-files
installed-files: $(OUTPUT)/hearth
	$(Q)mkdir -p $(MADE)
	$(Q)sed 's#@BINDIR@#$(BINDIR)#' packaging/hearth.service.in > $(MADE)/hearth.service
	$(Q)set -e; for shell in bash zsh fish; do $< completion $$shell > $(MADE)/hearth.$$shell; done

# A hearth.conf that is there stays as it is.
install: all installed-files
	$(Q)install -D -m 755 $(OUTPUT)/hearth $(DESTDIR)$(BINDIR)/hearth
	$(Q)set -e; $(foreach pair,$(INSTALLED),install -D -m 644 $(call source-of,$(pair)) $(call target-of,$(pair));)
	$(Q)test -e $(CONF) || install -D -m 644 packaging/hearth.conf $(CONF)

# A hearth.conf that was changed stays, and so does a store.
uninstall:
	$(Q)rm -f $(DESTDIR)$(BINDIR)/hearth $(foreach pair,$(INSTALLED),$(call target-of,$(pair)))
	$(Q)! cmp -s packaging/hearth.conf $(CONF) || rm -f $(CONF)
	$(Q)for folder in $(DESTDIR)$(DOCDIR) $(dir $(CONF)); do rmdir $$folder 2>/dev/null || :; done

# A Debian package of it: .output/hearth_VERSION_ARCHITECTURE.deb.
.PHONY: deb
deb: all
	$(call say,DEB,$(OUTPUT))
	$(Q)packaging/debian/make_deb.sh $(OUTPUT) $(VERSION)

# What packaging/Containerfile copies: the binary and the libraries that it is linked to, and nothing else.
.PHONY: image-root
image-root: all
	$(call say,IMAGE,$(OUTPUT)/image-root)
	$(Q)packaging/make_image_root.sh $(OUTPUT)/hearth $(OUTPUT)/image-root

clean:
	rm -rf $(OUTPUT)
