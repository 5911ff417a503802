# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091
# DESCRIPTION: in a debug kernel: allocations fail, one at a time, at load and at every file
#
# For make debug-check, which adds what it needs. Environment (--env): FAULTS, how many
# allocations of one operation fail at most, each in a run of its own; LOAD_ONLY leaves out
# the files; SEED repeats a run: it is printed with each operation that failed.

GUEST_MEM=768
# see debug.sh
GUEST_APPEND="pci=noacpi"
TIMEOUT=2400
# messages about allocations that fail: of the allocator; of kmemleak, about its own; and of the
# kernel's tracing, about those that it makes for a module's events. debug_end decides from the
# reports whether a leak is tscope's.
LOG_ALLOW="page allocation failure|vmalloc error|Call Trace:|kmemleak: Cannot allocate a scan area|kmemleak: .* new suspected memory leaks|WARNING: .* at kernel/trace/trace_events[.]c:"

KO=/lib/tscope/tscope.ko
TSCOPE=/sys/kernel/tscope
DEBUG=/sys/kernel/debug/tscope

# try OPTION... WHAT...: see lab_fail
try() {
	NUMBER=$((NUMBER + 1))
	if lab_fail -m "$FAULTS" ${SEED:+-s "$SEED"} "$@" >/run/fail 2>/run/channel; then
		sed -n '/ allocations, /s/^# //p' /run/fail >/run/said
		say "ok $NUMBER - $(cat /run/said)"
	else
		sed 's/^/# /' /run/fail | to_channel
		say "not ok $NUMBER - $*"
		FAILED=$((FAILED + 1))
	fi
}

faults_on() {
	local where
	for where in failslab fail_page_alloc; do
		cd /sys/kernel/debug/$where || return
		echo 0 >verbose || return
		echo 0 >ignore-gfp-wait || return
		# only fail_page_alloc has these two files; vmalloc's pages are of high memory
		[ ! -e min-order ] || echo 0 >min-order
		[ ! -e ignore-gfp-highmem ] || echo 0 >ignore-gfp-highmem
		cd /
	done
}

# some_failed: checks that some allocations of the last operation failed, as it needs memory
some_failed() {
	grep -qE 'tried: [1-9][0-9]* errors' /run/said && return
	say "# none of its allocations failed: nothing was injected"
	FAILED=$((FAILED + 1))
}

nothing_left() {
	local path
	for path in $TSCOPE $DEBUG /sys/module/tscope; do
		[ ! -e "$path" ] || { say "# $path is left"; return 1; }
	done
	! grep -q tscope /sys/devices/system/cpu/hotplug/states ||
		{ say "# a hotplug state is left"; return 1; }
	! cat /proc/[0-9]*/comm 2>/dev/null | grep -q ^tscope/ ||
		{ say "# a thread is left"; return 1; }
}

# other_value NAME VALUE: another value that the file accepts
other_value() {
	case $1 in
	cpus) [ "$2" = 0 ] && echo 0-1 || echo 0 ;;
	enabled) echo $((1 - $2)) ;;
	*) echo $(($2 + 1)) ;;
	esac
}

controls() {
	local file name value
	find $TSCOPE -type f -perm -200 >/run/controls
	while read -r file; do
		name=${file##*/}
		if [ "$name" = reset ]; then
			try -u $TSCOPE/enabled=1 write "$file" 1
			continue
		fi
		read -r value <"$file"
		# sampling stops if it can't go on as requested
		try -u "$file=$value" -u $TSCOPE/enabled=1 write "$file" "$(other_value "$name" "$value")"
	done </run/controls
	# the threads: allocations for them are made by the kernel task that creates them (-t 2)
	echo 0 >$TSCOPE/enabled
	try -u $TSCOPE/enabled=0 write $TSCOPE/enabled 1
	some_failed
	try -t 2 -u $TSCOPE/enabled=0 write $TSCOPE/enabled 1
	echo 1 >$TSCOPE/enabled
}

readers() {
	local file
	find $TSCOPE $DEBUG -type f -perm -400 >/run/readers
	while read -r file; do
		cat "$file" >/dev/null 2>&1 || continue	# no data yet
		try read "$file"
	done </run/readers
}

guest() {
	local loads
	. /debug/guest.sh
	NUMBER=0 FAILED=0
	FAULTS=${FAULTS:-100}
	# a turn takes 8 s: this kernel delays the releases of kobjects, for which an unload waits
	loads=$((FAULTS < 40 ? FAULTS : 40))
	debug_begin || return
	faults_on || return
	say "TAP version 13"
	try -m $loads load $KO
	some_failed
	nothing_left || FAILED=$((FAILED + 1))
	try -m $loads load $KO enable=1
	some_failed
	nothing_left || FAILED=$((FAILED + 1))

	insmod $KO enable=1 || return
	sleep 2
	if [ -z "$LOAD_ONLY" ]; then
		controls
		sleep 2
		readers
	fi
	[ "$(cat $TSCOPE/enabled)" = 1 ] || { say "# it does not sample"; FAILED=$((FAILED + 1)); }
	rmmod tscope || return
	nothing_left || FAILED=$((FAILED + 1))
	insmod $KO enable=1 && sleep 1 && rmmod tscope || return
	nothing_left || FAILED=$((FAILED + 1))
	say "1..$NUMBER"
	debug_end || return
	[ $FAILED = 0 ]
}
