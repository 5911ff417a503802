#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2317
#
# Starts, stops, resets, changes parameters and CPUs while tscope samples, and checks
# what grows, what stays, what goes to zero, and which CPUs take readings.

. "$(dirname "$0")/lib.sh"

COUNTERS="samples rejected backward warps steps updates stopped errors"

# counters NAME: writes each counter with its value, one per line, to $TMP/NAME
counters() {
	local path name
	for path in "$TSCOPE"/*/*; do
		name=${path##*/}
		case " $COUNTERS " in *" $name "*) ;; *) continue ;; esac
		get "${path#"$TSCOPE/"}" && echo "${path#"$TSCOPE/"} $VALUE"
	done >"$TMP/$1"
}

# lost A B: prints the counters that are lower in $TMP/B than in $TMP/A
lost() {
	awk 'NR == FNR { was[$1] = $2; next } $2 < was[$1] { print $1, "fell from", was[$1], "to", $2 }' \
		"$TMP/$1" "$TMP/$2"
}

# not_less A B: no counter is lower in $TMP/B than in $TMP/A
not_less() {
	local text
	text=$(lost "$1" "$2")
	[ -z "$text" ] || bad "$text"
}

samples() {
	get "$1/samples"
	SAMPLES=$VALUE
}

# growing CLOCK...: the number of readings of each clock grows
growing() {
	local clock
	for clock; do
		! timeless "$clock" || continue
		samples "$clock"
		wait_for 10 grown "$clock/samples" "$SAMPLES" || bad "$clock/samples stays $SAMPLES"
	done
}

counts_while_on() {
	local clock clocks
	get clocks
	clocks=$VALUE
	set_to enabled 1
	# shellcheck disable=SC2086
	growing $clocks
	set_to enabled 0
	counters off1
	sleep 1
	counters off2
	cmp -s "$TMP/off1" "$TMP/off2" || bad "counters move while off"
	threads_are "threads while off" ""
	set_to enabled 1
	counters on1
	not_less off1 on1
	# shellcheck disable=SC2086
	growing $clocks
	set_to enabled 0
}

# the files that must be 0, and those that must return ENODATA
zeroed() {
	local path file
	for path in "$TSCOPE"/*/*; do
		file=${path#"$TSCOPE/"}
		case $file in
		*/khz | */stable | */step_cycles | */*_alert_*) continue ;;
		# these files show what the hypervisor says now
		*/time | */status | */error_ns | */marker | */generation) continue ;;
		*/valid | */tsc_mode | */emulated | */incarnation) continue ;;
		esac
		if get "$file"; then
			case $file in
			*/skew | */skew_ppb | */skew_error_ppb | */exact | */phase_ns | */read_*_ns | */offset* | */widest_*) bad "$file has $VALUE" ;;
			*) same "$file" "$VALUE" 0 ;;
			esac
		else
			case $file in
			*/skew | */skew_ppb | */skew_error_ppb | */exact | */phase_ns | */read_*_ns | */offset* | */widest_*) same "$file" "$ERRNO" ENODATA ;;
			*) bad "$file: $ERRNO" ;;
			esac
		fi
	done
}

# empty_debug: histograms, points and violations are empty too
empty_debug() {
	local path
	[ -d "$DEBUG" ] || return
	for path in "$DEBUG"/hist/* "$DEBUG"/hist/*/* "$DEBUG/points" "$DEBUG/violations"; do
		[ -f "$path" ] || continue
		same "lines of ${path#"$DEBUG/"}" "$(wc -l <"$path")" 1
	done
}

reset_while_off() {
	set_to enabled 1
	growing tsc realtime
	sleep 2
	set_to enabled 0
	set_to reset 1
	zeroed
	empty_debug
}

# a short time after a reset the counters are lower than after the long time before it
reset_while_on() {
	local before
	set_to enabled 1
	sleep 3
	samples tsc
	before=$SAMPLES
	set_to reset 1
	samples tsc
	[ "$SAMPLES" -lt "$before" ] || bad "tsc/samples: $before, then $SAMPLES"
	growing tsc realtime
	get enabled
	same enabled "$VALUE" 1
	set_to enabled 0
}

# changed FILE VALUE: while it samples
changed() {
	counters before
	set_to "$1" "$2"
	counters after
	not_less before after
	get "$1"
	same "$1" "$VALUE" "$2"
	growing tsc realtime
	get enabled
	same enabled "$VALUE" 1
}

changes_while_on() {
	set_to enabled 1
	changed period_us 5000
	changed width_us 5000
	changed width_us 50
	changed burst_us 1
	changed burst_us 100
	changed fit_window_s 3600
	changed fit_window_s 1
	changed burst_us 10
	changed width_us 20
	changed period_us 50000
	changed fit_window_s 60
	set_to enabled 0
}

# sampling_now NUMBERS: whether these CPUs sample and no others; sets SAMPLING to those that do
sampling_now() {
	SAMPLING=$(awk '$2 == "sampling" { print $1 }' "$DEBUG/cpus" | sort -n | tr '\n' ' ')
	SAMPLING=${SAMPLING% }
	[ "$SAMPLING" = "$1" ]
}

# has_threads NUMBERS: whether these CPUs have threads
has_threads() {
	local cpu
	threads
	for cpu in $1; do
		case " $THREADS " in *" $cpu "*) ;; *) return 1 ;; esac
	done
}

# on_cpus LIST: the CPUs of LIST sample, and no others. While sampling is enabled, each online CPU
# of LIST has a thread that is bound to it, and a CPU that went offline has a parked thread. While
# sampling is disabled there are no threads.
on_cpus() {
	local cpu pid where online=
	get enabled
	if [ "$VALUE" = 0 ]; then
		threads_are "threads while off" ""
	else
		online=$(expand "$(cat "$CPUDIR/online")")
		wait_for 2 has_threads "$online" || bad "threads of CPUs $THREADS, not of all of $online"
	fi
	if [ -d "$DEBUG" ]; then
		wait_for 5 sampling_now "$(expand "$1")"
		same "CPUs that sample" "$SAMPLING" "$(expand "$1")"
	fi
	for cpu in $online; do
		pid=$(grep -lx "tscope/$cpu" /proc/[0-9]*/comm | head -n 1)
		[ -n "$pid" ] || { bad "CPU $cpu has no thread"; continue; }
		where=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "${pid%comm}status")
		same "CPUs of tscope/$cpu" "$where" "$cpu"
	done
}

cpu_lists() {
	local online
	online=$(cat "$CPUDIR/online")
	set_to enabled 1
	on_cpus "$online"
	set_to cpus 0
	on_cpus 0
	growing tsc realtime
	if [ "$online" != 0 ]; then
		set_to cpus 1
		on_cpus 1
		# the leader is another CPU now
		growing tsc realtime
	fi
	set_to cpus "$(cat "$CPUDIR/possible")"
	on_cpus "$online"
	set_to enabled 0
	on_cpus ""
}

# turn CPU 0|1: takes the CPU offline or online
turn() {
	echo "$2" >"$CPUDIR/cpu$1/online" || bad "CPU $1: online $2 fails"
}

# the highest CPU goes offline and online; CPU 0 usually can't
hotplug() {
	local cpu rest online i=0
	online=$(cat "$CPUDIR/online")
	cpu=${online##*[-,]}
	if [ ! -w "$CPUDIR/cpu$cpu/online" ] || [ "$cpu" = 0 ]; then
		skip "no CPU can be switched off"
		return
	fi
	set_to enabled 1
	while [ "$i" -lt 3 ]; do
		counters before
		turn "$cpu" 0
		rest=$(cat "$CPUDIR/online")
		on_cpus "$rest"
		growing tsc realtime
		turn "$cpu" 1
		on_cpus "$online"
		counters after
		not_less before after
		i=$((i + 1))
	done
	# sampling goes on and off while that CPU is offline
	turn "$cpu" 0
	set_to enabled 0
	set_to enabled 1
	on_cpus "$rest"
	get cpus
	same cpus "$VALUE" "$(cat "$CPUDIR/possible")"
	turn "$cpu" 1
	on_cpus "$online"
	set_to enabled 0
}

# the only CPU that samples, which is the leader, goes offline and online
leader_goes() {
	local cpu online
	online=$(cat "$CPUDIR/online")
	cpu=${online##*[-,]}
	if [ ! -w "$CPUDIR/cpu$cpu/online" ] || [ "$cpu" = 0 ]; then
		skip "no CPU can be switched off"
		return
	fi
	set_to cpus "$cpu"
	set_to enabled 1
	growing tsc realtime
	turn "$cpu" 0
	on_cpus ""
	samples realtime
	sleep 0.5
	get realtime/samples
	same "samples without a CPU" "$VALUE" "$SAMPLES"
	get enabled
	same enabled "$VALUE" 1
	turn "$cpu" 1
	on_cpus "$cpu"
	growing tsc realtime
	set_to enabled 0
	set_to cpus "$(cat "$CPUDIR/possible")"
}

# enabled and disabled without a pause: no state is lost
quickly() {
	local i=0
	while [ "$i" -lt 25 ]; do
		set_to enabled 1
		set_to enabled 0
		set_to reset 1
		i=$((i + 1))
	done
	zeroed
	set_to enabled 1
	growing tsc realtime
	set_to enabled 0
}

begin
load enable=0 cpus="$(cat "$CPUDIR/possible")" || { echo "Bail out! the module does not load: $ERRNO"; exit 1; }
cleanup() {
	for path in "$CPUDIR"/cpu[0-9]*/online; do
		read -r online <"$path"
		[ "$online" = 1 ] || echo 1 >"$path"
	done
}
run_tests <<END
counts_while_on
reset_while_off
reset_while_on
changes_while_on
cpu_lists
hotplug
leader_goes
quickly
END
