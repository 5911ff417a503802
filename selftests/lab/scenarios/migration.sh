# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2016,SC2046
# DESCRIPTION: live migration while sampling all the time: kvm-clock's step is exact, nothing warps
#
# TSC and kvm-clock go on in the second QEMU from where they were in the first, each saved
# at an instant of its own: that is kvm-clock's step. The host's wall clock went on, so
# ptp-kvm steps ahead by what the TSC missed. Figures that must agree: ptp-kvm's step less
# kvm-clock's is what the guest's wall clock fell behind by.
ACCEL=nested

guest() {
	local before behind step base base_error down ptp
	. /lib/tscope/truth.sh

	tscope_load || return
	trace_on step pvti_update || return
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	sleep 8
	base=$(figure ptp-kvm skew_ppb) base_error=$(figure ptp-kvm skew_error_ppb)
	before=$(figure ptp-kvm offset_ns)
	down=$(on_host guest_migrate) || { say "# guest_migrate: $down"; return 1; }
	sleep 10
	echo 0 >$T/enabled

	behind=$((before - $(figure ptp-kvm offset_ns)))
	# KVM makes its master clock anew more than once, by nanoseconds then
	step=$(traced pvti_update | awk '$2 == 0 { s += $4 } END { printf "%d", s }')
	set -- $(newest_step ptp-kvm)
	ptp=${1:-none}
	between "ptp-kvm's steps" 1 "$(figure ptp-kvm steps)" 1
	holds "ptp-kvm's step less kvm-clock's ns" "$behind" $((ptp - step)) \
		$((${2:-0} + $(offset_bound)))
	say "# QEMU says the downtime was $down ms; ptp-kvm's step $ptp +- $2, kvm-clock's $step"
	set -- $(newest_step monotonic-raw)
	if [ $# = 2 ]; then
		holds "monotonic-raw's step ns" "$step" "$1" "$2"
	else
		# one that is too small to be found is not told
		between "monotonic-raw did not step, kvm-clock by ns" -1000000 "$step" 1000000
	fi
	between "updates" 2 "$(figure kvm-clock updates)" -
	tell_updates
	between "GUEST_STOPPED seen" 0 "$(figure kvm-clock stopped)" 1
	between "kvm-clock steps" 0 "$(figure kvm-clock steps)" \
		"$(traced pvti_update | awk '$4 > 1 || $4 < -1' | wc -l)"
	clean tsc kvm-clock monotonic-raw
	skew kvm-clock "$(pvti_rate_ppb)"
	skew monotonic-raw "$(pvti_rate_ppb)"
	skew realtime "$(pvti_rate_ppb)"
	skew ptp-kvm "$base" "$base_error"
	pair_holds tsc 0
	pair_holds kvm-clock 0
	tscope_done
}
