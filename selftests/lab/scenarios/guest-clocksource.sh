# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2016,SC2046,SC2013
# DESCRIPTION: the guest keeps time by each of its clocksources in turn: the same figures of TSC, kvm-clock and ptp-kvm
ACCEL=nested

guest() {
	local cs=/sys/devices/system/clocksource/clocksource0 base='' base_error name was c exact
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	tscope_load || return
	was=$(cat $cs/current_clocksource)
	say "# available: $(cat $cs/available_clocksource), current: $was"
	# the short form leaves out those with which emulated KVM loses the guest every other time
	for name in $was tsc ${SHORT:-hpet acpi_pm}; do
		[ "$name" != "$SHORT" ] || continue
		case " $(cat $cs/available_clocksource) " in
		*" $name "*) ;;
		*) skip "$name" "the guest does not have it"; continue ;;
		esac
		[ "$name" != "$was" ] || [ -z "$base" ] || continue
		echo "$name" >$cs/current_clocksource
		holds "$name: is the clocksource" 1 $(($(grep -cx "$name" $cs/current_clocksource))) 0
		echo 1 >$T/reset
		cat $T/period_us >$T/width_us
		# each read of these exits the guest; flat out, emulated KVM loses it in a minute
		case $name in hpet | acpi_pm) echo $(($(cat $T/period_us) / 10)) >$T/width_us ;; esac
		echo 1 >$T/enabled
		sleep $((SHORT ? 6 : 9))
		echo 0 >$T/enabled
		if [ -z "$base" ]; then
			base=$(figure ptp-kvm skew_ppb) base_error=$(figure ptp-kvm skew_error_ppb)
		fi
		say "# $name: $(figure tsc samples) readings, monotonic-raw $(figure monotonic-raw skew_ppb) +- $(figure monotonic-raw skew_error_ppb) ppb"
		skew ptp-kvm "$base" "$base_error"
		skew kvm-clock "$(pvti_rate_ppb)"
		clean tsc kvm-clock
		no_steps kvm-clock ptp-kvm
		for c in tsc kvm-clock; do
			# the HPET is so slow to read that the CPUs may not have sampled at one time
			case $name/$(pair $c) in
			"$was"/*) ;;
			*/-*-*) skip "$name: $c pair offset" "no slot in common"; continue ;;
			esac
			pair_holds $c 0
		done
		clean monotonic-raw
		case $name in hpet | acpi_pm) exact=0 ;; *) exact=1 ;; esac
		for c in monotonic-raw realtime ptp-kvm; do
			holds "$name: $c exact" $exact "$(figure $c exact)" 0
		done
		case $name in
		hpet | acpi_pm) finds clocksource ;;
		*) finds_none clocksource host-drift ;;
		esac
	done
	echo "$was" >$cs/current_clocksource
	tscope_done
}
