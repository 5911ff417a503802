# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# DESCRIPTION: sample for DURATION seconds and print the report: make run

guest() {
	insmod /lib/tscope/tscope.ko || return
	/lib/tscope/report.sh --flat-out --duration "${DURATION:-10}" >/tmp/report ||
		return
	to_channel </tmp/report
	rmmod tscope
}
