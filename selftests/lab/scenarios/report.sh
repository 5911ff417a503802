# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# DESCRIPTION: sample for DURATION seconds and print the report: make run

# the number of kvm-clock's segment
segment() {
	awk '$1 == "kvm-clock" { print $2; exit }' /sys/kernel/debug/tscope/points
}

# sampling that was on goes on, and its segments with it
goes_on() {
	local before
	echo 1 >/sys/kernel/tscope/enabled
	sleep 1
	before=$(segment)
	/lib/tscope/report.sh --duration 1 >/dev/null || return
	[ "$(cat /sys/kernel/tscope/enabled)" = 1 ] ||
		{ say "the report has stopped sampling"; return 1; }
	[ -n "$before" ] && [ "$(segment)" = "$before" ] && return
	say "the report has begun a new segment: $(segment), after '$before'"
	return 1
}

guest() {
	insmod /lib/tscope/tscope.ko || return
	/lib/tscope/report.sh --flat-out --duration "${DURATION:-10}" >/tmp/report ||
		return
	to_channel </tmp/report
	goes_on || return
	rmmod tscope
}
