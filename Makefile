# SPDX-License-Identifier: GPL-2.0
# tscope: make help

# Nothing here is for kbuild, which reads the file Kbuild.
KVER ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KVER)/build
SUDO_HINT = needs root: sudo make $@

.PHONY: all modules load unload report install uninstall modules_install \
	dkms dkms-remove dkms-source deb dist run check kunit coverage lab matrix bench native \
	docs debug-check fuzz sysfs-fuzz soak odd lockdown signing clean help

all: modules

modules: | $(KDIR)/Makefile
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

$(KDIR)/Makefile:
	@echo "No headers of kernel $(KVER) in $(KDIR)." >&2
	@echo "Install them (Debian: apt install linux-headers-$(KVER)), or name them: make KDIR=..." >&2
	@echo "Without a kernel that can load modules: make run" >&2
	@false

load: modules
	@test "$$(id -u)" = 0 || { echo "$(SUDO_HINT)" >&2; exit 1; }
	insmod module/tscope.ko $(PARAMS)
	@echo "loaded; to sample: sudo make report"

unload:
	@test "$$(id -u)" = 0 || { echo "$(SUDO_HINT)" >&2; exit 1; }
	rmmod tscope

DURATION ?= 10

report:
	@tools/report.sh --duration $(DURATION)

# The kernel whose headers KDIR holds: where the module goes.
KREL = $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h)
# modules_install leaves depmod out where there is no System.map
DEPMOD = depmod $(if $(INSTALL_MOD_PATH),-b $(INSTALL_MOD_PATH)) $(KREL)

install modules_install: modules
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules_install
	$(DEPMOD)

# modules_install puts it below one of these, by the kernel's version
uninstall:
	for dir in updates extra; do \
		rm -f $(INSTALL_MOD_PATH)/lib/modules/$(KREL)/$$dir/module/tscope.ko*; \
		rmdir $(INSTALL_MOD_PATH)/lib/modules/$(KREL)/$$dir/module 2>/dev/null || :; \
	done
	$(DEPMOD)

VERSION = $(shell tools/version.sh)
DKMS_SOURCE = $(DESTDIR)/usr/src/tscope-$(VERSION)

# What DKMS builds from. debian/rules uses it too.
dkms-source:
	rm -rf $(DKMS_SOURCE)
	install -d $(DKMS_SOURCE)/module
	install -m 644 dkms.conf Kbuild $(DKMS_SOURCE)/
	install -m 644 module/Kbuild module/Kconfig \
		$(filter-out %.mod.c,$(wildcard module/*.[ch])) $(DKMS_SOURCE)/module/

# for the running kernel now, and for each one that comes
dkms:
	@test "$$(id -u)" = 0 || { echo "$(SUDO_HINT)" >&2; exit 1; }
	@command -v dkms >/dev/null || { echo "No dkms (Debian: apt install dkms linux-headers-$(KVER))." >&2; exit 1; }
	if dkms status tscope/$(VERSION) | grep -q .; then dkms remove tscope/$(VERSION) --all; fi
	$(MAKE) --no-print-directory dkms-source DESTDIR=
	dkms add tscope/$(VERSION)
	dkms install tscope/$(VERSION) -k $(KVER)

dkms-remove:
	@test "$$(id -u)" = 0 || { echo "$(SUDO_HINT)" >&2; exit 1; }
	dkms remove tscope/$(VERSION) --all
	rm -rf /usr/src/tscope-$(VERSION)

dist:
	@tools/dist.sh build/dist

deb:
	@tools/deb.sh build/deb

run:
	@KERNEL=$(KERNEL) DURATION=$(DURATION) ACCEL=$(ACCEL) selftests/lab/run

check:
	@LONG=$(LONG) selftests/check.sh $(CHECK)

# KUnit suites on kernels built for them; the first run builds these.
kunit:
	@selftests/kunit.sh $(KUNIT)

# Lines and branches of the pure files that their user-space tests reach.
coverage:
	@selftests/coverage.sh

# The catalogue of known faults, each figure held against the truth.
lab:
	@SCENARIO="$(SCENARIO)" LIST=$(LIST) SEED=$(SEED) KERNEL=$(KERNEL) LONG=$(LONG) \
		selftests/lab/all

# Each kernel that it is made for: build, load, sample, kselftests.
matrix:
	@selftests/matrix.sh $(MATRIX)

# The burst, intervals, time page and fit on the real TSC of this machine.
native:
	@$(MAKE) -s -C selftests/user native

# An earlier module and this one side by side, with bare loops and chrony.
bench:
	@KERNEL=$(KERNEL) BASE=$(BASE) BENCH_PARTS="$(BENCH_PARTS)" BENCH_ROUNDS=$(BENCH_ROUNDS) \
		MODULE=$(MODULE) selftests/lab/bench.run

# libFuzzer on the pure files.
fuzz:
	@FUZZ="$(FUZZ)" FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_JOBS=$(FUZZ_JOBS) FUZZ_SEED=$(FUZZ_SEED) \
		FUZZ_INPUT=$(FUZZ_INPUT) selftests/user/fuzz/run

# Hostile use, in guests.
sysfs-fuzz soak lockdown:
	@OPS=$(OPS) SEED=$(SEED) SOAK_SECONDS=$(SOAK_SECONDS) KERNEL=$(KERNEL) ACCEL=$(ACCEL) \
		selftests/lab/hostile $@

odd:
	@ODD="$(ODD)" KERNEL=$(KERNEL) selftests/lab/odd

# Secure Boot: unsigned it is refused, signed by an enrolled key it loads.
signing:
	@selftests/signing.sh $(KERNEL)

# HTML, without a warning: build/docs/index.html
docs:
	@selftests/lab/deps.sh sphinx-build:python3-sphinx:"the documentation"
	sphinx-build -E -q -W -b html Documentation build/docs

# What debug kernels find in tscope, after they found what was planted for them.
debug-check:
	@KERNEL="$(KERNEL)" KIND="$(KIND)" PART="$(PART)" selftests/debug-check.sh

clean:
	rm -rf build
	@if [ -e $(KDIR)/Makefile ]; then $(MAKE) -C $(KDIR) M=$(CURDIR) clean; fi

help:
	@echo "make              build module/tscope.ko for the running kernel (KDIR=, KVER=)"
	@echo "sudo make load    insmod it (PARAMS='enable=1 period_us=20000')"
	@echo "sudo make report  sample for 10 s and print what was found (DURATION=)"
	@echo "sudo make unload  rmmod it"
	@echo "make install      modules_install (INSTALL_MOD_PATH=); make uninstall"
	@echo "sudo make dkms    by DKMS, for each kernel to come, too; make dkms-remove"
	@echo "make deb          build/deb/tscope-dkms_*.deb, a Debian package (checked by lintian)"
	@echo "make dist         build/dist/tscope-*.tar.xz, the release tarball"
	@echo "make run          a report from a guest, on any machine (KERNEL=6.1 DURATION= ACCEL=)"
	@echo "make check        the short form of most tests; CHECK='user lint' runs some, LONG=1 longer forms"
	@echo "make kunit        KUnit suites, on kernels built for them (KUNIT='6.12 6.12-tree')"
	@echo "make coverage     of the pure files, by the user-space tests"
	@echo "make lab          all faults of the catalogue (SCENARIO= LIST=1 SEED= KERNEL=)"
	@echo "make matrix       each kernel from 6.1 to sid's, rt and cloud, gcc and clang (MATRIX='6.1 6.12-rt')"
	@echo "make fuzz         libFuzzer on the pure files (FUZZ='fit hist' FUZZ_SECONDS=600)"
	@echo "make sysfs-fuzz   random use of all files in a guest (OPS=1000000 SEED= ACCEL=)"
	@echo "make soak         all at once for long, in a guest (SOAK_SECONDS=3600 ACCEL=)"
	@echo "make odd          machines without ACPI, HPET, kvm-clock, CPUs... (ODD= KERNEL=)"
	@echo "make lockdown     a kernel that is locked down, in a guest"
	@echo "make signing      a machine with Secure Boot takes it signed, refuses it unsigned (KERNEL=)"
	@echo "make docs         build/docs/index.html, by Sphinx"
	@echo "make bench        before (BASE=e67600f) and after side by side, bare loops and chrony (BENCH_PARTS=)"
	@echo "make native       the burst, intervals, time page and fit on this machine's TSC (NATIVE_SHORT=1 SEED=)"
	@echo "make debug-check  kselftests and a stress in debug kernels (KERNEL= KIND= PART=)"
	@echo "make clean        remove what was built"
