# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046,SC2013
# DESCRIPTION: the TSCs of all CPUs jump ahead by 3 s and back: every other clock steps once, by minus that
#
# The jump is exact, and the same for all CPUs at once. Each clock's step must equal it within
# the error that is printed with the step, plus the clock's own rate over the jump.
ACCEL=nested
TIMEOUT=600
GUEST_APPEND="tsc=unstable lapic=notscdeadline"
# acpi-pm has 24 bits: steps that differ by a whole wrap look the same
PM_WRAP_NS=4686871645

# other clocks than the TSC
others() {
	for c in $(cat $T/clocks); do
		[ "$c" = tsc ] || echo "$c"
	done
}

# rate_of CLOCK: in ppb; a time page's is known exactly
rate_of() {
	case $1 in
	kvm-clock) pvti_rate_ppb ;;
	*) figure "$1" skew_ppb ;;
	esac
}

# jump MODE CYCLES
jump() {
	local name="$1, all by $2 cycles" truth_ns c back=0 waited=0
	truth_ns=$(ns_of "$((-$2))")
	echo 1 >$T/reset
	trace_clear
	echo 1 >$T/enabled
	sleep 5
	for c in $(others); do
		eval "was_$(echo $c | tr - _)=$(figure $c steps)"
		eval "rate_$(echo $c | tr - _)=$(rate_of $c)"
	done
	echo "all $2" >/sys/module/tsc_inject/parameters/adjust ||
		{ result "not ok" "injection refused"; return 1; }
	# eight points of hpet and acpi-pm show a step: four a second, or fewer where reads are disturbed
	sleep 8
	while [ "$(figure hpet steps)$(figure acpi-pm steps)" != 11 ] && [ $waited -lt 20 ]; do
		waited=$((waited + 1))
		sleep 1
	done
	echo 0 >$T/enabled
	for c in $(others); do
		eval "was=\$was_$(echo $c | tr - _) rate=\$rate_$(echo $c | tr - _)"
		# the jump by the clock's own rate, or by the kernel's kHz
		own_ns=$(awk -v t="$truth_ns" -v r="$rate" 'BEGIN { t *= r / 1e9; print t < 0 ? -t : t }')
		between "$name: steps of $c before" 0 "$was" 0
		between "$name: steps of $c" 1 "$(figure $c steps)" 1
		[ "$(figure $c steps)" != 0 ] || {
			say "# $c: samples $(figure $c samples), rejected $(figure $c rejected), its newest points:"
			awk -v c=$c '$1 == c' $TD/points | tail -n 40 | sed 's/^/# /' | to_channel
		}
		set -- "$1" "$2" $(newest_step $c)
		step_ns=${3:-none}
		if [ $c = acpi-pm ] && [ "$step_ns" != none ]; then
			step_ns=$(awk -v s="$step_ns" -v t="$truth_ns" -v p=$PM_WRAP_NS 'BEGIN {
				n = (s - t) / p; n = n < 0 ? int(n - 0.5) : int(n + 0.5)
				printf "%.0f", s - n * p }')
		fi
		holds "$name: $c's step ns" "$truth_ns" "$step_ns" "$(calc "${4:-0} + $own_ns + 1")"
		holds "$name: $c's step_last_ns" "${3:-none}" "$(figure $c step_last_ns)" 0
		# in emulation a read of these exits the guest twice, and waits for QEMU's lock
		case $c in
		kvm-clock) error_max=3 ;;
		acpi-pm | hpet) error_max=50000000 ;;
		*) error_max=1000000 ;;
		esac
		below "$name: $c's step's error ns" "${4:-none}" $error_max
	done
	[ "$2" -gt 0 ] || back=2
	holds "$name: tsc backward" $back "$(figure tsc backward)" 0
	[ $back = 0 ] || between "$name: tsc backward by at most ns" 1 "$(figure tsc backward_max_ns)" \
		"${truth_ns%.*}"
	# the CPUs jump one after the other, and are apart until then. Each line is for one second.
	between "$name: seconds with tsc warps, of both CPUs" 0 "$(grep -c ' warp tsc ' $TD/violations)" 2
	clean kvm-clock monotonic-raw
	offset_line tsc
	holds "$name: tsc offset ns" 0 "$OFFSET" "$BOUND"
	holds "$name: moving" 0 "$MOVING" 0
	finds tsc-jumped "$(ns_of "$2")" 100000
}

guest() {
	local khz c was rate own_ns step_ns cycles error_max
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	seed
	insmod /lib/tscope/tsc_inject.ko || return
	tscope_load || return
	trace_on step || return
	khz=$(figure tsc khz)
	random 1000
	cycles=$(((2500 + RANDOM_NUMBER) * khz))
	jump "defaults" $cycles
	jump "defaults" $((-cycles))
	cat $T/period_us >$T/width_us
	jump "flat out" $cycles
	jump "flat out" $((-cycles))
	rmmod tsc_inject
	tscope_done
}
