# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# guests.sh: tests in guests. Needs results.sh, build.sh, $TOP, and $PART, the part of check.sh.

# report_whole LOG: checks that the report in a log has a number for each figure, which was read
# exactly, and no fault
report_whole() {
	local clock n='-?[0-9]+(\.[0-9]+)?'
	for clock in kvm-clock ptp-kvm monotonic-raw realtime; do
		grep -qE "^  $clock +exact +[0-9]+ +$n +$n +[0-9]+ m?s +$n\$" "$1" ||
			{ echo "no line of figures for $clock"; return 1; }
	done
	grep -qE "^  tsc +0 +1 +$n +[0-9]+ +[0-9]+ m?s +[0-9]+ +0\$" "$1" || { echo "no pair offset"; return 1; }
	grep -qE "^  offset  $n [mun]?s \+- [0-9.]+ ns, [0-9]+ m?s ago\$" "$1" ||
		{ echo "no offset of the wall clock"; return 1; }
	grep -qE "^  drift   $n ppb \+- $n ppb \(95 %\)\$" "$1" || { echo "no drift of the wall clock"; return 1; }
	grep -qE '^ +[0-9]+ +[0-9]+ +[1-9][0-9]*  #+$' "$1" || { echo "no histogram"; return 1; }
	grep -qE '^tscope [0-9.]+: (nothing wrong was found|0 faults, [0-9]+ warnings?)$' "$1" ||
		{ grep -A9 '^tscope [0-9]' "$1"; return 1; }
}

# The seed of random values in all scenarios of a run.
SEED=${SEED:-$((RANDOM * 3 + 1))}

# Tests that inject faults of KVM's clocks run in a guest of KVM, and so does abi.sh, which sees all
# clocks there. The others run in plain emulation, which is faster; make check-all runs them in KVM.
KSELFTESTS="abi.sh faults.sh"
KSELFTESTS_TCG="load.sh race.sh badinput.sh control.sh unprivileged.sh trace.sh debugfs.sh"
# Each word is one guest, which runs its scenarios in turn. They have clocks that step, drift
# or are off; "make check-all" has the other faults.
GUESTS=${GUESTS:-"quiet+host-step+host-rate+hotplug+migration+master-clock-switch+report
	kselftest+tsc-offset+alerts"}
ODD=${ODD:-"no-acpi isolated-both bare bare-kvm no-stable-bit foreign-btf"}

guest_module() {
	module_build 6.12 >"$LOGS/lab-build.log" 2>&1 && return
	result 1 "module for guests" "$LOGS/lab-build.log"
	return 1
}

# again SCENARIO LOG: prints how to repeat what failed: the kselftests that failed, or their part if
# none says so
again() {
	local script found=''
	case $1 in
	kselftest)
		while read -r script; do
			note "again: make test-kselftest-$script"
			found=1
		done < <(sed -n 's/^not ok [0-9]* selftests: tscope: \([a-z]*\)[.]sh.*/\1/p' "$2")
		[ -n "$found" ] || note "again: make check CHECK=$PART"
		;;
	report) note "again: make run" ;;
	*) note "again: make lab SCENARIO=$1 SEED=$SEED SHORT=1" ;;
	esac
}

# lab_run NAME SCENARIOS [LAB OPTION...]: says which scenario begins, and after a failure how
# to repeat it. The timeout ends a run that prints forever.
lab_run() {
	local name=$1 what=$2 log=$LOGS/lab-$1.log status failed line silence=(--silence 120)
	shift 2
	note "guest: $name"
	# unless the scenario says for how long its guest is silent
	! grep -qs '^SILENCE=' "$TOP/selftests/lab/scenarios/$what.sh" || silence=()
	"$TOP/selftests/lab/lab" --module "$MODULE_KO" --add "${TESTS_DIR:-$TOP/selftests}:/selftests" \
		--env SHORT=1 --env "SEED=$SEED" --timeout 1800 "${silence[@]}" \
		--out "$TOP/build/lab/$name" "$@" "$what" 2>&1 | tee "$log" |
		while read -r line; do
			[[ $line != "# lab: scenario "* ]] || note "  ${line:16}"
		done
	status=${PIPESTATUS[0]}
	ktap "$status" "guest: $name" "$log"
	[ "$status" = 0 ] && return
	tail -n 25 "$log" | sed 's/^/    /'
	failed=$(sed -n 's/^# lab: scenario \([^ ,]*\).*/\1/p' "$log" | tail -n 1)
	again "${failed:-$what}" "$log"
}

# Runs the kselftests in a guest, installed as for another machine, by the kernel tree's runner. The
# KTAP parsers of the kernel and of perl check the output.
part_kselftest() {
	local dir=$TOP/build/lab/installed log=$LOGS/lab-kselftest-tcg.log
	kernel_source 6.12 || { result 1 "linux-source" /dev/null; return; }
	guest_module || return
	rm -rf "$dir" && mkdir -p "$dir"
	run "make kselftest-tar" make -s -C "$TOP" kselftest-tar KERNEL=6.12
	tar -xf "$(tail -n 1 "$LOGS/make-kselftest-tar.log")" -C "$dir"
	# the runner prints what a script says when the script ends, which has 240 s for that
	TESTS_DIR=$dir lab_run kselftest-tcg kselftest --env TESTS="$KSELFTESTS_TCG" --accel tcg \
		--env LOADS=20 --env DURATION=5 --silence 300
	awk '/^# lab: again from / { n = 0; next } { line[n++] = $0 }
		END { for (i = 0; i < n; i++) print line[i] }' "$log" >"$LOGS/kselftest-tcg.ktap"
	run "kunit.py parses them" python3 "$KSRC/tools/testing/kunit/kunit.py" parse \
		"$LOGS/kselftest-tcg.ktap"
	run "prove takes them" prove -e cat "$LOGS/kselftest-tcg.ktap"
}

part_guests() {
	local scenarios
	guest_module || return
	note "SEED=$SEED"
	for scenarios in $GUESTS; do
		lab_run "$scenarios" "$scenarios" --env TESTS="$KSELFTESTS" --env DURATION=5
		[[ +$scenarios+ != *+report+* ]] ||
			run "the report is whole" report_whole "$LOGS/lab-$scenarios.log"
	done
}

# all kselftests, in a guest that has all clocks of KVM; those of files in guests that have others
part_kselftest_kvm() {
	local clock
	guest_module || return
	lab_run kselftest-kvm kselftest --env TEST_TIMEOUT=400
	for clock in hyperv xen vmclock; do
		lab_run "kselftest-$clock" kselftest --accel nested --env "CLOCK=$clock" \
			--env TESTS="abi.sh debugfs.sh control.sh" --env TEST_TIMEOUT=400
	done
}

# The catalogue less the scenarios of part_guests, one guest each, as far as LIMIT allows. Kinds of
# faults that part_guests has in one form only come first.
part_scenarios() {
	local name done=" ${GUESTS//[+[:space:]]/ } " ktaps=()
	guest_module || return
	note "SEED=$SEED"
	for name in no-master-clock clocksource-switch cost guest-step pause \
		$("$TOP/selftests/lab/all" --names); do
		[[ $done != *" $name "* ]] || continue
		done+="$name "
		if within_limit "$name"; then
			timed "$name" lab_run "$name" "$name"
			ktaps+=("$LOGS/lab-$name.log")
		fi
	done
	[ ${#ktaps[@]} != 0 ] || return
	run "noisy intervals" "$TOP/selftests/lab/intervals.sh" "${ktaps[@]}"
	note "  $(tail -n 1 "$LOGS/noisy-intervals.log")"
}

# as users call it; part_guests checks the same report
part_run() {
	run "make run" env DURATION=5 "$TOP/selftests/lab/run"
	run "its report" report_whole "$LOGS/make-run.log"
}

# tests that the lab reports failures
part_lab_checks() {
	script lab-checks "$TOP/selftests/lab/checks/run"
}

# part_guests covers 6.12
part_matrix() {
	local log=$LOGS/matrix.log
	note "kernel matrix: 6.1"
	TESTS="load.sh abi.sh" "$HERE/matrix.sh" 6.1 >"$log" 2>&1
	ktap $? "kernel matrix" "$log"
}

part_all_kernels() {
	local log=$LOGS/all-kernels.log
	note "kernel matrix: all kernels"
	"$HERE/matrix.sh" >"$log" 2>&1
	ktap $? "kernel matrix" "$log"
}

# abuse_run NAME COMMAND...: runs a command that prints a guest's KTAP, and says how to repeat it
# after a failure
abuse_run() {
	local name=$1 log=$LOGS/abuse-$1.log status failed
	shift
	note "abuse: $name"
	"$@" >"$log" 2>&1
	status=$?
	ktap $status "abuse: $name" "$log"
	[ $status != 0 ] || return
	failed=$(sed -n 's/^not ok [0-9]* - \([^ ]*\).*/\1/p' "$log" | tr '\n' ' ')
	case $name in
	odd) note "again: make odd ODD='${failed% }'" ;;
	*) note "again: make $name SEED=$SEED ACCEL=tcg" ;;
	esac
}

# most of these run without KVM, as emulated guests boot faster than nested ones
part_abuse() {
	local run=(env "MODULE=$TOP/build/abuse.ko" ACCEL=tcg "SEED=$SEED")
	module_build 6.12 >"$LOGS/abuse-build.log" 2>&1 ||
		{ result 1 "module for abuse" "$LOGS/abuse-build.log"; return; }
	cp "$MODULE_KO" "$TOP/build/abuse.ko"
	abuse_run sysfs-fuzz "${run[@]}" OPS=20000 SECONDS_MAX=20 "$TOP/selftests/lab/hostile" sysfs-fuzz
	abuse_run lockdown "${run[@]}" "$TOP/selftests/lab/hostile" lockdown
	abuse_run soak "${run[@]}" SOAK_SECONDS=20 "$TOP/selftests/lab/hostile" soak
	abuse_run odd "${run[@]}" ODD="$ODD" "$TOP/selftests/lab/odd"
}
