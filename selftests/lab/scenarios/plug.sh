# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2016,SC2046
# DESCRIPTION: a vCPU is plugged while all is sampled, and then its TSC is moved: offsets and steps are right
#
# KVM gives a new vCPU the TSC of the others, and may recompute its master clock. Then the
# scenario writes TSC_ADJUST, as some host and guest software does. KVM keeps that CPU's
# kvm-clock where it was. A host with 6.1 recomputes its master clock for a new vCPU, and
# kvm-clock steps by the drift since the last time: --host-kernel 6.1 --env PLUG_AFTER=60.
# Environment (--env): PLUG_AFTER, how many seconds the guest samples before the vCPU comes (5).
ACCEL=nested
TIMEOUT=400
GUEST_SMP=2,maxcpus=3
# see tsc-offset.sh
GUEST_APPEND="tsc=unstable lapic=notscdeadline"

# cpu2_holds TRUTH-NS NAME: CPU 2's TSC is off CPU 0's by TRUTH-NS, and its kvm-clock by 0
cpu2_holds() {
	set -- "$1" "$2" $(awk '$2 == 0 && $3 == 2 { print $4, $5 }' $TD/pairs)
	grep -v '^#' $TD/pairs | sed 's/^/# /' | to_channel
	holds "$2: tsc offset of CPU 2 ns" "$1" "$3" "$4"
	holds "$2: kvm-clock offset of CPU 2 ns" 0 "$5" "$6"
	[ "$4" -ge 1000 ] 2>/dev/null || narrow=$((narrow + 1))
}

guest() {
	local cpu2=/sys/devices/system/cpu/cpu2 tries=0 narrow=0 cycles truth
	. /lib/tscope/truth.sh

	seed
	insmod /lib/tscope/tsc_inject.ko && tscope_load || return
	trace_on step pvti_update || return
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	sleep "${PLUG_AFTER:-5}"
	pvti_known
	on_host 'monitor "device_add host-x86_64-cpu,socket-id=0,core-id=2,thread-id=0,id=plugged"' |
		to_channel
	until [ -d $cpu2 ]; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || { result "not ok" "CPU 2 does not appear"; return 1; }
		usleep 100000
	done
	[ "$(cat $cpu2/online)" = 1 ] || echo 1 >$cpu2/online
	sleep 10
	between "threads that sample" 3 "$(cat /proc/[0-9]*/comm | grep -c '^tscope/')" 3
	clean tsc kvm-clock
	kvm_steps_counted
	pvti_steps_hold
	say_updates
	echo 0 >$T/enabled
	cpu2_holds 0 plugged
	skew kvm-clock "$(pvti_rate_ppb)"

	random 900000000
	cycles=$((-100000000 - RANDOM_NUMBER))
	truth=$(awk -v c=$cycles -v k="$(cat $T/tsc/khz)" 'BEGIN { printf "%.3f", c * 1e6 / k }')
	echo 1 >$T/reset
	trace_clear
	echo 1 >$T/enabled
	sleep 1
	echo "2 $cycles" >/sys/module/tsc_inject/parameters/adjust || return
	sleep 4
	echo 0 >$T/enabled
	say_updates
	cpu2_holds "$truth" "by $cycles cycles"
	holds "tsc backward" 1 "$(figure tsc backward)" 0
	between "tsc warps" 1 "$(figure tsc warps)" -
	# its pvti got another TSC value at the same system time: one CPU's clock stepped
	holds "kvm-clock steps" 1 "$(figure kvm-clock steps)" 0
	# the host's kHz of the TSC may differ a little from the guest's
	holds "kvm-clock's step ns" "$(calc "-($truth) * (1 + $(pvti_rate_ppb) * 1e-9)")" \
		"$(figure kvm-clock step_last_ns)" 3
	clean kvm-clock
	# a wide bound would hold any truth, and three vCPUs share two CPUs
	between "offsets with a bound below 1 us" 1 $narrow 2
	echo "2 $((-cycles))" >/sys/module/tsc_inject/parameters/adjust
	rmmod tsc_inject
	tscope_done
}
