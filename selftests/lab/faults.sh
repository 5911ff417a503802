# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC2046,SC2086
#
# Faults that need no boot of their own, and healthy states, for scenarios that inject random
# ones, one after the other. They need a nested guest that samples, with both tsc_ modules,
# truth.sh and doctor.sh, and with GUEST_APPEND as in scenarios/blind.sh.

FAULTS="nothing busy tsc-offset tsc-drifts tsc-alternates tsc-jumped wall-clock-set host-wall-stepped
	host-drift guest-stopped restored clock-stepped clock-stopped no-master-clock clocksource"
FAULT_SOURCE=/sys/devices/system/clocksource/clocksource0/current_clocksource
# HPET_CFG, whose lowest bit lets the counter run
FAULT_HPET=0xfed00010

# sign: sets SIGN to 1 or -1
sign() {
	random 2
	SIGN=$((2 * RANDOM_NUMBER - 1))
}

# span LOW HIGH: sets TRUTH to this range
span() {
	TRUTH=$1..$2
}

# hpet_halts US: halts the HPET's counter; sets TRUTH by the clock before and after both writes
hpet_halts() {
	local config
	config=$(devmem $FAULT_HPET 32)
	set -- $1 $(lab_clock; devmem $FAULT_HPET 32 $((config & ~1)); lab_clock; usleep $1
		lab_clock; devmem $FAULT_HPET 32 $((config)); lab_clock)
	span $(($3 - $9)) $(($5 - $7))
}

# The faults: each sets ID; if it has a size, TRUTH, and LIMIT, which the error must not exceed; and
# END, the command that ends it.

fault_nothing() {
	ID=''
}

fault_busy() {
	ID=''
	while :; do :; done &
	BUSY=$!
	while :; do dd if=/dev/urandom of=/dev/null bs=64k count=16 2>/dev/null; done &
	BUSY="$BUSY $!"
	END="kill $BUSY"
}

fault_tsc_offset() {
	local cycles
	random 2
	cpu=$RANDOM_NUMBER
	sign
	log_uniform 1000000 1000000000
	cycles=$((SIGN * $(cycles_of $LOG_UNIFORM)))
	TRUTH=$(ns_of $((cpu ? cycles : -cycles))) LIMIT=100000
	END="echo $cpu $((-cycles)) >/sys/module/tsc_inject/parameters/adjust"
	echo "$cpu $cycles" >/sys/module/tsc_inject/parameters/adjust
}

fault_tsc_drifts() {
	ID=tsc-moving
	sign
	log_uniform 100000 10000000
	say "# it drifts by $((SIGN * LOG_UNIFORM)) ns/s"
	END="echo 1 >$MOTION/stop"
	echo "1 $((SIGN * $(cycles_of $((LOG_UNIFORM / 50))))) 20000" >$MOTION/drift
}

fault_tsc_alternates() {
	ID=tsc-moving
	log_uniform 5000 100000
	TRUTH=$((2 * LOG_UNIFORM))
	# on a busy machine bounds of pairs may be as wide
	LIMIT=$((TRUTH + 20000))
	END="echo 1 >$MOTION/stop"
	random 100000
	echo "1 $(cycles_of $LOG_UNIFORM) $((20000 + RANDOM_NUMBER))" >$MOTION/alternate
}

fault_tsc_jumped() {
	local cycles
	sign
	log_uniform 100000000 5000000000
	cycles=$((SIGN * $(cycles_of $LOG_UNIFORM)))
	TRUTH=$(ns_of $cycles) LIMIT=100000
	END="echo all $((-cycles)) >/sys/module/tsc_inject/parameters/adjust"
	echo "all $cycles" >/sys/module/tsc_inject/parameters/adjust
}

fault_wall_clock_set() {
	sign
	log_uniform 1000000 3600000000000
	# if a device is the clocksource, readings take long and brackets are wide
	TRUTH=$((SIGN * LOG_UNIFORM)) LIMIT=5000000
	END="lab_clock $((-TRUTH))"
	lab_clock $TRUTH
}

fault_host_wall_stepped() {
	sign
	log_uniform 1000000 3600000000000
	TRUTH=$((SIGN * LOG_UNIFORM)) LIMIT=100000
	END="on_host lab_clock $((-TRUTH)) >/dev/null"
	on_host lab_clock $TRUTH >/dev/null
}

fault_host_drift() {
	local ppm
	sign
	log_uniform 20 400
	ppm=$((SIGN * LOG_UNIFORM))
	# without this the host's rate is off by less than 1 ppm
	span $((-ppm * 1000 - 1000)) $((-ppm * 1000 + 1000))
	LIMIT=2000
	END="on_host adjtimex -q -f 0 >/dev/null"
	on_host adjtimex -q -f $((ppm * 65536)) >/dev/null || return
	# reset, because points from before have another rate
	sleep 1
	echo 1 >$T/reset
	sleep 4
}

fault_guest_stopped() {
	random 3000
	set -- $(on_host "lab_clock; monitor stop; lab_clock; usleep $((500000 + RANDOM_NUMBER * 1000)); lab_clock; monitor cont; lab_clock")
	span $(($5 - $3)) $(($7 - $1))
	LIMIT=1000
}

fault_restored() {
	random 2000
	set -- $(on_host guest_save 1.$(printf %03d $((RANDOM_NUMBER % 1000))))
	span $(($3 - $2)) $(($4 - $1))
	LIMIT=1000000
}

fault_clock_stepped() {
	local ns
	# longer than the pause
	log_uniform 3000000000 60000000000
	ns=$LOG_UNIFORM
	set -- $(on_host "lab_clock; monitor stop; usleep 200000; echo $ns >/run/kvmclock_delta; monitor cont; lab_clock")
	span $((ns - $3 + $1)) $ns
	LIMIT=1000
}

fault_clock_stopped() {
	random 2000
	hpet_halts $((500000 + RANDOM_NUMBER * 1000))
	LIMIT=10000000
}

fault_no_master_clock() {
	END="on_host 'echo tsc >$FAULT_SOURCE; monitor stop; monitor cont' >/dev/null"
	on_host "echo hpet >$FAULT_SOURCE"
}

fault_clocksource() {
	END="echo $(cat $FAULT_SOURCE) >$FAULT_SOURCE; cat $T/period_us >$T/width_us"
	# not flat out: emulated KVM would lose a guest that keeps time by a device
	echo 1000 >$T/width_us
	echo acpi_pm >$FAULT_SOURCE
}

# fault NAME: injects this fault of $FAULTS
fault() {
	ID=$1 TRUTH='' LIMIT='' END=:
	fault_$(echo $1 | tr - _) || { result "not ok" "$1: injection refused"; return 1; }
	say "# $1: truth ${TRUTH:-none}"
}

fault_end() {
	eval "$END"
}
