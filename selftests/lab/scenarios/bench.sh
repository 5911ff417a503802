# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2013,SC2046
# DESCRIPTION: tscope's rates, bounds, skews and cost, before and after, beside bare loops of the same reads; see bench.run
#
# Only figures of one guest can be compared, because the machine is shared and emulated. So
# both modules and the loops take turns, and medians of the turns are reported. The module
# "before" is /lib/tscope/before.ko; without this file only "after" is measured.
# BENCH_PARTS picks some parts, BENCH_ROUNDS says how many turns.
ACCEL=nested
TIMEOUT=1200

B=/sys/kernel/debug/tscope_bench
ERRORS=/tmp/errors
# the time for which skews are looked at: as long as the default fit window
FIT_S=${BENCH_FIT_S:-60}
FIT_CLOCKS="kvm-clock ptp-kvm monotonic-raw realtime acpi-pm hpet"

# now: sets NOW, ns, without starting a process
now() {
	read -r NOW <$B/now
}

# run TEST ARGUMENTS...
run() {
	local test=$1
	shift
	echo "$@" >$B/$test || { say "# $test $*: failed"; return 1; }
}

load() {
	case $1 in
	before) insmod /lib/tscope/before.ko ;;
	after) tscope_load ;;
	esac
}

unload() {
	echo 0 >$T/enabled
	rmmod tscope
}

# each FUNCTION ARGUMENT...: loads each module in turn, and calls the function with the module's
# name, before or after, and the arguments
each() {
	local which call=$1
	shift
	for which in $WHICH; do
		load $which || return
		$call $which "$@"
		unload || return
	done
}

# row_of WHAT UNIT VALUE PLACES BESIDE [ORDER LIMIT]: medians of the value of both modules
row_of() {
	local after
	after=$(median after-$3 $4)
	if [ -n "$6" ]; then
		row "$1" "$2" $(median before-$3 $4) $after "$5" "$6 $7" "$(verdict $6 $7 $after)"
	else
		row "$1" "$2" $(median before-$3 $4) $after "$5"
	fi
}

# row_of_list WHAT UNIT PLACES BESIDE VALUE...: the same with several values in each cell
row_of_list() {
	local what=$1 unit=$2 places=$3 beside=$4 before='' after='' v
	shift 4
	for v; do
		before="$before; $(median before-$v $places)"
		after="$after; $(median after-$v $places)"
	done
	row "$what" "$unit" "${before#; }" "${after#; }" "$beside"
}

# bound WHICH NAME: bounds of the pair 0-1, whose columns differ between the modules
bound() {
	local clock
	for clock in tsc kvm-clock; do
		value $1-$2-$clock "$(awk -v c=$clock '($1 == c && $2 == 0 && $3 == 1) ||
			($1 == 0 && $2 == 1 && $3 == c) { print $5 }' $TD/pairs)"
	done
}

# loop VARIANT MS: sets LOOP_NS, ns a reading, mean of the CPUs
loop() {
	run loop $1 10 $2 || return
	LOOP_NS=$(awk '{ ns += $3; n += $2 } END { printf "%.3f", ns / n }' $B/loop)
	value $1-rate $(calc "1e3 / $LOOP_NS")
}

# flat_out WHICH: readings and bounds, and the bare loop beside it
flat_out() {
	local from samples start ns
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	sleep 0.2
	read -r from <$T/tsc/samples
	now; start=$NOW
	sleep 1.1
	read -r samples <$T/tsc/samples
	now
	ns=$(calc "($NOW - $start) * $CPUS / ($samples - $from)")
	bound $1 flat
	echo 0 >$T/enabled
	# the loop that has the same mailboxes as this module
	if [ -e $T/tsc/moving ]; then
		loop bare 700
	else
		loop oneway 700
	fi
	value $1-rate $(calc "1e3 / $ns")
	value $1-of-bare $(ratio $LOOP_NS $ns)
	# a turn of the loop has two reads
	value $1-of-locked $(ratio $(calc "2 * $LOCKED_NS") $ns)
}

part_rate() {
	local i LOCKED_NS half
	for i in $(seq $ROUNDS); do
		run pingpong 500 && value half-trip $(awk '{ print $2 / 2 }' $B/pingpong)
		loop tsc 300
		loop pvti 300
		loop locked 700
		LOCKED_NS=$LOOP_NS
		each flat_out || return
	done
	row "bare loop of TSC reads; with kvm-clock at each" "10^6/s a CPU" - - \
		"$(median tsc-rate 3); $(median pvti-rate 3)"
	row "bare loop with the module's mailboxes" "10^6/s a CPU" \
		"$(median oneway-rate 3)" "$(median bare-rate 3)" "kvmclock_test $(median locked-rate 3)"
	row_of "readings, flat out" "10^6/s a CPU" rate 3 -
	row_of "the same by the bare loop's" ratio of-bare 3 1 at-least 0.95
	row_of "the same by the turns of kvmclock_test's, of two reads" ratio of-locked 3 1 at-least 1
	half="half a trip $(median half-trip)"
	row_of "pair bound of the TSC, flat out" ns flat-tsc 0 "$half"
	row_of "pair bound of kvm-clock, flat out" ns flat-kvm-clock 0 "$half"
}

# late NAME: by how many us timers and a real-time task were late, in 2 s
late() {
	local cpu who number mid most max
	run late 2000 || return
	while read -r cpu who number mid most max; do
		value $1-$who-$cpu-mid $(calc "$mid / 1000")
		value $1-$who-$cpu-p99 $(calc "$most / 1000")
		value $1-$who-$cpu-max $(calc "$max / 1000")
	done <$B/late
}

# defaults WHICH
defaults() {
	local start samples more
	echo 1 >$T/enabled
	sleep 1
	read -r samples <$T/tsc/samples
	now; start=$NOW
	set -- $1 $(sampler_used 5 0 1)
	now
	read -r more <$T/tsc/samples
	value $1-readings $(calc "($more - $samples) / ($NOW - $start) * 1e9 / $CPUS")
	value $1-leader $2
	value $1-leader-wakes $3
	value $1-other $4
	value $1-other-wakes $5
	bound $1 default
	late $1-late
}

part_defaults() {
	local i who cpu
	for i in $(seq $ROUNDS); do
		late off-late || return
		each defaults || return
	done
	row_of "pair bound of the TSC, at the defaults" ns default-tsc 0 -
	row_of "pair bound of kvm-clock, at the defaults" ns default-kvm-clock 0 -
	row_of "readings, at the defaults" "1/s a CPU" readings 0 -
	row_of_list "CPU time in this emulation, at the defaults, leader; other" % 2 - leader other
	row_of_list "wake-ups at the defaults, leader; other" 1/s 1 - leader-wakes other-wakes
	for who in timer task; do
		for cpu in 0 1; do
			row_of_list "$who late, CPU $cpu, at the defaults: median; 99 %; largest" us 0 \
				"off $(median off-late-$who-$cpu-mid); $(median off-late-$who-$cpu-p99); $(median off-late-$who-$cpu-max)" \
				late-$who-$cpu-mid late-$who-$cpu-p99 late-$who-$cpu-max
		done
	done
}

# watch_errors WHICH MODE: half-widths of all skews while sampling goes on, as lines of $ERRORS:
# module, mode, clock, ms, ppb. No process is started for a reading, which would take longer.
watch_errors() {
	local start clock error
	[ $2 = defaults ] || cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	now; start=$NOW
	while [ $((NOW - start)) -lt $((FIT_S * 1000000000)) ]; do
		usleep 200000
		for clock in $FIT_CLOCKS; do
			error=
			{ read -r error <$T/$clock/skew_error_ppb; } 2>/dev/null
			now
			[ -z "$error" ] || echo $1 $2 $clock $(((NOW - start) / 1000000)) $error >>$ERRORS
		done
	done
	say "# $1, $2: after $FIT_S s$(for clock in $FIT_CLOCKS; do
		printf ', %s %s +- %s ppb' $clock $(figure $clock skew_ppb) $(figure $clock skew_error_ppb)
	done)"
}

# seconds_to WHICH MODE CLOCK: seconds until the half-width was 1, 0.1 and 0.01 ppb
seconds_to() {
	awk -v m=$1 -v how=$2 -v c=$3 -v end=$FIT_S '$1 == m && $2 == how && $3 == c {
			any = 1
			for (i = 0; i < 3; i++)
				if (!(i in t) && $5 <= (i == 0 ? 1 : i == 1 ? 0.1 : 0.01)) t[i] = $4 / 1000
		} END {
			if (!any) { print "-"; exit }
			for (i = 0; i < 3; i++)
				printf "%s%s", i ? "; " : "", i in t ? sprintf("%.1f", t[i]) : ">" end
		}' $ERRORS
}

# errors WHICH MODE CLOCK S...: half-widths after so many seconds
errors() {
	local which=$1 mode=$2 clock=$3 at
	shift 3
	for at; do
		awk -v m=$which -v how=$mode -v c=$clock -v at=$at '
			$1 == m && $2 == how && $3 == c && $4 <= (at + 0.4) * 1000 { e = $5; t = $4 }
			END { print (t >= (at - 1) * 1000 ? e : "-") }' $ERRORS
	done
}

# width_rows MODE FACTOR: rows of half-widths and their limits
width_rows() {
	local clock limits after
	for clock in kvm-clock ptp-kvm monotonic-raw realtime; do
		limits="0.03 0.005"
		[ $clock != kvm-clock ] || limits="0.001 0.001"
		set -- $1 $2 $(echo $limits | awk -v f=$2 '{ print $1 * f, $2 * f }')
		set -- "$@" $(errors after $1 $clock 10 $FIT_S)
		row "half-width of $clock, $1, after 10; $FIT_S s" ppb \
			"$(list $(errors before $1 $clock 10 $FIT_S))" "$(list $5 $6)" - "at-most $3; $4" \
			"$(verdict at-most $3 $5); $(verdict at-most $4 $6)"
	done
}

# difference WHICH MODE: half-widths of ptp-kvm's skew less realtime's, after 10, 30 and 60 s
difference() {
	local at
	for at in 10 30 $FIT_S; do
		root_of_squares $(errors $1 $2 ptp-kvm $at) $(errors $1 $2 realtime $at)
	done
}

part_fit() {
	local clock mode
	: >$ERRORS
	for mode in defaults flat-out; do
		each watch_errors $mode || return
	done
	for mode in defaults flat-out; do
		for clock in $FIT_CLOCKS; do
			row "$clock, $mode, to 1; 0.1; 0.01 ppb" s "$(seconds_to before $mode $clock)" \
				"$(seconds_to after $mode $clock)" -
		done
	done
	width_rows flat-out 1
	width_rows defaults 2
	for mode in defaults flat-out; do
		row "rate guest - host, $mode, half-width after 10; 30; $FIT_S s" ppb \
			"$(list $(difference before $mode))" "$(list $(difference after $mode))" -
	done
}

meminfo() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	awk '$1 == "Slab:" { s = $2 } $1 == "Percpu:" { p = $2 } $1 == "VmallocUsed:" { v = $2 }
		END { print s, v, p }' /proc/meminfo
}

part_memory() {
	local i which
	for i in $(seq $ROUNDS); do
		for which in $WHICH; do
			set -- $(meminfo)
			load $which && echo 1 >$T/enabled || return
			sleep 1
			set -- "$@" $(meminfo)
			unload
			value $which-slab $(($4 - $1))
			value $which-vmalloc $(($5 - $2))
			value $which-percpu $(($6 - $3))
		done
	done
	row_of_list "memory, loaded and on, $CPUS CPUs: slab; vmalloc; percpu" kB 0 - slab vmalloc percpu
}

guest() {
	local part CPUS ROUNDS WHICH=after
	. /lib/tscope/truth.sh
	. /lib/tscope/measure.sh

	ROUNDS=${BENCH_ROUNDS:-4}
	CPUS=$(nproc)
	[ ! -e /lib/tscope/before.ko ] || WHICH="before after"
	insmod /lib/tscope/tscope_bench.ko || return
	for part in ${BENCH_PARTS:-rate defaults fit memory}; do
		say "# part $part, after $(cut -d' ' -f1 /proc/uptime) s"
		if part_$part; then
			result ok "part $part"
		else
			result "not ok" "part $part"
		fi
	done
	rmmod tscope_bench || result "not ok" "rmmod tscope_bench"
	say "1..$COUNT"
	[ $FAILED = 0 ]
}
