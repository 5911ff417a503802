# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046
# DESCRIPTION: tscope and chrony measure the rate between the guest's wall clock and the host's: half-widths apart and together
#
# chrony is started as peers.sh says. Its "est skew" is the half-width of a 99.9 % interval,
# tscope's half-widths are of 95 %; by the quantiles the ratio of the two is 1.68. The scenario is
# run by "make bench", which provides chrony.
ACCEL=nested
TIMEOUT=600

# enough for 150 pairings a second if a hypercall takes 100 us or more, as in emulation; the
# default width is enough if it takes some us
WIDTH_US=4000
CLOCKSOURCE=/sys/devices/system/clocksource/clocksource0/current_clocksource

# uptime_ms: sets UPTIME_MS
uptime_ms() {
	read -r UPTIME_MS _ </proc/uptime
	UPTIME_MS=${UPTIME_MS%.*}${UPTIME_MS#*.}0
}

# chrony_error: the half-width of chrony's newest estimate at 95 %, ppb. chronyc prints whole ppb.
chrony_error() {
	tail -n 1 /tmp/chrony/statistics.log 2>/dev/null | awk '$1 ~ /^[0-9]/ {
			printf "%.4f\n", $8 * 1e9 / 1.68; found = 1 }
		END { if (!found) print "-" }'
}

# watch NAME WHO...: runs chrony, tscope or both for 60 s; sets CHRONY_ERRORS and TSCOPE_ERRORS,
# their half-widths after 10, 30 and 60 s
watch() {
	local name=$1 start at who ptp real
	shift
	for who; do
		case $who in
		chrony) chrony_start ;;
		tscope) tscope_load && echo $WIDTH_US >$T/width_us && echo 1 >$T/enabled ;;
		esac || return
	done
	uptime_ms; start=$UPTIME_MS
	CHRONY_ERRORS='' TSCOPE_ERRORS=''
	for at in 10 30 60; do
		uptime_ms
		usleep $(((start + at * 1000 - UPTIME_MS) * 1000))
		ptp=$(figure ptp-kvm skew_error_ppb) real=$(figure realtime skew_error_ppb)
		TSCOPE_ERRORS="$TSCOPE_ERRORS $(root_of_squares $ptp $real)"
		CHRONY_ERRORS="$CHRONY_ERRORS $(chrony_error)"
		say "# $name, after $at s: half-widths, ppb: tscope ${TSCOPE_ERRORS##* } (ptp-kvm $ptp, realtime $real), chrony ${CHRONY_ERRORS##* }"
	done
	chrony_stop
	[ ! -d $T ] || rmmod tscope
}

# compare CLOCKSOURCE: a check of each time that watch looked at
compare() {
	local at verdict third t c
	for at in 10 30 60; do
		t=${TSCOPE_ERRORS# } c=${CHRONY_ERRORS# }
		TSCOPE_ERRORS=${t#* } CHRONY_ERRORS=${c#* }
		t=${t%% *} c=${c%% *}
		third=$(ratio $c 3)
		verdict=$(verdict at-most $third $t)
		row "rate guest - host, both, $1, half-width after $at s" ppb - $t "chrony $c" "at-most $third" $verdict
		below "half-width after $at s, clocksource $1, ppb" $t $third
	done
}

guest() {
	local CHRONY='' was cs TSCOPE_ERRORS CHRONY_ERRORS apart
	. /lib/tscope/truth.sh
	. /lib/tscope/measure.sh
	. /lib/tscope/peers.sh

	[ -e $C/chronyd ] || { result "not ok" "there is no chrony: use make bench BENCH_PARTS=chrony"; return 1; }
	insmod /lib/tscope/ptp_kvm.ko || return
	was=$(cat $CLOCKSOURCE)
	watch "chrony apart" chrony || result "not ok" "chrony apart"
	apart=$CHRONY_ERRORS
	watch "tscope apart" tscope || result "not ok" "tscope apart"
	row "rate guest - host, each alone, half-width after 10; 30; 60 s" ppb - "$(list $TSCOPE_ERRORS)" \
		"chrony $(list $apart)"
	for cs in kvm-clock tsc; do
		echo $cs >$CLOCKSOURCE
		watch "together, clocksource $cs" tscope chrony || result "not ok" "together"
		compare $cs
	done
	echo $was >$CLOCKSOURCE
	rmmod ptp_kvm
	say "1..$COUNT"
	[ $FAILED = 0 ]
}
