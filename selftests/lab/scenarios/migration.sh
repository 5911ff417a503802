# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2016,SC2046
# DESCRIPTION: live migration while sampling all the time: kvm-clock's step is exact, nothing warps
#
# TSC and kvm-clock continue in the second QEMU from the values of the first, which were saved
# at two instants: their difference is kvm-clock's step. The host's wall clock went on, so
# ptp-kvm steps ahead by the time that the TSC missed. ptp-kvm's step less kvm-clock's must
# equal the time by which the guest's wall clock fell behind.
ACCEL=nested
# with QEMU 10 a guest that migrated hangs at times, most often if the host's vCPUs are bound
HOST_UNBOUND=1

guest() {
	local down
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	tscope_load || return
	trace_on step pvti_update || return
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	sleep 8
	rates_known
	pvti_known
	wall_look
	down=$(on_host guest_migrate) || { say "# guest_migrate: $down"; return 1; }
	sleep 7
	echo 0 >$T/enabled

	wall_moved
	say "# QEMU says the downtime was $down ms"
	moved_on
	# by how much the guest's wall clock fell behind the host's
	finds restored $((-WALL_MOVED - WALL_MOVED_ERROR))..$((-WALL_MOVED + WALL_MOVED_ERROR)) 1000000
	tscope_done
}
