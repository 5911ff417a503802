# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC2317
#
# lib.sh: what the tests share: KTAP, the module, reading and writing files
# whose errno matters, and the kernel log.
#
# A script sources this file, calls begin, and passes its tests to run_tests on
# standard input, one per line: a function and its arguments. A test calls bad for
# each fault that it finds, or skip. run_tests adds a last test, which checks the
# kernel log since begin. Functions return results in variables, because a subshell
# for each call would take most of the time in an emulated guest.

TSCOPE=/sys/kernel/tscope
DEBUG=/sys/kernel/debug/tscope
TRACING=/sys/kernel/tracing
CPUDIR=/sys/devices/system/cpu
NUMBERS="period_us width_us burst_us fit_window_s"
LC_ALL=C
export LC_ALL

KLOG_BAD='WARNING:|BUG:|Oops|Call Trace|INFO: (task|rcu|possible)|possible (circular|recursive|irq)'
KLOG_BAD="$KLOG_BAD"'|suspicious RCU|UBSAN|KASAN|KCSAN|KFENCE|general protection|soft lockup|hard LOCKUP'
KLOG_BAD="$KLOG_BAD"'|refcount_t|sleeping function|scheduling while atomic|blocked for more than'

# by default the module beside the tests, where make kselftest-tar puts it
[ -n "$TSCOPE_MODULE" ] || [ ! -f "${0%/*}/tscope.ko" ] || TSCOPE_MODULE=$(cd "${0%/*}" && pwd)/tscope.ko

# skip_all REASON: ends the script, because nothing of it can run here
skip_all() {
	echo "TAP version 13"
	echo "1..0 # SKIP $1"
	exit 4
}

# begin: checks what every script needs; makes a temporary directory, $TMP, and marks the kernel
# log and the taint flags for klog_clean
begin() {
	[ "$(id -u)" = 0 ] || skip_all "needs root"
	[ "$(uname -m)" = x86_64 ] || skip_all "needs x86-64"
	[ ! -e "$TSCOPE" ] || skip_all "tscope is loaded: it may be in use, unload it first"
	if [ -n "$TSCOPE_MODULE" ]; then
		[ -f "$TSCOPE_MODULE" ] || skip_all "TSCOPE_MODULE=$TSCOPE_MODULE is not there"
	else
		modprobe -n tscope 2>/dev/null ||
			skip_all "no module tscope: install it or set TSCOPE_MODULE=path/tscope.ko"
	fi
	[ -w /proc/modules ] || [ -e /proc/modules ] || skip_all "this kernel loads no modules"
	TMP=$(mktemp -d) || exit 1
	trap finish EXIT
	trap 'exit 1' INT TERM HUP
	TAINT=$(cat /proc/sys/kernel/tainted)
	MARK="tscope-selftest ${0##*/} $$"
	echo "$MARK" >/dev/kmsg
}

# finish: removes $TMP and the module. A script that changes anything else defines a function
# cleanup, which restores it
finish() {
	trap - EXIT
	! command -v cleanup >/dev/null || cleanup
	rm -rf "$TMP"
	[ ! -d /sys/module/tscope ] || rmmod tscope 2>/dev/null
}

# bad TEXT: reports that something is wrong in this test, which then fails
bad() {
	FAULTS=$((FAULTS + 1))
	[ $FAULTS -gt 20 ] || echo "# $*"
}

skip() {
	SKIPPED=$*
}

# same WHAT GOT WANTED
same() {
	[ "$2" = "$3" ] || bad "$1: is '$2', not '$3'"
}

# within WHAT GOT LOW HIGH
within() {
	case $2 in
	'' | - | *[!0-9-]*) bad "$1: '$2' is no number"; return ;;
	esac
	{ [ "$2" -ge "$3" ] && [ "$2" -le "$4" ]; } || bad "$1: $2 is not in $3..$4"
}

# run_tests: tests from standard input; ends the script
run_tests() {
	local test number=0 passed=0 failed=0 skipped=0

	cat >"$TMP/tests"
	echo klog_clean >>"$TMP/tests"
	echo "TAP version 13"
	echo "1..$(grep -c . "$TMP/tests")"
	while read -r test <&7; do
		number=$((number + 1)) FAULTS=0 SKIPPED=
		command -v "${test%% *}" >/dev/null || bad "there is no test ${test%% *}"
		# shellcheck disable=SC2086
		$test </dev/null 7<&-
		if [ $FAULTS -gt 0 ]; then
			failed=$((failed + 1))
			echo "not ok $number $test"
		elif [ -n "$SKIPPED" ]; then
			skipped=$((skipped + 1))
			echo "ok $number $test # SKIP $SKIPPED"
		else
			passed=$((passed + 1))
			echo "ok $number $test"
		fi
	done 7<"$TMP/tests"
	echo "# Totals: pass:$passed fail:$failed xfail:0 xpass:0 skip:$skipped error:0"
	[ $failed = 0 ] || exit 1
	exit 0
}

klog() {
	dmesg | awk -v mark="$MARK" 'index($0, mark) { n = 0; next } { line[n++] = $0 }
		END { for (i = 0; i < n; i++) print line[i] }'
}

# klog_clean: the test of the kernel log since begin. There must be no new taint except that of
# an unsigned or out-of-tree module. Lines that match the regex KLOG_ALLOW are left to the caller.
klog_clean() {
	local taint

	[ ! -d /sys/module/tscope ] || unload
	klog | grep -E "$KLOG_BAD" | grep -vE "${KLOG_ALLOW:-^\$}" >"$TMP/klog" &&
		bad "$(head -n 5 "$TMP/klog" | tr '\n' '|')"
	# by cat: the shell reads byte by byte, and then gets only the first byte of /proc/sys
	taint=$(cat /proc/sys/kernel/tainted)
	same "taint" $((taint & ~(4096 | 8192))) $((TAINT & ~(4096 | 8192)))
}

# errno_of FILE: sets $ERRNO from the error message of a program
errno_of() {
	local text
	read -r text <"$1"
	case $text in
	*"nvalid argument"* | *"Invalid parameters"*) ERRNO=EINVAL ;;
	*"esult out of range"*) ERRNO=ERANGE ;;
	*"too large for defined"*) ERRNO=EOVERFLOW ;;
	*"ile exists"*) ERRNO=EEXIST ;;
	*"o data available"*) ERRNO=ENODATA ;;
	*"ermission denied"*) ERRNO=EACCES ;;
	*"not permitted"*) ERRNO=EPERM ;;
	*"put/output error"*) ERRNO=EIO ;;
	*"busy"* | *"temporarily unavailable"* | *"in use"*) ERRNO=EBUSY ;;
	*) ERRNO="unknown ($text)" ;;
	esac
}

# load PARAMETER...: sets $ERRNO to 0 or the error
load() {
	ERRNO=0
	if [ -n "$TSCOPE_MODULE" ]; then
		insmod "$TSCOPE_MODULE" "$@" 2>"$TMP/err" || errno_of "$TMP/err"
	else
		modprobe tscope "$@" 2>"$TMP/err" || errno_of "$TMP/err"
	fi
	[ "$ERRNO" = 0 ]
}

# must_load PARAMETER...: for tests that need the module
must_load() {
	[ ! -d /sys/module/tscope ] || unload
	load "$@" && return
	bad "load $*: $ERRNO"
	return 1
}

# unload: tries for a while, as a reader that has just ended may still hold the module
unload() {
	local tries=0
	until rmmod tscope 2>"$TMP/err"; do
		tries=$((tries + 1))
		[ $tries -lt 50 ] || { bad "rmmod: $(cat "$TMP/err")"; return 1; }
		sleep 0.1
	done
}

# get FILE: reads a file of /sys/kernel/tscope; sets $VALUE to its line, and $ERRNO
get() {
	ERRNO=0 VALUE=
	read -r VALUE 2>/dev/null <"$TSCOPE/$1" && return
	# the shell does not report the errno
	cat "$TSCOPE/$1" >/dev/null 2>"$TMP/err" || errno_of "$TMP/err"
	return 1
}

# put FILE [< bytes]: writes standard input in one write; sets $ERRNO
put() {
	ERRNO=0
	{ cat >"$TSCOPE/$1"; } 2>"$TMP/err" || errno_of "$TMP/err"
	[ "$ERRNO" = 0 ]
}

# set_to FILE VALUE: writes a value, which must succeed
set_to() {
	{ echo "$2" >"$TSCOPE/$1"; } 2>/dev/null && return
	# the shell does not report the errno
	echo "$2" >"$TMP/in"
	put "$1" <"$TMP/in" && ERRNO="only the first time"
	bad "echo $2 >$1 failed: $ERRNO"
}

# set_windows PERIOD-US WIDTH-US BURST-US: in an order that works from any previous values
set_windows() {
	set_to width_us 10
	set_to period_us "$1"
	set_to width_us "$2"
	set_to burst_us "$3"
}

# set_defaults: sets the windows to the module's defaults
set_defaults() {
	set_windows 50000 20 10
}

# flat_out SECONDS: samples all the time, which gives hpet the most points: one in 24 periods.
# The last 4 points are held back.
flat_out() {
	set_windows 10000 10000 10
	set_to enabled 1
	sleep "$1"
	set_to enabled 0
	set_defaults
}

# state: all controls in one line, in $STATE
state() {
	local file
	STATE=
	for file in enabled $NUMBERS cpus; do
		get "$file"
		STATE="$STATE$file=$VALUE "
	done
	# by read, as a process for each of hundreds of refusals takes long in emulation
	for file in "$TSCOPE/alert_interval_s" "$TSCOPE"/*/*_alert_*; do
		read -r VALUE <"$file" || VALUE=
		STATE="$STATE$VALUE "
	done
}

# wait_for SECONDS COMMAND...: waits until the command succeeds; false after SECONDS
wait_for() {
	local tries=$(($1 * 10))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

# grown FILE THAN: whether the counter in FILE is larger than THAN
grown() {
	get "$1" && [ "$VALUE" -gt "$2" ]
}

# is FORM TEXT: whether a text has a form
is() {
	local whole
	case $1 in
	unsigned)
		case $2 in '' | *[!0-9]* | 0[0-9]*) return 1 ;; esac ;;
	signed)
		is unsigned "${2#-}" && [ "$2" != -0 ] ;;
	flag)
		[ "$2" = 0 ] || [ "$2" = 1 ] ;;
	decimal)	# three places
		whole=${2%.???}
		[ "$whole" != "$2" ] && is unsigned "${whole#-}" || return 1
		case ${2##*.} in *[!0-9]*) return 1 ;; esac ;;
	positive-decimal)
		is decimal "$2" && [ "${2#-}" = "$2" ] ;;
	skew)		# skew_ppb error_ppb points span_ms
		echo "$2" | grep -qxE -e '-?[0-9]+\.[0-9]{3} [0-9]+\.[0-9]{3} [0-9]+ [0-9]+' ;;
	offset)		# offset_ns bound_ns cpu_i cpu_j moving age_ms; of ptp-kvm offset_ns error_ns age_ms
		echo "$2" | grep -qxE -e '-?[0-9]+ [1-9][0-9]*( [0-9]+ [0-9]+ [01])? [0-9]+' ;;
	cpus)
		echo "$2" | grep -qxE '[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*' ;;
	*)	return 1 ;;
	esac
}

# timeless CLOCK: whether this is a vmclock whose page gives no time, only a disruption marker
timeless() {
	[ -f "$TSCOPE/$1/time" ] && get "$1/time" && [ "$VALUE" = 0 ]
}

# expand LIST: the numbers of a CPU list
expand() {
	echo "$1" | tr , '\n' | awk -F- '{ for (i = $1; i <= $NF; i++) print i }' |
		tr '\n' ' ' | sed 's/ $//'
}

# default_cpus: sets $CPUS to the numbers of the CPUs that sample by default, computed from the
# kernel's own files
default_cpus() {
	local apart
	apart=$(cat "$CPUDIR/isolated" "$CPUDIR/nohz_full" 2>/dev/null | grep '[0-9]')
	CPUS=$(for cpu in $(expand "$(cat "$CPUDIR/possible")"); do
		case " $(expand "$apart" | tr '\n' ' ') " in *" $cpu "*) ;; *) echo "$cpu" ;; esac
	done | tr '\n' ' ')
	CPUS=${CPUS% }
}

# threads: numbers of the CPUs that have a sampler, in $THREADS
threads() {
	THREADS=$(cat /proc/[0-9]*/comm 2>/dev/null | sed -n 's,^tscope/,,p' | sort -n | tr '\n' ' ')
	THREADS=${THREADS% }
}

# threads_are NAME WANT: waits until these are the samplers. A thread that was stopped stays in
# /proc for a short time, because kthread_stop() does not wait until it has left.
threads_are() {
	wait_for 2 threads_now "$2"
	same "$1" "$THREADS" "$2"
}

threads_now() {
	threads
	[ "$THREADS" = "$1" ]
}

# nothing_left: the module has left nothing behind
nothing_left() {
	local path
	for path in "$TSCOPE" "$DEBUG" /sys/module/tscope "$TRACING/events/tscope"; do
		[ ! -e "$path" ] || bad "$path is still there"
	done
	! grep -q '^tscope ' /proc/modules || bad "/proc/modules still has it"
	! grep -qs tscope "$CPUDIR/hotplug/states" || bad "a hotplug state is left"
	threads_are "threads left" ""
}
