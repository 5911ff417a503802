# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086
# DESCRIPTION: faults and healthy states in random order: doctor's ids are written down, then compared with the key
#
# The order and all sizes follow from the seed. Doctor's output is kept, and is compared with the
# key only after the last fault.
ACCEL=nested
TIMEOUT=900
GUEST_APPEND="tsc=unstable lapic=notscdeadline iomem=relaxed"

# shuffled: the faults in random order
shuffled() {
	for name in $FAULTS; do
		random 30000
		echo $RANDOM_NUMBER $name
	done | sort -n | cut -d' ' -f2
}

guest() {
	local name n=0 order ID TRUTH LIMIT END SIGN BUSY cpu
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh
	. /lib/tscope/faults.sh

	seed
	insmod /lib/tscope/tsc_inject.ko && insmod /lib/tscope/tsc_motion.ko || return
	tscope_load || return
	# flat out, or the CPUs of an emulated guest may not meet for a long time
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	order=${BLIND:-$(shuffled)}
	for name in $order; do
		n=$((n + 1))
		wall_right
		sleep 5
		fault $name || break
		sleep 4
		examine -d 2
		cp $FINDINGS /tmp/blind.$n
		cp /tmp/doctor.json /tmp/blind.$n.json
		echo "$n $name ${ID:-none} ${TRUTH:-} ${LIMIT:-}" >>/tmp/key
		fault_end
		sleep 2
	done
	echo 0 >$T/enabled

	while read -r n name ID TRUTH LIMIT; do
		cp /tmp/blind.$n $FINDINGS
		cp /tmp/blind.$n.json /tmp/doctor.json
		EXPECTED=''
		say "# $n: it was $name"
		[ $ID = none ] || found $ID $TRUTH $LIMIT
		nothing_else
	done </tmp/key
	rmmod tsc_motion tsc_inject
	tscope_done
}
