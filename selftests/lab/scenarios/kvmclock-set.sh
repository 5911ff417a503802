# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046,SC2016
# DESCRIPTION: the host sets kvm-clock ahead by a minute, and back: its step is exact, and no window is lost
#
# The shim of the host's QEMU (shim/kvmclock_set.c) adds to the time that QEMU sets when a guest
# continues. When the clock jumps ahead, no timer is late and no window is lost. When it jumps
# back, the guest's time stands still until the clock has caught up, so the host waits.
ACCEL=nested
TIMEOUT=400

lost() {
	awk '!/^#/ { n += $5 } END { print n + 0 }' $TD/cpus 2>/dev/null || echo none
}

# cont_with NS: a pause, after which kvm-clock is set ahead by NS; sets PAUSE_MS, the longest that
# the pause can have been
cont_with() {
	set -- $(on_host "lab_clock; monitor stop; sleep 1; echo $1 >/run/kvmclock_delta; monitor cont; lab_clock; ls /run/kvmclock_delta 2>/dev/null")
	[ $# = 4 ] || { result "not ok" "the shim did not set kvm-clock: $*"; return 1; }
	PAUSE_MS=$((($4 - $2) / 1000000))
}

# wakeup_max: the largest delay of a wake-up in ns
wakeup_max() {
	sed -n '1s/.* max \([0-9-]*\) .*/\1/p' $TD/hist/wakeup
}

# jumped NAME NS
jumped() {
	local low high
	# kvm-clock also loses the time of the pause
	low=$(($2 - PAUSE_MS * 1000000 - 1000000)) high=$2
	pvti_steps_hold
	say_updates
	between "$1: kvm-clock's largest step ns" $low \
		"$(traced pvti_update | awk '$2 == 0 { s += $4 } END { printf "%.0f", s }')" $high
	kvm_steps_counted
}

guest() {
	local ns lost0 lost1 back=0
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	seed
	tscope_load || return
	trace_on step pvti_update || return

	random 6000
	ns=$(((60000 + RANDOM_NUMBER) * 1000000))
	echo 1 >$T/enabled
	sleep 5
	lost0=$(lost)
	pvti_known
	cont_with $ns || return
	sleep 5
	lost1=$(lost)
	say "# ahead by $ns ns in a pause of $PAUSE_MS ms at most; windows lost before $lost0, after $lost1"
	jumped "ahead by $ns" $ns
	# The pause loses some windows, and emulation some more, but not as many as a minute has.
	between "ahead: windows lost" 0 "$(minus "$lost1" "$lost0")" \
		$((ns / 5000 / $(cat $T/period_us)))
	between "ahead: the latest wake-up ns" 0 "$(wakeup_max)" 10000000000
	holds "ahead: kvm-clock backward" 0 "$(figure kvm-clock backward)" 0
	clean tsc
	pair_holds kvm-clock 0
	finds clock-stepped $((ns - PAUSE_MS * 1000000 - 1000000))..$ns 1000

	random 5000
	ns=$(((8000 + RANDOM_NUMBER) * -1000000))
	# flat out, as no timer would expire to read the clock while it is back
	cat $T/period_us >$T/width_us
	echo 1 >$T/reset
	trace_clear
	sleep 5
	pvti_known
	cont_with $ns || return
	on_host sleep $((4 - ns / 1000000000))
	sleep 4
	jumped "back by $ns" $ns
	between "back, flat out: kvm-clock backward" 1 "$(figure kvm-clock backward)" 2
	echo 0 >$T/enabled
	clean tsc
	pair_holds kvm-clock 0
	pair_holds tsc 0
	finds time-stood-still $((-ns)) 2000000000
	tscope_done
}
