# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034
# DESCRIPTION: random writes, reads and seeks of all files in sysfs and debugfs: what is refused changes nothing
#
# Environment (--env): SEED repeats a run; OPS is the number of operations, SECONDS_MAX the
# longest time for them, READERS the number of other processes that read meanwhile.
TIMEOUT=${FUZZ_TIMEOUT:-300}

guest() {
	local status
	insmod /lib/tscope/tscope.ko || return
	sysfs_fuzz -s "${SEED:-$(date +%s)}" -n "${OPS:-20000}" -t "${SECONDS_MAX:-30}" \
		-r "${READERS:-2}" >/run/channel
	status=$?
	# whatever state the fuzzer left: once enabled, it samples
	echo 0 >/sys/kernel/tscope/enabled
	cat /sys/devices/system/cpu/possible >/sys/kernel/tscope/cpus
	echo 10 >/sys/kernel/tscope/width_us
	echo 10000 >/sys/kernel/tscope/period_us
	echo 1 >/sys/kernel/tscope/reset
	echo 1 >/sys/kernel/tscope/enabled
	sleep 2
	say "# $(cat /sys/kernel/tscope/tsc/samples) readings after it"
	[ "$(cat /sys/kernel/tscope/tsc/samples)" -gt 0 ] || status=1
	rmmod tscope || status=1
	[ "$status" = 0 ] || say "not ok 1 - sysfs fuzz"
	[ "$status" != 0 ] || say "ok 1 - sysfs fuzz"
	return $status
}
