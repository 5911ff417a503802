# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046
# DESCRIPTION: the TSC is the clocksource and goes back by 20 s: the guest's time stands still, and tscope says so
#
# The kernel never lets its clock go back, so the clock of an idle guest, and with it every
# timer, stands still until the TSC has caught up. While they sample flat out the samplers see
# that the TSC went back. In this lab the guest's time then went on, so only what the samplers
# saw is judged. This script must not sleep meanwhile: the host waits for it. KVM does not update
# a CPU's time page for a write of MSR_IA32_TSC, so kvm-clock goes back too.
ACCEL=nested
TIMEOUT=400
GUEST_CPU="-tsc-adjust"
GUEST_APPEND="clocksource=tsc tsc=reliable lapic=notscdeadline"

up() {
	cut -d' ' -f1 /proc/uptime
}

# stands MODE CPUS: the CPUs that are seen to stand still
stands() {
	local name=$1 back up0 up1 cpu tries=0 khz seconds
	khz=$(figure tsc khz)
	random 5
	seconds=$((18 + RANDOM_NUMBER))
	echo 1 >$T/reset
	echo 1 >$T/enabled
	sleep 5
	between "$name: tsc is the clocksource (1)" 1 "$(grep -cx tsc $cs)" 1
	between "$name: CPUs that sample before it" 2 \
		"$(grep -c '^[01] sampling ' $TD/cpus 2>/dev/null)" 2
	echo "all $((-seconds * khz * 1000))" >/sys/module/tsc_inject/parameters/tsc ||
		{ result "not ok" "injection refused"; return 1; }
	up0=$(up)
	on_host sleep 4
	# flat out each CPU has published newer readings since: only the clock stands still
	for cpu in $2; do
		between "$name: CPU $cpu stands still (1)" 1 \
			"$(cpu_field $cpu 2 | grep -c '^stood-still$')" 1
	done
	grep -v '^#' $TD/cpus 2>/dev/null | sed "s/^/# $name, while it stands: /" | to_channel
	between "$name: tsc backward while it stands" 2 "$(figure tsc backward)" 2
	up1=$(up)
	say "# $name: the guest's time went on by $(calc "$up1 - $up0") s"
	[ -z "$2" ] || below "$name: the guest's time went on by s" "$(calc "$up1 - $up0")" 1
	on_host sleep $((seconds + 4))
	sleep 3
	up1=$(up)
	[ -z "$2" ] || between "$name: seconds that time stood, at least" $((seconds - 2)) \
		$((4 + seconds + 4 + 3 - ${up1%.*} + ${up0%.*})) $((seconds + 4))
	echo 0 >$T/enabled
	between "$name: tsc backward" 2 "$(figure tsc backward)" 2
	between "$name: tsc backward by ns" $(((seconds - 6) * 1000000000)) \
		"$(figure tsc backward_max_ns)" $((seconds * 1000000000))
	# the write loses some time, which differs between the CPUs: so their TSCs are apart, too
	examine
	if [ -n "$2" ]; then
		# a sampler that can't read for a while sees less than the truth
		found time-stood-still
		between "$name: doctor: time stood still, s, at least" $((seconds - 6)) \
			"$(awk '$1 == "time-stood-still" { printf "%d", $3 / 1000000000 }' $FINDINGS)" $seconds
	else
		found time-stood-still $((seconds * 1000000000)).."$((seconds * 1000000000 + 1000000))" 2000000000
	fi
	EXPECTED="${EXPECTED}tsc-offset "
	# the write before this one may have left them further apart
	[ -n "$2" ] || may_find clock-warped
	nothing_else
}

# The CPU that reads the figures is not one that samples.
stands_elsewhere() {
	taskset -p 1 $$ >/dev/null
	echo 1 >$T/cpus
	echo 1 >$T/reset
	echo 1 >$T/enabled
	sleep 3
	echo "all $((-8000 * $(figure tsc khz)))" >/sys/module/tsc_inject/parameters/tsc ||
		{ result "not ok" "injection refused"; return 1; }
	on_host sleep 3
	between "CPU 0 reads, CPU 1 samples: tsc backward while it stands" 1 "$(figure tsc backward)" 1
	on_host sleep 8
	echo 0 >$T/enabled
	between "CPU 0 reads, CPU 1 samples: tsc backward by ns" 4000000000 \
		"$(figure tsc backward_max_ns)" 8000000000
}

guest() {
	local cs=/sys/devices/system/clocksource/clocksource0/current_clocksource
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	seed
	insmod /lib/tscope/tsc_inject.ko || return
	tscope_load || return
	tsc_above 28
	stands "defaults" "0 1"
	cat $T/period_us >$T/width_us
	stands "flat out" ""
	echo 20 >$T/width_us
	stands_elsewhere
	rmmod tsc_inject
	tscope_done
}
