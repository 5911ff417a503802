# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2016,SC2046
# DESCRIPTION: the guest is saved to a file and restored in a new QEMU later: the gap is in ptp-kvm and realtime
#
# TSC and kvm-clock continue from their saved values, which were saved at two
# instants: their difference is kvm-clock's step. The host's wall clock went on, so
# ptp-kvm steps ahead by the gap. ptp-kvm's step less kvm-clock's must equal the time by
# which the guest's wall clock fell behind.
ACCEL=nested

guest() {
	local gap
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	seed
	tscope_load || return
	trace_on step pvti_update || return
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	sleep 8
	rates_known
	pvti_known
	wall_look
	random 4000
	gap=$((RANDOM_NUMBER / 1000)).$(printf %03d $((RANDOM_NUMBER % 1000)))
	set -- $(on_host guest_save "$gap")
	if [ $# != 4 ]; then
		say "# guest_save: $*"
		return 1
	fi
	sleep 10
	echo 0 >$T/enabled

	wall_moved
	say "# the gap was to be $gap s"
	between "the guest's wall clock fell behind by ns" $(($3 - $2)) $((-WALL_MOVED)) $(($4 - $1))
	moved_on
	# by how much the guest's wall clock fell behind the host's
	finds restored $((-WALL_MOVED - WALL_MOVED_ERROR))..$((-WALL_MOVED + WALL_MOVED_ERROR)) 1000000
	tscope_done
}
