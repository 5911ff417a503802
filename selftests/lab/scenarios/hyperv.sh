# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2016,SC2046
# DESCRIPTION: a guest of Hyper-V, which KVM stands in for: at rest, paused, saved and restored, and with a TSC page that is not valid
#
# KVM writes the page from what it would write into kvm-clock's pages: so it has the same rate, and
# the same step back at "cont". The truth of a step is exact, and is read from the page: its offset
# counts 100 ns, and its scale stays. When the host's clocksource is no longer its TSC, the page is
# not valid. KVM does not write it again before the guest sets it up anew, as Linux does at resume.
ACCEL=nested
TIMEOUT=600
# without "kvm=off" Linux would be a guest of KVM
GUEST_CPU="kvm=off,hv-relaxed,hv-vapic,hv-vpindex,hv-time,hv-synic,hv-stimer,hv-stimer-direct,hv-frequencies,hv-runtime"

SOURCES=/sys/devices/system/clocksource/clocksource0

# page N: prints field N of CPU 0's page: 3 TSC, 4 ns, 5 multiplier
page() {
	awk -v n="$1" '$1 == 0 { print $n }' $TD/timepage
}

# page_known: keeps CPU 0's page, and forgets its updates
page_known() {
	PAGE_NS=$(page 4) PAGE_MUL=$(page 5)
	trace_clear
}

# page_moved: sets PAGE_MOVED, how far the page moved since page_known; its time is modulo 2^64 ns
page_moved() {
	PAGE_MOVED=$(echo "d = $(page 4) - $PAGE_NS
		if (d >= 2^63) d -= 2^64
		if (d < -(2^63)) d += 2^64
		d" | bc)
	[ "$(page 5)" = "$PAGE_MUL" ] || result "not ok" "the page's multiplier changed from $PAGE_MUL"
}

# steps_are_exact WHAT: each CPU saw, and tscope reported, by how much the page moved since
# page_known
steps_are_exact() {
	local cpu
	for cpu in 0 1; do
		holds "$1: steps that CPU $cpu saw together ns" "$PAGE_MOVED" "$(traced pvti_update |
			awk -v c=$cpu '$2 == c { s += $4 } END { printf "%.0f", s }')" 0
	done
	holds "$1: steps that were reported together ns" "$PAGE_MOVED" "$(traced step |
		awk '$2 == "hyperv" { s += $4 } END { printf "%.0f", s }')" 0
}

quiet() {
	local c looks=0 narrow_tsc=0 narrow_page=0
	while [ $looks -lt 10 ]; do
		sleep 2
		looks=$((looks + 1))
		! pair_rests tsc || narrow_tsc=$((narrow_tsc + 1))
		! pair_rests hyperv || narrow_page=$((narrow_page + 1))
	done
	clean $(cat $T/clocks)
	no_steps hyperv monotonic-raw realtime
	holds "hyperv updates" 0 "$(figure hyperv updates)" 0
	between "looks with a tsc bound of 2 us at most" 6 $narrow_tsc $looks
	between "looks with a hyperv bound of 2 us at most" 6 $narrow_page $looks
	# the guest's own clocks count the page's time, and nobody slews them
	for c in hyperv monotonic-raw realtime; do
		skew $c "$(pvti_rate_ppb)" 0.001
		holds "$c exact" 1 "$(figure $c exact)" 0
	done
	below "hyperv skew's error ppb" "$(figure hyperv skew_error_ppb)" 0.002
	below "monotonic-raw skew's error ppb" "$(figure monotonic-raw skew_error_ppb)" 0.1
	finds_none
}

# anew: resets, and waits until each device has the eight points that are needed to find its step
anew() {
	echo 1 >$T/reset
	sleep 8
	page_known
}

# lost_time: checks doctor's finding about the time that the page lost. QEMU stops the devices
# first and the page later. Doctor reports a step of the page alone if the two differ by more than
# 100 ms, or if the page lost less than 100 ms.
lost_time() {
	local apart
	set -- $(newest_step hpet)
	apart=$(minus "${1:-none}" $PAGE_MOVED)
	say "# hpet's step less hyperv's: $apart ns"
	examine
	if [ $PAGE_MOVED -lt -100000000 ] && within -95000000 95000000 "$apart" ||
		grep -q '^guest-stopped ' $FINDINGS; then
		found guest-stopped $((-PAGE_MOVED)) 1000
	else
		found clock-stepped $PAGE_MOVED 1000
	fi
	nothing_else
}

# pause SECONDS
pause() {
	anew
	set -- "$1" $(on_host "lab_clock; monitor stop; lab_clock; sleep $1; lab_clock; monitor cont; lab_clock" | cut -d' ' -f1)
	sleep 4
	page_moved
	between "pause of $1 s: the page went back by ns" $(($4 - $3)) $((-PAGE_MOVED)) $(($5 - $2))
	steps_are_exact "pause of $1 s"
	between "pause of $1 s: updates" 1 "$(figure hyperv updates)" 3
	set -- "$1" $(newest_step monotonic-raw)
	holds "pause of $1 s: monotonic-raw's step ns" "$PAGE_MOVED" "${2:-none}" "${3:-none}"
	lost_time
}

# The guest's clocks continued from their saved values, and no clock of the host's is there to
# compare with. tscope only sees that TSC, page and devices were saved one after the other.
restore() {
	local gap
	anew
	random 2000
	gap=$((RANDOM_NUMBER / 1000)).$(printf %03d $((RANDOM_NUMBER % 1000)))
	say "# saved for $gap s: $(on_host guest_save "$gap")"
	sleep 8
	page_moved
	steps_are_exact "restore"
	between "restore: updates" 1 $(traced pvti_update | awk '$2 == 0 { n++ } END { print n + 0 }') -
	steps_kept
	lost_time
}

# not_valid: the host's clocksource changes from its TSC to another one, and back
not_valid() {
	local samples tsc tries=0
	echo 1 >$T/reset
	page_known
	sleep 2
	say "# host on $(on_host "echo hpet >$SOURCES/current_clocksource; cat $SOURCES/current_clocksource")"
	while [ "$(figure hyperv valid)" != 0 ] && [ $tries -lt 20 ]; do
		tries=$((tries + 1))
		usleep 500000
	done
	holds "host on hpet: hyperv valid" 0 "$(figure hyperv valid)" 0
	sleep 1
	samples=$(figure hyperv samples) tsc=$(figure tsc samples)
	sleep 4
	holds "not valid: readings of hyperv" 0 $(($(figure hyperv samples) - samples)) 0
	between "not valid: readings of the TSC" 10000 $(($(figure tsc samples) - tsc)) -
	holds "not valid: khz can be read" 0 "$(figure hyperv khz | grep -c '[0-9]')" 0
	no_steps hyperv
	clean tsc hyperv
	pair_holds tsc 0
	# the kernel keeps time by the host's HPET now
	local GAIN_NS=5000000
	finds no-master-clock

	say "# host on $(on_host "echo tsc >$SOURCES/current_clocksource; cat $SOURCES/current_clocksource")"
	echo core >/sys/power/pm_test
	echo mem >/sys/power/state || result "not ok" "the guest does not suspend"
	echo none >/sys/power/pm_test
	samples=$(figure hyperv samples)
	sleep 4
	holds "set up anew: hyperv valid" 1 "$(figure hyperv valid)" 0
	between "set up anew: readings of hyperv" 10000 $(($(figure hyperv samples) - samples)) -
	no_steps hyperv
	clean hyperv
	pair_holds hyperv 0
}

guest() {
	local range
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	seed
	echo 1 >/sys/module/suspend/parameters/pm_test_delay
	tscope_load || return
	trace_on step pvti_update || return
	holds "clocks of hypervisors" 1 "$(grep -c ' hyperv ' $T/clocks)" 0
	holds "clocks of KVM" 0 "$(grep -c kvm $T/clocks)" 0
	holds "the kernel keeps time by the page" 1 \
		"$(grep -cx hyperv_clocksource_tsc_page $SOURCES/current_clocksource)" 0
	holds "hyperv valid" 1 "$(figure hyperv valid)" 0
	holds "hyperv khz" "$(figure tsc khz)" "$(figure hyperv khz)" 0
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	quiet
	for range in 400 3000; do
		random $((range * 2 / 3))
		RANDOM_NUMBER=$((range / 3 + RANDOM_NUMBER))
		pause $((RANDOM_NUMBER / 1000)).$(printf %03d $((RANDOM_NUMBER % 1000)))
	done
	restore
	skew hyperv "$(pvti_rate_ppb)" 0.001
	clean tsc hyperv monotonic-raw
	not_valid
	say_updates
	echo 0 >$T/enabled
	tscope_done
}
