# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086
# DESCRIPTION: two faults at once: doctor finds both, and no other
ACCEL=nested
TIMEOUT=600
GUEST_APPEND="tsc=unstable lapic=notscdeadline iomem=relaxed"

PAIRS="tsc-offset+wall-clock-set host-wall-stepped+wall-clock-set tsc-drifts+clock-stopped
	clocksource+wall-clock-set tsc-offset+host-drift"

guest() {
	local pair first ends ID TRUTH LIMIT END SIGN BUSY cpu
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh
	. /lib/tscope/faults.sh

	seed
	insmod /lib/tscope/tsc_inject.ko && insmod /lib/tscope/tsc_motion.ko || return
	tscope_load || return
	# flat out, or the CPUs of an emulated guest may not meet for a long time
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	for pair in $PAIRS; do
		wall_right
		sleep 5
		# a fault of a rate calls reset, so it comes first
		fault ${pair#*+} || break
		set -- $ID "$TRUTH" "$LIMIT"
		ends=$END
		fault ${pair%+*} || break
		# a pair that moved rests again after two epochs
		sleep 7
		examine -d 2
		found $1 $2 $3
		found $ID $TRUTH $LIMIT
		nothing_else
		fault_end
		eval "$ends"
		sleep 2
	done
	echo 0 >$T/enabled
	rmmod tsc_motion tsc_inject
	tscope_done
}
