# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046,SC2153
# DESCRIPTION: the host moves the vCPUs to other CPUs every 100 to 500 ms: nothing moves, nothing warps
#
# The transit of a mailbox changes with each move, which must not be reported as motion of a clock.
ACCEL=nested

guest() {
	local seconds=${SHORT:+15} i=0 moving=0 wrong=0 narrow_tsc=0 narrow_kvm=0 c turns
	. /lib/tscope/truth.sh

	seed
	seconds=${seconds:-40}
	tscope_load || return
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	sleep 3
	on_host "move_vcpus $seconds $SEED >/run/vcpu_moves 2>&1 &"
	while [ $i -lt $((2 * seconds)) ]; do
		i=$((i + 1))
		usleep 500000
		for c in tsc kvm-clock; do
			offset_line $c || continue
			[ "$MOVING" = 0 ] || {
				moving=$((moving + 1))
				say "# $c: $OFFSET $BOUND $MOVING $AGE_MS"
			}
			within $((OFFSET - BOUND)) $((OFFSET + BOUND)) 0 || {
				wrong=$((wrong + 1))
				say "# $c: $OFFSET $BOUND does not hold 0"
			}
			[ "$BOUND" -gt 2000 ] || case $c in
			tsc) narrow_tsc=$((narrow_tsc + 1)) ;;
			*) narrow_kvm=$((narrow_kvm + 1)) ;;
			esac
		done
	done
	sleep 3
	echo 0 >$T/enabled
	turns=$(on_host 'cat /run/vcpu_moves; rm /run/vcpu_moves')
	say "# $i looks, $turns turns, $(figure tsc samples) readings"
	between "times that the vCPUs were moved" $seconds "$turns" -
	between "looks with moving" 0 $moving 0
	between "offsets that do not hold 0" 0 $wrong 0
	between "looks with a tsc bound of 2 us at most" $((i / 2)) $narrow_tsc $i
	between "looks with a kvm-clock bound of 2 us at most" $((i / 2)) $narrow_kvm $i
	clean tsc kvm-clock monotonic-raw
	no_steps kvm-clock monotonic-raw ptp-kvm
	tscope_done
}
