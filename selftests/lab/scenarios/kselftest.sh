# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC2086
# DESCRIPTION: the kselftests, in the lab's guest; needs --module and --add selftests:/selftests
#
# Runs them by the kernel tree's own runner where `make install` has put it, and else
# prints what that would. Environment (--env): TESTS, the scripts to run, TEST_SHELL, what
# runs them, TEST_TIMEOUT, seconds that each may take, and theirs: LOADS, DURATION.

# KVM's host is asked for where there is one. tsc=unstable: what the tests inject stays.
GUEST_APPEND="tsc=unstable"
TIMEOUT=400

# What may be skipped in a guest of the lab, in $SKIPS: what asks for a command line of its own
# (make odd has it), and where the machine is emulated what is KVM's.
may_skip() {
	SKIPS="only with debugfs=off"
	grep -qw kvm-clock /sys/devices/system/clocksource/clocksource0/available_clocksource ||
		SKIPS="$SKIPS|no kvm-clock here|no ptp-kvm here|no lab host|a write of MSR_IA32_TSC_ADJUST moves no TSC"
}

# run_one SCRIPT: its KTAP nested; its exit status
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

# installed: by run_kselftest.sh, which ends with 0 whatever comes
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
	[ -f /lib/tscope/tscope.ko ] || { say "# no module: --module"; return 1; }
	export TSCOPE_MODULE=/lib/tscope/tscope.ko TSCOPE_SET_CLOCK=1 UNDISTURBED=1
	# the guest has root alone
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
