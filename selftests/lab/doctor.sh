# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC2046,SC2086,SC2119,SC2120
#
# For scenarios: compares what tscope doctor finds with what was injected. Needs truth.sh.

FINDINGS=/tmp/findings

# doctor_lines: turns doctor's JSON into lines ID SEVERITY SIZE ERROR UNIT TITLE, with - for null
doctor_lines() {
	awk '
	function field(key,    text) {
		text = $0
		if (!sub(".*\"" key "\": ", "", text)) return "-"
		sub(/[,}].*/, "", text)
		gsub(/"/, "", text)
		return text == "null" ? "-" : text
	}
	function decimal(text) { return text == "-" ? text : sprintf("%.3f", text) }
	function title(    text) {
		text = $0
		sub(/.*"title": "/, "", text)
		sub(/", "evidence": .*/, "", text)
		return text
	}
	/^"findings": / { on = 1 }
	/^"errors": / { on = 0 }
	on && /"id": / {
		print field("id"), field("severity"), decimal(field("size")),
			decimal(field("size_error")), field("unit"), title()
	}'
}

# examine [OPTION...]: runs doctor once, on what was sampled unless an option says otherwise; fills
# $FINDINGS. With DOCTOR_TEXT=1 it also prints doctor's text for people.
examine() {
	local status
	EXPECTED=''
	/lib/tscope/tscope doctor -q --json -d 0 "$@" >/tmp/doctor.json 2>/tmp/doctor.said
	status=$?
	doctor_lines </tmp/doctor.json >$FINDINGS
	sed 's/^/# doctor: /' /tmp/doctor.said $FINDINGS | to_channel
	[ -z "$DOCTOR_TEXT" ] || /lib/tscope/tscope doctor -q -d 0 "$@" | sed 's/^/# /' | to_channel
	holds "doctor: exit status" "$(awk '$2 != "info" { n = 1 } END { print n + 0 }' $FINDINGS)" \
		$status 0
}

# explain: prints what doctor read, after a wrong finding
explain() {
	{
		sed -n '/^"pairs"/,/^"errors"/p' /tmp/doctor.json
		tail -n 40 $TD/violations
		cat $TD/pairs $TD/timepage
	} 2>/dev/null | sed 's/^/# doctor saw: /' | to_channel
}

# found ID [TRUTH [LIMIT]]: checks that doctor found ID, that the interval of its size holds TRUTH
# (or a part of LOW..HIGH), and that its error is at most LIMIT. Of several findings with this ID
# the nearest counts.
found() {
	local id=$1 low=${2%%..*} high=${2##*..} limit=$3
	EXPECTED="$EXPECTED$id "
	set -- $(awk -v id="$id" -v t="$(calc "(${low:-0} + ${high:-0}) / 2")" '$1 == id {
			d = $3 - t; if (d < 0) d = -d
			if (best == "" || d < least) { best = $3 " " $4 " " $5; least = d }
		} END { print best }' $FINDINGS)
	if [ $# = 0 ]; then
		result "not ok" "doctor finds $id"
		explain
		return 1
	fi
	[ -n "$low" ] || { result ok "doctor finds $id"; return; }
	[ "$2" != - ] || { result "not ok" "doctor gives $id a size"; return 1; }
	holds "doctor: $id, $3" "$(calc "($low + $high) / 2")" "$1" "$(calc "$2 + ($high - $low) / 2")"
	[ -z "$limit" ] || below "doctor: $id's error, $3" "$2" "$limit"
}

# may_find ID...: these may be found, or not
may_find() {
	local id
	for id in "$@"; do
		! grep -q "^$id " $FINDINGS || EXPECTED="$EXPECTED$id "
	done
}

# nothing_else: checks that there is no fault that was not expected, and prints a line for the table
# of scenarios and ids. A scenario may set MOTION_NS if the emulation moves the TSC: a hull of up
# to so many ns is then not a fault; and GAIN_NS if clocks run on a device, on which the emulated
# TSC gains: steps of up to so many ns are then true.
nothing_else() {
	local n
	n=$(awk -v e=" $EXPECTED" -v m="${MOTION_NS:--1}" -v g="${GAIN_NS:--1}" '
		$2 == "fault" && !index(e, " " $1 " ") && !($1 == "tsc-moving" && $3 <= m) &&
		!($1 == "clock-stepped" && $3 <= g && -$3 <= g) { n++ }
		END { print n + 0 }' $FINDINGS)
	[ "$n" = 0 ] || explain
	holds "doctor: other faults" 0 "$n" 0
	say "# doctor expected: ${EXPECTED:-none }found: $(awk '{ print $1 ":" $2 }' $FINDINGS | sort -u | tr '\n' ' ')"
}

# finds ID [TRUTH [LIMIT]]: this and no other fault
finds() {
	examine
	found "$@"
	nothing_else
}

# finds_none [WARNING...]: a healthy guest, with no warnings except these and noisy-host, because
# an emulated host is noisy
finds_none() {
	local n
	examine
	nothing_else
	n=$(awk -v w=" noisy-host $* " '$2 == "warning" && !index(w, " " $1 " ") { n++ } END { print n + 0 }' $FINDINGS)
	holds "doctor: warnings" 0 "$n" 0
}

# wall_right: sets the guest's wall clock by the host's, as the lab has no time service, and resets,
# which discards that step; for a guest that samples
wall_right() {
	local tries=0
	until wall_look; [ -n "${WALL%none}" ] || [ $tries -ge 30 ]; do
		tries=$((tries + 1))
		usleep 100000
	done
	[ -z "${WALL%none}" ] || lab_clock $((-WALL))
	echo 1 >$T/reset
}

# tsc_frequency_is_wrong: kvm-clock's page has the host's frequency, from which all other clocks of
# the lab are made; the kernel was booted with another one
tsc_frequency_is_wrong() {
	local ppb khz

	tscope_load || return
	echo 1 >$T/enabled
	sleep 8
	khz=$(figure kvm-clock khz)
	say "# the kernel's $(figure tsc khz) kHz, the host's $khz kHz: $(cut -d' ' -f3- /proc/cmdline)"
	between "the kernel takes the kHz of its command line" 1 "$(grep -c "tsc_early_khz=$(figure tsc khz)" /proc/cmdline)" 1
	ppb=$(calc "$(figure tsc khz) / $khz * 1e9 - 1e9")
	# kHz have no decimal places: 0.5 ppm
	finds tsc-frequency "$(calc "$ppb - 500")..$(calc "$ppb + 500")" 10000
	echo 0 >$T/enabled
	tscope_done
}
