# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2016,SC2046
# DESCRIPTION: a guest with QEMU's vmclock device is saved and restored: its marker changes once, and doctor takes the steps for a restore
#
# The device gives no time. QEMU changes the marker when it loads the guest's state.
ACCEL=nested
GUEST_VMCLOCK=qemu

guest() {
	local marker gap
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	seed
	tscope_load || return
	holds "vmclock is there" 1 "$(grep -cw vmclock $T/clocks)" 0
	marker=$(figure vmclock marker)
	echo 1 >$T/enabled
	sleep 8
	holds "no time" 0 "$(figure vmclock time)" 0
	holds "disruptions before it" 0 "$(figure vmclock disruptions)" 0
	no_steps kvm-clock ptp-kvm
	wall_look
	random 4000
	gap=$((RANDOM_NUMBER / 1000)).$(printf %03d $((RANDOM_NUMBER % 1000)))
	set -- $(on_host guest_save "$gap")
	[ $# = 4 ] || { say "# guest_save: $*"; return 1; }
	sleep 10
	echo 0 >$T/enabled

	wall_moved
	between "the guest's wall clock fell behind by ns" $(($3 - $2)) $((-WALL_MOVED)) $(($4 - $1))
	result "$([ "$(figure vmclock marker)" != "$marker" ] && echo ok || echo not ok)" "the marker is another"
	holds "disruptions" 1 "$(figure vmclock disruptions)" 0
	holds "updates" 1 "$(figure vmclock updates)" 0
	holds "markers in violations" 1 "$(grep -c ' marker vmclock ' $TD/violations)" 0
	finds restored $((-WALL_MOVED - WALL_MOVED_ERROR))..$((-WALL_MOVED + WALL_MOVED_ERROR)) 10000
	tscope_done
}
