# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC2119,SC2120
#
# For scenarios: hold figures against the truth that was injected. Each line of
# KTAP states truth, figure and bound.

T=/sys/kernel/tscope
TD=/sys/kernel/debug/tscope
COUNT=0
FAILED=0

# result ok|"not ok" NAME [MORE]
result() {
	COUNT=$((COUNT + 1))
	[ "$1" = ok ] || FAILED=$((FAILED + 1))
	say "$1 $COUNT - $2"
}

# holds NAME TRUTH FIGURE BOUND: |figure - truth| <= bound
holds() {
	local verdict
	verdict=$(awk -v t="$2" -v f="$3" -v b="$4" 'BEGIN {
		n = "^-?[0-9]+(\\.[0-9]+)?$"
		if (t !~ n || f !~ n || b !~ n) { print "not ok"; exit }
		d = f - t; if (d < 0) d = -d
		print d <= b ? "ok" : "not ok" }')
	result "$verdict" "$1: truth $2, measured $3, bound $4"
}

# below NAME FIGURE LIMIT
below() {
	local verdict
	verdict=$(awk -v f="$2" -v l="$3" 'BEGIN { n = "^-?[0-9]+(\\.[0-9]+)?$"
		print f ~ n && f <= l ? "ok" : "not ok" }')
	result "$verdict" "$1: $2, at most $3"
}

tscope_load() {
	insmod /lib/tscope/tscope.ko "$@" || { say "# tscope does not load"; return 1; }
}

# load and sample all the time for so many seconds
tscope_flat_out() {
	tscope_load || return
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	sleep "$1"
	echo 0 >$T/enabled
	say "# $(cat $T/tsc/samples) readings of the TSC in $1 s"
}

tscope_done() {
	rmmod tscope || result "not ok" "rmmod"
	say "1..$COUNT"
	[ "$FAILED" = 0 ]
}

# what kvm-clock's multiplier makes its rate differ from the nominal TSC
pvti_rate_ppb() {
	awk -v khz="$(cat $T/tsc/khz)" '!/^#/ && $1 == 0 {
		r = $5 * khz / 1e6
		for (i = $6 - 32; i < 0; i++) r /= 2
		printf "%.3f\n", (r - 1) * 1e9 }' $TD/pvti
}

# pair CLOCK: offset and bound of CPU 1 against CPU 0
pair() {
	awk -v c="$1" '$1 == 0 && $2 == 1 && $3 == c { print $4, $5, $6 }' $TD/pairs
}

# a random whole number in 0..$1-1, from SEED
random() {
	SEED=$(((SEED * 1103515245 + 12345) % 2147483648))
	RANDOM_NUMBER=$(((SEED / 65536) * $1 / 32768))
}
