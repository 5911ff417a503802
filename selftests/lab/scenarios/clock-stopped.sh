# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046
# DESCRIPTION: the HPET's counter is halted for 0.3 to 3 s: doctor names it, by how much it lost
ACCEL=tcg
GUEST_APPEND="tsc=reliable iomem=relaxed"

# HPET_CFG, whose lowest bit lets the counter run
HPET=0xfed00010

guest() {
	local range config began
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	seed
	tscope_load || return
	echo 1 >$T/enabled
	config=$(devmem $HPET 32)
	for range in 300 3000; do
		echo 1 >$T/reset
		sleep 5
		random $((range * 2 / 3))
		set -- $(lab_clock)
		devmem $HPET 32 $((config & ~1))
		began=$2
		usleep $(((range / 3 + RANDOM_NUMBER) * 1000))
		set -- $(lab_clock)
		devmem $HPET 32 $((config))
		sleep 4
		# the programs that halt it and let it run again take some time
		finds clock-stopped $((began - $2 - 20000000))..$((began - $2 + 20000000)) 50000000
	done
	echo 0 >$T/enabled
	tscope_done
}
