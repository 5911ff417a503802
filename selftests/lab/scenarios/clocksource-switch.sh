# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046
# DESCRIPTION: the guest changes its clocksource while all is sampled: new points at once, one step at most, and the device's own rate
#
# This runs without KVM: emulated KVM loses a guest that samples flat out and keeps time by a
# device.
ACCEL=tcg
GUEST_APPEND="tsc=reliable"

# points CLOCK SECONDS: prints how many points the clock has in its last SECONDS
points() {
	local tsc from
	tsc=$(awk -v c="$1" '$1 == c { t = $3 } END { print t }' $TD/points)
	[ -n "$tsc" ] || { echo none; return; }
	from=$(awk -v k="$(cat $T/tsc/khz)" -v s="$2" 'BEGIN { printf "%.0f", k * 1000 * s }')
	awk -v c="$1" -v now="$tsc" -v w="$from" '$1 == c && now - $3 <= w { n++ } END { print n + 0 }' \
		$TD/points
}

# switch_step CLOCK: prints size and error of the clock's newest step that can't be the TSC's gain
switch_step() {
	traced step | awk -v c="$1" -v g=$GAIN_NS '$2 == c && ($4 > g || -$4 > g) { s = $4 " " $5 }
		END { print s }'
}

# as_realtime: monotonic-raw and realtime lost the same time, each by readings of its own
as_realtime() {
	set -- $(switch_step monotonic-raw) $(switch_step realtime)
	between "hpet: step of monotonic-raw less realtime's" -$(($2 + $4)) $(($1 - $3)) $(($2 + $4))
}

# as_device CLOCK: monotonic-raw has the device's rate, but for the kernel's rounded multiplier
as_device() {
	local SKEW_ERROR_MAX=20000
	skew monotonic-raw "$(figure "$1" skew_ppb)" "$(calc "$(figure "$1" skew_error_ppb) + 1")"
}

# Sampling is not flat out: while two CPUs read it, the emulated TSC gains (see
# Documentation/lab.rst). On a busy machine it gains some us in a meeting, too. Then clocks that
# run on a device truly step: such steps are allowed, if they are few.
GAINS_MAX=6

# gains: how many steps of the kernel's clocks can be the TSC's gain; the others are counted
gains() {
	traced step | awk -v g=$GAIN_NS '$2 ~ /^(monotonic-raw|realtime)$/ && $4 <= g && -$4 <= g { n++ }
		END { print n + 0 }'
}

# steps_of CLOCK: how many other steps it had
steps_of() {
	traced step | awk -v c="$1" -v g=$GAIN_NS '$2 == c && ($4 > g || -$4 > g) { n++ }
		END { print n + 0 }'
}

guest() {
	local cs=/sys/devices/system/clocksource/clocksource0/current_clocksource name steps real base base_error
	local GAIN_NS=10000
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	tscope_load && trace_on step || return
	echo 1 >$T/enabled
	sleep 5
	no_steps monotonic-raw realtime
	base=$(figure monotonic-raw skew_ppb) base_error=$(figure monotonic-raw skew_error_ppb)
	for name in hpet acpi_pm tsc; do
		steps=$(steps_of monotonic-raw) real=$(steps_of realtime)
		echo $name >$cs
		holds "$name: is the clocksource" 1 "$(grep -cx $name $cs)" 0
		sleep 2
		between "$name: points after 2 s" 20 "$(points monotonic-raw 3)" -
		between "$name: steps of monotonic-raw" - $(($(steps_of monotonic-raw) - steps)) 1
		between "$name: steps of realtime" - $(($(steps_of realtime) - real)) 1
		say "# $name: step_last_ns $(figure monotonic-raw step_last_ns), realtime's $(figure realtime step_last_ns), rejected $(figure monotonic-raw rejected) of $(figure monotonic-raw samples)"
		[ $name != hpet ] || as_realtime
		# on the TSC its own gain is no step
		[ $name != tsc ] || GAIN_NS=0
		steps=$(($(steps_of monotonic-raw) + $(steps_of realtime)))
		sleep 8
		holds "$name: steps after that" 0 $(($(steps_of monotonic-raw) + $(steps_of realtime) - steps)) 0
		say "# violations: $(grep ' step ' $TD/violations | tail -n 3 | tr '\n' ';')"
		say "# $name: monotonic-raw $(figure monotonic-raw skew_ppb) +- $(figure monotonic-raw skew_error_ppb) ppb, hpet $(figure hpet skew_ppb) +- $(figure hpet skew_error_ppb), acpi-pm $(figure acpi-pm skew_ppb) +- $(figure acpi-pm skew_error_ppb)"
		case $name in
		hpet) as_device hpet ;;
		acpi_pm) as_device acpi-pm ;;
		tsc) skew monotonic-raw "$base" "$base_error" ;;
		esac
	done
	echo 0 >$T/enabled
	GAIN_NS=10000
	steps=$(($(figure monotonic-raw steps) + $(figure realtime steps)))
	between "steps that may be the TSC's gain" - "$(gains)" $GAINS_MAX
	holds "steps of both, as counted" $steps $(($(steps_of monotonic-raw) + $(steps_of realtime) + $(gains))) 0
	clean monotonic-raw tsc
	no_steps hpet acpi-pm

	echo 1 >$T/reset
	(sleep 2; echo hpet >$cs) &
	examine -d 5
	found clocksource
	nothing_else
	echo tsc >$cs
	tscope_done
}
