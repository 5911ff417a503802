#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2012,SC2015,SC2154,SC2317
#
# Checks that all tracepoints have their fields, that each fires, and that it reports
# the truth. For tracepoints of violations, which need faults, see faults.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/trace_lib.sh"

# event, its fields
FIELDS="
tscope_warp char clock[16]; s32 cpu; s32 peer; u64 warp_ns; u64 count; u64 tsc;
tscope_pair char clock[16]; s32 cpu_i; s32 cpu_j; s64 low_ns; s64 high_ns; u64 meetings;
tscope_backward char clock[16]; s32 cpu; u64 backward_ns; u64 count; u64 tsc;
tscope_step char clock[16]; s32 cpu; s64 step_ns; u64 error_ns; u64 tsc;
tscope_pvti_update s32 cpu; u32 version; s64 step_ns; u32 mul; s32 shift; u32 flags; u64 tsc;
tscope_point char clock[16]; s32 cpu; u32 width_ns; u64 tsc; u64 clock_ns; s64 phase_ns;
tscope_window s32 cpu; u64 start_ns; u64 late_ns; u64 readings; u64 bursts;"

formats() {
	local event want
	same "events" "$(ls -d "$TRACING"/events/tscope/tscope_* | wc -l)" 7
	while read -r event want; do
		[ -n "$event" ] || continue
		same "$event" "$(sed -n '/field:.* common_/d; s/^\tfield:\([^;]*;\).*/\1/p' \
			"$TRACING/events/tscope/$event/format" | tr '\n' ' ')" "$want "
	done <<-END
	$FIELDS
	END
}

# windows PERIOD-US WIDTH-US BURST-US: checks all CPUs' windows if flat out, else the leader's.
# Each CPU's windows must ascend in time, and must not be more than fit into the time.
windows() {
	local cpu most
	set_windows "$1" "$2" "$3"
	record window -- sleep 1
	set_defaults
	awk '$1 != "window" { print; next }
		{ for (i = 2; i <= NF; i++) { split($i, p, "="); f[p[1]] = p[2] } }
		f["start_ns"] <= start[f["cpu"]] { print "not later:", $0 }
		f["late_ns"] >= 1000000000 { print "late:", $0 }
		f["bursts"] < 1 { print "bursts:", $0 }
		f["readings"] < f["bursts"] { print "readings:", $0 }
		{ start[f["cpu"]] = f["start_ns"] }' "$TMP/trace" >"$TMP/odd"
	[ ! -s "$TMP/odd" ] || bad "$(head -n 3 "$TMP/odd")"
	# enabling and disabling take their time too
	most=$((5000000 / $1 + 2))
	if [ "$1" = "$2" ]; then
		for cpu in $(expand "$(cat "$CPUDIR/online")"); do
			events window "" "$cpu"
			within "windows of CPU $cpu" "$EVENTS" 5 "$most"
		done
	else
		same "CPUs with windows" "$(sed 's/.* cpu=\([0-9]*\) .*/\1/' "$TMP/trace" | sort -u | wc -l)" 1
		within "windows" "$(wc -l <"$TMP/trace")" 5 "$most"
	fi
}

# only a CPU of the list takes bursts of its own
window_cpus() {
	local cpu online
	online=$(cat "$CPUDIR/online")
	for cpu in $(expand "$online"); do
		set_to cpus "$cpu"
		record window -- sleep 0.5
		events window "" "$cpu"
		within "windows of CPU $cpu" "$EVENTS" 1 1000
		same "windows of others" "$(wc -l <"$TMP/trace")" "$EVENTS"
	done
	set_to cpus "$(cat "$CPUDIR/possible")"
}

# flat out tsc/samples is the sum of the windows' readings, because CPUs do not call each other
window_readings() {
	local sum
	set_to reset 1
	set_windows 10000 10000 10
	record window -- sleep 1
	set_defaults
	sum=$(awk '{ sub(/.*readings=/, ""); n += $1 } END { print n }' "$TMP/trace")
	get tsc/samples
	same "tsc/samples" "$VALUE" "$sum"
}

# points: each clock's tsc and clock ascend, and phase is clock - tsc; after a step (an
# emulated TSC may cause some) the phase has another origin
points() {
	local clock khz n tsc ns phase went others
	set_to reset 1
	get tsc/khz
	khz=$VALUE
	set_windows 10000 10000 10
	record point -- sleep 6
	set_defaults
	get clocks
	for clock in ${VALUE#tsc }; do
		! timeless "$clock" || continue
		events point "$clock"
		n=0 others=0
		head -n 40 "$TMP/events" >"$TMP/some"
		while read -r line; do
			# shellcheck disable=SC2086
			fields $line
			if [ "$clock" = ptp-kvm ] || { get "$clock/exact" 2>/dev/null && [ "$VALUE" = 1 ]; }; then
				same "width of $clock" "$F_width_ns" 0
			else
				within "width of $clock" "$F_width_ns" 1 1000000000
			fi
			if [ "$n" -gt 0 ]; then
				[ "$F_tsc" -gt "$tsc" ] || bad "$clock: tsc $F_tsc after $tsc"
				[ "$F_clock_ns" -ge "$ns" ] || bad "$clock: $F_clock_ns ns after $ns"
				went=$((F_clock_ns - ns - (F_tsc - tsc) * 1000000 / khz))
				went=$((F_phase_ns - phase - went))
				[ "${went#-}" -le 2 ] || others=$((others + 1))
			fi
			n=$((n + 1)) tsc=$F_tsc ns=$F_clock_ns phase=$F_phase_ns
		done <"$TMP/some"
		get "$clock/steps"
		within "$clock: phases that don't go on, of $n" "$others" 0 "$VALUE"
		[ "$n" -le 5 ] || continue
		get "$clock/errors" && [ "$VALUE" -gt 0 ] || bad "$clock: $n points"
	done
}

# an undisturbed run has no events of violations, only points and windows
quiet() {
	set_to reset 1
	record warp backward pair -- sleep 3
	same "warps, backward readings and offsets that move" "$(head -n 3 "$TMP/trace")" ""
}

begin
load enable=0 cpus="$(cat "$CPUDIR/possible")" || { echo "Bail out! the module does not load: $ERRNO"; exit 1; }
begin_trace
run_tests <<END
formats
windows 50000 20 10
windows 10000 100 10
windows 5000 5000 100
windows 100000 1000 1
window_cpus
window_readings
points
quiet
END
