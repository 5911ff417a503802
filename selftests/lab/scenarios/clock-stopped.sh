# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046
# DESCRIPTION: the HPET's counter is halted for 0.3 to 3 s: doctor names it, by how much it lost
ACCEL=tcg
GUEST_APPEND="tsc=reliable iomem=relaxed"

guest() {
	local range TRUTH
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh
	. /lib/tscope/faults.sh

	seed
	tscope_load || return
	echo 1 >$T/enabled
	for range in 300 3000; do
		echo 1 >$T/reset
		sleep 5
		random $((range * 2 / 3))
		hpet_halts $(((range / 3 + RANDOM_NUMBER) * 1000))
		sleep 4
		finds clock-stopped $TRUTH 1000000
	done
	echo 0 >$T/enabled
	tscope_done
}
