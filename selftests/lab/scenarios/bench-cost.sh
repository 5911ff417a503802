# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046
# DESCRIPTION: what the leader costs at the defaults, before and after, in a guest whose time is counted in instructions; see bench.run
#
# The machine's other work does not count here, nor do exits to a hypervisor: see cost.
ACCEL=tcg
GUEST_SMP=1
GUEST_ICOUNT=0
GUEST_APPEND="tsc=reliable"

guest() {
	local which ko
	. /lib/tscope/truth.sh
	. /lib/tscope/measure.sh

	for which in before after; do
		ko=/lib/tscope/before.ko
		[ $which = before ] || ko=/lib/tscope/tscope.ko
		[ -e $ko ] || continue
		insmod $ko || return
		echo 1 >$T/enabled
		sleep 1
		set -- $(sampler_used 20 0)
		value $which-cpu "$1"
		value $which-wakes "$2"
		echo 0 >$T/enabled
		rmmod tscope || return
	done
	row "CPU time of the leader by instructions, at the defaults" % "$(median before-cpu 3)" \
		"$(median after-cpu 3)" - "at-most 0.15" "$(verdict at-most 0.15 "$(median after-cpu 3)")"
	row "its wake-ups" 1/s "$(median before-wakes 1)" "$(median after-wakes 1)" - "at-most 20" \
		"$(verdict at-most 20.5 "$(median after-wakes 1)")"
	result ok "cost"
	say "1..$COUNT"
}
