# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC2086
# DESCRIPTION: the kselftests, in the lab's guest; needs --module and --add selftests:/selftests
#
# It runs them by the kernel tree's own runner if `make install` has put it there, and else
# prints what the runner would. Environment (--env): TESTS, the scripts to run; TEST_SHELL, the
# shell that runs them; TEST_TIMEOUT, the seconds that each may take; CLOCK, which the guest is to
# have: hyperv, xen or vmclock; the scripts' own variables, LOADS and DURATION.

# The tests use KVM's host if there is one. With tsc=unstable the kernel leaves alone what they
# inject; lapic= makes the machine that of tsc-offset, so that one guest can run both.
GUEST_APPEND="tsc=unstable lapic=notscdeadline"
TIMEOUT=400
case ${CLOCK:-} in
hyperv) GUEST_CPU="kvm=off,hv-relaxed,hv-vapic,hv-vpindex,hv-time,hv-synic,hv-stimer,hv-frequencies" ;;
# KVM can't be asked to stop writing a page, which is kept then
xen) GUEST_XEN=1 LOG_ALLOW="tscope: xen: pages that are never freed" ;;
vmclock) GUEST_VMCLOCK=qemu ;;
esac

# Sets $SKIPS, the reasons for which a test may be skipped in a guest of the lab: it needs another
# command line (which make odd has), another hypervisor, or KVM where the machine is emulated.
may_skip() {
	local clock
	SKIPS="only with debugfs=off|its page gives no time"
	for clock in hyperv xen vmclock; do
		[ "$clock" = "${CLOCK:-}" ] || SKIPS="$SKIPS|no $clock here"
	done
	! grep -qw kvm-clock /sys/devices/system/clocksource/clocksource0/available_clocksource ||
		return 0
	SKIPS="$SKIPS|no kvm-clock here|no time page here|no ptp-kvm here|no lab host"
	SKIPS="$SKIPS|a write of MSR_IA32_TSC_ADJUST moves no TSC"
}

# run_one SCRIPT: prints its KTAP nested, and returns its exit status
run_one() {
	{
		timeout "$limit" $TEST_SHELL "./$1" 2>&1
		echo $? >/run/kselftest.status
	} | awk -v may="$SKIPS" '/^not ok/ { bad = 1 }
		/# SKIP/ && $0 !~ "# SKIP (" may ")" { bad = 1; print "# no reason to be skipped here:" }
		{ print "# " $0; fflush() } END { exit bad }' >/run/channel
	nested=$?
	read -r status </run/kselftest.status
	[ $nested = 0 ] || status="$status, with a not ok or a SKIP"
}

# installed: runs them by run_kselftest.sh, whose exit status is always 0
installed() {
	local name tests=
	for name in $TESTS; do
		tests="$tests -t tscope:$name"
	done
	# shellcheck disable=SC2086
	./run_kselftest.sh ${tests:--c tscope} 2>&1 | tee /run/ktap >/run/channel
	grep -q '^ok ' /run/ktap && ! grep -q '^[# ]*not ok' /run/ktap &&
		! grep '# SKIP' /run/ktap | grep -vE "# SKIP ($SKIPS)"
}

guest() {
	local name number=0 failed=0 began nested status limit

	cd /selftests || { say "# no /selftests: --add selftests:/selftests"; return 1; }
	export TSCOPE_SET_CLOCK=1 UNDISTURBED=1
	# the tarball has a module of its own
	if [ ! -f tscope/tscope.ko ]; then
		[ -f /lib/tscope/tscope.ko ] || { say "# no module: --module"; return 1; }
		export TSCOPE_MODULE=/lib/tscope/tscope.ko
	fi
	# the guest has no user but root
	echo "nobody:x:65534:65534:nobody:/:/bin/sh" >>/etc/passwd
	may_skip
	if [ -x run_kselftest.sh ]; then
		installed
		return
	fi
	limit=${TEST_TIMEOUT:-$(sed -n 's/^timeout=//p' settings)}
	[ -n "$TESTS" ] || TESTS=$(sed -n '/^TEST_PROGS/,/[^\\]$/s/[^a-z]*\([a-z]*[.]sh\).*/\1/p' Makefile)

	set -- $TESTS
	say "TAP version 13"
	say "1..$#"
	for name; do
		number=$((number + 1))
		began=$(cut -d. -f1 /proc/uptime)
		say "# timeout set to $limit"
		say "# selftests: tscope: $name"
		run_one "$name"
		say "# took $(($(cut -d. -f1 /proc/uptime) - began)) s"
		case $status in
		0) say "ok $number selftests: tscope: $name" ;;
		4) say "ok $number selftests: tscope: $name # SKIP" ;;
		*) failed=$((failed + 1))
		   say "not ok $number selftests: tscope: $name # exit=$status" ;;
		esac
	done
	[ $failed = 0 ]
}
