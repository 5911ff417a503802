# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034
# DESCRIPTION: a guest without KVM: no host to command, no TSC to move
# EXPECT: passed
ACCEL=tcg

guest() {
	on_host true
	[ $? = 125 ] || return 1
	[ "$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)" != kvm-clock ] ||
		return 1
	insmod /lib/tscope/tsc_inject.ko || return 1
	! echo "1 1000" >/sys/module/tsc_inject/parameters/tsc
}
