#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2154,SC2317
#
# Checks that tracepoints, sysfs and debugfs report known faults with their true size: a
# wall clock that is set, a TSC that is moved, a guest that is paused. The faults can be
# injected in the lab's guests only (selftests/lab); elsewhere the tests are skipped.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/trace_lib.sh"

INJECT_KO=${TSC_INJECT_MODULE:-/lib/tscope/tsc_inject.ko}
INJECT=/sys/module/tsc_inject/parameters/adjust

# can_inject: whether a TSC can be moved here; if not, sets WHY to the reason
can_inject() {
	WHY="no tsc_inject.ko to move a TSC with"
	[ -f "$INJECT_KO" ] || return 1
	WHY="the kernel would take a moved TSC back: it needs tsc=unstable"
	grep -qw tsc=unstable /proc/cmdline || return 1
	WHY="one CPU"
	[ "$(nproc)" -gt 1 ] || return 1
	WHY="no MSR_IA32_TSC_ADJUST"
	[ -d "${INJECT%/*}" ] || insmod "$INJECT_KO" 2>/dev/null || return 1
	cat "$INJECT" >/dev/null 2>&1 || return 1
	WHY="a write of MSR_IA32_TSC_ADJUST moves no TSC here"
	{ echo "1 1" >"$INJECT" && echo "1 -1" >"$INJECT"; } 2>/dev/null
}

inject() {
	INJECTED=$((INJECTED + $1))
	echo "1 $1" >"$INJECT" || bad "injection of $1 cycles into CPU 1"
}

cleanup_more() {
	[ -d "${INJECT%/*}" ] || return
	[ "${INJECTED:-0}" = 0 ] || inject $((-INJECTED))
	rmmod tsc_inject
}

# pause SECONDS: sets PAUSED_NS, the longest that the pause can have been by the host's clock
pause() {
	local times from to
	times=$(on_host "cut -d' ' -f1 /proc/uptime; monitor stop; sleep $1; monitor cont; cut -d' ' -f1 /proc/uptime") ||
		bad "pause: $times"
	from=$(echo "$times" | head -n 1 | tr -d .)
	to=$(echo "$times" | tail -n 1 | tr -d .)
	PAUSED_NS=$(((to - from + 1) * 10000000))
}

# ns_of CYCLES: sets NS
ns_of() {
	get tsc/khz
	NS=$(($1 * 1000000 / VALUE))
}

# seen WHAT: sets $SEEN to the number of such lines in debugfs "violations"
seen() {
	[ -d "$DEBUG" ] || { SEEN=$EVENTS; skip "no $DEBUG: its violations were not looked at"; return; }
	SEEN=$(grep -c " $1 " "$DEBUG/violations")
}

# set_clock: sets the wall clock ahead by 100 s and back, and reads the offset against the host
set_clock() {
	sleep 1
	get ptp-kvm/offset_ns
	OFFSET1=$VALUE
	date -s "@$(($(date +%s) + 100))" >/dev/null
	sleep 1
	get ptp-kvm/offset_ns
	OFFSET2=$VALUE
	date -s "@$(($(date +%s) - 100))" >/dev/null
	sleep 1
	get ptp-kvm/offset_ns
	OFFSET3=$VALUE
}

wall_clock_set() {
	local steps='' line
	[ -n "$TSCOPE_SET_CLOCK" ] || { skip "sets the wall clock: only with TSCOPE_SET_CLOCK=1"; return; }
	set_to reset 1
	record step backward -- set_clock
	events step realtime
	same "steps of realtime" "$EVENTS" 2
	get realtime/steps
	same "realtime/steps" "$VALUE" "$EVENTS"
	seen "step realtime"
	same "steps of realtime in violations" "$SEEN" "$EVENTS"
	while read -r line; do
		# shellcheck disable=SC2086
		fields $line
		within "error of the step" "$F_error_ns" 1 10000000
		steps="$steps $F_step_ns $F_error_ns"
	done <"$TMP/events"
	# shellcheck disable=SC2086
	set -- $steps
	within "step on" "$1" 98000000000 100100000000
	within "step back" "$3" -102000000000 -99900000000
	if [ -n "$OFFSET1" ] && [ -n "$OFFSET3" ]; then
		# against the host's clock; reading the guest's clock for that has an error too
		within "step on, by ptp-kvm" $(($1 - (OFFSET2 - OFFSET1))) $((-$2 - 100000)) $(($2 + 100000))
		within "step back, by ptp-kvm" $(($3 - (OFFSET3 - OFFSET2))) $((-$4 - 100000)) $(($4 + 100000))
	fi
	get realtime/step_last_ns
	same "step_last_ns" "$VALUE" "$3"
	get realtime/step_max_ns
	[ "$VALUE" = "$1" ] || [ "$VALUE" = "$3" ] || bad "step_max_ns: $VALUE"
	events backward realtime
	same "backward readings of realtime" "$EVENTS" 1
	# shellcheck disable=SC2046
	fields $(cat "$TMP/events")
	within "backward_ns" "$F_backward_ns" $((-$3 - 1000000000)) $((-$3 + $4))
	get realtime/backward_max_ns
	same "backward_max_ns" "$VALUE" "$F_backward_ns"
	events step monotonic-raw
	same "steps of monotonic-raw" "$EVENTS" 0
}

# move_tsc CYCLES: moves CPU 1's TSC back while it samples, and later forward again
move_tsc() {
	sleep 3
	get tsc/offset_max_ns
	BASE=$VALUE
	get tsc/offset_bound_ns
	BASE_BOUND=$VALUE
	inject "-$1"
	sleep 3
	get tsc/offset_max_ns
	OFFSET=$VALUE
	get tsc/offset_bound_ns
	BOUND=$VALUE
	inject "$1"
	sleep 1
}

# total, largest FIELD: the sum and the largest of a field in $TMP/events
total() {
	awk -v name="$1" '{ for (i = 2; i <= NF; i++) if (split($i, p, "=") == 2 && p[1] == name) n += p[2] }
		END { printf "%d", n }' "$TMP/events"
}

largest() {
	sed "s/.* $1=\([0-9]*\).*/\1/" "$TMP/events" | sort -n | tail -n 1
}

# CPU 1's TSC falls behind by a million cycles: it reads less than CPU 0 has published
tsc_moved() {
	can_inject || { skip "$WHY"; return; }
	set_to reset 1
	record warp backward step pvti_update -- move_tsc 1000000
	ns_of 1000000
	same "CPU that warps" "$(sed -n 's/^warp clock=tsc \(.*\) warp_ns.*/\1/p' "$TMP/trace" | sort -u)" \
		"cpu=1 peer=0"
	# offset_max_ns is for the pair i < j: for CPU 0 and the others
	within "offset of CPU 1" $((OFFSET - BASE + NS)) $((-BOUND - BASE_BOUND)) $((BOUND + BASE_BOUND))
	events warp tsc
	get tsc/warps
	same "tsc/warps" "$VALUE" "$(total count)"
	get tsc/warp_max_ns
	same "tsc/warp_max_ns" "$VALUE" "$(largest warp_ns)"
	# at least the injection less a transit; at most the injection plus the offset before
	within "largest warp" "$VALUE" $((NS - BASE_BOUND - 2 * BOUND)) $((NS + BASE_BOUND + 1))
	seen "warp tsc"
	within "warps in violations" "$SEEN" 1 1024
	# KVM adjusts kvm-clock: the step of its pvti is the time that the TSC lost
	if [ -d "$TSCOPE/kvm-clock" ]; then
		events pvti_update "" 1
		within "pvti updates of CPU 1" "$EVENTS" 2 10
		within "largest step of pvti" "$(largest step_ns)" $((NS - 100000)) $((NS + 100000))
		# both steps are this CPU's, though the host's reference did not change
		events step kvm-clock
		get kvm-clock/steps
		same "kvm-clock/steps" "$VALUE" "$EVENTS"
		within "steps of kvm-clock" "$EVENTS" 2 4
		within "largest of them" "$(largest step_ns)" $((NS - 100000)) $((NS + 100000))
		within "their sum" "$(total step_ns)" -100000 100000
	fi
}

# CPU 1's TSC goes back by more than a period: the CPU reads less than at its last reading. The
# CPU samples all the time; otherwise the TSC would have passed its old value at the next reading.
tsc_backward() {
	can_inject || { skip "$WHY"; return; }
	set_to reset 1
	set_windows 10000 10000 10
	record backward -- move_tsc 400000000
	set_defaults
	ns_of 400000000
	events backward tsc
	same "backward readings" "$EVENTS" 1
	# shellcheck disable=SC2046
	fields $(cat "$TMP/events")
	same "CPU" "$F_cpu" 1
	within "backward_ns" "$F_backward_ns" $((NS / 2)) "$NS"
	get tsc/backward
	same "tsc/backward" "$VALUE" "$F_count"
	get tsc/backward_max_ns
	same "tsc/backward_max_ns" "$VALUE" "$F_backward_ns"
	seen "backward tsc"
	same "backward readings in violations" "$SEEN" 1
}

pause_now() {
	sleep 1
	pause 1
	sleep 2
}

# the guest is paused for a second: kvm-clock stands still, the TSC goes on
paused() {
	local cpu last
	[ -d "$TSCOPE/kvm-clock" ] || { skip "no kvm-clock here"; return; }
	if ! command -v on_host >/dev/null || ! on_host true 2>/dev/null; then
		skip "no lab host that could pause this guest"
		return
	fi
	set_to reset 1
	record pvti_update step -- pause_now
	for cpu in $(expand "$(cat "$CPUDIR/online")"); do
		events pvti_update "" "$cpu"
		within "pvti updates of CPU $cpu" "$EVENTS" 1 20
		same "odd versions" "$(grep -c 'version=[0-9]*[13579] ' "$TMP/events")" 0
	done
	events pvti_update
	get kvm-clock/updates
	same "kvm-clock/updates" "$VALUE" "$EVENTS"
	events step kvm-clock
	get kvm-clock/steps
	same "kvm-clock/steps" "$VALUE" "$EVENTS"
	within "steps of kvm-clock" "$EVENTS" 1 20
	get kvm-clock/step_max_ns
	within "kvm-clock/step_max_ns" "$VALUE" "-$PAUSED_NS" -1000000000
	grep -q " step_ns=$VALUE " "$TMP/events" || bad "no event reports it"
	last=$(tail -n 1 "$TMP/events" | sed 's/.* step_ns=\([0-9-]*\) .*/\1/')
	get kvm-clock/step_last_ns
	same "kvm-clock/step_last_ns" "$VALUE" "$last"
	# the step of each clock has an entry
	events step
	within "steps" "$EVENTS" 1 40
	seen step
	same "steps in violations" "$SEEN" "$EVENTS"
	[ ! -d "$DEBUG" ] ||
		same "steps in violations" "$(awk '$3 == "step" { print $4, $7, $9 }' "$DEBUG/violations" | sort)" \
			"$(sed 's/.* clock=\([^ ]*\) .* step_ns=\([0-9-]*\) error_ns=\([0-9]*\) .*/\1 \2 \3/' "$TMP/events" | sort)"
}

begin
load enable=0 cpus="$(cat "$CPUDIR/possible")" || { echo "Bail out! the module does not load: $ERRNO"; exit 1; }
begin_trace
run_tests <<END
wall_clock_set
tsc_moved
tsc_backward
paused
END
