#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317
#
# What the command prints for people: exact texts of recorded trees, options and exit statuses.
# GOLDEN=1 writes the texts of golden/views instead of comparing with them: then review them.

# shellcheck source=selftests/harness/ktap.sh
. "$TSCOPE_TESTS/../../../selftests/harness/ktap.sh"
# shellcheck source=tools/tscope/tests/views.sh
. "$TSCOPE_TESTS/views.sh"

wrong_use() {
	tree views-healthy &&
		runs 2 report -d ten && prints_error "takes a time such as" &&
		runs 2 report --warm-up=-1 && runs 2 report extra && runs 2 report --nonsense &&
		runs 2 report -o /nonexistent/file && runs 2 report -d 60 -o /nonexistent/file &&
		runs 2 doctor -d 60 -o /nonexistent/file && runs 2 pairs -d 60 -o /nonexistent/file &&
		runs 2 report -d 60 --html /nonexistent/file && runs 2 record --warm-up 60 -o /nonexistent/file &&
		runs 2 record -o "$DIR" && runs 2 doctor -d 60 --write /nonexistent/dir && reads enabled 0 &&
		runs 2 watch -n 0 && prints_error "above 0" && runs 2 watch -n 1x && runs 2 watch -i 0 &&
		runs 2 watch --show nosuch && prints_error "no column 'nosuch'" &&
		runs 2 watch --csv --json && runs 2 watch --show clock --json &&
		runs 2 pairs --matrix --json && runs 2 doctor --ktap --json &&
		runs 2 pairs -d 0 -c 8192 && prints_error "'8192' is no list of CPUs below 8192 such as 0-3,8" &&
		runs 2 pairs -c 0- && runs 2 pairs -c 1-0 -d 0 && runs 2 pairs -d 0 -c 0,8192 &&
		runs 2 pairs -d 0 --flat-out && prints_error "with -d 0 nothing is sampled" &&
		runs 2 report -d 0 --warm-up 1 && prints_error "with -d 0 nothing is sampled" &&
		runs 2 report -d 0 -c 0 && runs 2 doctor -d 0 --flat-out && runs 2 hist -d 0 -c 0 &&
		prints_error "with -d 0 nothing is sampled" &&
		runs 2 hist foo bar && prints_error "'bar' is no histogram" && runs 2 hist width step &&
		prints_error "'width' and 'step': name one histogram, or none" &&
		runs 2 pairs extra && runs 2 events extra && runs 2 wait extra &&
		runs 2 wait --clock tsc && runs 2 wait --error-ppb 0 && runs 2 wait --error-ppb 1e3 &&
		runs 2 wait --timeout soon && not "$TSCOPE" >"$DIR/out" 2>&1 &&
		not "$TSCOPE" nosuch >"$DIR/out" 2>&1
}

# without the module each subcommand says so, and prints no figure
no_module() {
	local name
	tree views-healthy && rm -r "$SYSFS" "$DEBUGFS" || return
	for name in "report -d 0" report pairs hist events "watch -n 1" wait; do
		# shellcheck disable=SC2086
		runs 4 $name && says 'there is no module for the running kernel 6.12.117' || return
		same "$name" "$(grep -v ': nothing was sampled, so nothing is known of the clocks$' "$DIR/out")" "" ||
			return
	done
	# rules that need no module find something, and this is printed
	tree no-module && runs 1 report -o "$DIR/file" && says 'there is no module for' &&
		same "standard output" "$(cat "$DIR/out")" "" && mv "$DIR/file" "$DIR/out" &&
		prints ': 0 faults, 1 warning$' && prints '^  warning  clocksource: '
}

no_figure() {
	tree views-healthy && runs 4 pairs -d 0 -c 0,9 &&
		prints '^Offsets between CPUs: none of CPUs 0,9 \(they did not sample, or have not met\)$' &&
		tree views-empty && runs 4 pairs -d 0 && runs 4 hist -d 0 nosuch && says "no histogram nosuch" &&
		runs 4 wait --timeout 0.5 && says "ptp-kvm is absent" &&
		runs 4 wait --clock realtime --timeout 0.5 && says "realtime has no skew yet"
}

# sampling is restored, and what was gathered is read while it goes on
restores() {
	local before job
	tree views-healthy && before=$(cd "$SYSFS" && cat enabled width_us cpus) || return
	"$TSCOPE" report --root "$ROOT" -d 4 -c 1 --flat-out -q >"$DIR/out" 2>"$DIR/err" &
	job=$!
	soon reads enabled 1 && reads width_us 50000 && reads cpus 1 || return
	wait "$job"
	same status "$?" 0 && same messages "$(cat "$DIR/err")" "" &&
		prints '^  sampled      4 s, all the time$' &&
		same "afterwards" "$(cd "$SYSFS" && cat enabled width_us cpus)" "$before"
}

interrupted() {
	local job
	tree views-healthy || return
	"$TSCOPE" "$@" --root "$ROOT" >"$DIR/out" 2>"$DIR/err" &
	job=$!
	soon reads enabled 1 && kill -TERM "$job" || return
	wait "$job"
	same status "$?" 143 && same "afterwards" "$(cat "$SYSFS/enabled")" 0
}

# samples SECONDS SUBCOMMAND ARGUMENT...: this begins to sample, for so many seconds
samples() {
	local seconds=$1 job
	shift
	"$TSCOPE_TESTS/terminal.py" --once 24x80 "$TSCOPE" "$@" --root "$ROOT" >"$DIR/out" 2>"$DIR/err" &
	job=$!
	soon reads enabled 1 && soon prints "^sampling, $seconds s left" || return
	kill "$job"
	wait "$job"
	soon reads enabled 0
}

# Without -d: 10 s if nothing was sampled, or if an option of sampling is given; otherwise 0 s.
# report and doctor always sample, because they judge the state during their own observation.
default_duration() {
	local name option
	for name in pairs hist; do
		tree views-healthy && echo 0 >"$SYSFS/tsc/samples" && samples 10 "$name" || return
		tree views-healthy && reads enabled 0 || return
		for option in "-c 0-1" --flat-out --reset; do
			# shellcheck disable=SC2086
			samples 10 "$name" $option || { echo "$name $option"; return 1; }
		done
		runs 0 "$name" && reads enabled 0 || return
	done
	tree views-healthy && samples 10 report && samples 10 doctor && samples 3 pairs -d 3
}

# frame SIZE [TERM]: what watch draws on a terminal of this size
frame() {
	TERM=${2-xterm} "$TSCOPE_TESTS/terminal.py" --once "$1" "$TSCOPE" watch -n 1 --root "$ROOT" >"$DIR/drawn"
	same status "$?" 0 && sed "s/$ESC\[[0-9]*[A-Z]//g" "$DIR/drawn" >"$DIR/out"
}

# on a terminal no number is cut: columns that do not fit are left out, with a mark
watch_fits() {
	local columns
	tree views-faults && echo "30000000.125 250000.019 20 900" >"$SYSFS/ptp-kvm/skew" &&
		echo -3284804248 >"$SYSFS/realtime/step_last_ns" && echo 60100 >"$SYSFS/tsc/warps" || return
	runs 0 watch -n 1 && grep -oE -e '-?[0-9.]+' "$DIR/out" | sort -u >"$DIR/numbers" || return
	for columns in 200 80 79 60 40 20 10 3; do
		frame "24x$columns" && not grep -nE "^.{$((columns + 1))}" "$DIR/out" || return
		sed -E '1d; s/[0-9]+ (us|min|[smhd]|ms)\b//g' "$DIR/out" | grep -oE -e '-?[0-9.]+' |
			not grep -vxFf "$DIR/numbers" || { echo "$columns columns"; return 1; }
		[ "$columns" -gt 80 ] || prints '>$' || return
		# an escape after a whole line erases its last character
		not grep -q "[^$ESC]$ESC\[K\$" "$DIR/drawn" || return
	done
	frame 24x80 && prints '^CLOCK .* STEP_NS BACK >$' && prints '^realtime .* -3284804248    1 >$' &&
		frame 24x200 && prints '^tsc .* 60100$'
}

# if a terminal understands no escape codes, blocks are printed, and no progress
no_escapes() {
	local term
	tree views-faults || return
	for term in dumb ""; do
		frame 24x80 "$term" && not grep "$ESC" "$DIR/drawn" && prints '^wall clock' || return
	done
	TERM=dumb "$TSCOPE_TESTS/terminal.py" --once 24x80 "$TSCOPE" pairs -d 2.2 --root "$ROOT" >"$DIR/drawn"
	not grep -e "$ESC" -e left "$DIR/drawn"
}

# output_file STATUS SUBCOMMAND ARGUMENT...: the file of -o has what is printed without -o; a finding
# matters more than a failed write
output_file() {
	local full=$1
	[ "$full" = 1 ] || full=2
	tree views-faults && runs "$@" && timeless >"$DIR/wanted" &&
		runs "$@" -o "$DIR/file" && same "standard output" "$(cat "$DIR/out")" "" &&
		mv "$DIR/file" "$DIR/out" && diff "$DIR/wanted" <(timeless) &&
		runs "$@" -o - && timeless >"$DIR/file" && diff "$DIR/wanted" "$DIR/file" &&
		runs 2 "${@:2}" -o /nonexistent/file && says '/nonexistent/file: No such file' &&
		runs "$full" "${@:2}" -o /dev/full && says '/dev/full: No space left'
}

# as_nobody ARGUMENT...
as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$TSCOPE" "$@" --root "$ROOT" >"$DIR/out" 2>"$DIR/err"
}

# An event of more than an hour ago is no finding of report either.
old_events() {
	tree views-faults || return
	runs 1 report -d 0 --json && jq -r '.findings[] | select(.ended and .since) | .id' "$DIR/out" >"$DIR/new" &&
		[ -s "$DIR/new" ] && echo "3900.00 0.00" >"$ROOT/proc/uptime" || return
	"$TSCOPE" report -d 0 --json --root "$ROOT" >"$DIR/out"
	same "old events" "$(jq -r '.findings[] | select(.ended and .since) | .id' "$DIR/out")" "" || return
	"$TSCOPE" doctor -d 0 --json --since 2h --root "$ROOT" >"$DIR/out"
	same "with --since" "$(jq -r '.findings[] | select(.ended and .since) | .id' "$DIR/out")" "$(cat "$DIR/new")"
}

# if a user asks for sampling and may not sample, this is no success
unprivileged_wish() {
	local name
	tree views-healthy && chmod 700 "$ROOT/sys/kernel/debug" || return
	for name in "report -d 5" "report --flat-out --json" "doctor -c 0" "doctor --ktap -d 60" \
		"doctor --warm-up 1 --json" "pairs -d 3"; do
		# shellcheck disable=SC2086
		as_nobody $name
		same "$name: status" "$?" 4 && same "$name" "$(cat "$DIR/out")" "" &&
			says 'only root can start sampling: run it as root \(sudo\), or with -d 0 to see what is there$' ||
			return
	done
	for name in "hist -d 3" "record -o -" "wait --error-ppb 0.001"; do
		# shellcheck disable=SC2086
		as_nobody $name
		same "$name: status" "$?" 4 && says 'only root can start sampling: run it as root \(sudo\)$' ||
			return
	done
}

# figures of earlier sampling are marked as such
old_figures() {
	tree views-healthy && sed -i 's/\( 0 [0-9]*\) [0-9]*$/\1 259200000/' "$SYSFS"/*/offset || return
	sed -i 's/[0-9]*$/259200000/' "$SYSFS/ptp-kvm/offset"
	runs 0 doctor -d 0 && prints '^These are the figures of earlier sampling, .* old; -d 10s samples anew\.$' || return
	runs 0 doctor -d 0 --ktap && prints '^# These are the figures of earlier sampling, .* old; ' &&
		prints '^ok 1 tsc-frequency$' && samples 10 doctor --ktap || return
	[ "$(id -u)" = 0 ] || return 0
	tree views-healthy && chmod 700 "$ROOT/sys/kernel/debug" || return
	sed -i 's/ [0-9]*$/ 259200000/' "$SYSFS"/*/offset
	as_nobody doctor --ktap
	same status "$?" 0 && prints '^# These are the figures of earlier sampling, 72 h old\. Only root can sample \(sudo\)\.$' &&
		prints '^ok 1 tsc-frequency # SKIP nothing was sampled: only root can \(sudo\)$' &&
		prints '^ok [0-9]* clock-stepped$' && prints '^ok [0-9]* clocksource$' || return
	as_nobody report --json
	same status "$?" 0 && jq -e '.errors[-1] == "These are the figures of earlier sampling, 72 h old. Only root can sample (sudo)."' "$DIR/out" &&
		as_nobody report && prints 'earlier sampling, 72 h old$' &&
		as_nobody doctor && prints 'earlier sampling, 72 h old\. Only root' &&
		as_nobody watch -n 1 && prints '^kernel .*, sampling is off; only root can start it \(sudo\)$' || return
	echo 0 >"$SYSFS/tsc/samples" && as_nobody doctor --json
	same status "$?" 4 && jq -e '.errors[-1] == "Nothing was sampled. Only root can sample (sudo)."' "$DIR/out"
}

# a user who is not root sees what sysfs has; what is missing is reported
unprivileged() {
	tree views-faults && chmod 700 "$ROOT/sys/kernel/debug" || return
	as_nobody report
	same status "$?" 1 && same messages "$(cat "$DIR/err")" "" &&
		prints '^ +Only root can start sampling \(sudo\)\.$' &&
		prints '^  kvm-clock      0      1         91    641  380 ms         -      -  moves$' &&
		prints '^  kvm-clock +exact +424560 +-0\.116 +0\.001 ' &&
		prints '^  - ROOT|^  - .*run as root' && same "enabled" "$(cat "$SYSFS/enabled")" 1
}

waits() {
	tree views-healthy || return
	(n=2000; while sleep 0.1; do echo $((n += 16)) >"$DIR/new" && mv "$DIR/new" "$SYSFS/ptp-kvm/samples"; done) &
	runs 0 wait && prints '^ptp-kvm: 16.586 ppb \+- 0.019 ppb, over 9800 ms$' &&
		runs 1 wait --error-ppb 0.018 --timeout 3 && says 'not known to 0.018 ppb after 3 s' &&
		runs 0 wait --error-ppb 0.019 --json &&
		jq -e '.reached == true and .skew_error_ppb == 0.019' "$DIR/out" &&
		runs 4 wait --clock hpet && same "sampling" "$(cat "$SYSFS/enabled")" 0
}

# a last bucket that has counted nothing, at the end of 64 bits
empty_bucket() {
	tree views-ends && sed -i '$s/[0-9]*$/0/' "$DEBUGFS/hist/transit" && runs 0 hist -d 0 transit &&
		prints '^ *4611686018427387904 *9223372036854775807 *0$'
}

json_hist() {
	tree views-healthy && runs 0 hist wakeup --json && jq -e '.histograms | length == 1 and
		(.[0] | .name == "wakeup" and .lost == 3 and .p99_ns == 8191 and
			.buckets[3] == { negative: false, low_ns: 90112, high_ns: 98303, count: 1 })' \
		"$DIR/out" && runs 0 hist ptp-kvm residual --json &&
		jq -e '.histograms[0].buckets[0] | .negative and .low_ns == 32 and .high_ns == 35' "$DIR/out"
}

helps() {
	local name
	for name in report watch top doctor events pairs hist wait metrics; do
		"$TSCOPE" "$name" --help >"$DIR/out" && prints "^Usage: tscope $name" || return
		not grep -n '.\{81\}' "$DIR/out" || return
	done
	# help does not show an option that the subcommand does not have
	for name in record plot metrics; do
		"$TSCOPE" "$name" --help >"$DIR/out" && not grep -e --json "$DIR/out" || return
	done
	tree views-healthy && runs 2 record --json -o "$DIR/file" && prints_error '--json has no effect'
}

# a page whose host states no error, and one that the host left unfinished
vmclock_pages() {
	tree vmclock-migrated && rm "$SYSFS/vmclock/error_ns" && runs 1 report -d 0 &&
		prints '^  The host gives its time there, and states no error of it[.]$' &&
		rm "$SYSFS/vmclock/time" && runs 1 report -d 0 &&
		prints '^  The host left an update of it unfinished[.]$'
}

# documented TREE STATUS: prints what hypervisors.rst shows of this tree, in this order
documented() {
	local args
	sed -n "/^\.\. tree: $1\$/,/^[A-Z]/s/^\t//p" "$TSCOPE_TESTS/../../../Documentation/hypervisors.rst" >"$DIR/shown"
	read -r args < <(sed -n '1s/^# tscope //p' "$DIR/shown")
	# shellcheck disable=SC2086
	tree "$1" && runs "$2" $args && awk '
		NR == FNR { if (FNR > 1 && $0 != "...") want[++n] = $0; next }
		$0 == want[k + 1] { k++ }
		END { if (n < 5 || k < n) { print n " lines; not found: " want[k + 1]; exit 1 } }' \
		"$DIR/shown" "$DIR/out"
}

ktap_begin
for name in healthy:0 faults:1 ends:1 empty:4 many:1; do
	v "report of ${name%:*}" golden "views-${name%:*}" "${name#*:}" report -d 0
done
v "documented: a guest of Hyper-V" documented healthy-hyperv 0
v "documented: a pause of Hyper-V without devices" documented hyperv-stopped-alone 1
v "documented: a guest of Xen" documented healthy-xen 1
v "documented: a guest with a vmclock" documented restored-vmclock 1
v "documented: a vmclock that gives time" documented vmclock-migrated 1
v "pages of vmclock" vmclock_pages
v "totals of histograms" golden views-healthy 0 hist
v "bars by octave" golden views-healthy 0 hist ptp-kvm
v "bars at the ends" golden views-ends 0 hist transit
v "bars: the last bucket is empty" empty_bucket
v "events" golden views-faults 0 events
v "no events" golden views-empty 0 events
v "watch" golden views-faults 0 watch -n 1
v "watch: columns" golden views-faults 0 watch -n 1 --show Clock,read,reads/s,updates,errors
v "watch: all but some columns" golden views-faults 0 watch -n 1 --csv --hide "+-ppb,back"
v "watch: the list of columns" golden views-faults 0 watch --list
v "watch: on a terminal no number is cut" watch_fits
v "watch: a terminal without escape codes" no_escapes
v "help fits" helps
v "wrong use is 2" wrong_use
v "no module is 4" no_module
v "no figure is 4" no_figure
v "report restores" restores
v "report is interrupted" interrupted report -d 60 -q
v "watch is interrupted" interrupted watch -i 10
v "wait is interrupted" interrupted wait --error-ppb 0.001
for name in report doctor pairs; do
	v "$name to a file" output_file "$([ $name = pairs ]; echo $?)" $name -d 0
done
v "events to a file" output_file 0 events
if [ "$(id -u)" = 0 ]; then
	v "report without root" unprivileged
	v "options of sampling without root" unprivileged_wish
else
	t_skip "without root" "only root can become another user"
fi
v "old figures" old_figures
v "old events" old_events
v "wait" waits
v "how long is sampled without -d" default_duration
v "hist --json" json_hist
ktap_end
