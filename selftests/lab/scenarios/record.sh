# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046
# DESCRIPTION: a recording, flat out, while the host's wall clock is set: has each point of the trace once, and the steps
#
# The truth of points is their tracepoint. A step ends a segment, and the module then shows only
# the new segment: points that are missing lie in the recording's gaps, which say how many.
ACCEL=nested

FILE=/tmp/recording

# points: prints clock and TSC of each point of the recording
points() {
	awk -F '[:,"{}]+' '/^\{"point"/ { print $4, $8 }' $FILE
}

# steps: prints clock, size and error of each step of the recording
steps() {
	sed -n 's/^{"event":{"kind":"step","clock":"\([^"]*\)".*"size_ns":\([-0-9]*\),"error_ns":\([0-9]*\),.*/\1 \2 \3/p' \
		$FILE
}

rss_kb() {
	awk '/^VmRSS/ { print $2 }' /proc/$1/status
}

# compare: prints how many points occur twice, are not in the trace, are missing outside gaps, are
# missing in gaps; how many the gaps report; the number of gaps, and of points that agree
compare() {
	traced point | awk '{ print $2, $4 }' >/tmp/taken
	points >/tmp/points
	sed -n 's/^{"gap":{"clock":"\([^"]*\)".*"from_tsc":\([0-9]*\),"to_tsc":\([0-9]*\),"lost":\([0-9]*\)}}$/\1 \2 \3 \4/p' \
		$FILE >/tmp/gaps
	awk '
	FILENAME == "/tmp/gaps" { n++; clock[n] = $1; from[n] = $2; to[n] = $3; counted += $4; next }
	FILENAME == "/tmp/points" {
		twice += ($0 in has)
		has[$0] = 1
		if (!($1 in first)) first[$1] = $2
		last[$1] = $2
		next
	}
	{
		if ($0 in has) { taken++; delete has[$0]; next }
		# what came after the last look is not missing
		if (!($1 in last) || $2 > last[$1] || $2 < first[$1]) next
		for (i = 1; i <= n; i++)
			if (clock[i] == $1 && from[i] < $2 && $2 < to[i]) break
		if (i <= n) in_gaps++; else missing++
	}
	END {
		for (point in has) wrong++
		print twice + 0, wrong + 0, missing + 0, in_gaps + 0, counted + 0, n + 0, taken + 0
	}' /tmp/gaps /tmp/points /tmp/taken
}

guest() {
	local size sizes='' sign=1 early late record
	. /lib/tscope/truth.sh

	seed
	tscope_load || return
	trace_on point step || return
	# so the module shows as many points after 20 s as after 50 s, which take as much memory
	echo 10 >$T/fit_window_s
	/lib/tscope/tscope record -o $FILE -d 60 --flat-out -q 2>/tmp/said &
	record=$!
	sleep 20
	early=$(rss_kb $record)
	for size in 100000000 10000000; do
		random $((size - size / 10))
		sign=$((-sign))
		size=$((sign * (size / 10 + RANDOM_NUMBER)))
		on_host lab_clock $size >/dev/null || result "not ok" "lab_clock"
		sizes="$sizes $size"
		sleep 15
	done
	late=$(rss_kb $record)
	wait $record
	holds "exit status" 0 $? 0
	[ ! -s /tmp/said ] || to_channel </tmp/said
	holds "sampling, as it was before" 0 "$(cat $T/enabled)" 0

	say "# $(wc -c <$FILE) bytes; resident after 20 s $early kB, after 50 s $late kB"
	set -- $(compare)
	say "# $7 points; $6 gaps"
	between "points that are there twice" 0 "$1" 0
	between "points that are not of the trace" 0 "$2" 0
	between "points that are missing and in no gap" 0 "$3" 0
	# the gaps' numbers follow from the spacing of points, which late windows change
	holds "points that are missing in gaps" "$4" "$5" $((4 * $6))
	between "points" 3000 "$7" -

	set -- $(steps | sed -n 's/^ptp-kvm //p')
	between "steps of ptp-kvm" 2 $(($# / 2)) 2
	for size in $sizes; do
		holds "ptp-kvm's step" $size "${1:-none}" "${2:-none}"
		[ $# -lt 2 ] || shift 2
	done
	between "steps of other clocks" 0 "$(steps | grep -cv '^ptp-kvm ')" 0
	holds "ptp-kvm's steps, of the last state" "$(figure ptp-kvm steps)" \
		"$(sed -n 's/^{"clock":{"name":"ptp-kvm".*"steps":\([0-9]*\),.*/\1/p' $FILE | tail -n 1)" 0
	holds "the last line counts the points" "$(grep -c '^{"point"' $FILE)" \
		"$(sed -n 's/^{"end":.*"points":\([0-9]*\),.*/\1/p' $FILE)" 0
	/lib/tscope/tscope stability --from $FILE kvm-clock >/tmp/stability
	holds "exit status of stability --from" 0 $? 0
	to_channel </tmp/stability
	tscope_done
}
