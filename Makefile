# SPDX-License-Identifier: GPL-2.0
# tscope: make help

# Nothing here is for kbuild, which reads the file Kbuild.
KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
SUDO_HINT = needs root: sudo make $@

# kbuild splits paths at blanks, and make at colons.
ifneq ($(words $(subst :, ,x$(CURDIR)x)),1)
ifneq ($(MAKECMDGOALS),help)
$(error kbuild takes no path with a blank or a colon: move tscope out of "$(CURDIR)")
endif
endif

# A kernel built by clang needs modules built by LLVM's programs: those of the same version, if they
# are installed with the version in their names (clang-19), else any. LLVM= overrides this.
kernel_config = $(shell sed -n 's/^$(1)=//p' $(KDIR)/include/config/auto.conf 2>/dev/null)
ifeq ($(origin LLVM)$(call kernel_config,CONFIG_CC_IS_CLANG),undefinedy)
CLANG_MAJOR := $(shell echo $$(($(lastword $(call kernel_config,CONFIG_CLANG_VERSION)) / 10000)))
LLVM := $(if $(shell command -v clang-$(CLANG_MAJOR) >/dev/null && command -v ld.lld-$(CLANG_MAJOR)),-$(CLANG_MAJOR),$(if $(shell command -v clang),1,-$(CLANG_MAJOR)))
endif
TRIMMED = CONFIG_TRIM_UNUSED_KSYMS: this kernel exports only the symbols that its own modules use. If one is undefined, build the kernel without this option.
IF_TRIMMED = $(if $(call kernel_config,CONFIG_TRIM_UNUSED_KSYMS),|| { echo "$(TRIMMED)" >&2; false; })
LLVM_ARG = $(if $(LLVM),LLVM=$(LLVM))
HARNESS = selftests/harness

.PHONY: kselftest-tar all modules tools load unload report install uninstall modules_install \
	install-tools uninstall-tools \
	dkms dkms-remove dkms-source deb dist run check check-all kunit coverage lab lab-table matrix bench \
	peers native scale user docs debug-check fuzz sysfs-fuzz soak odd lockdown signing installed \
	clean help

# make help prints what follows ## below: groups, and targets with their variables.

##@ Use

all: modules		## build module/tscope.ko for the running kernel (KDIR= KVER=)

modules: | $(KDIR)/Makefile
	@test -z "$(CLANG_MAJOR)" || command -v clang$(filter -%,$(LLVM)) >/dev/null || { \
		echo "Clang has built kernel $(KREL), and there is none here (Debian: apt install clang-$(CLANG_MAJOR) lld-$(CLANG_MAJOR) llvm-$(CLANG_MAJOR))." >&2; exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) $(LLVM_ARG) modules $(IF_TRIMMED)

$(KDIR)/Makefile:
	@echo "No headers of kernel $(KVER) in $(KDIR)." >&2
	@echo "Install them (Debian: apt install linux-headers-$(KVER)), or name them: make KDIR=..." >&2
	@echo "Without a kernel that can load modules: make run" >&2
	@false

load: modules		## insmod it, as root (PARAMS='enable=1 period_us=20000')
	@test "$$(id -u)" = 0 || { echo "$(SUDO_HINT)" >&2; exit 1; }
	insmod module/tscope.ko $(PARAMS)
	@echo "loaded; to sample: sudo make report"

DURATION ?= 10

report: tools		## sample for 10 s and print what was found, as root (DURATION=)
	@build/tscope report -d $(DURATION) || test $$? = 1

unload:			## rmmod it, as root
	@test "$$(id -u)" = 0 || { echo "$(SUDO_HINT)" >&2; exit 1; }
	rmmod tscope

tools:			## build/tscope, the command (STATIC=1: without shared libraries)
	@$(HARNESS)/deps.sh make:make:"the command" gcc:gcc:"the command" \
		/usr/include/json-c/json.h:libjson-c-dev:"the command" \
		/usr/include/expat.h:libexpat1-dev:"the command"
	@echo "building build/tscope (V=1 shows how)"
	@$(MAKE) $(if $(V),,-s) --no-print-directory -C tools/tscope STATIC=$(STATIC)

run:			## a report from a guest, on any machine (KERNEL=6.1 DURATION= ACCEL=)
	@KERNEL=$(KERNEL) DURATION=$(DURATION) ACCEL=$(ACCEL) selftests/lab/run

##@ Install

# The release of the kernel whose headers KDIR holds: the module is installed for it.
KREL = $(or $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h 2>/dev/null),$(KVER))
# modules_install does not run depmod if there is no System.map
DEPMOD = @if command -v depmod >/dev/null; then \
		depmod $(if $(INSTALL_MOD_PATH),-b $(INSTALL_MOD_PATH)) $(KREL); \
	else \
		echo "No depmod here: modprobe finds tscope after \"depmod $(KREL)\", insmod at once."; \
	fi

install modules_install: modules	## modules_install (INSTALL_MOD_PATH=)
	$(MAKE) -C $(KDIR) M=$(CURDIR) $(LLVM_ARG) modules_install
	$(DEPMOD)

# modules_install installs below updates or extra; this depends on the kernel's version
uninstall:		## undo it
	for dir in updates extra; do \
		rm -f $(INSTALL_MOD_PATH)/lib/modules/$(KREL)/$$dir/module/tscope.ko* || exit; \
		rmdir $(INSTALL_MOD_PATH)/lib/modules/$(KREL)/$$dir/module 2>/dev/null || :; \
	done
	$(DEPMOD)

install-tools: tools	## the command, man pages, completion, units, alert rules (DESTDIR= PREFIX=/usr/local)
	@$(HARNESS)/deps.sh rst2man:python3-docutils:"man pages"
	$(MAKE) -C tools/tscope STATIC=$(STATIC) DESTDIR=$(abspath $(DESTDIR)) install
	$(MAKE) -C tools/fleet DESTDIR=$(abspath $(DESTDIR)) install

uninstall-tools:	## undo it
	$(MAKE) -C tools/tscope DESTDIR=$(abspath $(DESTDIR)) uninstall
	$(MAKE) -C tools/fleet DESTDIR=$(abspath $(DESTDIR)) uninstall

VERSION = $(shell tools/version.sh)
DKMS_SOURCE = $(DESTDIR)/usr/src/tscope-$(VERSION)

# Install the source that DKMS builds. debian/rules uses this target too.
dkms-source:
	rm -rf $(DKMS_SOURCE)
	install -d $(DKMS_SOURCE)/module
	install -m 644 dkms.conf Kbuild $(DKMS_SOURCE)/
	install -m 644 module/Kbuild module/Kconfig \
		$(filter-out %.mod.c,$(wildcard module/*.[ch])) $(DKMS_SOURCE)/module/

dkms:			## by DKMS, as root: for the running kernel, and for each one that comes
	@test "$$(id -u)" = 0 || { echo "$(SUDO_HINT)" >&2; exit 1; }
	@command -v dkms >/dev/null || { echo "No dkms (Debian: apt install dkms linux-headers-$(KVER))." >&2; exit 1; }
	if dkms status tscope/$(VERSION) | grep -q .; then dkms remove tscope/$(VERSION) --all; fi
	$(MAKE) --no-print-directory dkms-source DESTDIR=
	dkms add tscope/$(VERSION)
	dkms install tscope/$(VERSION) -k $(KVER)

dkms-remove:		## undo it
	@test "$$(id -u)" = 0 || { echo "$(SUDO_HINT)" >&2; exit 1; }
	dkms remove tscope/$(VERSION) --all
	rm -rf /usr/src/tscope-$(VERSION)

deb:			## the Debian packages tscope and tscope-dkms, in build/deb (checked by lintian)
	@tools/deb.sh build/deb

dist:			## build/dist/tscope-*.tar.xz, the release tarball
	@tools/dist.sh build/dist

##@ Test

check:			## the tests that every change needs, in 10 minutes (CHECK='lint user' SEED= TIMES=1)
	@TIMES=$(TIMES) $(HARNESS)/check.sh $(CHECK)

check-all:		## that, and all other tests (LIMIT=seconds LONG=1 SEED= TIMES=1)
	@LIMIT=$(LIMIT) LONG=$(LONG) TIMES=$(TIMES) $(HARNESS)/check.sh --all

# test-KIND-NAME, for each NAME that test-KIND-list prints
test-%:			## one test, as test-lab-pause, -kselftest-abi, -user-fit, -tools-parse; test-list prints all
	@SEED=$(SEED) KERNEL=$(KERNEL) $(HARNESS)/one.sh $*

kselftest-tar:		## the kselftests and the module, packed for another machine (KVER= KDIR= KERNEL=6.12)
	@KVER=$(KVER) KDIR=$(KDIR) KERNEL=$(KERNEL) $(HARNESS)/kselftest_tar.sh

lab:			## all faults of the catalogue (SCENARIO= LIST=1 SEED= KERNEL= SHORT=1 LONG=1 DOCTOR_TEXT=1)
	@SCENARIO="$(SCENARIO)" LIST=$(LIST) SEED=$(SEED) KERNEL=$(KERNEL) SHORT=$(SHORT) \
		LONG=$(LONG) DOCTOR_TEXT=$(DOCTOR_TEXT) selftests/lab/all

lab-table:		## which faults tscope doctor found in the runs of make lab: scenario x id
	@selftests/lab/table.sh

user:			## the pure files and the unchanged exchange in user space, with ASan and UBSan (SEED=)
	@$(HARNESS)/check.sh user

kunit:			## KUnit suites, on kernels built for them, once (KUNIT='6.12 6.1 6.12-tree')
	@$(HARNESS)/kunit.sh $(KUNIT)

coverage:		## lines and branches of the pure files that their user-space tests reach
	@$(HARNESS)/coverage.sh

matrix:			## each kernel from 6.1 to sid's, rt and cloud, gcc and clang (MATRIX='6.1 6.12-rt')
	@$(HARNESS)/matrix.sh $(MATRIX)

##@ Measure

native:			## the burst, intervals, time page and fit on this machine's TSC (NATIVE_SHORT=1 SEED=)
	@$(MAKE) -s -C selftests/user native

scale:			## 2 to 4096 simulated CPUs: memory, cost of reads, how wide intervals are (SEED=)
	@$(MAKE) -s -C selftests/user scale

bench:			## before (BASE=e67600f) and after side by side, bare loops and chrony (KERNEL= BENCH_PARTS=)
	@KERNEL=$(KERNEL) BASE=$(BASE) BENCH_PARTS="$(BENCH_PARTS)" BENCH_ROUNDS=$(BENCH_ROUNDS) \
		MODULE=$(MODULE) selftests/lab/bench.run

peers:			## tscope beside chrony, linuxptp, the kernel's own checks and KVM's selftests (PEERS= SEED= KERNEL=)
	@KERNEL=$(KERNEL) PEERS="$(PEERS)" SEED=$(SEED) MODULE=$(MODULE) selftests/lab/peers.run

##@ Abuse

fuzz:			## libFuzzer on the pure files (FUZZ='fit hist' FUZZ_SECONDS=600)
	@FUZZ="$(FUZZ)" FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_JOBS=$(FUZZ_JOBS) FUZZ_SEED=$(FUZZ_SEED) \
		FUZZ_INPUT=$(FUZZ_INPUT) selftests/user/fuzz/run

debug-check:		## kselftests and a stress in debug kernels (KERNEL= KIND= PART=)
	@KERNEL="$(KERNEL)" KIND="$(KIND)" PART="$(PART)" $(HARNESS)/debug-check.sh

sysfs-fuzz: 		## random use of all files in a guest (OPS=1000000 SEED= ACCEL=)
soak:			## all at once for long, in a guest (SOAK_SECONDS=3600 ACCEL=)
lockdown:		## a kernel that is locked down, in a guest
sysfs-fuzz soak lockdown:
	@OPS=$(OPS) SEED=$(SEED) SOAK_SECONDS=$(SOAK_SECONDS) KERNEL=$(KERNEL) ACCEL=$(ACCEL) \
		selftests/lab/hostile $@

odd:			## machines without ACPI, HPET, kvm-clock, CPUs... (ODD= KERNEL=)
	@ODD="$(ODD)" KERNEL=$(KERNEL) selftests/lab/odd

signing:		## a machine with Secure Boot takes it signed, refuses it unsigned (KERNEL=)
	@$(HARNESS)/signing.sh $(KERNEL)

installed:		## README's commands, the packages and the units in a booted Debian 12
	@$(HARNESS)/installed.sh

##@ Other

docs: tools		## build/docs/index.html, by Sphinx, without a warning
	@$(HARNESS)/deps.sh sphinx-build:python3-sphinx:"the documentation" \
		gnuplot:gnuplot-nox:"pictures of the documentation"
	sphinx-build -E -q -W -b html Documentation build/docs

clean:			## remove what was built
	rm -rf build
	@if [ -e $(KDIR)/Makefile ]; then $(MAKE) -C $(KDIR) M=$(CURDIR) clean; fi

help:			## this
	@sed -n -e 's/^##@ \(.*\)/\n\1:/p' \
		-e 's/^\([a-z][a-z_-]*%*\)[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20
