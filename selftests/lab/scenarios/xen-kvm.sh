# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046
# DESCRIPTION: an HVM guest of Xen as KVM emulates it: the clock is stable, vCPU 0's page is the kernel's, a pause is one exact step, a page that can't be given back is kept
#
# KVM refuses to stop writing a vCPU's page, so the module must not free it.
ACCEL=nested
GUEST_XEN=1
LOG_ALLOW="tscope: xen: pages that are never freed"

guest() {
	local gap step SKEW_ERROR_MAX=0.1
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	seed
	tscope_load || return
	trace_on step || return
	say "# clocks: $(cat $T/clocks), clocksource $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
	echo 1 >$T/enabled
	sleep 8
	holds "xen/stable" 1 "$(figure xen stable)" 0
	result "$([ "$(figure xen tsc_mode) $(figure xen emulated) $(figure xen incarnation)" = "none none none" ] && echo ok || echo not ok)" \
		"KVM's CPUID does not say how Xen treats the TSC"
	no_steps xen monotonic-raw realtime
	clean tsc xen monotonic-raw
	skew xen "$(pvti_rate_ppb)"
	pair_holds xen 0
	holds "monotonic-raw/exact" 1 "$(figure monotonic-raw exact)" 0
	random 1500
	gap=$((RANDOM_NUMBER / 1000 + 1)).$(printf %03d $((RANDOM_NUMBER % 1000)))
	set -- $(on_host "lab_clock; monitor stop; lab_clock; sleep $gap; lab_clock; monitor cont; lab_clock" | cut -d' ' -f1)
	[ $# = 4 ] || { say "# pause: $*"; return 1; }
	sleep 5
	step=$(figure xen step_last_ns)
	between "xen's step back at a pause of $gap s" $(($3 - $2)) $((-step)) $(($4 - $1))
	holds "xen's steps" 1 "$(figure xen steps)" 0
	set -- $(newest_step monotonic-raw)
	holds "monotonic-raw's step ns" "$step" "${1:-none}" "${2:-none}"
	echo 0 >$T/enabled
	finds guest-stopped $((-step)) 10
	clean tsc xen monotonic-raw
	rmmod tscope || return
	holds "pages that were kept" 1 "$(dmesg | sed -n 's/.*xen: pages that are never freed.*: //p')" 0
	tscope_load enable=1 || return
	sleep 5
	no_steps xen monotonic-raw realtime
	between "readings after it was loaded again" 1000 "$(figure xen samples)" -
	tscope_done
}
