#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2012,SC2317
#
# Checks the files of /sys/kernel/debug/tscope, their headers and columns, and that
# figures agree with each other and with those of sysfs. Sampling is off while the
# files are read, so figures must agree exactly.

. "$(dirname "$0")/lib.sh"

# file, first line up to a parenthesis
HEADERS="
pairs # clock cpu_i cpu_j offset_ns bound_ns moving hull_low_ns hull_high_ns age_ms meetings warps
cpus # cpu state leader windows lost meetings unmet age_ms readings
pvti # cpu version tsc_timestamp system_time_ns tsc_to_system_mul tsc_shift flags minus_first_ns
timepage # cpu version tsc_timestamp system_time_ns tsc_to_system_mul tsc_shift flags minus_first_ns
points # clock segment tsc phase_ns width_ns
violations # time_ns tsc what clock cpu peer size_ns count error_ns"

# the histograms that each clock has
hists_of() {
	case $1 in
	tsc) echo warp ;;
	kvm-clock | hyperv | xen) echo residual step warp ;;
	monotonic-raw) echo residual step warp width ;;
	*) echo residual step width ;;
	esac
}

files() {
	local clocks clock
	get clocks
	clocks=$VALUE
	same "$DEBUG" "$(ls "$DEBUG" | tr '\n' ' ')" "cpus hist pairs points pvti timepage violations "
	# shellcheck disable=SC2086
	same "hist" "$(ls "$DEBUG/hist" | tr '\n' ' ')" \
		"$(printf '%s\n' $clocks transit wakeup | sort | tr '\n' ' ')"
	for clock in $clocks; do
		same "hist/$clock" "$(ls "$DEBUG/hist/$clock" | tr '\n' ' ')" "$(hists_of "$clock") "
	done
}

modes() {
	same "files of another mode than 0400 root" \
		"$(find "$DEBUG" -type f -exec stat -c '%a %u:%g %n' {} + | grep -v '^400 0:0 ')" ""
}

# headers: before anything was sampled the files have these, and nothing else
headers() {
	local file want first path
	while read -r file want; do
		[ -n "$file" ] || continue
		read -r first <"$DEBUG/$file"
		same "header of $file" "${first%% (*}" "$want"
		[ "$file" = pvti ] || [ "$file" = timepage ] || same "lines of $file" "$(wc -l <"$DEBUG/$file")" 1
	done <<-END
	$HEADERS
	END
	for path in "$DEBUG"/hist/*/* "$DEBUG"/hist/transit "$DEBUG"/hist/wakeup; do
		same "${path#"$DEBUG/"}" "$(sed 's/ lost 0$//' "$path")" \
			"# unit ns count 0 min 0 mean 0 max 0 p50 0 p99 0 p99.9 0"
	done
}

sample() {
	# CPUs that sample all the time never wake up
	set_to enabled 1
	sleep 2
	set_to enabled 0
	flat_out 8
}

# columns FILE REGEX: every line except the first must match
columns() {
	sed 1d "$DEBUG/$1" | grep -vxE "$2" >"$TMP/odd" && bad "$1: $(head -n 3 "$TMP/odd")"
}

# page_clock: the clock of the time pages, if there is one
page_clock() {
	local clock
	for clock in kvm-clock hyperv xen; do
		[ ! -d "$TSCOPE/$clock" ] || echo "$clock"
	done
}

# each pair of CPUs has one line for each of the two clocks; the worst pair is that of sysfs
pairs() {
	local clock worst clocks n
	columns pairs '(tsc|kvm-clock|hyperv|xen) [0-9]+ [0-9]+ (-?[0-9]+ [0-9]+ [01] -?[0-9]+ -?[0-9]+ [0-9]+ [1-9][0-9]*|- - - - - - 0) [0-9]+'
	clocks="tsc $(page_clock)"
	n=$(nproc)
	for clock in $clocks; do
		same "pairs of $clock" "$(grep -c "^$clock " "$DEBUG/pairs")" $((n * (n - 1) / 2))
		[ "$n" -gt 1 ] || continue
		# the worst pair has the largest offset less its bound; pairs that move come first
		worst=$(awk -v clock="$clock" '$1 != clock { next }
			$2 >= $3 { print "order", $2, $3 }
			seen[$2, $3]++ { print "twice", $2, $3 }
			$4 == "-" { print "unmet", $2, $3; next }
			$5 < 1 { print "bound", $5 }
			# the printed interval lies within all that was measured, but for rounding
			$4 + $5 < $7 - 2 || $4 - $5 > $8 + 2 { print "hull", $0 }
			{ sure = ($4 < 0 ? -$4 : $4) - $5 }
			best == "" || $6 > moves || ($6 == moves && (sure > most || (sure == most &&
				($2 < i || ($2 == i && $3 < j))))) {
				moves = $6; most = sure; i = $2; j = $3
				best = $4 " " $5 " " $2 " " $3 " " $6 }
			END { print best }' "$DEBUG/pairs")
		get "$clock/offset"
		same "worst of $clock" "$worst" "${VALUE% *}"
		get "$clock/widest_bound_ns"
		same "widest of $clock" "$(awk -v clock="$clock" '$1 == clock && $5 > most { most = $5 }
			END { print most }' "$DEBUG/pairs")" "$VALUE"
		get "$clock/moving"
		same "moving of $clock" "$(awk -v clock="$clock" '$1 == clock { n += $6 } END { print n + 0 }' \
			"$DEBUG/pairs")" "$VALUE"
	done
	[ "$n" -gt 1 ] || skip "one CPU: no pairs"
}

# pairs_in_pieces: a reader with little room gets each line once
pairs_in_pieces() {
	dd bs=50 <"$DEBUG/pairs" 2>/dev/null | sed 's/ [0-9]* \([0-9]* [0-9]*\)$/ \1/' >"$TMP/pieces"
	sed 's/ [0-9]* \([0-9]* [0-9]*\)$/ \1/' "$DEBUG/pairs" >"$TMP/whole"
	same "pairs in pieces, without their ages" "$(cat "$TMP/pieces")" "$(cat "$TMP/whole")"
}

# all_sample: whether one CPU is the leader and all sample; $TMP/cpus keeps what was read
all_sample() {
	sed '1d; s/^\([0-9]* [a-z-]* [01]\) .*/\1/' "$DEBUG/cpus" >"$TMP/cpus"
	[ "$(grep -c ' 1$' "$TMP/cpus")" = 1 ] && ! grep -qv ' sampling ' "$TMP/cpus"
}

# a line for each CPU that ever sampled; their readings add up to those of the TSC
cpus() {
	local n
	columns cpus '[0-9]+ off 0 [1-9][0-9]* [0-9]+ [0-9]+ [0-9]+ [0-9]+ [1-9][0-9]*'
	same "CPUs" "$(sed '1d; s/ .*//' "$DEBUG/cpus" | tr '\n' ' ')" \
		"$(expand "$(cat "$CPUDIR/online")") "
	get tsc/samples
	same "readings" "$(awk '{ n += $9 } END { printf "%d", n }' "$DEBUG/cpus")" "$VALUE"
	same "lost windows" "$(awk '{ n += $5 } END { print n + 0 }' "$DEBUG/cpus")" \
		"$(sed -n '1s/.* lost //p' "$DEBUG/hist/wakeup")"
	[ "$(nproc)" -gt 1 ] || return
	# in two seconds at the defaults each pair has met, as the leader calls the other CPUs
	n=$(awk '{ n += $6 } END { print n }' "$DEBUG/cpus")
	within "meetings" "$n" 1 1000000
	set_to enabled 1
	wait_for 30 all_sample
	set_to enabled 0
	same "CPUs that lead" "$(grep -c ' 1$' "$TMP/cpus")" 1
	same "CPUs that don't sample" "$(grep -v ' sampling ' "$TMP/cpus")" ""
}

# pages_of_hyperv KHZ: a line for each CPU, all of the same page
pages_of_hyperv() {
	columns pvti '[0-9]+ [1-9][0-9]* 0 [0-9]+ [0-9]+([.][0-9]{3})? [0-7] 1 0'
	same "lines" "$(sed 1d "$DEBUG/timepage" | grep -c .)" "$(nproc)"
	same "pages" "$(sed 1d "$DEBUG/timepage" | cut -d' ' -f2- | sort -u | wc -l)" 1
	same "khz by mul and shift" "$(awk 'NR == 2 {
		khz = 1e6 * 4294967296 / $5
		for (i = 0; i < $6; i++) khz /= 2
		printf "%.0f", khz }' "$DEBUG/timepage")" "$1"
}

# a line for each CPU; the frequency of mul and shift is the clock's khz
pvti() {
	local cpu version tsc ns mul shift flags minus clock khz stable off n=0
	clock=$(page_clock)
	if [ -z "$clock" ]; then
		same "lines" "$(wc -l <"$DEBUG/pvti")" 1
		skip "no time page here"
		return
	fi
	get "$clock/khz"
	khz=$VALUE
	if [ "$clock" = hyperv ]; then
		pages_of_hyperv "$khz"
		return
	fi
	columns pvti '[0-9]+ [0-9]+ [0-9]+ [0-9]+ [0-9]+ -?[0-9]+ [0-9]+ -?[0-9]+'
	get "$clock/stable"
	stable=$VALUE
	# Xen may give each CPU, and each update, a frequency of its own
	off=0
	[ "$clock$stable" != xen0 ] || off=$((khz / 1000))
	sed 1d "$DEBUG/pvti" >"$TMP/pvti"
	while read -r cpu version tsc ns mul shift flags minus; do
		n=$((n + 1))
		same "version & 1 of CPU $cpu" $((version & 1)) 0
		[ "$cpu" != 0 ] || same "CPU 0 minus itself" "$minus" 0
		within "shift of CPU $cpu" "$shift" -6 31
		within "flags of CPU $cpu" "$flags" 0 3
		# 10^6 * 2^(32 - shift) / mul, rounded
		within "khz by mul and shift of CPU $cpu" \
			$((((1000000 << (36 - shift)) / mul + 8) >> 4)) $((khz - off)) $((khz + off))
		[ "$stable" = 0 ] || same "stable of CPU $cpu" $((flags & 1)) 1
		# with a master clock all CPUs have one time, but for 1 ns of rounding
		[ "$stable" = 0 ] || [ -z "$UNDISTURBED" ] || within "CPU $cpu minus CPU 0" "$minus" -1 1
		within "tsc_timestamp" "$tsc" 0 9223372036854775807
		within "system_time" "$ns" 0 9223372036854775807
	done <"$TMP/pvti"
	same "lines" "$n" "$(nproc)"
	same "lines of timepage" "$(sed 1d "$DEBUG/timepage" | grep -c .)" "$n"
}

# exact CLOCK: its points were read at a TSC value
exact() {
	[ "$1" = ptp-kvm ] || { get "$1/exact" 2>/dev/null && [ "$VALUE" = 1 ]; }
}

# points ascend in tsc, are of one segment, and not older than the fit window; the first
# has phase 0; exact points have no width
points() {
	local clock khz exact
	columns points '[a-z-]+ [0-9]+ [0-9]+ -?[0-9]+[.][0-9]{3} [0-9]+'
	get tsc/khz
	khz=$VALUE
	get fit_window_s
	awk -v khz="$khz" -v window="$VALUE" 'NR == 1 { next }
		!($1 in tsc) { first[$1] = $3; segment[$1] = $2 }
		$1 in tsc && $3 <= tsc[$1] { print $1, "tsc", $3, "after", tsc[$1] }
		$2 != segment[$1] { print $1, "segment", $2, "after", segment[$1] }
		{ tsc[$1] = $3; n[$1]++ }
		END { for (c in tsc) {
			if (tsc[c] - first[c] > window * khz * 1000) print c, "older than the window"
			if (n[c] < 8) print c, "has", n[c], "points"
		} }' "$DEBUG/points" >"$TMP/odd"
	[ ! -s "$TMP/odd" ] || bad "$(head -n 3 "$TMP/odd")"
	get clocks
	for clock in $VALUE; do
		[ "$clock" != tsc ] || continue
		if grep -q "^$clock " "$DEBUG/points"; then
			exact "$clock" && exact=1 || exact=0
			awk -v c="$clock" -v e="$exact" '$1 == c && ($5 == 0) != e { print c, "width", $5 }' \
				"$DEBUG/points" >"$TMP/odd"
			[ ! -s "$TMP/odd" ] || bad "$(head -n 3 "$TMP/odd"), exact $exact"
			continue
		fi
		get "$clock/errors" 2>/dev/null && [ "$VALUE" -gt 0 ] && continue
		timeless "$clock" || bad "no points of $clock"
	done
	# the newest is what sysfs shows
	for clock in kvm-clock hyperv xen realtime; do
		[ -d "$TSCOPE/$clock" ] || continue
		get "$clock/phase_ns"
		within "$clock/phase_ns" "$VALUE" \
			$(($(sed -n "s/^$clock [0-9]* [0-9]* \(.*\)[.].*/\1/p" "$DEBUG/points" | tail -n 1) - 1)) \
			$(($(sed -n "s/^$clock [0-9]* [0-9]* \(.*\)[.].*/\1/p" "$DEBUG/points" | tail -n 1) + 1))
	done
}

# newest FILE: prints the TSC of the newest point of monotonic-raw
newest() {
	awk '$1 == "monotonic-raw" { tsc = $3 } END { print tsc }' "$TMP/$1"
}

# an open file shows the points as of its first read, also to a reader that continues later
points_in_pieces() {
	set_to enabled 1
	sleep 1
	exec 3<"$DEBUG/points"
	sleep 0.5
	cat "$DEBUG/points" >"$TMP/before"
	dd bs=500 count=1 <&3 >"$TMP/pieces" 2>/dev/null
	cat "$DEBUG/points" >"$TMP/after"
	sleep 0.5
	cat <&3 >>"$TMP/pieces"
	exec 3<&-
	set_to enabled 0
	same "lines that are torn" "$(awk 'NR > 1 && NF != 5' "$TMP/pieces")" ""
	within "newest point" "$(newest pieces)" "$(newest before)" "$(newest after)"
}

violations() {
	columns violations \
		'[0-9]+ [0-9]+ (warp|backward|step|marker|snapshot) [a-z-]+ [0-9]+ ([0-9]+|-) -?[0-9]+ [0-9]+ ([0-9]+|-)'
	within "violations" $(($(wc -l <"$DEBUG/violations") - 1)) 0 1024
	awk 'NR > 1 && ($3 == "warp") != ($6 != "-") { print }' "$DEBUG/violations" >"$TMP/odd"
	[ ! -s "$TMP/odd" ] || bad "peer: $(head -n 3 "$TMP/odd")"
	awk 'NR > 1 && ($3 == "step") != ($9 != "-") { print }' "$DEBUG/violations" >"$TMP/odd"
	[ ! -s "$TMP/odd" ] || bad "error: $(head -n 3 "$TMP/odd")"
	awk 'NR > 1 && $3 ~ /^(warp|backward)$/ && $7 <= 0 { print }' "$DEBUG/violations" >"$TMP/odd"
	[ ! -s "$TMP/odd" ] || bad "size: $(head -n 3 "$TMP/odd")"
}

# a histogram's figures must follow from its buckets; sets $COUNT
histogram() {
	local text
	text=$(awk '
		NR == 1 {
			sub(/ lost [0-9]+$/, "")
			if (NF != 17 || $1 " " $2 " " $3 " " $4 " " $6 " " $8 " " $10 " " $12 " " $14 " " $16 != \
			    "# unit ns count min mean max p50 p99 p99.9") print "header"
			count = $5; min = $7; mean = $9; max = $11;
			p50 = $13; p99 = $15; p999 = $17
			next
		}
		NF != 3 || $1 > $2 || $3 < 1 { print "bucket", $0 }
		seen && $1 <= high { print "order", $0 }
		!seen { low = $1; seen = 1; lowhigh = $2 }
		{ high = $2; last = $1; sum += $3 }
		$1 > 16 && $2 - $1 + 1 > $1 / 8 { print "wide", $0 }
		END {
			if (sum + 0 != count) print "count", count, "sum", sum
			if (!count) exit
			if (min < low || min > lowhigh) print "min", min, "not in the first bucket"
			if (max < last || max > high) print "max", max, "not in the last bucket"
			if (!(min <= p50 && p50 <= p99 && p99 <= p999 && p999 <= max)) print "quantiles"
			if (mean < min || mean > max) print "mean", mean
		}' "$DEBUG/hist/$1")
	[ -z "$text" ] || bad "$1: $text"
	COUNT=$(sed -n '1s/.* count \([0-9]*\) .*/\1/p' "$DEBUG/hist/$1")
}

# events that are counted in histograms are counted in sysfs, too
histograms() {
	local clock clocks name
	get clocks
	clocks=$VALUE
	for clock in $clocks; do
		for name in $(hists_of "$clock"); do
			histogram "$clock/$name"
			case $name in
			residual) same "$clock/residual" "$COUNT" "$(grep -c "^$clock " "$DEBUG/points")" ;;
			step) get "$clock/steps"; same "$clock/step" "$COUNT" "$VALUE" ;;
			warp) get "$clock/warps"; same "$clock/warp" "$COUNT" "$VALUE" ;;
			width) [ "$COUNT" -gt 0 ] || { get "$clock/errors" && [ "$VALUE" -gt 0 ]; } ||
				timeless "$clock" || bad "$clock/width is empty"
			       width "$clock" ;;
			esac
		done
	done
	histogram transit
	[ "$COUNT" -gt 0 ] || [ "$(nproc)" = 1 ] || bad "transit is empty"
	histogram wakeup
	[ "$COUNT" -gt 0 ] || bad "wakeup is empty"
}

width() {
	get "$1/read_min_ns" || return
	same "$1/width min" "$(sed -n '1s/.* min \([0-9]*\) .*/\1/p' "$DEBUG/hist/$1/width")" "$VALUE"
	get "$1/read_avg_ns"
	same "$1/width mean" "$(sed -n '1s/.* mean \([0-9]*\) .*/\1/p' "$DEBUG/hist/$1/width")" "$VALUE"
}

begin
load enable=0 || { echo "Bail out! the module does not load: $ERRNO"; exit 1; }
[ -d "$DEBUG" ] || skip_all "no debugfs at /sys/kernel/debug"
run_tests <<END
files
modes
headers
sample
pairs
pairs_in_pieces
pvti
points
violations
histograms
points_in_pieces
cpus
END
