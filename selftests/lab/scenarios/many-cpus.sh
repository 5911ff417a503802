# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046
# DESCRIPTION: 96 CPUs, too many to form all pairs: composed offsets hold the truth, 0
#
# This is a plain emulated machine, without KVM: its TSCs are in step. With more than 64 CPUs
# each CPU meets only the CPUs that are 2^k ranks away, and the offsets of other pairs are
# composed. For another number of CPUs: CPUS=64 make lab SCENARIO=many-cpus
ACCEL=tcg
GUEST_SMP=${CPUS:-96}
GUEST_MEM=2048
TIMEOUT=1200
SILENCE=600
GUEST_APPEND="tsc=reliable"

# reading FILE: prints how many us cat takes for the file: the shortest of three tries
reading() {
	local file=$1 i=0 least='' us
	while [ $i -lt 3 ]; do
		i=$((i + 1))
		set -- $(lab_clock; cat $file >/dev/null; lab_clock)
		us=$((($4 - $2) / 1000))
		[ -n "$least" ] && [ $least -le $us ] || least=$us
	done
	echo $least
}

guest() {
	local n before after pairs
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	n=$(nproc)
	before=$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
	# The windows and the bursts are so short that two real CPUs can run those of 96.
	tscope_load period_us=5000000 width_us=20000 burst_us=2 || return
	echo 1 >$T/enabled
	sleep 45
	after=$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
	say "# $n CPUs, $(cat $T/tsc/samples) readings, $((before - after)) KiB taken while on"
	holds "CPUs" "${CPUS:-96}" "$n" 0
	holds "tsc warps" 0 "$(cat $T/tsc/warps)" 0
	holds "tsc backward" 0 "$(cat $T/tsc/backward)" 0
	holds "tsc largest composed offset ns" 0 "$(cat $T/tsc/offset_max_ns)" \
		"$(cat $T/tsc/offset_bound_ns)"
	below "its bound ns" "$(cat $T/tsc/offset_bound_ns)" 20000
	# every line of every pair, composed or not
	pairs=$(awk '$1 == "tsc" && $4 != "-" {
			n++; o = $4; if (o < 0) o = -o; if (o > $5) bad++; if ($5 > most) most = $5
		} END { print n + 0, bad + 0, most + 0 }' $TD/pairs)
	say "# pairs, and those whose bound does not hold 0, and the widest bound: $pairs"
	set -- $pairs
	pairs=$1
	holds "pairs whose bound does not hold 0" 0 "$2" 0
	below "the widest bound ns" "$3" 50000
	# Two real CPUs, which emulate 96, let 80 to 120 of some 550 pairs meet (in three runs); far
	# fewer would prove nothing.
	between "pairs" 48 "$pairs" -
	finds_none
	echo 0 >$T/enabled
	# composed offsets are kept for a second; each time includes that of starting cat
	sleep 2
	set -- $(lab_clock; cat $T/tsc/offset >/dev/null; lab_clock)
	say "# reads, us: offset $((($4 - $2) / 1000)), again $(reading $T/tsc/offset), pairs $(reading $TD/pairs), enabled $(reading $T/enabled)"
	tscope_done
}
