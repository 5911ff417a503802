#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317
#
# watch, events --follow and wait, while files change, vanish and come back.

# shellcheck source=selftests/harness/ktap.sh
. "$TSCOPE_TESTS/../../../selftests/harness/ktap.sh"
# shellcheck source=tools/tscope/tests/views.sh
. "$TSCOPE_TESTS/views.sh"
# shellcheck source=selftests/harness/deps.sh
. "$TSCOPE_TESTS/../../../selftests/harness/deps.sh"
need /usr/lib/python3/dist-packages/jsonschema/__init__.py:python3-jsonschema:"the JSON schema"

# blocks without escape codes; the rate is over the time between two blocks
blocks() {
	tree views-healthy || return
	: >"$DIR/out"
	(soon grep -q ptp-kvm "$DIR/out" && echo 101576 >"$SYSFS/ptp-kvm/samples") &
	runs 0 watch -i 1 -n 4 --csv --show clock,reads/s,readings || return
	# the readings come between two of the blocks
	awk -F, '$2 != "ptp-kvm" { next }
		$3 != "" && $4 != readings {
			expected = ($4 - readings) / ($1 - time)
			right = $3 > expected * 0.99 - 1 && $3 < expected * 1.01 + 1 && $3 > 10000
		}
		{ time = $1; readings = $4 }
		END { exit !right }' \
		"$DIR/out" || { echo "not the rate"; return 1; }
	runs 0 watch -i 0.1 -n 3 && same blocks "$(grep -c '^ptp-kvm ' "$DIR/out")" 3 &&
		not grep "$ESC" "$DIR/out"
}

# json_lines N: each of N lines is an object that a parser accepts
json_lines() {
	same "lines" "$(wc -l <"$DIR/out")" "$1" && jq -es "length == $1" <"$DIR/out" >"$DIR/said"
}

# pairs is a FIFO: to open it for reading would block for ever
pairs_unread() {
	tree views-healthy && rm "$DEBUGFS/pairs" && mkfifo "$DEBUGFS/pairs" || return
	timeout 20 "$TSCOPE" watch --root "$ROOT" -i 0.1 -n 2 >"$DIR/out" 2>"$DIR/err"
	same status "$?" 0 && same blocks "$(grep -c '^ptp-kvm ' "$DIR/out")" 2
}

json_stream() {
	tree views-healthy && runs 0 watch -i 0.1 -n 3 --json && json_lines 3 &&
		same "a figure" "$(jq -c '[.clocks[] | select(.name == "ptp-kvm") | .skew_ppb, .samples]' \
			"$DIR/out" | sort -u)" '[16.586,1576]'
}

# last FILTER: what jq says of the newest whole line
last() {
	[ "$(sed '$d' "$DIR/out" | tail -n 1 | jq "$1")" = true ]
}

# each line of events --follow is an event that is valid by the schema
json_events() {
	local job
	tree views-faults || return
	: >"$DIR/out"
	"$TSCOPE" events --root "$ROOT" --follow --json >"$DIR/out" 2>"$DIR/err" &
	job=$!
	soon prints '"moved"' &&
		echo "102000000000 1244967890 warp tsc 1 0 555 3" >>"$DEBUGFS/violations" &&
		soon prints '"size_ns": 555' && kill -TERM "$job" || return
	wait "$job"
	"$TSCOPE_TESTS/validate.py" --of event --lines "$DIR/out" && runs 0 watch -i 0.1 -n 2 --json &&
		"$TSCOPE_TESTS/validate.py" --lines "$DIR/out"
}

# the module is unloaded and loaded again: watch begins to sample again
module_comes_and_goes() {
	local job
	tree views-healthy || return
	"$TSCOPE" watch --root "$ROOT" -i 0.1 --json >"$DIR/out" 2>"$DIR/err" &
	job=$!
	soon last '.clocks | length == 6' && reads enabled 1 && mv "$ROOT" "$DIR/gone" || return
	soon last '.clocks == [] and .errors != [] and .clocksource == null' || return
	echo 0 >"$DIR/gone/sys/kernel/tscope/enabled"
	echo 0 >"$DIR/gone/sys/kernel/tscope/tsc/samples"
	mv "$DIR/gone" "$ROOT"
	soon last '.clocks | length == 6' && soon reads enabled 1 && kill -TERM "$job" || return
	wait "$job"
	same status "$?" 143 && same "afterwards" "$(cat "$SYSFS/enabled")" 0 &&
		same "figures, none, figures" "$(grep -o '"clocks": \[[^n]*"name"\|"clocks": \[\]' "$DIR/out" |
			uniq | wc -l)" 3
}

# the module is loaded again before watch has looked
module_is_loaded_again() {
	local job
	tree views-healthy || return
	"$TSCOPE" watch --root "$ROOT" -i 0.5 >"$DIR/out" 2>"$DIR/err" &
	job=$!
	soon reads enabled 1 && soon prints '^wall clock' || return
	cp -r "$SYSFS" "$SYSFS.new" && echo 0 >"$SYSFS.new/enabled" && mv "$SYSFS" "$SYSFS.old" &&
		mv "$SYSFS.new" "$SYSFS" && soon reads enabled 1 && kill -TERM "$job" || return
	wait "$job"
	same "afterwards" "$(cat "$SYSFS/enabled")" 0
}

# sampling that is switched off meanwhile stays off, even if figures are reset as well
stays_off() {
	tree views-healthy || return
	"$TSCOPE" watch --root "$ROOT" -i 0.1 >"$DIR/out" 2>"$DIR/err" &
	soon reads enabled 1 && soon prints '^wall clock' && echo 0 >"$SYSFS/tsc/samples" &&
		echo 0 >"$SYSFS/enabled" && soon prints 'sampling is off$' && sleep 0.5 && reads enabled 0
}

# CPUs that go and come are counted
cpus_come_and_go() {
	local job
	tree views-many || return
	"$TSCOPE" watch --root "$ROOT" -i 0.1 >"$DIR/out" 2>"$DIR/err" &
	job=$!
	soon prints '^CPUs: 0 leads, 12 sampling, 0-11 of 0-11 online$' || return
	sed 's/^3 sampling/3 off/; s/^5 sampling/5 late/' "$DEBUGFS/cpus" >"$DIR/new"
	mv "$DIR/new" "$DEBUGFS/cpus"
	soon prints '^CPUs: 0 leads, 10 sampling, 1 late, 1 off, 0-11 of 0-11 online$' || return
	sed 's/^3 off/3 sampling/; s/^5 late/5 sampling/' "$DEBUGFS/cpus" >"$DIR/new"
	mv "$DIR/new" "$DEBUGFS/cpus"
	: >"$DIR/out"
	soon prints '^CPUs: 0 leads, 12 sampling, '
}

# size ROWS COLUMNS LINES LONGEST...: each frame fits
terminal() {
	tree views-faults && echo 0 >"$SYSFS/enabled" || return
	"$TSCOPE_TESTS/terminal.py" 24x80 10x40 50x200 -- "$TSCOPE" watch -i 60 --root "$ROOT" >"$DIR/out" ||
		{ cat "$DIR/out"; return 1; }
	awk '/^status/ { next } $3 >= $1 || $4 > $2 || $3 < 9 { print; bad = 1 } END { exit bad || NR != 4 }' \
		"$DIR/out" && prints '^status -2$' && same "afterwards" "$(cat "$SYSFS/enabled")" 0
}

# within MS COMMAND...: the command succeeds in this time
within() {
	local end=$(($(date +%s%N) / 1000000 + $1))
	shift
	while [ $(($(date +%s%N) / 1000000)) -le "$end" ]; do
		! "$@" || return 0
		sleep 0.05
	done
	echo "not in time: $*"
	return 1
}

# An event is printed at once after an alert, and after a second at the latest: a tree's files raise
# no alerts. If a count grew, its growth is printed.
follows() {
	local job size
	tree views-faults || return
	"$TSCOPE" events --root "$ROOT" --follow >"$DIR/out" 2>"$DIR/err" &
	job=$!
	# sampling is on: the list ends with the pairs that move
	soon prints '  moved ' || return
	size=$(wc -l <"$DIR/out")
	{
		cat "$DEBUGFS/violations"
		echo "102000000000 1244967890 warp tsc 1 0 555 3"
	} >"$DIR/new" && mv "$DIR/new" "$DEBUGFS/violations"
	within 2000 prints '  1, 0    555 ns  3 times$' && echo 5 >"$SYSFS/kvm-clock/updates" &&
		within 2000 prints 'update    kvm-clock +3 times$' && kill -TERM "$job" || return
	wait "$job"
	tail -n +$((size + 1)) "$DIR/out" >"$DIR/news"
	cat "$DIR/news"
	same "news" "$(wc -l <"$DIR/news")" 2 &&
		grep -qE '  warp      tsc            1, 0    555 ns  3 times$' "$DIR/news" &&
		grep -qE '  -  update    kvm-clock              3 times$' "$DIR/news"
}

# without debugfs a step is an event of its clock, however many there were
follows_counters() {
	local job
	tree views-faults && rm -r "$DEBUGFS" && echo 7 >"$SYSFS/realtime/steps" || return
	"$TSCOPE" events --root "$ROOT" --follow >"$DIR/out" 2>"$DIR/err" &
	job=$!
	soon prints '^ +-  step      realtime +-1000 ms.*  7 times$' || return
	echo 9 >"$SYSFS/realtime/steps"
	soon prints '^ +-  step      realtime +-1000 ms.*  2 times$' && kill -TERM "$job" &&
		same steps "$(grep -c '  step ' "$DIR/out")" 2
}

# The ring is full: what is dropped from violations was printed before, and is not printed again.
follows_full_ring() {
	local job size
	tree views-faults || return
	# discard what the test before printed
	: >"$DIR/out"
	"$TSCOPE" events --root "$ROOT" --follow >"$DIR/out" 2>"$DIR/err" &
	job=$!
	soon prints '  moved ' || return
	size=$(wc -l <"$DIR/out")
	# a new warp replaces the oldest lines: a warp of 17 times, a step and a backward reading
	{
		grep '^#' "$DEBUGFS/violations"
		echo "102000000000 1244967890 warp tsc 1 0 555 3"
	} >"$DIR/new" && echo 20 >"$SYSFS/tsc/warps" && mv "$DIR/new" "$DEBUGFS/violations"
	soon prints '  1, 0    555 ns  3 times$' && sleep 1.2 || return
	# what can't be read for a moment is not forgotten
	echo broken >"$DIR/broken" && mv "$DEBUGFS/violations" "$DIR/whole" &&
		mv "$DIR/broken" "$DEBUGFS/violations" && sleep 2.2 && mv "$DIR/whole" "$DEBUGFS/violations" &&
		sleep 1.2 && kill -TERM "$job" || return
	same news "$(tail -n +$((size + 1)) "$DIR/out" | cut -c 17- )" \
		"  warp      tsc            1, 0    555 ns  3 times"
}

# without a reader of its output it ends, although nothing happens
follows_for_nobody() {
	local status
	tree views-faults || return
	status=$(timeout 20 "$TSCOPE" events --root "$ROOT" --follow 2>"$DIR/err" | head -n 1 >"$DIR/out"
		echo "${PIPESTATUS[0]}")
	prints '^# now' && { [ "$status" = 0 ] || same status "$status" 141; }
}

# an event among many pairs that move is found within 3 s of CPU time
follows_many() {
	local job
	rm -rf "$ROOT"
	"$TSCOPE_TESTS/many.sh" 4096 | awk '/^== / { pairs = /pairs$/ } pairs && NF == 11 { $6 = 1 } 1' >"$DIR/tree" &&
		"$TSCOPE_TESTS/unpack.sh" "$DIR/tree" "$ROOT" || return
	(ulimit -t 3; exec "$TSCOPE_FAST" events --root "$ROOT" --follow >"$DIR/out" 2>"$DIR/err") &
	job=$!
	soon prints '^# and 90104 pairs more that move: tscope pairs shows them$' || return
	same "pairs that are listed" "$(grep -c '  moved  ' "$DIR/out")" 10 || return
	echo "1000 1000 warp tsc 1 0 555 3" >>"$DEBUGFS/violations"
	soon prints '  warp      tsc            1, 0    555 ns  3 times$' && kill -TERM "$job"
}

# ptp-kvm is read
readings() {
	local n=2000
	while sleep 0.1; do
		echo $((n += 16)) >"$DIR/readings" && mv "$DIR/readings" "$SYSFS/ptp-kvm/samples"
	done
}

# the goal is reached while it waits
waits_until() {
	tree views-healthy || return
	readings &
	echo "16.586 5.000 20 900" >"$SYSFS/ptp-kvm/skew" || return
	(sleep 0.8; echo "16.586 0.900 40 1900" >"$DIR/new"; mv "$DIR/new" "$SYSFS/ptp-kvm/skew") &
	runs 0 wait --timeout 30 && prints '0\.900 ppb, over 1900 ms$'
}

# if wait begins to sample, figures from before may be old, and do not count
waits_anew() {
	tree views-healthy || return
	readings &
	(soon reads enabled 1; sleep 0.3; echo "16.586 5.000 20 900" >"$DIR/new"; mv "$DIR/new" "$SYSFS/ptp-kvm/skew") &
	runs 1 wait --timeout 3 && says 'not known to 1.000 ppb after 3 s' || return
	echo "16.586 0.019 200 9800" >"$SYSFS/ptp-kvm/skew" && echo 1 >"$SYSFS/enabled" && runs 0 wait --timeout 0.5
}

# without new readings there is no new figure
waits_for_readings() {
	tree views-healthy && runs 1 wait --timeout 3 && says 'ptp-kvm has no new skew after 3 s' &&
		runs 1 wait --timeout 3 --json && says 'ptp-kvm has no new skew after 3 s' &&
		same reached "$(jq .reached "$DIR/out")" false || return
	echo 1 >"$SYSFS/enabled" && runs 1 wait --timeout 0.5 && says 'has no new skew after 500 ms' &&
		runs 0 wait --timeout 0 && same messages "$(cat "$DIR/err")" "" && echo 0 >"$SYSFS/enabled" &&
		runs 0 wait --timeout 0 && says 'sampling is off: the skew of ptp-kvm is of earlier sampling' || return
	(soon reads enabled 1; echo 0 >"$SYSFS/enabled") &
	runs 1 wait --timeout 3 && says 'sampling is off'
}

ktap_begin
v "watch without a terminal" blocks
v "watch without a terminal reads no pairs" pairs_unread
v "watch --json" json_stream
v "events --follow --json" json_events
v "the module comes and goes" module_comes_and_goes
v "the module is loaded again at once" module_is_loaded_again
v "sampling is switched off" stays_off
v "CPUs come and go" cpus_come_and_go
v "watch on terminals" terminal
v "events --follow" follows
v "events --follow when the ring is full" follows_full_ring
v "events --follow without debugfs" follows_counters
v "events --follow without a reader" follows_for_nobody
v "events --follow among many pairs" follows_many
v "wait until" waits_until
v "wait with figures of earlier sampling" waits_anew
v "wait without new readings" waits_for_readings
ktap_end
