# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086
# DESCRIPTION: no time service runs, and the host's clock is not used: doctor says so, and nothing worse
ACCEL=nested

guest() {
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	tscope_load || return
	echo 1 >$T/enabled
	wall_right
	sleep 3
	finds time-service
	if [ -e /lib/tscope/ptp_kvm.ko ]; then
		between "doctor advises modprobe ptp_kvm (1)" 1 "$(grep -c 'modprobe ptp_kvm' /tmp/doctor.json)" 1
		insmod /lib/tscope/ptp_kvm.ko
		finds time-service
		between "with ptp_kvm it does not" 0 "$(grep -c 'modprobe ptp_kvm' /tmp/doctor.json)" 0
		rmmod ptp_kvm
	fi
	echo 0 >$T/enabled
	tscope_done
}
