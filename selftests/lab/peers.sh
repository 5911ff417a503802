# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC2046,SC2086
#
# For the scenarios of "make peers": chrony, linuxptp and the kernel's log, beside tscope. Needs
# truth.sh, measure.sh, doctor.sh and faults.sh; replaces some of the latter's faults.

C=/opt/chrony
L=/opt/linuxptp
SOCKET=/run/chrony/chronyd.sock
PTP=/dev/ptp0

# chrony reads the host's clock by Debian's ptp_kvm, 16 times a second, and steers nothing (-x)
chrony_start() {
	mkdir -p /run/chrony /tmp/chrony
	chmod 700 /run/chrony
	printf '%s\n' 'refclock PHC /dev/ptp0 poll 0 dpoll -4 refid KVM minsamples 8 maxsamples 64' \
		'cmdport 0' 'port 0' 'user root' "bindcmdaddress $SOCKET" 'logdir /tmp/chrony' \
		'log statistics' >/tmp/chrony.conf
	$C/ld.so --library-path $C $C/chronyd -x -d -f /tmp/chrony.conf >/tmp/chrony.out 2>&1 &
	CHRONY=$!
}

chrony_stop() {
	[ -n "$CHRONY" ] || return
	kill $CHRONY
	wait $CHRONY
	rm -r /tmp/chrony
	CHRONY=
}

# chrony_ready: waits until chronyd's socket exists
chrony_ready() {
	local tries=0
	until [ -S $SOCKET ]; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || { result "not ok" "chronyd does not start: $(tail -n 1 /tmp/chrony.out)"; return 1; }
		usleep 50000
	done
}

linuxptp() {
	local program=$1
	shift
	$L/ld.so --library-path $L $L/$program "$@"
}

# phc_looks COUNT: prints lines MOMENT OFFSET of phc_ctl, with - if it has no offset; see lab_peers
phc_looks() {
	local n=0
	while [ $n -lt $1 ]; do
		n=$((n + 1))
		lab_peers 1 1 $PTP | cut -d' ' -f1 | tr '\n' ' '
		linuxptp phc_ctl $PTP cmp 2>&1 | awk '
			{ for (i = 1; i < NF; i++) if ($i == "is" && $(i + 1) ~ /^-?[0-9]+ns$/) {
				offset = $(i + 1); sub(/ns/, "", offset) } }
			END { print offset == "" ? "-" : offset }'
	done
}

# host_rate_known: sets HOST_MULT, the multiplier of the host's clocksource by the kernel's rule
# (clocks_calc_mult_shift()), and HOST_RATE, the rate in ppb that this multiplier gives the host's
# clock, relative to the TSC frequency of the guest's kernel. So the rate needs no measurement.
host_rate_known() {
	local khz
	khz=$(on_host dmesg | awk '/tsc: (Refined|Detected)/ {
			for (i = 1; i < NF; i++) if ($(i + 1) == "MHz") khz = $i }
		END { sub(/\./, "", khz); print khz }')
	set -- $(awk -v khz="$khz" -v own="$(figure tsc khz)" 'BEGIN {
		two32 = 4294967296
		bits = 32
		for (x = int(600000 * khz / two32); x; x = int(x / 2)) bits--
		limit = 1
		for (i = 0; i < bits; i++) limit *= 2
		two = two32
		for (shift = 32; shift; shift--) {
			mult = int((1e6 * two + int(khz / 2)) / khz)
			if (mult < limit) break
			two /= 2
		}
		printf "%.0f %.4f %d\n", mult, (mult / two * own / 1e6 - 1) * 1e9, shift }')
	HOST_MULT=$1 HOST_RATE=$2
	say "# the host: $khz kHz, multiplier $1, shift $3; the guest: $(figure tsc khz) kHz"
}

# host_rate_set STEPS: changes the host's rate by STEPS steps of its multiplier and half a step, see
# scenarios/host-rate.sh; sets RATE, the rate of the guest's clock less the host's in ppb
host_rate_set() {
	local rate
	rate=$(awk -v n="$1" -v m=$HOST_MULT 'BEGIN { printf "%d", (n < 0 ? n - 0.5 : n + 0.5) * 65536e6 / m }')
	on_host adjtimex -q -f $rate >/dev/null || { result "not ok" "adjtimex"; return 1; }
	RATE=$(awk -v g="$(pvti_rate_ppb)" -v h=$HOST_RATE -v f=$rate 'BEGIN { printf "%.4f", g - h - f * 1000 / 65536 }')
	say "# the host's clock is set to $rate / 2^16 ppm; the guest's less the host's: $RATE ppb"
}

# The matrix of faults and tools. trial_begins, then the fault, then trial_ends.

# The kernel's messages: of its check of TSCs, at boot and when a CPU comes online or becomes idle;
# and of its clocksource watchdog and all other code that complains about time. The message "tsc:
# Marking TSC unstable due to", which follows, counts for neither.
CHECK_SAYS='TSC ADJUST|TSC warp|TSC synchronization|check_tsc_sync'
WATCHDOG_SAYS='timekeeping watchdog|wd_nsec|skew|readout interval|Switched to clocksource'
WATCHDOG_SAYS="$WATCHDOG_SAYS|soft lockup|interrupt took|backward"

# kernel_log: prints the kernel's log since the trial began, without lines of the lab's modules
kernel_log() {
	sed "1,${KLOG_AT}d" /run/klog | sed 's/^[^;]*;//' |
		grep -vE '^(tsc_inject|tsc_motion|tscope|lab)|Switched to clocksource kvm-clock'
}

# chrony_said: prints chronyd's log since then, without lines about a healthy source
chrony_said() {
	sed "1,${CHRONY_AT}d" /tmp/chrony.out | grep -v 'Selected source KVM'
}

trial_begins() {
	KLOG_AT=$(wc -l </run/klog)
	CHRONY_AT=$(wc -l </tmp/chrony.out)
	lab_peers 1 1 $PTP $SOCKET >/tmp/looks
	phc_looks 5 >/tmp/phc.before
}

# chrony_moved: whether chrony's offset or rate differs from its prediction by more than its bounds
# at that time, and by more than 100 ns or 100 ppb
chrony_moved() {
	awk 'NR == 1 { split($0, b); next }
		function beyond(x, bound, least) {
			if (x < 0) x = -x
			return x > bound && x > least
		}
		b[12] == "-" || $12 == "-" { next }
		{
			s = ($12 - b[12]) / 1e9
			moved = beyond($13 - b[13] - b[15] * s, b[14] + b[16] * s, 100) ||
				beyond($15 - b[15], b[16], 100)
		}
		END { exit !moved }' /tmp/looks
}

# phc_moved: whether phc_ctl has no answer, or its offset moved by more than ten times the range of
# its looks before, and by more than 10 us
phc_moved() {
	awk 'FNR == 1 { file++ }
		$2 == "-" { if (file == 2) lost++; next }
		file == 1 { n++; sum += $2; if (n == 1 || $2 < min) min = $2; if (n == 1 || $2 > max) max = $2 }
		file == 2 { m++; sum2 += $2 }
		END {
			if (!n || !m) exit !(lost && n)
			d = sum2 / m - sum / n
			if (d < 0) d = -d
			exit !(d > 10 * (max - min) && d > 10000)
		}' /tmp/phc.before /tmp/phc.after
}

# cell TOOL CAUSE MOVED: sets CELL for a tool whose messages are standard input: names, if they
# match CAUSE; sees, if there are any, or if MOVED is 1, because its figure moved
cell() {
	CELL=$(cat)
	[ -z "$CELL" ] || printf '%s\n' "$CELL" | head -n 4 | sed "s/^/# $NAME: $1 says: /" | to_channel
	if printf '%s\n' "$CELL" | grep -qE "$2"; then
		CELL=names
	elif [ -n "$CELL$3" ]; then
		CELL=sees
	else
		CELL=-
	fi
}

# trial_ends NAME CAUSE: tscope's column is doctor's id. CAUSE is a regex that matches only lines
# that say what was injected.
trial_ends() {
	local NAME=$1 CELL check watchdog chrony phc mine moved=''
	lab_peers 1 1 $PTP $SOCKET >>/tmp/looks
	phc_looks 5 >/tmp/phc.after
	sed "s/^/# $NAME: looks: /" /tmp/looks | to_channel
	mine=$(awk -v id="${ID:-none}" '$1 == id { f = id }
		$1 != id && ($2 == "fault" || $2 == "warning" && $1 != "noisy-host") { o = o " " $1 }
		END { print f == "" && o == "" ? "-" : f (o == "" ? "" : " (and" o ")") }' $FINDINGS)
	[ $KLOG_AT = 0 ] || kernel_log | tail -n 8 | sed "s/^/# $NAME: kernel log: /" | to_channel
	kernel_log | grep -E "$CHECK_SAYS" >/tmp/said
	cell "TSC check" "$2" '' </tmp/said; check=$CELL
	kernel_log | grep -E "$WATCHDOG_SAYS" >/tmp/said
	cell watchdog "$2" '' </tmp/said; watchdog=$CELL
	! chrony_moved || moved=1
	chrony_said >/tmp/said
	cell chrony "$2" "$moved" </tmp/said; chrony=$CELL
	phc=-
	! phc_moved || phc=sees
	say "matrix|$NAME|${TRUTH:--}|$mine|$check|$watchdog|$chrony|$phc"
}

# Faults that faults.sh does not have

# the kernel compares a CPU's TSC with others when the CPU comes online
fault_tsc_offset_at_boot() {
	local cycles
	ID=tsc-offset
	sign
	log_uniform 10000 100000000
	cycles=$((SIGN * $(cycles_of $LOG_UNIFORM)))
	TRUTH=$(ns_of $cycles) LIMIT=100000
	END="echo 1 $((-cycles)) >/sys/module/tsc_inject/parameters/adjust"
	echo "1 $cycles" >/sys/module/tsc_inject/parameters/adjust || return
	echo 0 >/sys/devices/system/cpu/cpu1/online
	echo 1 >/sys/devices/system/cpu/cpu1/online
}

# this fault has been there since boot
fault_tsc_frequency() {
	TRUTH=$(calc "$(figure tsc khz) / $(figure kvm-clock khz) * 1e9 - 1e9")
	# kHz have no decimal places: 0.5 ppm
	span "$(calc "$TRUTH - 500")" "$(calc "$TRUTH + 500")"
	LIMIT=10000
	KLOG_AT=0
}
