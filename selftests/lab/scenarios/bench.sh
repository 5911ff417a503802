# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2013,SC2046
# DESCRIPTION: tscope's speed, cost and bounds against bare loops in the same guest; see bench.run
#
# Only ratios mean anything: the machine is shared and emulated. So what is compared
# takes turns, a second or less each, and medians of many turns are reported.
# BENCH_PARTS picks some parts, BENCH_ROUNDS says how many turns.
ACCEL=nested
TIMEOUT=1500
SILENCE=600
# the kernel itself finds, and takes back, what the part 'alert' injects
LOG_ALLOW='TSC ADJUST differs'

B=/sys/kernel/debug/tscope_bench
R=/tmp/results

# row WHAT TSCOPE BARE RATIO FIGURE VERDICT; - where there is none
row() {
	say "row|$1|$2|$3|$4|$5|$6"
}

# value NAME NUMBER: one of many results of a turn
value() {
	echo "$1 $2" >>$R
}

# median NAME [PLACES]
median() {
	awk -v n="$1" '$1 == n && $2 ~ /^-?[0-9.]+$/ { print $2 }' $R | sort -n |
		awk -v p="${2:-0}" '{ v[NR] = $1 }
			END { if (!NR) { print "none"; exit }
			printf "%." p "f\n", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

least() {
	awk -v n="$1" '$1 == n && $2 ~ /^-?[0-9.]+$/ { print $2 }' $R | sort -n |
		awk '{ v = $1; exit } END { print NR ? v : "none" }'
}

# verdict FIGURE at-least|at-most LIMIT
verdict() {
	awk -v f="$1" -v o="$2" -v l="$3" 'BEGIN { if (f !~ /^-?[0-9.]+$/) print "none"
		else print (o == "at-least" ? f >= l : f <= l) ? "reached" : "MISSED" }'
}

now() {
	read -r NOW <$B/now
}

# run TEST ARGUMENTS...
run() {
	local test=$1
	shift
	echo "$@" >$B/$test || { say "# $test $*: failed"; return 1; }
}

# undisturbed NAME: from lines "millisecond CPU readings", ns a reading of CPU 1
#   NAME-free   in milliseconds in which nothing kept it from running: the 95th percentile
#   NAME-both   in milliseconds in which both CPUs ran: the median
#   NAME-zero   as NAME-free, for CPU 0, which also takes the points
# In emulation -both differs from -free: each read of the TSC takes a lock that all CPUs of
# the emulated machine share, and a CPU that is kept from running may hold it.
undisturbed() {
	sort -k2,2n -k3,3n | awk -v n=$1 '{ v[$1, $2] = $3; at[$2, ++count[$2]] = $1 }
		END {
			for (c = 0; c < 2; c++) free[c] = v[at[c, int(count[c] * 0.95)], c]
			if (free[1]) printf "%s-free %.3f\n", n, 1e6 / free[1]
			if (free[0]) printf "%s-zero %.3f\n", n, 1e6 / free[0]
			for (i = 1; i <= count[1]; i++) {
				ms = at[1, i]
				zero = v[ms, 0]
				one = v[ms, 1]
				if (one > 0.02 * free[1] && one < 3 * zero && zero < 3 * one)
					both[++k] = one
			}
			printf "%s-both-ms %d\n", n, k
			if (k >= 10) printf "%s-both %.3f\n", n, 1e6 / both[int((k + 1) / 2)]
		}' >>$R
}

# loop VARIANT EVERY BURST_US MS NAME: ns a reading, mean of the CPUs; least transit
loop() {
	run loop $1 $2 $3 $4 || return
	awk -v n="$5" '{ ns += $4; r += $2; low += $7
			if ($5 != "-") { sum += $5; mins++ }
			if ($6 != "-") { ksum += $6; kmins++ } }
		END { printf "%s %.3f\n", n, ns / r
			if (mins == NR) printf "%s-bound %.1f\n", n, sum / 2
			if (kmins == NR) printf "%s-kvm-bound %.1f\n", n, ksum / 2
			if (low) printf "%s-lower %d\n", n, low }' $B/loop >>$R
	undisturbed $5 <$B/windows
}

# calm NAME: the same of tscope, in windows of a millisecond
calm() {
	trace_clear
	echo 1 >$T/enabled
	sleep 1
	echo 0 >$T/enabled
	traced window | awk '{ printf "%d %d %d\n", $3 / 1e6, $2, $5 }' | undisturbed $1
}

# window PERIOD_US WIDTH_US, with nothing sampling
window() {
	echo 1000000 >$T/period_us
	echo $2 >$T/width_us && echo $1 >$T/period_us
}

# rate NAME: sample; ns a reading and CPU
rate() {
	local from samples start
	echo 1 >$T/enabled
	sleep 0.2
	read -r from <$T/tsc/samples
	now; start=$NOW
	sleep 1.1
	read -r samples <$T/tsc/samples
	now
	echo 0 >$T/enabled
	value $1 $(calc "($NOW - $start) * $CPUS / ($samples - $from)")
	set -- $1 $(pair tsc) $(pair kvm-clock)
	value $1-bound $3
	value $1-kvm-bound $6
}

ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { n = "^[0-9.]+$"
		if (a !~ n || b !~ n || !b) print "-"; else printf "%.3f\n", a / b }'
}

# against WHAT TSCOPE BARE FIGURE [at-least|at-most [LIMIT]]: a row. The ratio is bare/tscope (of
# times a reading), which is better if larger; with at-most it is tscope/bare (of bounds)
against() {
	local r
	if [ "$5" = at-most ]; then
		r=$(ratio $2 $3)
	else
		r=$(ratio $3 $2)
	fi
	row "$1" $2 $3 $r "$4" $([ -n "$6" ] && verdict $r $5 $6 || echo -)
}

# Rates, and what each part of a burst costs.
part_rate() {
	local i n v what
	trace_on window || return
	for i in $(seq $ROUNDS); do
		loop tsc $BENCH_EVERY 10 300 tsc
		loop pvti $BENCH_EVERY 10 300 pvti
		for n in 1 2; do
			loop bare $BENCH_EVERY 10 700 bare
			window 10000 10000
			rate flat
			window 1000 1000
			calm tscope
		done
		for v in back judge hist raw books bare-raw bare-books; do
			loop $v $BENCH_EVERY 10 300 $v
		done
		echo 100 >$T/burst_us
		loop bare $BENCH_EVERY 100 300 bare-100
		calm tscope-100
		window 10000 10000
		rate flat-100
		echo 10 >$T/burst_us
	done
	# the fastest turn, since at least one was not disturbed
	say "# ns a reading of CPU 1 by itself, with CPU 0 at work (median), of CPU 0; the fastest of $ROUNDS turns"
	for what in tsc pvti bare back judge hist raw books bare-raw bare-books tscope bare-100 \
		tscope-100; do
		say "# $what: $(least $what-free) $(median $what-both 1) $(least $what-zero); milliseconds with both $(median $what-both-ms), lower $(median $what-lower)"
	done
	row "ordered TSC read, ns" - $(least tsc-free) - - -
	row "with the pvti evaluated, ns" - $(least pvti-free) - - -
	for what in flat:bare flat-100:bare-100; do
		v=$(ratio $(median ${what#*:} 2) $(median ${what%:*} 2))
		row "readings/s and CPU, both at work$([ $what = flat:bare ] || echo ", bursts of 100 us")" \
			$(calc "1e9 / $(median ${what%:*} 2)") $(calc "1e9 / $(median ${what#*:} 2)") \
			$v $([ $what = flat:bare ] && echo ">=0.8 $(verdict $v at-least 0.8)" || echo - -)
		[ $what = flat:bare ] || continue
		row "what is aimed for" - - $v ">=0.95" $(verdict $v at-least 0.95)
	done
	against "with mailboxes, while CPU 0 stands still, ns" $(least tscope-free) \
		$(least bare-free) -
	against "the same, bursts of 100 us" $(least tscope-100-free) $(least bare-100-free) -
}

part_bound() {
	local i half
	window 10000 10000
	for i in $(seq $ROUNDS); do
		run pingpong 700
		read -r NUMBER MIN MID MEAN LOST <$B/pingpong
		value trip-min $MIN
		value trip-median $MID
		value trip-number $NUMBER
		value trip-lost $LOST
		rate bound
		loop exchange 1 10 300 exchange
		loop books $BENCH_EVERY 10 300 books
		loop early $BENCH_EVERY 10 300 early
	done
	for n in trip-number trip-lost trip-median trip-min exchange-bound books-bound early-bound \
		books-kvm-bound early-kvm-bound bound-bound bound-kvm-bound; do
		say "# $n: median $(median $n 1), least $(least $n)"
	done
	# the least of all turns: in a turn in which the two CPUs never ran at once they never met
	half=$(calc "$(least trip-min) / 2")
	against "pair bound, TSC; half a round trip, ns; least" $(least bound-bound) $half "<= 1.2" \
		at-most 1.2
	against "pair bound, kvm-clock; the same" $(least bound-kvm-bound) $half "<= 1.2" at-most 1.2
	row "round trips a turn; ns, median of all" - "$(median trip-number); $(median trip-median)" - - -
	against "pair bound of bare bursts, published late" $(least books-bound) \
		$half - at-most
	against "pair bound of bare bursts, published at once" $(least early-bound) \
		$half - at-most
}

# How often to exchange: readings/s and the least transit.
part_every() {
	local i n
	for i in $(seq $ROUNDS); do
		for n in 1 2 4 8 16; do
			loop hist $n 10 300 every-$n
		done
	done
	for n in 1 2 4 8 16; do
		row "mailboxes at 1 of $n readings: ns a reading; bound, ns" - \
			"$(least every-$n-free); $(least every-$n-bound)" \
			"$(ratio $(least every-$BENCH_EVERY-free) $(least every-$n-free)) of ${BENCH_EVERY}th" - -
	done
}

part_call() {
	local i c number min mid avg
	window 10000 100
	echo 1 >$T/reset
	for i in $(seq 5); do
		for c in ptp-kvm acpi-pm hpet monotonic-raw; do
			[ -e $T/$c ] || continue
			run call $c 300 || continue
			read -r number min mid avg <$B/call
			value $c-min $min
			value $c-avg $avg
			value $c-mid $mid
		done
		echo 1 >$T/enabled
		sleep 3
		echo 0 >$T/enabled
	done
	for c in ptp-kvm acpi-pm hpet monotonic-raw; do
		[ -e $T/$c ] || continue
		row "$c read, least, ns" $(figure $c read_min_ns) $(least $c-min) \
			$(ratio $(figure $c read_min_ns) $(least $c-min)) - -
		row "$c read, mean, ns" $(figure $c read_avg_ns) $(median $c-avg) \
			$(ratio $(figure $c read_avg_ns) $(median $c-avg)) - -
	done
}

# ns of CPU time of the samplers so far, of CPU 0's and of the others'
cpu_time() {
	local p zero=0 rest=0 name ns more
	for p in /proc/[0-9]*; do
		read -r name <$p/comm 2>/dev/null || continue
		case $name in
		tscope/*) read -r ns more <$p/schedstat || continue ;;
		*) continue ;;
		esac
		[ "$name" = tscope/0 ] && zero=$ns || rest=$((rest + ns))
	done
	echo $zero $rest
}

# cost NAME SECONDS: percent of a CPU
cost() {
	local start samples more
	sleep 1
	read -r samples <$T/tsc/samples
	set -- "$1" "$2" $(cpu_time)
	now; start=$NOW
	sleep $2
	set -- "$@" $(cpu_time)
	now
	read -r more <$T/tsc/samples
	value $1-readings $(calc "($more - $samples) / ($NOW - $start) * 1e9 / $CPUS")
	value $1-leader $(calc "100 * ($5 - $3) / ($NOW - $start)")
	value $1-other $(calc "100 * ($6 - $4) / ($NOW - $start)")
}

late() {
	local cpu who number mid most max
	run late $2 || return
	while read -r cpu who number mid most max; do
		value $1-$who-$cpu-mid $mid
		value $1-$who-$cpu-p999 $most
		value $1-$who-$cpu-max $max
	done <$B/late
}

# late_busy: late, while loops keep both CPUs busy
late_busy() {
	local cpu pids=
	for cpu in $(seq 0 $((CPUS - 1))); do
		taskset -c $cpu sh -c 'while :; do :; done' &
		pids="$pids $!"
	done
	late late-busy $1
	kill $pids
}

part_cost() {
	local i how cpu who what
	echo 1 >$T/reset
	for i in 1 2 3; do
		for how in default flat; do
			if [ $how = default ]; then
				window 10000 100
			else
				window 10000 10000
			fi
			echo 1 >$T/enabled
			cost $how 10
			late late-$how 4000
			echo 0 >$T/enabled
			late late-off 4000
			set -- $(cpu_time)
			value off-threads $(($1 + $2))
		done
		late_busy 4000
	done
	row "CPU time at the defaults, leader, %" $(median default-leader 2) - - "<= 1" \
		$(verdict $(median default-leader 2) at-most 1)
	row "CPU time at the defaults, other CPU, %" $(median default-other 2) - - "<= 1" \
		$(verdict $(median default-other 2) at-most 1)
	row "readings/s and CPU at the defaults; of 100 us in 10 ms" $(median default-readings) - - - -
	row "CPU time when off, %" $(median off-threads) - - 0 $(verdict $(median off-threads) at-most 0)
	row "CPU time flat out, leader; other, %" \
		"$(median flat-leader 1); $(median flat-other 1)" - - - -
	for who in timer task; do
		for cpu in 0 1; do
			for how in default:off flat:busy; do
				what="$who late, CPU $cpu, ${how%:*}; bare: ${how#*:}: median; p99.9; max, us"
				row "$what" "$(lates late-${how%:*}-$who-$cpu)" \
					"$(lates late-${how#*:}-$who-$cpu)" \
					$(ratio $(median late-${how%:*}-$who-$cpu-p999) \
					$(median late-${how#*:}-$who-$cpu-p999)) - -
			done
		done
	done
}

lates() {
	echo "$(calc "$(median $1-mid) / 1000"); $(calc "$(median $1-p999) / 1000"); $(calc "$(median $1-max) / 1000")"
}

# differing: cycles by which CPU 1's TSC_ADJUST differs from CPU 0's
differing() {
	awk '{ v[$1] = $2 } END { print v[1] - v[0] }' /sys/module/tsc_inject/parameters/adjust
}

# alert NAME CYCLES: seconds from a warp to its alert
alert() {
	local start n=0 i
	echo 1 >$T/reset
	echo 1 >$T/enabled
	sleep 1
	now; start=$NOW
	echo "1 $2" >/sys/module/tsc_inject/parameters/adjust || return
	for i in $(seq 500); do
		read -r n <$T/alerts
		[ $n = 0 ] || break
		usleep 1000
	done
	now
	# an alert that never came counts as 9 s
	[ $n != 0 ] || NOW=$((start + 9000000000))
	value $1 $(calc "($NOW - $start) / 1e9")
	echo 0 >$T/enabled
	echo "1 $((-$(differing)))" >/sys/module/tsc_inject/parameters/adjust
}

part_alert() {
	local i
	insmod /lib/tscope/tsc_inject.ko || return
	for i in $(seq $ROUNDS); do
		window 10000 10000
		alert alert-flat $((30000 + i * 1000))
		alert alert-large 30000000
		window 10000 100
		# 10 ms: more than the windows of two CPUs lie apart in emulation
		alert alert-default 30000000
	done
	rmmod tsc_inject
	row "warp of 10 us to alert, flat out, s" $(median alert-flat 3) - - "<= 1" \
		$(verdict $(median alert-flat 3) at-most 1)
	row "warp of 10 ms to alert, flat out, s" $(median alert-large 3) - - "<= 1" \
		$(verdict $(median alert-large 3) at-most 1)
	row "warp of 10 ms to alert, defaults, s" $(median alert-default 3) - - "<= 1" \
		$(verdict $(median alert-default 3) at-most 1)
}

part_fit() {
	local c start left limit i error points
	window 10000 100
	echo 1 >$T/reset
	echo 1 >$T/enabled
	now; start=$NOW
	left="kvm-clock:100 kvm-clock:10 kvm-clock:1 ptp-kvm:100 ptp-kvm:10 ptp-kvm:1 monotonic-raw:100 monotonic-raw:10 monotonic-raw:1"
	for i in $(seq ${BENCH_FIT_LOOKS:-900}); do
		[ -n "$left" ] || break
		set -- $left
		left=
		for c; do
			limit=${c#*:} c=${c%:*}
			# no child process, which would take longer than what is measured
			error=
			{ read -r error <$T/$c/skew_error_ppb; } 2>/dev/null
			now
			if [ "${error%.*}" -lt $limit ] 2>/dev/null; then
				value fit-$c-$limit $(calc "($NOW - $start) / 1e9")
				points=$(awk -v c=$c '$1 == c { n++ } END { print n + 0 }' $TD/points)
				value fit-$c-$limit-points $points
			else
				left="$left $c:$limit"
			fi
		done
		usleep 50000
	done
	for c in kvm-clock ptp-kvm monotonic-raw; do
		for limit in 100 10 1; do
			row "$c to $limit ppb: s; points" \
				"$(median fit-$c-$limit 1); $(median fit-$c-$limit-points)" - - - -
		done
		say "# $c in the end: $(figure $c skew_ppb) +- $(figure $c skew_error_ppb) ppb"
	done
	echo 0 >$T/enabled
}

meminfo() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	awk '$1 == "MemFree:" { f = $2 } $1 == "Slab:" { s = $2 } $1 == "Percpu:" { p = $2 }
		$1 == "VmallocUsed:" { v = $2 } END { print f, s, v, p }' /proc/meminfo
}

part_memory() {
	local i
	for i in 1 2 3; do
		rmmod tscope
		sleep 1
		set -- $(meminfo)
		tscope_load || return
		echo 1 >$T/enabled
		sleep 1
		set -- "$@" $(meminfo)
		echo 0 >$T/enabled
		value mem-free $(($1 - $5))
		value mem-slab $(($6 - $2))
		value mem-vmalloc $(($7 - $3))
	done
	row "memory, loaded and on, $CPUS CPUs: less free; slab; vmalloc, kB" \
		"$(median mem-free); $(median mem-slab); $(median mem-vmalloc)" - - - -
}

guest() {
	local part
	. /lib/tscope/truth.sh

	ROUNDS=${BENCH_ROUNDS:-5}
	: "${BENCH_EVERY:=8}"
	CPUS=$(nproc)
	: >$R
	insmod /lib/tscope/tscope_bench.ko || return
	tscope_load || return
	for part in ${BENCH_PARTS:-rate bound every call cost alert fit memory}; do
		say "# part $part at $(cut -d' ' -f1 /proc/uptime) s"
		part_$part || result "not ok" "$part"
	done
	rmmod tscope_bench || result "not ok" "rmmod tscope_bench"
	result ok "benchmarks ran"
	tscope_done
}
