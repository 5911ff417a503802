# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2016,SC2046
# DESCRIPTION: a host on hpet has no master clock: raw kvm-clock warps, ptp-kvm has no answer until the host's clocksource is its TSC, the TSC is clean
#
# Without a master clock KVM fills each vCPU's pvti at a different instant, from a reading of its
# own of the host's clock.
ACCEL=nested
# The emulated TSC gains on hpet (see Documentation/lab.rst): a host that detects this calls its
# TSC unstable, and gives each vCPU a TSC of its own.
HOST_APPEND="clocksource=hpet tsc=nowatchdog"

HOST_SOURCE=/sys/devices/system/clocksource/clocksource0/current_clocksource

# apart: how far the time of CPU 1's pvti is ahead of that of CPU 0's at one TSC value
apart() {
	awk '$1 == 1 { print $8 }' $TD/pvti
}

guest() {
	local now last='' i=0 low='' high='' most can file
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	say "# host clocksource $(on_host cat $HOST_SOURCE)"
	tscope_load || return
	cat $T/period_us >$T/width_us
	holds "kvm-clock stable" 0 "$(figure kvm-clock stable)" 0
	echo 1 >$T/enabled
	# updates change this at any time: the last slot saw that of the last three seconds
	while [ $i -lt 40 ]; do
		i=$((i + 1))
		now=$(apart)
		# only if it lasts: a vCPU that does not run has its old pvti until it runs again
		[ "$now" != "$last" ] || echo "${now#-} $(pair kvm-clock)"
		last=$now
		if [ $i -ge 28 ]; then
			[ "$now" -ge "${low:-$now}" ] || low=$now
			[ "$now" -le "${high:-$now}" ] || high=$now
			low=${low:-$now} high=${high:-$now}
		fi
		usleep 230000
	done >/tmp/looks
	echo 0 >$T/enabled
	between "CPU 1's pvti ahead of CPU 0's at the end ns" - "$low" "${high:-none}"
	holds "kvm-clock stable" 0 "$(figure kvm-clock stable)" 0
	set -- $(pair kvm-clock)
	if [ "${1:--}" = - ]; then
		say "# the offset changed within the last slot: none is reported"
	else
		between "kvm-clock pair offset ns, +- $2" $((low - $2)) "$1" $((high + $2))
	fi
	# The largest warp must be at least an offset that lasted, less twice the bound. The offset
	# may have lasted for less than a slot and its many exchanges, and a slot is reported up to
	# two seconds late: so the bound is the worst one of that time.
	most=$(awk '{ ns[NR] = $1; bound[NR] = NF == 4 && $3 ~ /^[0-9]+$/ ? $3 : 1e9 } END {
		for (i = 1; i <= NR; i++) {
			worst = bound[i]
			for (k = i; k <= i + 9 && k <= NR; k++)
				if (bound[k] > worst) worst = bound[k]
			if (ns[i] - 2 * worst > most) most = ns[i] - 2 * worst
		}
		print most + 0 }' /tmp/looks)
	between "looks with a kvm-clock bound of 100 us at most" 5 \
		"$(awk 'NF == 4 && $3 ~ /^[0-9]+$/ && $3 <= 100000 { n++ } END { print n + 0 }' /tmp/looks)" -
	if [ "$most" -gt 0 ]; then
		between "kvm-clock warps" 1 "$(figure kvm-clock warps)" -
		between "kvm-clock's largest warp ns" "$most" "$(figure kvm-clock warp_max_ns)" -
	else
		say "# $(figure kvm-clock warps) warps of kvm-clock: the transit may hide them"
	fi

	between "ptp-kvm errors" 1 "$(figure ptp-kvm errors)" "$(figure ptp-kvm samples)"
	no_steps ptp-kvm
	for file in skew_ppb phase_ns offset_ns; do
		can=1
		[ "$(figure ptp-kvm $file)" != none ] || can=0
		holds "ptp-kvm $file can be read" 0 $can 0
	done
	clean tsc
	pair_holds tsc 0
	# The emulated host may be stopped between KVM's reading of its clock and that of the TSC:
	# then a pvti is behind by that time, and the guest's kernel waits until the time is past.
	examine
	found no-master-clock
	most=$(figure kvm-clock step_max_ns)
	[ "${most#-}" -lt 10000000 ] || may_find time-stood-still
	nothing_else

	# tscope was loaded while the host gave no answers: ptp-kvm has figures once it gives some
	say "# host on $(on_host "echo tsc >$HOST_SOURCE; cat $HOST_SOURCE")"
	on_host 'monitor stop; monitor cont' >/dev/null
	echo 1 >$T/enabled
	sleep 5
	for file in skew_ppb phase_ns offset_ns; do
		can=1
		[ "$(figure ptp-kvm $file)" != none ] || can=0
		holds "host on tsc: ptp-kvm $file can be read" 1 $can 0
	done
	echo 0 >$T/enabled
	tscope_done
}
