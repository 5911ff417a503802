#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh [PART...]: the tests, or some parts of them; see --help. Prints each
# failure with its log, and closes with "N passed, N failed".

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$HERE/.." && pwd)
LOGS=$TOP/build/check
PARTS="lint build user fuzz kunit dkms package kselftest lab matrix"
# These wait for disks and dpkg more than for a CPU. When all parts run, they run in the
# background of the parts before them in the list, and have ended when timed guests begin.
BESIDE="dkms package kselftest"
# These take long, and run only when they are named.
MORE_PARTS="abuse lab-checks"
# Each word is one guest, which runs its scenarios in turn. They cover each kind of fault. With
# LONG=1 it is the whole catalogue, except many-cpus, which takes minutes to boot, and plug.
HOST_FAULTS=quiet+host-step+guest-step+host-rate+hotplug+pause+migration+master-clock-switch
HOST_FAULTS+=+lost-step
HOST_FAULTS+=${LONG:++vcpu-moves+overcommit+busy-guest+guest-clocksource+save-restore+suspend}
TSC_FAULTS=tsc-offset+alerts${LONG:++tsc-offset-late}
LAB_RUNS=${LAB_RUNS:-"report kselftest $HOST_FAULTS $TSC_FAULTS no-master-clock
	clocksource-switch cost ${LONG:+wall-clock kvmclock-set tsc-alternates hotplug-offset
	tsc-jumps tsc-drifts time-stands-still dead-timer}"}
# Those that check KVM's clocks run in a guest of KVM. The others load and plug again and again,
# so they run in plain emulation, where guests are faster. LONG=1: all of them with KVM.
KSELFTESTS="abi.sh trace.sh faults.sh debugfs.sh"
KSELFTESTS_TCG="load.sh race.sh badinput.sh control.sh unprivileged.sh"
ODD=${ODD:-"no-acpi isolated-both"}
# shellcheck source=selftests/lab/build.sh
. "$HERE/lab/build.sh"

usage() {
	cat <<-END
	usage: make check [CHECK='PART...'], or selftests/check.sh [PART...]
	  lint   checkpatch --strict, kernel-doc, shellcheck, SPDX lines, versions, ABI files, docs
	  build  the module for 6.1 and 6.12, with W=1 and sparse, without a warning; the suites
	         for 6.1, which kunit does not run; without KVM_GUEST and ACPI; modinfo
	  user   the pure files in user space, with ASan and UBSan, and their coverage
	  kunit  the KUnit suites on 6.12 (make kunit: on 6.1 and in a kernel tree as well)
	  fuzz   libFuzzer on the pure files, 5 s each; more: make fuzz
	  dkms   DKMS from add to remove, for both kernels
	  package    the release tarball; the Debian package made, installed, upgraded, purged;
	             signed and unsigned modules on a machine with Secure Boot
	  kselftest  selftests as tools/testing/selftests/tscope of 6.12 and 6.1
	  lab    kselftests and scenarios in guests (LAB_RUNS='quiet ...' picks some; all: make lab)
	  matrix the short form of make matrix: load, sample, few kselftests on 6.1
	and only if named:
	  abuse  in emulated guests: random use of all files, lockdown, a short soak, and
	         odd machines: $ODD (all: make odd)
	  lab-checks  failures that the lab must report: a panic, a hang, a warning...
	LONG=1: dkms for all kernels of Debian 12, package also on Debian 13, kselftest also in guests,
	        all of lab's kselftests in a guest of KVM, more scenarios.
	Logs are in build/check.
	END
}

# CHECK= on make's command line would reach kbuild, where it names the static checker
unset CHECK MAKEFLAGS MFLAGS MAKEOVERRIDES

PASSED=0 FAILED=0 SKIPPED=0

note() {
	printf '[%4d s] %s\n' "$SECONDS" "$*"
}

# result STATUS NAME LOG: one test; a STATUS of 4 means skipped, as for kselftests
result() {
	case $1 in
	0) PASSED=$((PASSED + 1)) ;;
	4) SKIPPED=$((SKIPPED + 1)); note "SKIPPED $2: $(tail -n 1 "$3")" ;;
	*)
		FAILED=$((FAILED + 1))
		note "FAILED $2; its log is $3, which ends:"
		tail -n 15 "$3" | sed 's/^/    /'
		;;
	esac
}

# run NAME COMMAND...: one test
run() {
	local name=$1 log=$LOGS/${1//[ \/]/-}.log
	shift
	note "$name"
	"$@" >"$log" 2>&1
	result $? "$name" "$log"
}

# ktap STATUS NAME LOG: count the results of a KTAP stream. A result that sums up subtests
# is not counted again, nor are the results of a scenario that the lab has restarted. A
# status that no result explains counts as a failure.
ktap() {
	local counts pass fail skip
	counts=$(awk '
		/^# lab: scenario / { passed = pass; failed = fail; skipped = skip; last = 0 }
		/^# lab: again from / { pass = passed; fail = failed; skip = skipped; last = 0 }
		# subtests are indented by blanks, or by # as in kselftests
		/^[# ]*(not )?ok [0-9]+/ {
			match($0, /^[# ]*/)
			indent = RLENGTH
			if (indent < last) { last = indent; next }
			last = indent
			if (/# SKIP/) skip++
			else if (/^[# ]*ok/) pass++
			else { fail++; print > "/dev/stderr" }
		}
		END { print pass + 0, fail + 0, skip + 0 }' "$3")
	read -r pass fail skip <<<"$counts"
	! grep -q '^# lab: again from ' "$3" || note "$2: restarted, see \"lab: \" in $3"
	PASSED=$((PASSED + pass)) FAILED=$((FAILED + fail)) SKIPPED=$((SKIPPED + skip))
	[ "$fail" = 0 ] || note "FAILED: $fail of $2; the log is $3"
	[ "$fail" = 0 ] || return
	if [ "$1" != 0 ] || [ $((pass + skip)) = 0 ]; then
		result 1 "$2: status $1, and no result says why" "$3"
	fi
}

sources() {
	(cd "$TOP" && find module selftests tools -name "$1" -not -name '*.mod.c' | sort)
}

# These files are exempt from some checks of checkpatch:
#   trace.h         TRACE_EVENT has a layout of its own
#   user/           is not kernel code: long double, va_list macros
#   lab/static/     is not kernel code: uint64_t, strcpy(), positive errno
#   version tests   are in compat.h alone, which exists for them
#   MACRO_ARG_REUSE sysfs and for_each macros, whose arguments are names
checkpatch_file() {
	local file=$1 ignore=MACRO_ARG_REUSE
	case $file in
	*/trace.h) ignore+=,OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT,MACRO_ARG_PRECEDENCE ;;
	*/compat.h | */linux/version.h) ignore+=,LINUX_VERSION_CODE,CONSTANT_COMPARISON ;;
	selftests/user/*) ignore+=,PREFER_KERNEL_TYPES,SPACING,NEW_TYPEDEFS,MEMORY_BARRIER,COMPLEX_MACRO,AVOID_EXTERNS,CAMELCASE,PREFER_DEFINED_ATTRIBUTE_MACRO,MACRO_WITH_FLOW_CONTROL,LINE_SPACING,EMBEDDED_FUNCTION_NAME,LONG_LINE_STRING,MACRO_ARG_UNUSED ;;
	selftests/lab/static/*) ignore+=,PREFER_KERNEL_TYPES,PREFER_FALLTHROUGH,PREFER_DEFINED_ATTRIBUTE_MACRO,SPACING,EMBEDDED_FUNCTION_NAME,LONG_LINE_STRING,STRCPY,USE_NEGATIVE_ERRNO,QUOTED_WHITESPACE_BEFORE_NEWLINE ;;
	esac
	perl "$KSRC/scripts/checkpatch.pl" --no-tree --strict --terse \
		--show-types --ignore "$ignore" -f "$TOP/$file"
}

checkpatch() {
	# shellcheck disable=SC2016
	sources '*.[ch]' | KSRC=$KSRC TOP=$TOP CHECKPATCH=$(declare -f checkpatch_file) \
		xargs -P "$(nproc)" -n 1 bash -c 'eval "$CHECKPATCH"; checkpatch_file "$1"' checkpatch
}

kernel_doc() {
	# shellcheck disable=SC2046
	(cd "$TOP" && perl "$KSRC/scripts/kernel-doc" -Wall -none -Werror $(sources '*.[ch]' | grep '^module/'))
}

scripts() {
	"$TOP/tools/files.sh" --new |
		while read -r file; do
			[ -f "$TOP/$file" ] || continue
			case $file in *.sh) echo "$file"; continue ;; esac
			head -c 20 "$TOP/$file" | grep -qa '^#!/bin/\(ba\)\?sh' && echo "$file"
		done | sort -u
}

shell_check() {
	(cd "$TOP" && scripts | xargs -P "$(nproc)" -n 8 shellcheck -x -P SCRIPTDIR)
}

spdx() {
	local file status=0
	while read -r file; do
		# kselftest's runner takes each line of settings for one, and others have
		# a form of their own
		case $file in LICENSES/* | selftests/settings | MANIFEST) continue ;; esac
		case $file in debian/*) [ "${file##*/}" = rules ] || continue ;; esac
		[ -f "$TOP/$file" ] || continue
		head -n 3 "$TOP/$file" | grep -q 'SPDX-License-Identifier: GPL-2.0' ||
			{ echo "$file: no SPDX line"; status=1; }
	done < <("$TOP/tools/files.sh" --new)
	return $status
}

# get_abi.pl exits with 0 even if it warns
abi_files() {
	local said
	said=$(perl "$KSRC/scripts/get_abi.pl" validate --dir "$TOP/Documentation/ABI" 2>&1) || return
	[ -z "$said" ] || { echo "$said"; return 1; }
}

part_lint() {
	need shellcheck:shellcheck:"checks of scripts" perl:perl:"checkpatch"
	kernel_source 6.12 || { result 1 "linux-source" /dev/null; return; }
	run "checkpatch --strict" checkpatch
	run "kernel-doc" kernel_doc
	run "shellcheck" shell_check
	run "SPDX lines" spdx
	run "the same version everywhere" "$TOP/tools/version.sh" --check
	run "ABI files" abi_files
	run "documentation" make -C "$TOP" docs
}

# the compiler, modpost and sparse must print no warning
build_clean() {
	module_build "$@" || return
	! grep -iE 'warning|error|sparse:' "$TOP/build/$KREL/make.log"
}

rebuild() {
	kernel_get "$1" || return
	rm -rf "$TOP/build/$KREL"
	build_clean "$@"
}

# the suites must compile for 6.1; Debian's kernel has no KUnit to link them with
suites_build() {
	local MODULE_BUILD=$TOP/build/suites MODULE_KO KREL
	rm -rf "$MODULE_BUILD"
	module_build "$1" W=1 CONFIG_TSCOPE_KUNIT_TEST=y KBUILD_MODPOST_WARN=1 || return
	! grep -iE 'warning|error' "$MODULE_BUILD/$KREL/make.log" | grep -vE 'modpost: "(__)?kunit_'
}

# build_without OPTION...: for a kernel that lacks these options. They are undefined after the
# kernel's own headers; the module must then not use symbols that need them.
build_without() {
	local MODULE_BUILD=$TOP/build/without MODULE_KO KREL option asked args=()
	rm -rf "$MODULE_BUILD"
	mkdir -p "$MODULE_BUILD/include/generated"
	{
		echo '#include_next <generated/autoconf.h>'
		printf '#undef CONFIG_%s\n' "$@"
	} >"$MODULE_BUILD/include/generated/autoconf.h"
	for option; do
		args+=("CONFIG_$option=")
	done
	module_build 6.12 W=1 NOSTDINC_FLAGS="-nostdinc -I$MODULE_BUILD/include" "${args[@]}" ||
		return
	! grep -iE 'warning|error' "$MODULE_BUILD/$KREL/make.log" || return
	asked=$(nm -u "$MODULE_KO" | grep -E ' (acpi_|kvm_|hv_clock|pvclock_)')
	[ -z "$asked" ] || { echo "$asked"; return 1; }
}

# modinfo_whole: each parameter has a description, and no field that users need is missing
modinfo_whole() {
	local field name type some='' status=0
	for field in author description license version vermagic; do
		[ -n "$(modinfo -F "$field" "$MODULE_KO")" ] || { echo "no $field"; status=1; }
	done
	while IFS=: read -r name type; do
		some=1
		modinfo -F parm "$MODULE_KO" | grep -q "^$name:.* (${type})$" ||
			{ echo "$name: no description"; status=1; }
		grep -qw "$name" "$TOP/Documentation/ABI/testing/sysfs-module-tscope" ||
			{ echo "$name: not in Documentation/ABI"; status=1; }
	done < <(modinfo -F parmtype "$MODULE_KO")
	[ -n "$some" ] || { echo "no parameters"; status=1; }
	return $status
}

part_build() {
	local flavour
	need sparse:sparse:"static checks" modinfo:kmod:"what the module says of itself"
	for flavour in 6.1 6.12; do
		run "build $flavour W=1, sparse" rebuild "$flavour" W=1 C=2 CF=-Wno-unknown-attribute
	done
	run "modinfo" modinfo_whole
	run "build 6.12 without KVM_GUEST and ACPI" build_without KVM_GUEST ACPI
	run "build 6.1 W=1, with the KUnit suites" suites_build 6.1
}

part_user() {
	local log=$LOGS/user.log
	need gcc:gcc:"user-space tests" make:make:"user-space tests"
	note "user-space tests"
	make -C "$HERE/user" run_tests >"$log" 2>&1
	ktap $? "user-space tests" "$log"
	run "coverage of the pure files" "$HERE/coverage.sh"
	note "reached, lines and branches: $(grep '^all' "$LOGS/coverage-of-the-pure-files.log")"
}

part_kunit() {
	local log=$LOGS/kunit.log
	note "kunit (its kernel is built once, in some minutes)"
	"$HERE/kunit.sh" 6.12 >"$log"
	ktap $? kunit "$log"
}

# script NAME COMMAND...: runs a command that prints KTAP
script() {
	local name=$1 log=$LOGS/$1.log status
	shift
	note "$name"
	"$@" >"$log" 2>&1
	status=$?
	if [ $status = 4 ]; then
		result 4 "$name" "$log"
	else
		ktap $status "$name" "$log"
	fi
}

part_fuzz() {
	local log=$LOGS/fuzz.log
	note "fuzzing"
	FUZZ_SECONDS=${FUZZ_SECONDS:-5} "$HERE/user/fuzz/run" >"$log" 2>&1
	ktap $? "fuzzing" "$log"
}

part_dkms() {
	if [ -z "$LONG" ]; then
		script dkms "$HERE/dkms.sh"
		return
	fi
	script dkms "$HERE/dkms.sh" 6.12 6.12-cloud 6.12-rt 6.1 6.1-cloud 6.1-rt
	script dkms-trixie "$HERE/dkms.sh" --suite trixie
}

part_package() {
	script package "$HERE/package.sh"
	script signing "$HERE/signing.sh"
	[ -z "$LONG" ] || script package-trixie "$HERE/package.sh" --suite trixie 6.12 6.1
}

part_kselftest() {
	# shellcheck disable=SC2086
	script kselftest "$HERE/intree.sh" ${LONG:+--guest}
}

# report_whole LOG: the guest's report has a number for each figure, and a verdict
report_whole() {
	local clock n='-?[0-9]+(\.[0-9]+)?'
	for clock in kvm-clock ptp-kvm monotonic-raw realtime; do
		grep -qE "^$clock +[0-9]+ +$n +$n +[0-9]+ +[0-9]+ +[0-9-]+ +$n *\$" "$1" ||
			{ echo "no line of figures for $clock"; return 1; }
	done
	grep -qE "^  CPU 0-1  tsc +$n ns \+- [0-9]+ ns, 0 warps" "$1" || { echo "no pair offset"; return 1; }
	grep -qE "^wall clock: guest - host $n ns \+- [0-9]+ ns, drifting [+]?$n ppb \+- $n ppb" "$1" ||
		{ echo "no wall clock"; return 1; }
	grep -qE '^  from +[0-9]+ ns +[0-9]+ #+$' "$1" || { echo "no histogram"; return 1; }
	grep -qx 'verdict: nothing wrong was found' "$1" || { grep -A9 ^verdict "$1"; return 1; }
}

# lab_run NAME SCENARIOS [LAB OPTION...]: the timeout ends a run that prints forever
lab_run() {
	local name=$1 what=$2 log=$LOGS/lab-$1.log status
	shift 2
	note "lab: $name"
	"$HERE/lab/lab" --module "$MODULE_KO" --add "${TESTS_DIR:-$HERE}:/selftests" --env SHORT=1 \
		--timeout 1800 --silence 120 --out "$TOP/build/lab/$name" "$@" "$what" >"$log" 2>&1
	status=$?
	ktap $status "lab: $name" "$log"
	[ $status = 0 ] || tail -n 25 "$log" | sed 's/^/    /'
}

# kselftests_installed: runs them in a guest by the runner of the kernel tree that they are
# installed from; the KTAP parsers of the kernel and of perl judge the output
kselftests_installed() {
	local dir=$TOP/build/lab/installed log=$LOGS/lab-kselftest-tcg.log
	rm -rf "$dir"
	run "make install of kselftest" "$HERE/intree.sh" --install "$dir" 6.12
	TESTS_DIR=$dir lab_run kselftest-tcg kselftest --env TESTS="$KSELFTESTS_TCG" --accel tcg
	awk '/^# lab: again from / { n = 0; next } { line[n++] = $0 }
		END { for (i = 0; i < n; i++) print line[i] }' "$log" >"$LOGS/kselftest-tcg.ktap"
	run "kunit.py parses them" python3 "$KSRC/tools/testing/kunit/kunit.py" parse \
		"$LOGS/kselftest-tcg.ktap"
	run "prove takes them" prove -e cat "$LOGS/kselftest-tcg.ktap"
}

part_lab() {
	local name
	kernel_source 6.12 || { result 1 "linux-source" /dev/null; return; }
	module_build 6.12 >"$LOGS/lab-build.log" 2>&1 ||
		{ result 1 "module for the lab" "$LOGS/lab-build.log"; return; }
	for name in $LAB_RUNS; do
		case $name in
		report)
			run "make run" env DURATION=5 "$HERE/lab/run"
			run "its report" report_whole "$LOGS/make-run.log"
			;;
		kselftest)
			lab_run kselftest kselftest --env TESTS="$KSELFTESTS${LONG:+ $KSELFTESTS_TCG}"
			kselftests_installed
			;;
		*) lab_run "$name" "$name" ;;
		esac
	done
}

# tests that the lab reports failures
part_lab-checks() {
	script lab-checks "$HERE/lab/checks/run"
}

# part_lab covers 6.12
part_matrix() {
	local log=$LOGS/matrix.log
	note "kernel matrix: 6.1"
	TESTS="load.sh abi.sh" "$HERE/matrix.sh" 6.1 >"$log" 2>&1
	ktap $? "kernel matrix" "$log"
}

# abuse_run NAME COMMAND...: runs a command that prints a guest's KTAP
abuse_run() {
	local name=$1 log=$LOGS/abuse-$1.log
	shift
	note "abuse: $name"
	"$@" >"$log" 2>&1
	ktap $? "abuse: $name" "$log"
}

# these run without KVM, as emulated guests boot faster than nested ones
part_abuse() {
	local run=(env "MODULE=$TOP/build/abuse.ko" ACCEL=tcg)
	module_build 6.12 >"$LOGS/abuse-build.log" 2>&1 ||
		{ result 1 "module for abuse" "$LOGS/abuse-build.log"; return; }
	cp "$MODULE_KO" "$TOP/build/abuse.ko"
	abuse_run sysfs-fuzz "${run[@]}" OPS=20000 SECONDS_MAX=20 "$HERE/lab/hostile" sysfs-fuzz
	abuse_run lockdown "${run[@]}" "$HERE/lab/hostile" lockdown
	abuse_run soak "${run[@]}" SOAK_SECONDS=20 "$HERE/lab/hostile" soak
	abuse_run odd "${run[@]}" ODD="$ODD" "$HERE/lab/odd"
}

# joined PID: waits for check.sh in the background, and counts its results
joined() {
	local tally
	wait "$1"
	tally=$(tail -n 1 "$LOGS/beside.log")
	if [[ $tally =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]]; then
		PASSED=$((PASSED + BASH_REMATCH[1])) FAILED=$((FAILED + BASH_REMATCH[2]))
		SKIPPED=$((SKIPPED + ${BASH_REMATCH[4]:-0}))
		sed '$d; s/^/  /' "$LOGS/beside.log"
	else
		result 1 "$BESIDE: they ended without a tally" "$LOGS/beside.log"
	fi
}

case ${1:-} in
--help | -h) usage; exit 0 ;;
esac
mkdir -p "$LOGS"
beside=
if [ $# = 0 ]; then
	note "beside what follows: $BESIDE"
	# shellcheck disable=SC2086
	"$HERE/check.sh" $BESIDE >"$LOGS/beside.log" 2>&1 &
	beside=$!
	trap 'kill $beside 2>/dev/null; exit 130' INT TERM
	# shellcheck disable=SC2086
	set -- $PARTS
fi
for part; do
	if [ -n "$beside" ]; then
		case " $BESIDE " in *" $part "*) continue ;; esac
		case $part in lab) note "waiting for $BESIDE"; joined $beside; beside= ;; esac
	fi
	case " $PARTS $MORE_PARTS " in
	*" $part "*) "part_$part" ;;
	*) echo "check: no part '$part' (see --help)" >&2; exit 2 ;;
	esac
done
if [ "$SKIPPED" = 0 ]; then
	note "done"
	echo "$PASSED passed, $FAILED failed"
else
	note "done"
	echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
fi
[ "$FAILED" = 0 ]
