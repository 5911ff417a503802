# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2013,SC2046
# DESCRIPTION: one CPU's TSC is off by a known number of cycles: the pair offset holds it, and warps show it
#
# TSC_ADJUST moves the TSC exactly; KVM keeps kvm-clock where it was. Warps
# must be there when the offset exceeds what a mailbox's transit can hide, and
# none may be larger than the offset. A small offset causes no warps on a real TSC. The
# emulated one gives two CPUs the same count at times (Documentation/lab.rst), and then the
# small offset is a true warp.
ACCEL=nested
TIMEOUT=600
# Without tsc=unstable the kernel would take the offset back. A TSC deadline would be
# missed by as much as the TSC is moved.
GUEST_APPEND="tsc=unstable lapic=notscdeadline"

# try CPU CYCLES
try() {
	local khz truth_ns ahead warps max figures
	khz=$(cat $T/tsc/khz)
	echo "$1 $2" >/sys/module/tsc_inject/parameters/adjust || return
	echo 1 >$T/reset
	echo 1 >$T/enabled
	sleep 3
	[ "${2#-}" -lt 30000 ] || examine
	echo 0 >$T/enabled
	echo "$1 $((-$2))" >/sys/module/tsc_inject/parameters/adjust || return

	# pairs say how far CPU 1 is ahead of CPU 0
	ahead=$2
	[ "$1" = 1 ] || ahead=$((-$2))
	truth_ns=$(awk -v c=$ahead -v k="$khz" 'BEGIN { printf "%.3f", c * 1e6 / k }')
	figures=$(pair tsc)
	tries=$((tries + 1))
	[ "$(echo "$figures" | cut -d' ' -f2)" -ge 1000 ] 2>/dev/null || narrow=$((narrow + 1))
	set -- "$1" "$2" $figures
	holds "CPU $1 by $2 cycles: tsc offset ns" "$truth_ns" "$3" "$4"
	set -- "$1" "$2" "$truth_ns" "$4" $(pair kvm-clock)
	holds "CPU $1 by $2 cycles: kvm-clock offset ns" 0 "$5" "$6"

	warps=$(cat $T/tsc/warps) max=$(cat $T/tsc/warp_max_ns)
	if awk -v t="$3" -v b="$4" 'BEGIN { if (t < 0) t = -t; exit !(t > 2 * b) }'; then
		below "CPU $1 by $2 cycles: $warps warps, too few" $((warps == 0)) 0
		# the largest warp is less than the offset by its transit
		holds "CPU $1 by $2 cycles: largest warp ns" \
			"$(awk -v t="$3" -v b="$4" 'BEGIN { if (t < 0) t = -t; printf "%.3f", t - b }')" \
			"$max" "$4"
	else
		say "# CPU $1 by $2 cycles: $warps warps; the transit may or may not hide it"
		between "CPU $1 by $2 cycles: largest warp ns" 0 "$max" \
			"$(awk -v t="$3" 'BEGIN { if (t < 0) t = -t; print int(t) + 1 }')"
	fi
	holds "CPU $1 by $2 cycles: kvm-clock warps" 0 "$(cat $T/kvm-clock/warps)" 0
	[ "${2#-}" -ge 30000 ] || return 0
	# a bound of microseconds, as on a busy machine, is no fault
	found tsc-offset "$3" 20000
	nothing_else
}

guest() {
	local range sign tries=0 narrow=0
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	SEED=${SEED:-$(($(date +%s) % 100000))}
	say "# SEED=$SEED"
	insmod /lib/tscope/tsc_inject.ko || return
	tscope_load || return
	cat $T/period_us >$T/width_us

	# each size is random within a decade; cycles
	sign=1
	for range in 30 300 3000 30000 3000000 300000000 5000000000; do
		random $range
		sign=$((-sign))
		random 2 && try_cpu=$RANDOM_NUMBER
		random $((range - range / 10))
		try "$try_cpu" $((sign * (range / 10 + RANDOM_NUMBER))) ||
			{ result "not ok" "injection refused"; break; }
		[ -z "$SHORT" ] || continue
		try $((1 - try_cpu)) $((sign * (range / 10 + RANDOM_NUMBER))) ||
			{ result "not ok" "injection refused"; break; }
	done
	rmmod tsc_inject
	# a wide bound would hold any truth: most must be narrow, however busy the machine is
	between "tries with a bound below 1 us" $((tries / 2 + 1)) $narrow $tries
	tscope_done
}
