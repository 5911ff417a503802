# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046
# DESCRIPTION: the guest's wall clock against the host's by tscope, chrony, phc_ctl and phc2sys, at a rate that is known; run by "make peers"
#
# The host's rate is set, and follows from its multiplier. The reference of offsets is the line with
# that rate through all readings of PTP_SYS_OFFSET_PRECISE, which the kernel's ptp_kvm makes by the
# same hypercall. Steps of the host's clock need no reference. Half-widths are of 95 %: chrony's
# skew of 99.9 % is divided by 1.68. The bound of chrony's offset is the margin that "chronyc
# sources" prints, which includes the precision of a reading; statistics.log has the standard
# deviation alone. chronyd's protocol has 24 bits for an offset, so the guest's clock is set first.
ACCEL=nested
TIMEOUT=600

# awk that reads lines of lab_peers twice: first for the reference, then for the errors against it
# shellcheck disable=SC2016
SERIES='
	function abs(x) { return x < 0 ? -x : x }
	function reference(at) { return ref + rate * (at - t0) / 1e9 }
	FNR == 1 { file++ }
	file == 1 {
		if (FNR == 1) { t0 = $1; base = $3 }
		if ($2 != "-") { n++; sum += $3 - base - rate * ($2 - t0) / 1e9 }
		next
	}
	FNR == 1 { ref = base + sum / n }
	{
		t_offset = $5 == "-" ? "-" : abs($5 - reference($4)); t_offset_bound = $6
		t_rate = $7 == "-" ? "-" : abs($7 - rate); t_rate_bound = $8
		c_offset = $13 == "-" ? "-" : abs($13 - reference($12)); c_offset_bound = $14
		c_rate = $15 == "-" ? "-" : abs($15 - rate); c_rate_bound = $16 == "-" ? "-" : $16 / 1.68
		s = ($1 - t0) / 1e9
	}'

# at SECONDS FILE: prints half-width and true error of the rate, of tscope and then of chrony; the
# same of the offset
at() {
	awk -v rate=$RATE -v at=$1 "$SERIES"'
		function show(bound, error) { return bound == "-" || error == "-" ? "- -" : sprintf("%.4f %.4f", bound, error) }
		s >= at - 0.05 {
			print show(t_rate_bound, t_rate), show(c_rate_bound, c_rate),
				show(t_offset_bound, t_offset), show(c_offset_bound, c_offset)
			exit
		}' $2 $2
}

# time_to PPB FILE: prints seconds until the half-width of the rate is at most PPB, of tscope and
# of chrony
time_to() {
	awk -v rate=$RATE -v limit=$1 "$SERIES"'
		t == "" && t_rate_bound != "-" && t_rate_bound + 0 <= limit { t = sprintf("%.1f", s) }
		c == "" && c_rate_bound != "-" && c_rate_bound + 0 <= limit { c = sprintf("%.1f", s) }
		END { print t == "" ? "-" : t, c == "" ? "-" : c }' $2 $2
}

# coverage FILE: prints, of tscope and then of chrony: the number of looks, the number of those
# whose interval holds the rate, and the largest error in half-widths; the same of the offset
coverage() {
	awk -v rate=$RATE "$SERIES"'
		function count(who, bound, error) {
			if (bound == "-" || error == "-") return
			n_of[who]++
			if (error <= bound) held[who]++
			if (bound > 0 && error / bound > worst[who]) worst[who] = error / bound
		}
		{
			count("tr", t_rate_bound, t_rate); count("cr", c_rate_bound, c_rate)
			count("to", t_offset_bound, t_offset); count("co", c_offset_bound, c_offset)
		}
		END {
			m = split("tr cr to co", who, " ")
			for (i = 1; i <= m; i++)
				printf "%d %d %.2f ", n_of[who[i]], held[who[i]], worst[who[i]]
			print ""
		}' $1 $1
}

# scatter FILE: prints the rms of the readings around the reference, ns
scatter() {
	awk -v rate=$RATE "$SERIES"'
		$2 != "-" { d = $3 - reference($2); square += d * d; m++ }
		END { x = square / m; r = x; for (i = 0; x > 0 && i < 40; i++) r = (r + x / r) / 2
			printf "%.2f of %d", r, m }' $1 $1
}

# said ERROR BOUND: whether the interval holds the truth
said() {
	case $1$2 in *-*) echo "has none"; return ;; esac
	awk -v e=$1 -v b=$2 'BEGIN { print e <= b ? "holds" : "does not hold" }'
}

# compare NAME FILE: rows
compare() {
	local at what t_bound t_error c_bound c_error sd
	for at in 2 5 10 30 60; do
		set -- "$1" "$2" $(at $at $2)
		for what in rate offset; do
			t_bound=$3 t_error=$4 c_bound=$5 c_error=$6
			[ $what = rate ] || { t_bound=$7 t_error=$8 c_bound=$9 c_error=${10}; }
			row "$what after $at s, $1: half-width; true error" "$([ $what = rate ] && echo ppb || echo ns)" \
				"$([ $what = rate ] && echo $RATE || echo reference)" "$t_bound; $t_error" \
				"chrony $c_bound; $c_error" "$(ratio $t_bound $c_bound)" \
				"tscope $(said $t_error $t_bound), chrony $(said $c_error $c_bound)"
		done
	done
	sd=$(tail -n 1 /tmp/chrony/statistics.log | awk '{ printf "%.4f", 1.96e9 * $6 }')
	row "offset after 60 s, $1: half-width by statistics.log; true error" ns reference - "chrony $sd; $c_error" - \
		"chrony $(said $c_error $sd)"
	for at in 1 0.1 0.01; do
		set -- "$1" "$2" $(time_to $at $2)
		row "rate, $1: until the half-width is $at ppb" s - $3 "chrony $4" "$(ratio $3 $4)"
	done
	say "# $1: the reference's readings are off by $(scatter $2) in rms, ns"
	set -- "$1" "$2" $(coverage $2)
	row "rate, $1: looks; that hold the truth; largest error in half-widths" - - "$(list $3 $4 $5)" \
		"chrony $(list $6 $7 $8)"
	row "offset, $1: the same against the reference" - - "$(list $9 ${10} ${11})" "chrony $(list ${12} ${13} ${14})"
	# of 95 % intervals some miss; none may miss by four times its half-width (see skew() in truth.sh)
	between "$1: looks with a rate by tscope" 80 $3 -
	below "$1: the rate's largest error in tscope's half-widths" $5 4
	below "$1: the offset's largest error in tscope's bounds" ${11} 1
}

# cpu_used: prints CPU time so far in ns of chronyd and of the samplers, and how often CPUs met
cpu_used() {
	local ns
	read -r ns _ <"/proc/$CHRONY/schedstat"
	set -- $(sampler_time 0) $(sampler_time 1)
	[ $1 != none ] || set -- 0 0 $3 $4
	[ $3 != none ] || set -- $1 0 0 0
	echo ${ns:-none} $(($1 + $3)) $(($(cpu_field 0 6) + $(cpu_field 1 6)))
}

# wall_near: sets the guest's clock by the host's, to some us
wall_near() {
	lab_clock $((-$(lab_peers 1 1 $PTP | cut -d' ' -f3)))
}

# watch NAME WIDTH_US|-: starts chrony and tscope, and compares them for 60 s; - is the default
watch() {
	local name=$1
	wall_near
	chrony_start
	chrony_ready && tscope_load || return
	[ "$2" = - ] || echo $2 >$T/width_us
	echo 1 >$T/enabled
	lab_peers 122 500 $PTP $SOCKET >/tmp/series
	set -- $(cpu_used)
	say "# $name: CPU time ns, meetings: $*"
	row "CPU time in 61 s, $name; meetings, of at most $(cat $T/burst_us) us of an interrupt each" s - \
		"$(calc "$2 / 1e9"); $3" "chrony $(calc "$1 / 1e9")" "$(ratio $(calc "$2 / 1e9") $(calc "$1 / 1e9"))"
	compare "$name" /tmp/series
	sed -n '1p;4p;10p;20p;60p;$p' /tmp/series | sed "s/^/# $name: /" | to_channel
	tail -n 2 /tmp/chrony/statistics.log | sed "s/^/# $name: chrony's statistics: /" | to_channel
}

# event NAME TRUTH SECONDS COMMAND: runs COMMAND on the host; rows with how long tscope and chrony
# took to notice, and with the size that chrony gives after SECONDS. The guest's clock less the
# host's moves by minus TRUTH, which is - if the reference gives the truth. Both programs are
# started anew before, because chrony takes up to a minute to forget a step.
event() {
	local name=$1 truth=$2 seconds=$3 recorder began said
	chrony_stop
	wall_near
	chrony_start
	chrony_ready
	echo 1 >$T/reset
	sleep 15
	said=$(wc -l </tmp/chrony.out)
	lab_peers $((seconds * 10 + 10)) 100 $PTP $SOCKET >/tmp/event &
	recorder=$!
	sleep 1
	began=$(lab_peers 1 1 $PTP | cut -d' ' -f1)
	HOST_SAID=$(on_host "$4") || result "not ok" "$name"
	wait $recorder
	set -- $(awk -v began=$began -v truth="$truth" -v rate=$RATE '
		function abs(x) { return x < 0 ? -x : x }
		{ line[NR] = $0 }
		$1 < began { split($0, b); next }
		$2 != "-" { moved = $3 - b[3] - rate * ($2 - b[2]) / 1e9 }
		$13 != "-" { last = $13 - b[13] - rate * ($12 - b[12]) / 1e9 }
		END {
			size = truth == "-" ? moved : -truth
			for (k = 1; k <= NR; k++) {
				split(line[k], a)
				if (a[1] < began) continue
				s = sprintf("%.1f", (a[1] - began) / 1e9)
				if (r == "" && a[2] != "-" && abs(a[3] - b[3]) > abs(size) / 2) r = s
				if (t == "" && a[9] + a[10] + a[11] > b[9] + b[10] + b[11]) t = s
				d = a[13] - b[13] - rate * (a[12] - b[12]) / 1e9
				if (c == "" && a[13] != "-" && abs(d) > abs(size) / 2) c = s
				if (a[13] != "-" && abs(d - size) > abs(size) / 1000) settled = ""
				else if (settled == "" && a[13] != "-") settled = s
			}
			printf "%.0f %.0f %.0f %s %s %s %s\n", size, moved, last, r == "" ? "-" : r,
				t == "" ? "-" : t, c == "" ? "-" : c, settled == "" ? "-" : settled
		}' /tmp/event)
	say "# $name: size $1, by the reference $2, by chrony $3; seconds: reference $4, tscope $5, chrony $6, chrony within 0.1 % $7"
	row "$name: noticed after; in $seconds s" s "$4" "$5" "chrony $6" "$(ratio $5 $6)"
	EVENT_MOVED=$2
	if [ $7 = - ]; then
		row "$name: size by chrony, off by" ns $1 - "chrony is not within 0.1 %"
	else
		row "$name: size by chrony, off by; within 0.1 % after s" ns $1 - "chrony $(list $(($3 - $1)) $7)"
	fi
	sed "1,${said}d" /tmp/chrony.out | sed "s/^/# $name: chrony says: /" | to_channel
	between "$name: tscope notices" 1 "$(echo "$5" | grep -c '[0-9]')" 1
}

# size_by_doctor NAME ID TRUTH: a row with the size of doctor's finding; call it after found
size_by_doctor() {
	row "$1: size by tscope; its error" ns "$3" "$(awk -v id=$2 '$1 == id { s = $3 "; " $4 } END { print s == "" ? "-" : s }' $FINDINGS)" -
}

# host_set NS SECONDS
host_set() {
	event "host's clock set by $1 ns" $1 $2 "lab_clock $1"
	examine
	found host-wall-stepped $1 100000
	size_by_doctor "host's clock set by $1 ns" host-wall-stepped $1
}

events() {
	local sign=1
	random 2
	[ $RANDOM_NUMBER = 0 ] || sign=-1
	log_uniform 2000000000 60000000000
	host_set $((sign * LOG_UNIFORM)) 40
	log_uniform 20000 900000
	host_set $((-sign * LOG_UNIFORM)) 15
	random 2000
	event "guest paused" - 15 "lab_clock; monitor stop; lab_clock; sleep $((2 + RANDOM_NUMBER / 1000)).5; lab_clock; monitor cont; lab_clock"
	set -- $(echo "$HOST_SAID" | cut -d' ' -f1)
	examine
	found guest-stopped $(($3 - $2))..$(($4 - $1)) 1000
	# the host's clock runs at another rate than the clock that the guest lost
	PAUSE=$(awk -v m=$EVENT_MOVED -v r=$RATE 'BEGIN { printf "%.0f", -m * (1 + r / 1e9) }')
	size_by_doctor "guest paused" guest-stopped $PAUSE
	holds "guest paused: by doctor, against the reference" $PAUSE \
		"$(awk '$1 == "guest-stopped" { print $3 }' $FINDINGS)" 10
}

# phc: offsets by phc_ctl cmp, 20 times, and tscope's at the same times
phc() {
	local n=0
	while [ $n -lt 20 ]; do
		n=$((n + 1))
		lab_peers 1 1 $PTP | tr '\n' ' '
		phc_looks 1
	done >/tmp/phc
	set -- $(awk -v rate=$RATE 'function abs(x) { return x < 0 ? -x : x }
		$NF != "-" { p[++n] = abs($NF - $3 - rate * ($(NF - 1) - $2) / 1e9) }
		$5 != "-" { t[++m] = abs($5 - $3 - rate * ($4 - $2) / 1e9); if (t[m] > $6 + 1) missed++; bound += $6 }
		function median(v, n,  i, j, x) {
			for (i = 2; i <= n; i++) for (j = i; j > 1 && v[j] < v[j - 1]; j--) { x = v[j]; v[j] = v[j - 1]; v[j - 1] = x }
			return n ? sprintf("%.1f %.1f", v[int((n + 1) / 2)], v[n]) : "- -"
		}
		END { print n + 0, m + 0, missed + 0, median(t, m), median(p, n), m ? sprintf("%.1f", bound / m) : "-" }' /tmp/phc)
	row "offset, $1 and $2 looks: median true error; largest (tscope's mean bound: $8)" ns reference "$(list $4 $5)" \
		"phc_ctl $(list $6 $7)" "$(ratio $4 $6)" "tscope misses $3 of $2, phc_ctl has no bound"
	between "offset beside phc_ctl: bounds of tscope that miss by more than 1 ns" 0 $3 0
	between "offset beside phc_ctl: looks" 20 $1 20
}

# phc2sys steers the guest's clock by the host's
steers() {
	linuxptp phc2sys -s $PTP -c CLOCK_REALTIME -O 0 -m -q -E linreg -R 4 -N 5 -u 8 >/tmp/phc2sys 2>&1 &
	PHC2SYS=$!
	sleep 30
	lab_peers 40 100 $PTP >/tmp/steered
	kill $PHC2SYS
	wait $PHC2SYS
	sed -n '1,3p;$p' /tmp/phc2sys | sed 's/^/# phc2sys: /' | to_channel
	set -- $(awk -v rate=$RATE '{ for (i = 1; i < NF; i++) if ($i == "freq") {
			n++; f = $(i + 1); d = f - rate; if (d < 0) d = -d
			if (d > 10) within = ""; else if (within == "") within = 2 * n }
		} END { print n + 0, n ? f : "-", n ? d : "-", within == "" ? "-" : within }' /tmp/phc2sys)
	row "rate, $1 blocks of 2 s while it steers: the last; true error; seconds to 10 ppb" ppb $RATE - "phc2sys $(list $2 $3 $4)"
	between "phc2sys: blocks" 10 $1 -
	set -- $(awk 'function abs(x) { return x < 0 ? -x : x }
		$2 != "-" { n++; if (abs($3) > left) left = abs($3) }
		$2 != "-" && $5 != "-" { d = abs($5 - $3); if (d > off) off = d; m++ }
		END { printf "%d %.0f %d %.0f\n", n, left, m, off }' /tmp/steered)
	row "offset that is left while phc2sys steers, largest of $1 looks" ns 0 - "phc2sys $2"
	row "the same: tscope's offset off the reference" ns reference $4 -
	between "looks while phc2sys steers" 30 $3 -
}

# what the kernel and tscope report of a TSC that was moved by TSC_ADJUST, which the guest can see.
# The kernel checks this MSR when a CPU becomes idle, and restores it, so the TSC jumps twice.
adjusted() {
	local ID=tsc-jumped TRUTH
	insmod /lib/tscope/tsc_inject.ko || return
	echo 1 >$T/reset
	sleep 14
	trial_begins
	log_uniform 50000 500000
	TRUTH=$LOG_UNIFORM
	echo "1 $(cycles_of $TRUTH)" >/sys/module/tsc_inject/parameters/adjust || result "not ok" "injection refused"
	sleep 5
	examine -d 2
	trial_ends tsc-offset-by-tsc-adjust 'TSC ADJUST differs'
	say "# TSC_ADJUST 5 s later: $(tr '\n' ';' </sys/module/tsc_inject/parameters/adjust)"
	rmmod tsc_inject
}

guest() {
	local CHRONY='' PHC2SYS HOST_MULT HOST_RATE RATE HOST_SAID EVENT_MOVED PAUSE steps CELL KLOG_AT CHRONY_AT
	. /lib/tscope/truth.sh
	. /lib/tscope/measure.sh
	. /lib/tscope/doctor.sh
	. /lib/tscope/faults.sh
	. /lib/tscope/peers.sh

	seed
	insmod /lib/tscope/ptp_kvm.ko && tscope_load || return
	dmesg | grep -E 'tsc:|clocksource|TSC' | sed 's/^/# the guest at boot: /' | to_channel
	host_rate_known
	random 4
	steps=$RANDOM_NUMBER
	random 2
	[ $RANDOM_NUMBER = 0 ] || steps=$((-1 - steps))
	host_rate_set $steps || return
	rmmod tscope
	sleep 5

	watch defaults - && events
	chrony_stop
	rmmod tscope
	watch "4 of 50 ms" 4000 && phc
	chrony_stop
	steers
	adjtimex -q -f 0 >/dev/null
	on_host adjtimex -q -f 0 >/dev/null
	wall_near
	chrony_start
	adjusted
	chrony_stop
	echo 0 >$T/enabled
	tscope_done
	rmmod ptp_kvm
	[ $FAILED = 0 ]
}
