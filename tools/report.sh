#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2086
#
# report.sh: samples for a while and prints a report for people. See --help. It
# runs wherever there are a shell and awk, also those of busybox.

S=${TSCOPE_SYSFS:-/sys/kernel/tscope}
D=${TSCOPE_DEBUGFS:-/sys/kernel/debug/tscope}
KNOWN="tsc kvm-clock ptp-kvm monotonic-raw realtime acpi-pm hpet"

usage() {
	cat <<-END
	usage: ${0##*/} [--duration S] [--flat-out] [--reset]
	Samples for S seconds (10) and prints what was found.

	  --duration S   how long to sample; 0: only print what is there
	  --flat-out     sample all the time, not a small part of it, and restore width_us after
	  --reset        discard what was sampled before
	If sampling was on, it is on again afterwards; --duration 0 leaves it
	alone. Needs root, and the module loaded.
	END
}

stop() {
	echo "report: $1" >&2
	exit 1
}

# a file's value, or - if there is none yet
value() {
	cat "$S/$1" 2>/dev/null || echo -
}

duration=10 flat='' reset=''
while [ $# -gt 0 ]; do
	case $1 in
	--help | -h) usage; exit 0 ;;
	--duration) duration=$2; shift ;;
	--flat-out) flat=1 ;;
	--reset) reset=1 ;;
	*) stop "unknown option $1 (see --help)" ;;
	esac
	shift
done
case $duration in
'' | *[!0-9]*) stop "--duration takes whole seconds, not '$duration'" ;;
esac
if [ ! -d "$S" ] && command -v modinfo >/dev/null && ! modinfo -k "$(uname -r)" tscope >/dev/null 2>&1; then
	stop "there is no module for the running kernel $(uname -r): 'make load' in its sources, or install linux-headers-$(uname -r) and the package tscope-dkms"
fi
[ -d "$S" ] || stop "the module is not loaded: 'modprobe tscope', or in its sources 'make load'"
[ -w "$S/enabled" ] || stop "needs root (sudo)"

was_on=$(value enabled) was_width=$(value width_us)
restore() {
	echo "$was_on" >"$S/enabled"
	echo "$was_width" >"$S/width_us"
}

sample() {
	local left=$duration

	[ -z "$reset" ] || echo 1 >"$S/reset"
	[ "$left" -gt 0 ] || return 0
	trap restore EXIT
	trap 'exit 130' INT TERM
	[ -z "$flat" ] || cat "$S/period_us" >"$S/width_us"
	echo 1 >"$S/enabled" || stop "sampling does not start; see dmesg"
	while [ "$left" -gt 0 ]; do
		[ ! -t 2 ] || printf '\rsampling, %d s left ' "$left" >&2
		sleep 1
		left=$((left - 1))
	done
	[ ! -t 2 ] || printf '\r                        \r' >&2
	used_width=$(value width_us)
	# a CPU publishes its last results when it stops
	echo 0 >"$S/enabled"
}

head_lines() {
	local now
	now=$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)
	echo "tscope $(cat /sys/module/tscope/version 2>/dev/null): report"
	echo
	echo "  kernel       $(uname -r)"
	echo "  clocksource  $now"
	echo "  CPUs         $(value cpus) of $(cat /sys/devices/system/cpu/online) online"
	if [ "$duration" -gt 0 ]; then
		echo "  sampled      $duration s, $used_width us of every $(value period_us) us, interrupts off for $(value burst_us) us at most"
	fi
	echo
}

# why a clock is absent, as the module logged at load
absent() {
	dmesg 2>/dev/null | sed -n "s/.*tscope: $1 is absent: //p" | tail -n 1
}

clock_lines() {
	local c why
	printf '%-14s %12s %14s %10s %6s %9s %7s %14s\n' clock readings "skew ppb" \
		"+- ppb 95%" steps backward warps "phase ns"
	for c in $KNOWN; do
		if [ ! -d "$S/$c" ]; then
			why=$(absent "$c")
			printf '%-14s absent: %s\n' "$c" "${why:-see dmesg}"
			continue
		fi
		printf '%-14s %12s %14s %10s %6s %9s %7s %14s\n' "$c" \
			"$(value $c/samples)" "$(value $c/skew_ppb)" \
			"$(value $c/skew_error_ppb)" "$(value $c/steps)" \
			"$(value $c/backward)" "$(value $c/warps)" \
			"$(value $c/phase_ns)"
	done
	echo "Skew and phase are against the TSC at its nominal $(value tsc/khz) kHz."
	echo
}

pair_lines() {
	[ -r "$D/pairs" ] || { echo "pair offsets: $D/pairs can't be read"; echo; return; }
	awk '!/^#/ {
		if (!n++) print "pair offsets: how far the second CPU'\''s clock is ahead of the first'\''s"
		if (n <= 20) printf "  CPU %s-%s  %-10s %s ns +- %s ns, %s warps%s\n", $2, $3, $1, $4, $5, $11,
			$6 == 1 ? ", moving" : ""
	} END {
		if (!n) print "pair offsets: none (one CPU, or no time to see each other)"
		if (n > 20) printf "  and %d more\n", n - 20
		print ""
	}' "$D/pairs"
}

# figures of the guest's wall clock against the host's; busybox has no sqrt() either
drift() {
	awk -v a="$(value realtime/skew_ppb)" -v b="$(value ptp-kvm/skew_ppb)" \
		-v da="$(value realtime/skew_error_ppb)" -v db="$(value ptp-kvm/skew_error_ppb)" 'function root(x, r, i) { for (r = x + 1; i < 99; i++) r = (r + x / r) / 2; return r }
	BEGIN {
		if (a == "-" || b == "-") print "drift not known yet"
		else printf "drifting %+.3f ppb +- %.3f ppb", a - b, root(da * da + db * db)
	}'
}

kvm_lines() {
	if [ -d "$S/kvm-clock" ]; then
		echo "kvm-clock: $(value kvm-clock/khz) kHz, TSC_STABLE $(value kvm-clock/stable), pvti updates $(value kvm-clock/updates), GUEST_STOPPED seen $(value kvm-clock/stopped) times"
		awk 'function pow2(k, x) { for (x = 1; k > 0; k--) x *= 2; for (; k < 0; k++) x /= 2; return x }
			!/^#/ && $1 == 0 { r = $5 * pow2($6 - 32) * '"$(value tsc/khz)"' / 1e6
			printf "  its multiplier alone makes it run %+.3f ppb off the nominal TSC\n", (r - 1) * 1e9 }' \
			"$D/pvti" 2>/dev/null
	fi
	if [ -d "$S/ptp-kvm" ]; then
		echo "wall clock: guest - host $(value ptp-kvm/offset_ns) ns +- $(value ptp-kvm/offset_error_ns) ns, $(drift); $(value ptp-kvm/errors) hypercalls failed"
	fi
	echo
}

# draws a histogram by octaves
draw() {
	awk -v title="$2" '
	function pow2(k, x) { for (x = 1; k > 0; k--) x *= 2; for (; k < 0; k++) x /= 2; return x }
	NR == 1 { head = $0; next }
	{
		# busybox has no log() and no ^
		for (k = 0; 2 * pow2(k) <= $1; k++) ;
		n[k] += $3; total += $3
		if (first == "" || k < first) first = k
		if (last == "" || k > last) last = k
	}
	END {
		if (!total) { print title ": nothing yet"; exit }
		sub(/^# unit ns /, "", head)
		gsub(/ (min|mean|max|p50|p99|p99.9) [0-9]+/, "& ns", head)
		print title " (" head ")"
		for (k = first; k <= last; k++) if (n[k] > most) most = n[k]
		for (k = first; k <= last; k++) {
			bar = ""
			for (i = 0; i < 40 * n[k] / most; i++) bar = bar "#"
			printf "  from %11d ns %11d %s\n", pow2(k), n[k], bar
		}
	}' "$1"
	echo
}

# prints a line for each thing that is wrong
wrongs() {
	local c n f
	for f in "$S"/*/samples; do
		c=${f%/samples} c=${c##*/}
		n=$(value $c/backward)
		[ "$n" = 0 ] || echo "$c went backward $n times, by up to $(value $c/backward_max_ns) ns"
		n=$(value $c/warps)
		[ "$n" = 0 ] || [ "$n" = - ] || echo "$c warped between CPUs $n times, by up to $(value $c/warp_max_ns) ns"
		n=$(value $c/steps)
		[ "$n" = 0 ] || [ "$n" = - ] || echo "$c stepped $n times, by up to $(value $c/step_max_ns) ns"
		[ ! -r "$S/$c/offset" ] || [ ! -e "$S/$c/moving" ] || value $c/offset | awk -v c="$c" '
			# printf %d has 32 bits in busybox
			NF == 6 && $5 == 1 { print c " moves between CPUs " $3 " and " $4 ": " $1 " +- " $2 " ns"; next }
			NF == 6 && ($1 + 0 > $2 + 0 || -$1 > $2 + 0) { print c " is off between CPUs " $3 " and " $4 " by " $1 " +- " $2 " ns" }'
		n=$(value $c/unmet)
		[ "$n" = 0 ] || [ "$n" = - ] || echo "$c: $n pairs of CPUs did not meet"
	done
	[ "$(value kvm-clock/stable)" != 0 ] || echo "kvm-clock is not TSC_STABLE: the host has no master clock"
	n=$(value kvm-clock/stopped)
	[ "$n" = 0 ] || [ "$n" = - ] || echo "the guest was stopped $n times"
	n=$(value ptp-kvm/errors)
	[ "$n" = 0 ] || [ "$n" = - ] || echo "ptp-kvm: the host refused $n readings (is it on a TSC clocksource?)"
	n=$(value tsc/samples)
	[ "$n" != 0 ] || echo "nothing was sampled"
}

sample
head_lines
clock_lines
pair_lines
kvm_lines
[ ! -r "$D/hist/transit" ] || draw "$D/hist/transit" "mailbox transit between CPUs"
[ ! -r "$D/hist/ptp-kvm/width" ] || draw "$D/hist/ptp-kvm/width" "time that a ptp-kvm reading takes"
found=$(wrongs)
if [ -n "$found" ]; then
	echo "verdict: found wrong:"
	echo "$found" | sed 's/^/  - /'
else
	echo "verdict: nothing wrong was found"
fi
