# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2046,SC2086
# DESCRIPTION: faults one after the other: who notices within 20 s of tscope, the kernel, chrony and phc_ctl, and who names the cause; run by "make peers"
#
# The guest's kernel uses its TSC and watches it, as kernels do by default. It does not use
# TSC_ADJUST (clearcpuid=289), because this MSR does not show that a hypervisor moved the TSC;
# peers-wall has a move that it does show. PEERS_FAULTS names the faults. A kernel that has found
# its TSC unstable stops watching it, so each fault of the TSC has a guest of its own.
ACCEL=nested
TIMEOUT=540
GUEST_APPEND="clearcpuid=289 lapic=notscdeadline iomem=relaxed"
[ "$PEERS_FAULTS" != tsc-frequency ] ||
	GUEST_APPEND="clearcpuid=289 tsc_early_khz=$(awk -v k="$(lab_tsc)" -v s="${SEED:-1}" \
		'BEGIN { srand(s); printf "%d", k * (rand() < 0.5 ? 0.94 + rand() / 25 : 1.02 + rand() / 25) }')"

# cause FAULT: prints a regex of lines that name the fault's cause
cause() {
	case $1 in
	tsc-*) echo 'TSC|tsc' ;;
	host-*) echo 'host' ;;
	wall-clock-set) echo 'System clock wrong|(time|clock).*(jump|set|step)' ;;
	guest-stopped | restored) echo 'paus|stopped|suspend|restor|migrat' ;;
	clock-stepped) echo "'kvm-clock' as unstable|time jump" ;;
	clock-stopped) echo 'hpet|HPET' ;;
	no-master-clock) echo 'master' ;;
	clocksource) echo 'acpi_pm' ;;
	*) echo 'there is none' ;;
	esac
}

trial() {
	local ID TRUTH LIMIT END SIGN BUSY cpu
	# chrony takes up to a minute to forget an earlier step
	chrony_stop
	wall_right
	chrony_start
	sleep 14
	trial_begins
	fault $1 || return
	sleep 20
	examine -d 2
	trial_ends $1 "$(cause $1)"
	[ -z "$ID" ] || found $ID $TRUTH $LIMIT
	[ -n "$ID" ] || nothing_else
	fault_end
	echo $width >$T/width_us
	sleep 2
}

guest() {
	local CHRONY='' CELL KLOG_AT CHRONY_AT name width=4000
	. /lib/tscope/truth.sh
	. /lib/tscope/measure.sh
	. /lib/tscope/doctor.sh
	. /lib/tscope/faults.sh
	. /lib/tscope/peers.sh

	seed
	insmod /lib/tscope/ptp_kvm.ko && insmod /lib/tscope/tsc_inject.ko && insmod /lib/tscope/tsc_motion.ko &&
		tscope_load || return
	# pairs of an emulated guest must meet; chrony needs a CPU
	case $PEERS_FAULTS in tsc-*) width=$(cat $T/period_us) ;; esac
	echo $width >$T/width_us
	echo 1 >$T/enabled
	for name in $PEERS_FAULTS; do
		trial $name
	done
	chrony_stop
	echo 0 >$T/enabled
	rmmod tsc_motion tsc_inject
	tscope_done
}
