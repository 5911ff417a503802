# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2016,SC2046
# DESCRIPTION: the guest is saved to a file and restored in a new QEMU later: the gap is in ptp-kvm and realtime
#
# Both TSC and kvm-clock go on from where they were saved, at not quite the same
# instant: that is kvm-clock's step. The host's wall clock went on, so ptp-kvm
# steps ahead by the gap. Three figures that must agree: ptp-kvm's step less
# kvm-clock's is what the guest's wall clock fell behind by.
ACCEL=nested

guest() {
	local before behind step base base_error gap ptp
	. /lib/tscope/truth.sh

	seed
	tscope_load || return
	trace_on step pvti_update || return
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	sleep 8
	base=$(figure ptp-kvm skew_ppb) base_error=$(figure ptp-kvm skew_error_ppb)
	before=$(figure ptp-kvm offset_ns)
	random 4000
	gap=$((RANDOM_NUMBER / 1000)).$(printf %03d $((RANDOM_NUMBER % 1000)))
	set -- $(on_host guest_save "$gap")
	if [ $# != 4 ]; then
		say "# guest_save: $*"
		return 1
	fi
	sleep 10
	echo 0 >$T/enabled

	behind=$((before - $(figure ptp-kvm offset_ns)))
	# KVM makes its master clock anew more than once, by nanoseconds then
	step=$(traced pvti_update | awk '$2 == 0 { s += $4 } END { printf "%d", s }')
	between "the guest's wall clock fell behind by ns" $(($3 - $2)) "$behind" $(($4 - $1))
	set -- $(newest_step ptp-kvm)
	ptp=${1:-none}
	between "ptp-kvm's steps" 1 "$(figure ptp-kvm steps)" 1
	holds "ptp-kvm's step less kvm-clock's ns" "$behind" $((ptp - step)) \
		$((${2:-0} + $(offset_bound)))
	say "# gap $gap s, ptp-kvm's step $ptp +- $2, kvm-clock's $step"
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
