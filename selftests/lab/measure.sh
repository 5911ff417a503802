# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC2086
#
# For scenarios that measure: values of many turns, rows of the table of "make bench", the cost
# of sampling. Needs truth.sh. Functions print their result.

VALUES=/tmp/values

# row WHAT UNIT BEFORE AFTER BESIDE [FIGURE VERDICT]: - for a column without a value
row() {
	say "row|$1|$2|$3|$4|$5|${6:--}|${7:--}"
}

# value NAME NUMBER: records one of many results
value() {
	echo "$1 $2" >>$VALUES
}

# median NAME [PLACES]: -, if there is no value
median() {
	awk -v n="$1" '$1 == n && $2 ~ /^-?[0-9.]+$/ { print $2 }' $VALUES 2>/dev/null | sort -n |
		awk -v p="${2:-0}" '{ v[NR] = $1 }
			END { if (!NR) { print "-"; exit }
			printf "%." p "f\n", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# ratio A B: A / B, or - if there is none
ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { n = "^[0-9.]+$"
		if (a !~ n || b !~ n || b + 0 == 0) print "-"; else printf "%.4f\n", a / b }'
}

# list WORD...: with semicolons between them
list() {
	echo "$@" | sed 's/ /; /g'
}

# verdict at-least|at-most LIMIT NUMBER...: whether each number is within the limit
verdict() {
	local order=$1 limit=$2
	shift 2
	echo "$@" | awk -v o=$order -v l="$limit" '{
		good = NF > 0
		for (i = 1; i <= NF; i++)
			good = good && $i ~ /^[0-9.]+$/ && (o == "at-least" ? $i >= l + 0 : $i <= l + 0)
		print good ? "reached" : "MISSED" }'
}

# root_of_squares A B: the error of a difference, from its two independent errors; - if one is
# missing. busybox' awk has no sqrt().
root_of_squares() {
	awk -v a="$1" -v b="$2" 'BEGIN {
		n = "^[0-9.]+$"
		if (a !~ n || b !~ n) { print "-"; exit }
		x = a + b
		for (i = 0; x > 0 && i < 20; i++)
			x = (x + (a * a + b * b) / x) / 2
		printf "%.4f\n", x }'
}

# sampler_time CPU: ns of CPU time of its sampler so far, and how often the sampler was scheduled
sampler_time() {
	local p name ns waited times
	for p in /proc/[0-9]*; do
		read -r name <$p/comm 2>/dev/null || continue
		[ "$name" = tscope/$1 ] || continue
		read -r ns waited times <$p/schedstat
		echo $ns $times
		return
	done
	echo none none
}

# sampler_used SECONDS CPU...: for each CPU the percentage of its time that its sampler used, and
# the sampler's wake-ups per second
sampler_used() {
	local seconds=$1 before start end more cpu
	shift
	before=$(for cpu; do sampler_time $cpu; done)
	read -r start end </proc/uptime
	sleep $seconds
	# shellcheck disable=SC2046
	set -- $(for cpu; do sampler_time $cpu; done)
	read -r end more </proc/uptime
	echo $before "$@" $start $end | awk '{
		n = (NF - 2) / 2
		s = $NF - $(NF - 1)
		for (i = 1; i <= n; i += 2)
			if ($i == "none" || $(n + i) == "none") print "none none"
			else printf "%.3f %.1f\n", ($(n + i) - $i) / 1e7 / s, ($(n + i + 1) - $(i + 1)) / s }'
}
