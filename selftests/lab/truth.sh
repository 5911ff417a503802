# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC2119,SC2120
#
# For scenarios: compare figures with the truth that was injected. Each line of
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
		print f ~ n && l ~ n && f <= l ? "ok" : "not ok" }')
	result "$verdict" "$1: $2, at most $3"
}

# between NAME LOW FIGURE HIGH: whole numbers; LOW or HIGH may be -, for no limit
between() {
	local verdict="not ok" low=$2 high=$4
	[ "$low" != - ] || low=
	[ "$high" != - ] || high=
	case /$2/$3/$4/ in
	*//* | */-/-/* | *[!0-9/-]*) ;;
	*)
		[ "$3" -ge "${low:-$3}" ] && [ "$3" -le "${high:-$3}" ] && verdict=ok
		;;
	esac
	result "$verdict" "$1: truth $low..$high, measured $3, bound 0"
}

# skip NAME REASON
skip() {
	result ok "$1 # SKIP $2"
}

# calc EXPRESSION: by awk; three places; none if a figure in it is none
calc() {
	case $1 in
	*none*) echo none ;;
	*) awk "BEGIN { printf \"%.3f\", $1 }" ;;
	esac
}

# minus A B: A - B, or none if one of them is not a number
minus() {
	case $1/$2 in
	*[!0-9/-]* | */ | /*) echo none ;;
	*) echo $(($1 - $2)) ;;
	esac
}

# figure CLOCK FILE: the file's value, or none
figure() {
	cat "$T/$1/$2" 2>/dev/null || echo none
}

# clean CLOCK...: no warp, no backward reading
clean() {
	local c
	for c; do
		[ ! -e "$T/$c/warps" ] || holds "$c warps" 0 "$(figure "$c" warps)" 0
		holds "$c backward" 0 "$(figure "$c" backward)" 0
	done
}

# no_steps CLOCK...
no_steps() {
	local c
	for c; do
		holds "$c steps" 0 "$(figure "$c" steps)" 0
	done
}

# skew CLOCK TRUTH [BOUND]: BOUND is added to the error that is printed, which is that of a 95 %
# interval. One in twenty may miss the truth: such a line is marked, and "all" counts the marks
# of a whole run. No figure may miss the truth by four times its error, nor may kvm-clock's, which
# has no noise, miss it at all. An error that is larger than any machine gives holds nothing:
# SKEW_ERROR_MAX, by default 0.1 ppb for kvm-clock, 20000 for devices, 20 for others.
skew() {
	local error more='' figure most=20 misses=4
	case $1 in
	kvm-clock) most=0.1 misses=1 ;;
	acpi-pm | hpet) most=20000 ;;
	esac
	most=${SKEW_ERROR_MAX:-$most}
	figure=$(figure "$1" skew_ppb)
	error=$(calc "$(figure "$1" skew_error_ppb) + ${3:-0}")
	set -- "$1" "$2" "$(awk -v t="$2" -v f="$figure" -v b="$error" -v most="$most" -v m=$misses 'BEGIN {
		n = "^-?[0-9]+(\\.[0-9]+)?$"
		d = f - t; if (d < 0) d = -d
		print (f !~ n || t !~ n || b !~ n || b <= 0 || b > most || d > m * b + 1e-9) ? "not ok" :
			d <= b ? "ok" : "outside" }')"
	case $3 in
	"not ok") result "not ok" "$1 skew ppb: truth $2, measured $figure, bound $error" ;;
	*) [ "$3" = ok ] || more=" # outside its 95 % interval"
	   result ok "$1 skew ppb: truth $2, measured $figure, bound $error$more" ;;
	esac
}

# pair_holds CLOCK TRUTH: the offset of CPU 1 against CPU 0. Its bound is tens of ns, and some us
# where emulation is disturbed: a much wider one holds anything.
pair_holds() {
	# shellcheck disable=SC2046
	set -- "$1" "$2" $(pair "$1")
	holds "$1 pair offset ns" "$2" "$3" "$4"
	below "$1 pair's bound ns" "${4:-none}" 10000
}

# rates_known: keeps ptp-kvm's rate before a fault, for rates_hold
rates_known() {
	PTP_RATE=$(figure ptp-kvm skew_ppb)
	PTP_RATE_ERROR=$(figure ptp-kvm skew_error_ppb)
}

# skews_hold: a fault that moves no rate did not change the rates
skews_hold() {
	skew kvm-clock "$(pvti_rate_ppb)"
	skew monotonic-raw "$(pvti_rate_ppb)"
	skew realtime "$(pvti_rate_ppb)"
	skew ptp-kvm "$PTP_RATE" "$PTP_RATE_ERROR"
}

# rates_hold: the same, and the fault did not change the offsets between CPUs
rates_hold() {
	skews_hold
	pair_holds tsc 0
	pair_holds kvm-clock 0
}

# wall_look: sets WALL and WALL_ERROR, ns: the guest's wall clock less the host's, by one pairing
wall_look() {
	WALL=none WALL_ERROR=none
	read -r WALL WALL_ERROR _ <$T/ptp-kvm/offset
} 2>/dev/null

# wall_moved: sets WALL_MOVED, ns by which this moved since the last wall_look, and
# WALL_MOVED_ERROR, which includes 2 us for a drift of up to 60 ppb between the two
wall_moved() {
	local before=$WALL before_error=$WALL_ERROR
	wall_look
	WALL_MOVED=$(minus "$WALL" "$before")
	WALL_MOVED_ERROR=$((before_error + WALL_ERROR + 2000))
	[ "$WALL_MOVED" != none ] || result "not ok" "ptp-kvm has no offset"
}

# raised: prints 1 if an update in the trace had GUEST_STOPPED, else 0: the kernel may have
# cleared the flag before
raised() {
	traced pvti_update | awk 'int($7 / 2) % 2 { n = 1 } END { print n + 0 }'
}

# kvm_steps_counted: with a master clock each step counts once for all CPUs, and no CPU may have
# missed one; without a master clock the steps of each CPU count
kvm_steps_counted() {
	# shellcheck disable=SC2046
	set -- $(traced pvti_update | awk '$4 > 1 || $4 < -1 {
			n[$2]++
			all++
			if (!($7 % 2)) own = 1
		}
		END {
			for (cpu in n) {
				if (min == "" || n[cpu] < min) min = n[cpu]
				if (n[cpu] > max) max = n[cpu]
			}
			print min + 0, own ? all : max + 0
		}')
	between "kvm-clock steps" "$1" "$(figure kvm-clock steps)" "$2"
}

# steps_kept: each step has a line of its own in violations, whatever its clock
steps_kept() {
	holds "steps in violations" "$(traced step | wc -l)" "$(grep -c ' step ' $TD/violations)" 0
}

# moved_on: checks a guest that continues in another QEMU. The caller has called wall_look before
# that, and wall_moved after it.
moved_on() {
	local step ptp ptp_error
	# KVM recomputes its master clock more than once, which adds steps of some nanoseconds
	step=$(traced pvti_update | awk '$2 == 0 { s += $4 } END { printf "%.0f", s }')
	# shellcheck disable=SC2046
	set -- $(newest_step ptp-kvm)
	ptp=${1:-none} ptp_error=${2:-0}
	below "error of the pairings ns" "$WALL_MOVED_ERROR" 100000
	between "ptp-kvm's steps" 1 "$(figure ptp-kvm steps)" 1
	holds "ptp-kvm's step less kvm-clock's ns" $((-WALL_MOVED)) $((ptp - step)) \
		$((ptp_error + WALL_MOVED_ERROR))
	say "# ptp-kvm's step $ptp +- $ptp_error, kvm-clock's $step"
	# shellcheck disable=SC2046
	set -- $(newest_step monotonic-raw)
	if [ $# = 2 ]; then
		holds "monotonic-raw's step ns" "$step" "$1" "$2"
	else
		# a step that is too small to be found is not reported
		between "monotonic-raw did not step, kvm-clock by ns" -1000 "$step" 1000
	fi
	between "updates" 2 "$(figure kvm-clock updates)" -
	say_updates
	between "GUEST_STOPPED seen" "$(raised)" "$(figure kvm-clock stopped)" 1
	kvm_steps_counted
	pvti_steps_hold
	steps_kept
	clean tsc kvm-clock monotonic-raw
	rates_hold
}

# the seed of this run; the same SEED repeats it
seed() {
	SEED=${SEED:-$(($(date +%s) % 100000))}
	say "# SEED=$SEED"
}

# Tracepoints, in an instance of our own. Names of threads are not recorded: that
# would patch the scheduler's code while another CPU runs it, and emulation may die of it.
TT=/sys/kernel/tracing/instances/lab

# trace_on EVENT...: call it after tscope_load and before sampling
trace_on() {
	local event
	mkdir $TT || return
	echo norecord-cmd >$TT/trace_options
	echo mono >$TT/trace_clock
	echo 4096 >$TT/buffer_size_kb
	for event; do
		echo 1 >"$TT/events/tscope/tscope_$event/enable"
	done
}

trace_clear() {
	echo >$TT/trace
}

# traced EVENT: prints a line for each: its time in ns, then its values without their names
traced() {
	awk -v e="tscope_$1:" '!/^#/ {
		for (i = 2; i <= NF; i++) if ($i == e) {
			split($(i - 1), t, "[.:]")
			line = t[1] t[2] "000"
			for (j = i + 1; j <= NF; j++) {
				sub(/^[a-z_]*=/, "", $j)
				line = line " " $j
			}
			print line
			next
		} }' $TT/trace
}

# say_updates: prints kvm-clock's updates, for people
say_updates() {
	traced pvti_update | awk '{ print "# pvti update: cpu " $2 " version " $3 " step_ns " $4 \
		" mul " $5 " shift " $6 " flags " $7 " tsc " $8 }' | to_channel
}

# pvti_known: keeps CPU 0's raw pvti for pvti_steps_hold; call it after trace_on, before a fault
pvti_known() {
	PVTI=$(awk '!/^#/ && $1 == 0 { print $3, $4, $5, $6 }' $TD/pvti)
}

# kvm_at TSC TIMESTAMP NS MUL SHIFT: kvm-clock at TSC by that pvti; exact, computed by bc
kvm_at() {
	local scaled="* 2^$5"
	[ "$5" -ge 0 ] || scaled="/ 2^${5#-}"
	echo "(($1 - $2) $scaled) * $4 / 2^32 + $3" | bc
}

# pvti_steps_hold: the sum of the steps that were reported for CPU 0 since pvti_known must equal
# the difference of its raw pvti then and now, computed where the last pvti began; with one rate
# the difference is the same at any time. KVM's formula rounds off less than 2 ns each time.
# %.0f is used because busybox's awk cuts %d to 32 bits.
pvti_steps_hold() {
	local before=$PVTI truth
	pvti_known
	# shellcheck disable=SC2046
	set -- $(traced pvti_update | awk '$2 == 0 { n++; sum += $4 }
		END { printf "%d %.0f", n, sum }')
	if [ "${before#* * }" != "${PVTI#* * }" ]; then
		skip "kvm-clock's steps together ns" "its rate was changed: $before, $PVTI"
		return
	fi
	# shellcheck disable=SC2086
	truth=$(($(kvm_at ${PVTI%% *} $PVTI) - $(kvm_at ${PVTI%% *} $before)))
	holds "kvm-clock's $1 steps together ns" "$truth" "$2" $((2 * $1 - 1))
}

# mark NAME writes a mark to the trace; marked NAME prints its time, CLOCK_MONOTONIC in ns
mark() {
	echo "$1" >$TT/trace_marker
}

marked() {
	awk -v n="$1" '$(NF - 1) == "tracing_mark_write:" && $NF == n {
		split($(NF - 2), t, "[.:]")
		ns = t[1] t[2] "000"
	} END { print ns }' $TT/trace
}

# newest_step CLOCK: prints size and error of the clock's newest step, ns; nothing if none
newest_step() {
	traced step | awk -v c="$1" '$2 == c { s = $4 " " $5 } END { print s }'
}

tscope_load() {
	insmod /lib/tscope/tscope.ko "$@" || { say "# tscope does not load"; return 1; }
}

# tscope_flat_out SECONDS: load the module, and sample all the time for SECONDS
tscope_flat_out() {
	tscope_load || return
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	sleep "$1"
	echo 0 >$T/enabled
	say "# $(cat $T/tsc/samples) readings of the TSC in $1 s"
}

tscope_done() {
	if [ -d $TT ]; then
		echo 0 >$TT/events/enable
		rmdir $TT
	fi
	rmmod tscope || result "not ok" "rmmod"
	say "1..$COUNT"
	[ "$FAILED" = 0 ]
}

# pvti_rate_ppb: by how much kvm-clock's multiplier makes its rate differ from the nominal TSC's
pvti_rate_ppb() {
	awk -v khz="$(cat $T/tsc/khz)" '!/^#/ && $1 == 0 {
		r = $5 * khz / 1e6
		for (i = $6 - 32; i < 0; i++) r /= 2
		printf "%.3f\n", (r - 1) * 1e9 }' $TD/pvti
}

# pair CLOCK: prints offset and bound (ns) and warps of CPU 1 against CPU 0
pair() {
	awk -v c="$1" '$1 == c && $2 == 0 && $3 == 1 { print $4, $5, $11 }' $TD/pairs
}

# pair_line CLOCK CPU_I CPU_J: sets the fields of the pair's line in `pairs`, each to - if none
pair_line() {
	# shellcheck disable=SC2046
	set -- $(awk -v c="$1" -v i="$2" -v j="$3" '$1 == c && $2 == i && $3 == j {
		$1 = $2 = $3 = ""; print }' $TD/pairs 2>/dev/null)
	OFFSET=${1:--} BOUND=${2:--} MOVING=${3:--} HULL_LOW=${4:--} HULL_HIGH=${5:--} AGE_MS=${6:--}
	MEETINGS=${7:--} WARPS=${8:--}
}

# pair_rests CLOCK: looks at CPU 1's offset against CPU 0 while nothing is injected: it must hold
# 0, and must not move. True if the bound is 2 us at most: on a busy machine some are wider, and in
# some the two CPUs had no time together.
pair_rests() {
	pair_line "$1" 0 1
	[ "$OFFSET" != - ] || return
	within -"$BOUND" "$BOUND" "$OFFSET" ||
		result "not ok" "$1 pair offset $OFFSET $BOUND does not hold 0"
	[ "$MOVING" = 0 ] || result "not ok" "$1 moves: $OFFSET $BOUND, $HULL_LOW..$HULL_HIGH"
	[ "$BOUND" -le 2000 ]
}

# offset_line CLOCK: sets the fields of the clock's `offset`; if it has no value, sets each to -
# and returns false
offset_line() {
	read -r OFFSET BOUND CPU_I CPU_J MOVING AGE_MS 2>/dev/null <"$T/$1/offset" && return
	OFFSET=- BOUND=- CPU_I=- CPU_J=- MOVING=- AGE_MS=-
	return 1
}

# cpu_field CPU N: field N of the CPU's line in `cpus`: 2 state, 4 windows, 5 lost, 6 meetings
cpu_field() {
	awk -v c="$1" -v n="$2" '$1 == c { print $n; f = 1 } END { if (!f) print "none" }' \
		$TD/cpus 2>/dev/null || echo none
}

# within LOW HIGH VALUE: accepts fractions; false if one of the three is not a number
within() {
	awk -v l="$1" -v h="$2" -v v="$3" 'BEGIN { n = "^-?[0-9]+(\\.[0-9]+)?$"
		exit !(l ~ n && h ~ n && v ~ n && l <= v && v <= h) }'
}

# A TSC in motion (inject/tsc_motion.c)
MOTION=/sys/module/tsc_motion/parameters

# motion_now: sets MOTION_NOW, the module's clock in ns, without starting a process
motion_now() {
	read -r MOTION_NOW <$MOTION/now
}

# motion_seen T0 T1 AGE_MS: sets SEEN_LOW and SEEN_HIGH, the range in cycles in which the TSC can
# have been AGE_MS before a read that took place between T0 and T1. Ages are counted in jiffies
# of 4 ms, and a file shows a burst that has already ended.
motion_seen() {
	local from=$(($1 - ($3 + 8) * 1000000))
	[ $from -gt 0 ] || from=0
	echo "$from $(($2 - ($3 - 8) * 1000000))" >$MOTION/span &&
		read -r SEEN_LOW SEEN_HIGH <$MOTION/span
}

# rested: waits until `offset` no longer reports motion, which takes two epochs, longer while there
# are few meetings; the fields of `offset` are then set
rested() {
	local tries=0
	sleep 2
	until offset_line tsc && [ "$MOVING" = 0 ] || [ $tries -ge 16 ]; do
		tries=$((tries + 1))
		usleep 500000
	done
}

# log_uniform LOW HIGH: sets LOG_UNIFORM, a random whole number; all octaves are equally likely
log_uniform() {
	local octaves=0
	while [ $(($1 << (octaves + 1))) -le "$2" ]; do
		octaves=$((octaves + 1))
	done
	random $((octaves + 1))
	LOG_UNIFORM=$(($1 << RANDOM_NUMBER))
	random 32768
	LOG_UNIFORM=$((LOG_UNIFORM + LOG_UNIFORM * RANDOM_NUMBER / 32768))
	[ $LOG_UNIFORM -le "$2" ] || LOG_UNIFORM=$((LOG_UNIFORM / 2))
}

# tsc_above SECONDS: waits until every TSC, which began at 0 with the guest, can go back by SECONDS
tsc_above() {
	while [ "$(cut -d. -f1 /proc/uptime)" -lt "$1" ]; do
		sleep 1
	done
}

# cycles_of NS, ns_of CYCLES: by the kernel's frequency
cycles_of() {
	awk -v n="$1" -v k="$(figure tsc khz)" 'BEGIN { printf "%.0f", n * k / 1e6 }'
}

ns_of() {
	awk -v c="$1" -v k="$(figure tsc khz)" 'BEGIN { printf "%.3f", c * 1e6 / k }'
}

# random N: sets RANDOM_NUMBER, a random whole number in 0..N-1, from SEED
random() {
	SEED=$(((SEED * 1103515245 + 12345) % 2147483648))
	RANDOM_NUMBER=$(((SEED / 65536) * $1 / 32768))
}
