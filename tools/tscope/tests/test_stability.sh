#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317
#
# tscope stability: the figures of points that go up and down alternately, with a skew, can be
# computed: differences of 40 ns at tau0, and none at its even multiples.

# shellcheck source=selftests/harness/ktap.sh
. "$TSCOPE_TESTS/../../../selftests/harness/ktap.sh"
DIR=$(mktemp -d)
trap 'rm -rf "$DIR" "$KTAP_SAID"' EXIT
export TSCOPE_SYSFS=$DIR/sysfs TSCOPE_DEBUGFS=$DIR/debugfs
# test_command.sh looks for leaks
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}
POINTS=$DIR/debugfs/points

# points CLOCK SEGMENT FROM N: each 10 ms of a TSC of 1 GHz, 7 ns of skew, +-10 ns alternately
points() {
	local i
	for ((i = 0; i < $4; i++)); do
		echo "$1 $2 $(($3 + i * 10000000)) $((i * 7 + (i % 2 ? 10 : -10))).000 0"
	done
}

tree() {
	mkdir -p "$DIR/sysfs/tsc" "$DIR/sysfs/kvm-clock" "$DIR/sysfs/hpet" "$DIR/debugfs"
	echo tsc kvm-clock hpet >"$DIR/sysfs/clocks"
	echo 1000000 >"$DIR/sysfs/tsc/khz"
	{
		echo "# clock segment tsc phase_ns width_ns"
		# an older segment, which does not count
		points kvm-clock 65535 9500000005 50
		points kvm-clock 0 10000000005 1000
		points hpet 3 1 7
	} >"$POINTS"
}

# runs STATUS ARGUMENT...: the output is in out, messages are in err
runs() {
	local want=$1 got
	shift
	"$TSCOPE" stability "$@" >"$DIR/out" 2>"$DIR/err"
	got=$?
	cat "$DIR/out" "$DIR/err"
	same "status" "$got" "$want"
}

# octave K: the line of tau0 * 2^K; a skew shows in MTIE only
octave() {
	case $1 in
	# 40 ns / sqrt(2) / 10 ms, 40 ns / sqrt(6), 20 ns + 7 ns
	0) echo "kvm-clock 0.010000 2828.427125 16.330 27.000 998" ;;
	*) printf 'kvm-clock %d.%06d 0.000000 0.000 %d.000 %d\n' $(((10 << $1) / 1000)) \
		$(((10 << $1) % 1000 * 1000)) $((20 + 7 * ((1 << $1) - 1))) $((1000 - (2 << $1))) ;;
	esac
}

wanted() {
	local k
	echo "clock tau s ADEV ppb TDEV ns MTIE ns differences"
	for k in 0 1 2 3 4 5 6 7 8; do
		octave "$k"
	done
}

# the text has the wanted lines; columns may have any width
text() {
	runs 0 "$@" && diff <(tr -s ' ' <"$DIR/out") <(wanted) && not grep -n '.\{81\}' "$DIR/out" &&
		same messages "$(cat "$DIR/err")" ""
}

# JSON has the lines of the text
json() {
	runs 0 --json && "$TSCOPE_TESTS/validate.py" --of stability "$DIR/out" && same objects "$(grep -o '"clock"' "$DIR/out" | wc -l)" 9 &&
		diff <(sed 's/{ "clock"/\n&/g' "$DIR/out" | grep '^{ "clock"' |
			sed -E 's/"[a-z_]+": //g; s/[]{},"[]//g; s/ +/ /g; s/^ //; s/ $//; s/ errors: *$//') \
			<(wanted | sed 1d) && grep -q '^{ "tscope": "[0-9.]*", "tsc_khz": 1000000, "stability": \[ { ' \
		"$DIR/out" && grep -q ' \], "errors": \[ \] }$' "$DIR/out"
}

# says REGEX: the only message
says() {
	same "lines of messages" "$(wc -l <"$DIR/err")" 1 && grep -qE "$1" "$DIR/err"
}

too_few() {
	runs 4 hpet && says ': there are too few points yet; ' && runs 4 --json hpet &&
		grep -q '"stability": \[ \], "errors": \[ \] }$' "$DIR/out"
}

wrong_use() {
	runs 2 tsc && says ': tsc is no clock ' && runs 2 kvm && says ': kvm is no clock ' &&
		runs 2 hpet kvm-clock && runs 2 --duration 5
}

# one phase is at the end of its range: then there is no figure, rather than a wrong one
out_of_range() {
	sed -i "500s/ [-0-9.]* 0$/ $1 0/" "$POINTS" && runs 4 && tree
}

out_of_order() {
	sed -i '500s/^\(kvm-clock 0\) [0-9]*/\1 7/' "$POINTS" && runs 4 && tree
}

truncated() {
	truncate -s -3 "$POINTS" && runs 4 && says 'points: line 1058' && runs 4 --json &&
		"$TSCOPE_TESTS/validate.py" --of stability "$DIR/out" &&
		grep -q '"errors": \[ ".*points: line 1058' "$DIR/out" && tree
}

# recorded: figures of a recording are those of the module
recorded() {
	"$TSCOPE" record -d 0 -o "$DIR/a.ndjson" && text --from "$DIR/a.ndjson" kvm-clock && runs 0 --from - <"$DIR/a.ndjson" &&
		diff <(tr -s ' ' <"$DIR/out") <(wanted) || return
	# the longest segment counts, not the newest
	awk '/^{"clock"/ && !n++ {
		print "{\"point\":{\"clock\":\"kvm-clock\",\"segment\":2,\"tsc\":1,\"phase_ns\":0.000,\"width_ns\":0}}"
	} { print }' "$DIR/a.ndjson" >"$DIR/b.ndjson" && mv "$DIR/b.ndjson" "$DIR/a.ndjson"
	text --from "$DIR/a.ndjson" || return
	# truncated: figures of what is there, and a message
	head -c -9 "$DIR/a.ndjson" >"$DIR/b.ndjson"
	runs 0 --from "$DIR/b.ndjson" && diff <(tr -s ' ' <"$DIR/out") <(wanted) && says 'is truncated: it is read up to there'
}

# long_recording PHASE: an expression of i, in ns
long_recording() {
	awk 'function phase(i) { return '"$1"' }
	BEGIN {
		srand(7)
		print "{\"tscope_recording\":1,\"tscope\":null,\"kernel\":null,\"clocksource\":null,\"tsc_khz\":1000000}"
		for (i = 0; i < 200000; i++)
			printf "{\"point\":{\"clock\":\"hpet\",\"segment\":7,\"tsc\":%.0f,\"phase_ns\":%.3f,\"width_ns\":0}}\n", 1e12 + i * 1e7, phase(i)
		print "{\"end\":{}}" }' >"$DIR/long.ndjson"
}

# More points than can be fitted: a constant skew
long() {
	long_recording i
	runs 0 --from "$DIR/long.ndjson" && same octaves "$(grep -c '^hpet' "$DIR/out")" 17 &&
		same "largest tau" "$(tail -n 1 "$DIR/out" | tr -s ' ')" "hpet 655.360000 0.000000 0.000 65536.000 68928"
}

# White noise with a deviation of 100 ns: TDEV is that, divided by the root of m
long_noise() {
	long_recording "sqrt(12) * 100 * rand()"
	runs 0 --from "$DIR/long.ndjson" || return
	awk '/^hpet/ { m = $2 / 0.01
		n++
		if (m <= 1024 && ($4 < 100 / sqrt(m) * 0.9 || $4 > 100 / sqrt(m) * 1.1)) { print "#", $0; bad = 1 }
	} END { exit bad || n < 11 }' "$DIR/out"
}

no_recording() {
	runs 2 --from "$POINTS" && says 'line 1 is no JSON object$' && runs 2 --from "$DIR/none" && says 'No such file' &&
		runs 4 --from "$DIR/a.ndjson" hpet && says 'too few points$' &&
		runs 2 --from "$DIR/a.ndjson" tsc && says 'tsc is no clock that is compared with the TSC in ' &&
		runs 2 --from "$DIR/a.ndjson" nosuch && says 'nosuch is no clock that is compared' &&
		head -n 1 "$DIR/a.ndjson" >"$DIR/b.ndjson" && runs 4 --from "$DIR/b.ndjson" nosuch && grep -q 'too few points$' "$DIR/err"
}

# khz TEXT: the TSC's frequency is no figure
khz() {
	echo "$1" >"$DIR/sysfs/tsc/khz" && runs 4 && tree
}

absent() {
	rm -r "$DIR/debugfs" && runs 4 && says "$DIR/debugfs" && rm -r "$DIR/sysfs" &&
		runs 4 && says 'no module' && runs 4 kvm-clock && tree
}

# alarm: a SIGALRM that somebody sends ends the command, also while it shows its progress by one
alarm() {
	local i pid
	mkfifo "$DIR/fifo" && exec 5<>"$DIR/fifo"
	TERM=xterm python3 "$TSCOPE_TESTS/terminal.py" --once 24x80 "$TSCOPE" stability \
		--from "$DIR/fifo" >"$DIR/out" &
	pid=$!
	for ((i = 0; i < 100; i++)); do
		! grep -q 'reading, [0-9]* s' "$DIR/out" || break
		sleep 0.1
	done
	grep -q 'reading, [0-9]* s' "$DIR/out" || { kill "$pid"; return 1; }
	pkill -ALRM -P "$pid"
	wait "$pid"
	# -SIGALRM, as a byte
	same "status" $? $((256 - 14))
}

t "a tree" tree
t "figures of each octave" text
t "of one clock" text kvm-clock
t "as JSON" json
t "a clock with too few points" too_few
t "wrong use" wrong_use
t "a phase at the upper end" out_of_range 9223372036854775.807
t "a phase at the lower end" out_of_range -9223372036854775.808
t "of a recording" recorded
t "of a long recording" long
t "of a long recording of noise" long_noise
t "of no recording" no_recording
t "points out of order" out_of_order
t "a truncated file" truncated
t "a TSC of 0 kHz" khz 0
t "a TSC of 2^32 kHz" khz 4294967296
t "no debugfs, no module" absent
t "SIGALRM" alarm
ktap_end
