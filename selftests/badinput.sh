#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2317
#
# Writes that must be refused, with their errno, and must change nothing; and
# values at the limits, which must be accepted.

. "$(dirname "$0")/lib.sh"

# repeat N CHARACTER
repeat() {
	head -c "$1" /dev/zero | tr '\0' "$2"
}

# texts that no number accepts: errno and printf's format
JUNK='
EINVAL ten\n
EINVAL \n
EINVAL -1\n
EINVAL -10000\n
EINVAL 0x2710\n
EINVAL 0o400\n
EINVAL 0b1\n
EINVAL 100.0\n
EINVAL 1e3\n
EINVAL 100us\n
EINVAL 100\040\n
EINVAL \040100\n
EINVAL 100\040200\n
EINVAL 100,200\n
EINVAL 100\n200\n
EINVAL 100\n\n
EINVAL 100\r\n
EINVAL \000
EINVAL \000100\n
EINVAL \377\n
EINVAL --100\n
EINVAL 0x\n
ERANGE 99999999999999999999999\n'

# refused FILE ERRNO BYTES: $TMP/in, described by BYTES, must be refused with ERRNO
refused() {
	state
	before=$STATE
	if put "$1" <"$TMP/in"; then
		bad "$1 takes '$3'"
	else
		same "errno of '$3'" "$ERRNO" "$2"
	fi
	state
	same "the controls after '$3'" "$STATE" "$before"
}

# refused_text FILE: lines of errno and format on standard input
refused_text() {
	local errno text
	while read -r errno text; do
		[ -n "$errno" ] || continue
		# shellcheck disable=SC2059
		printf "$text" >"$TMP/in"
		refused "$1" "$errno" "$text"
	done
}

# long texts are refused: of 21 to 4095 bytes, and of a page or more
refused_long() {
	local length
	for length in 21 255 4095; do
		repeat "$length" 9 >"$TMP/in"
		refused "$1" ERANGE "$length digits"
		repeat "$length" x >"$TMP/in"
		refused "$1" EINVAL "$length characters"
	done
	refused_page "$1"
}

# refused_page FILE: values that would be valid if they were not so long
refused_page() {
	local length
	for length in 4096 5000; do
		repeat $((length - 1)) 0 >"$TMP/in"
		echo >>"$TMP/in"
		refused "$1" EINVAL "0 in $length bytes"
		repeat $((length - 1)) 0 >"$TMP/in"
		printf 1 >>"$TMP/in"
		refused "$1" EINVAL "1 in $length bytes"
	done
}

# every file that can be written
pages_refused() {
	local file
	find "$TSCOPE" -type f -perm -200 | sort >"$TMP/files"
	within "files that can be written" "$(wc -l <"$TMP/files")" 10 100
	while read -r file; do
		refused_page "${file#"$TSCOPE/"}"
	done <"$TMP/files"
}

# number FILE TOO-LOW TOO-HIGH
number() {
	refused_text "$1" <<-END
	$JUNK
	ERANGE $2\n
	ERANGE $3\n
	ERANGE 2147483648\n
	ERANGE 4294967295\n
	ERANGE 4294967296\n
	ERANGE 4294977296\n
	ERANGE 18446744073709551616\n
	END
	refused_long "$1"
}

# limit FILE LEAST LARGEST TOO-HIGH: of alerts
limit() {
	refused_text "$1" <<-END
	$JUNK
	ERANGE $4\n
	ERANGE 18446744073709551615\n
	ERANGE 18446744073709551616\n
	END
	refused_long "$1"
	[ "$2" = 0 ] || printf 'ERANGE 0\\n\n' | refused_text "$1"
	taken "$1" "$3"
	taken "$1" "$2"
}

flag() {
	refused_text "$1" <<-END
	$JUNK
	EINVAL y\n
	EINVAL on\n
	ERANGE 2\n
	ERANGE 255\n
	ERANGE 256\n
	ERANGE 257\n
	END
	refused_long "$1"
}

reset_takes_one() {
	refused_text reset <<-END
	ERANGE 0\n
	END
	set_to reset 1
}

cpu_list() {
	local last=$(($(expand "$(cat "$CPUDIR/possible")" | wc -w) - 1))
	refused_text cpus <<-END
	EINVAL first\n
	EINVAL \n
	EINVAL \000
	EINVAL ,\n
	EINVAL -1\n
	EINVAL 1-0\n
	EINVAL 0-\n
	EINVAL 0x0\n
	EINVAL 0.0\n
	EINVAL 0;0\n
	EINVAL 0-0:\n
	EINVAL 0-0:2/1\n
	EINVAL 0cpus\n
	ERANGE $((last + 1))\n
	ERANGE 0-$((last + 1))\n
	ERANGE 0,$((last + 1))\n
	ERANGE 64\n
	ERANGE 8192\n
	ERANGE 99999\n
	ERANGE 4294967294\n
	ERANGE 4294967296\n
	ERANGE 99999999999999999999999\n
	END
	repeat 4095 x >"$TMP/in"
	refused cpus EINVAL "4095 characters"
	repeat 4095 9 >"$TMP/in"
	refused cpus ERANGE "4095 digits"
	refused_page cpus
}

# taken FILE VALUE [READS]
taken() {
	set_to "$1" "$2"
	get "$1"
	same "$1 after $2" "$VALUE" "${3:-$2}"
}

# width_us can't exceed period_us, whichever of the two is written
order() {
	taken width_us 5000
	printf 'ERANGE 4999\\n\n' | refused_text period_us
	printf 'ERANGE 10001\\n\n' | refused_text width_us
	taken period_us 5000
	printf 'ERANGE 5001\\n\n' | refused_text width_us
	taken period_us 10000
	taken width_us 100
}

edges() {
	taken period_us 10000000
	taken width_us 10000000
	taken width_us 10
	taken period_us 1000
	taken width_us 1000
	taken width_us 100
	taken period_us 10000
	taken burst_us 1
	taken burst_us 100
	taken burst_us 10
	taken fit_window_s 1
	taken fit_window_s 3600
	taken fit_window_s 60
	taken enabled 1
	taken enabled 1
	taken enabled 0
	taken enabled 0
}

# a value without a newline; a leading zero is decimal, not octal
spelling() {
	printf 20000 >"$TMP/in"
	put period_us <"$TMP/in" || bad "no newline: $ERRNO"
	get period_us
	same period_us "$VALUE" 20000
	taken period_us 010000 10000
}

lists() {
	local possible
	possible=$(cat "$CPUDIR/possible")
	taken cpus 0
	taken cpus 0,0 0
	taken cpus "$possible"
	[ "$possible" = 0 ] && return
	taken cpus 1
	taken cpus 0,1 0-1
	taken cpus 1,0 0-1
	taken cpus "$possible"
}

# the ranges are the same while it samples
while_on() {
	set_to enabled 1
	number period_us 999 10000001
	set_to enabled 0
}

# figures: prints all that was sampled, except ages, which grow
figures() {
	find "$TSCOPE" -mindepth 2 -type f -perm -400 | sort | while read -r file; do
		case $file in
		*/offset) echo "${file#"$TSCOPE/"} $(sed 's/ [0-9]*$//' "$file" 2>&1)" ;;
		*) echo "${file#"$TSCOPE/"} $(cat "$file" 2>&1)" ;;
		esac
	done
	cat "$DEBUG/points" 2>&1
}

# a reset that is refused resets nothing, and neither does a list of CPUs that is refused
figures_stay() {
	local file text
	set_to enabled 1
	sleep 1
	set_to enabled 0
	get tsc/samples
	[ "$VALUE" -gt 0 ] || bad "nothing was sampled"
	figures >"$TMP/before"
	find "$TSCOPE" -type f -perm -200 >"$TMP/files"
	grep -q /reset "$TMP/files" || bad "no reset among the files"
	while read -r file; do
		for text in '' 2x -1 99999999999999999999999 "$(repeat 5000 0)1"; do
			echo "$text" >"$TMP/in"
			put "${file#"$TSCOPE/"}" <"$TMP/in" && bad "$file takes '$text'"
		done
	done <"$TMP/files"
	figures >"$TMP/after"
	cmp "$TMP/before" "$TMP/after" || bad "the figures changed"
}

begin
load enable=0 period_us=10000 width_us=100 || { echo "Bail out! the module does not load: $ERRNO"; exit 1; }
run_tests <<END
number period_us 999 10000001
number width_us 9 10001
number burst_us 0 101
number fit_window_s 0 3601
limit alert_interval_s 1 604800 604801
limit tsc/warp_alert_ns 0 9223372036854775807 9223372036854775808
limit monotonic-raw/skew_alert_ppb 0 1000000000 1000000001
flag enabled
flag reset
reset_takes_one
cpu_list
pages_refused
order
edges
spelling
lists
figures_stay
while_on
END
