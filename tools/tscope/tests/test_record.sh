#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2086
#
# tscope record: what is written about trees that change, that a recording is complete whatever ends
# it, and that memory does not grow in hours.

TESTS=$(dirname "$(readlink -f "$0")")
# shellcheck source=selftests/harness/ktap.sh
. "$TESTS/../../../selftests/harness/ktap.sh"

TSCOPE=${TSCOPE:-$TESTS/../../../build/tscope}
TSCOPE_FAST=${TSCOPE_FAST:-$TSCOPE}
DIR=$(mktemp -d) || exit
trap 'chmod -R u+rwX "$DIR"; rm -rf "$DIR"' EXIT
ROOT=$DIR/root
export TERM=xterm
# shellcheck source=tools/tscope/tests/idle.sh
. "$TESTS/idle.sh"
D=$ROOT/sys/kernel/debug/tscope
FILE=$DIR/a.ndjson

# values OBJECT KEY...: these members of all lines of this kind, in one line for each
values() {
	python3 - "$FILE" "$@" <<-'END'
	import decimal, json, sys
	for line in open(sys.argv[1]):
	    line = json.loads(line, parse_float=decimal.Decimal)
	    if sys.argv[2] in line:
	        print(*(line[sys.argv[2]][key] for key in sys.argv[3:]))
	END
}

fresh() {
	rm -f "$FILE"
	idle_tree
}

# until_true COMMAND...: waits until the command succeeds, for 10 s
until_true() {
	local i
	for ((i = 0; i < 100; i++)); do
		! "$@" || return 0
		sleep 0.1
	done
	echo "never: $*"
	return 1
}

# has PATTERN: the recording has such a line
has() {
	grep -q "$1" "$FILE" 2>/dev/null
}

# begin ARGUMENT...: records in the background with signals not ignored. PROGRAM: which command
begin() {
	setsid python3 -c '
import os, signal, sys
for s in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGPIPE): signal.signal(s, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "${PROGRAM:-$TSCOPE}" record --root "$ROOT" -o "$FILE" "$@" \
		>"$DIR/out" 2>"$DIR/err" &
	PID=$!
	until_true has tscope_recording
}

# ends STATUS WHY: the recording ends with this status and this reason
ends() {
	local status
	wait "$PID"
	status=$?
	cat "$DIR/err"
	same "exit status" $status "$1" && same messages "$(cat "$DIR/err")" "" &&
		same "last line" "$(tail -n 1 "$FILE" | grep -o '^{"end":.*"why":"[a-z]*"' | sed 's/.*why//')" "\":\"$2\"" &&
		"$TESTS/validate.py" --recording "$FILE" && as_before
}

# stops [STATUS]: SIGINT ends the recording with this status (0)
stops() {
	kill -s INT "$PID" && ends "${1:-0}" signal
}

# -d 0 records what is there: each point, the pairs, histograms
there() {
	fresh || return
	"$TSCOPE" record -d 0 -o "$FILE" --root "$ROOT" 2>"$DIR/err"
	same "exit status" $? 0 && "$TESTS/validate.py" --recording "$FILE" || return
	values point clock tsc phase_ns width_ns >"$DIR/points"
	sed 1d "$D/points" | cut -d' ' -f1,3- >"$DIR/wanted"
	cmp "$DIR/points" "$DIR/wanted" || return
	same pairs "$(values pair clock cpu_i cpu_j offset_ns bound_ns)" "$(sed 1d "$D/pairs" | cut -d' ' -f1-5)" &&
		same "end" "$(values end points lost events)" "$(wc -l <"$DIR/wanted") 0 0" &&
		same "histograms" "$(values histogram name | sort)" "$(cd "$D/hist" && find . -type f | sed 's,^./,,' | sort)" &&
		as_before
}

to_stdout() {
	fresh || return
	"$TSCOPE" record -d 0 -o - --root "$ROOT" >"$FILE" 2>"$DIR/err" &&
		"$TESTS/validate.py" --recording "$FILE" && same messages "$(cat "$DIR/err")" "" &&
		same points "$(values point tsc | wc -l)" "$(sed 1d "$D/points" | wc -l)"
}

# moves ARGUMENT...: lets the tree take points as soon as a recording begins
moves() {
	fresh || return
	"$TESTS/moving_tree.py" "$ROOT" "$FILE" "$@" >"$DIR/taken" 2>"$DIR/mover" &
	MOVER=$!
	until_true [ -e "$ROOT/ready" ]
}

# moved: waits until the tree has taken all points
moved() {
	wait $MOVER || { cat "$DIR/mover"; return 1; }
}

# by_clock FILE: lines sorted by clock, otherwise in their order
by_clock() {
	sort -s -k1,1 "$1"
}

# Each point once, in order, with its segment.
each_once() {
	moves --looks 20 --step-every 7 && begin -i 0.1 -d 60 && moved && stops || return
	values point clock segment tsc phase_ns width_ns >"$DIR/points"
	cmp <(by_clock "$DIR/points") <(by_clock "$DIR/taken") &&
		same end "$(values end points lost)" "$(wc -l <"$DIR/taken") 0"
}

# The module keeps 200 points and takes 300 between looks: the recording says how many are missing.
overrun() {
	local gone
	moves --looks 6 --points 300 && begin -i 0.1 -d 60 && moved && stops || return
	values point clock segment tsc phase_ns width_ns >"$DIR/points"
	same "not taken" "$(grep -cvxFf "$DIR/taken" "$DIR/points")" 0 || return
	gone=$(($(wc -l <"$DIR/taken") - $(wc -l <"$DIR/points")))
	same "missing" $gone $((6 * 100 * 2)) && same lost "$(values end lost)" $gone &&
		same gaps "$(values gap lost | sort | uniq -c | tr -s ' ')" " 12 100"
}

# dies SIGNAL: the recording is complete, and sampling is restored
dies() {
	fresh && begin -d 60 --flat-out -c 0 && is enabled 1 && is width_us 50000 && is cpus 0 || return
	sleep 0.3
	kill -s "$1" $PID
	# no point came meanwhile: no figure
	ends 4 signal
}

ignored() {
	fresh || return
	(trap '' HUP; exec "$TSCOPE" record -d 2 --root "$ROOT" -o "$FILE" >"$DIR/out" 2>"$DIR/err") &
	PID=$!
	until_true has tscope_recording && kill -s HUP $PID && ends 4 time
}

# The module keeps the points of a minute: so the interval is half a minute.
slow() {
	fresh && echo 60 >"$S/fit_window_s" && begin -i 1h -d 2h && stops 4 &&
		same interval "$(sed -n '1s/.*"interval_ms":\([0-9]*\),.*/\1/p' "$FILE")" 30000
}

# The recording takes as long as -d says; its first line is written at once.
duration() {
	local began
	fresh && began=$(date +%s%N) && begin -d 2 && ends 4 time || return
	began=$((($(date +%s%N) - began) / 1000000))
	echo "$began ms"
	[ $began -ge 1900 ] && [ $began -le 6000 ]
}

killed() {
	moves --looks 20 && begin -i 0.1 -d 60 && moved || return
	kill -s KILL $PID
	wait $PID
	echo 0 >"$S/enabled"
	"$TESTS/validate.py" --recording "$FILE" && same points "$(values point tsc | wc -l)" "$(wc -l <"$DIR/taken")" || return
	"$TSCOPE" stability --from "$FILE" >"$DIR/out" 2>"$DIR/err"
	same "exit status" $? 0 && grep -q 'the recording has no end' "$DIR/err"
}

# /dev/full, and a limit of the file's size in place of a disk that has little room left.
full() {
	fresh || return
	"$TSCOPE" record -d 5 -o /dev/full --root "$ROOT" 2>"$DIR/err"
	same "exit status" $? 2 && same messages "$(cat "$DIR/err")" "tscope: /dev/full: the recording ends here: No space left on device" &&
		as_before || return
	"$TSCOPE" record -d 5 -o - --root "$ROOT" >/dev/full 2>"$DIR/err"
	same "exit status" $? 2 && same messages "$(cat "$DIR/err")" \
		"tscope: standard output: the recording ends here: No space left on device" && as_before || return
	moves --looks 200 || return
	(ulimit -f 100; exec "$TSCOPE" record -i 0.1 -d 60 -o "$FILE" --root "$ROOT" 2>"$DIR/err")
	same "exit status" $? 2 && grep -q 'the recording ends here: File too large' "$DIR/err" && as_before || return
	kill $MOVER
	[ "$(stat -c %s "$FILE")" -gt 80000 ] && "$TESTS/validate.py" --recording "$FILE" &&
		same "last byte" "$(tail -c 1 "$FILE")" ""
}

closed_pipe() {
	moves --looks 200 || return
	("$TSCOPE" record -i 0.1 -d 60 -o - --root "$ROOT" 2>"$DIR/err"; echo $? >"$DIR/status") | head -n 1 >"$FILE"
	kill $MOVER
	same "exit status" "$(cat "$DIR/status")" 141 && as_before
}

# A signal that comes while a full pipe waits for its reader: the recording is complete.
slow_reader() {
	fresh && python3 - "$FILE" "$TSCOPE" record -d 0 -o - --root "$ROOT" 2>"$DIR/err" <<-'END'
	import array, fcntl, os, signal, subprocess, sys, termios, time
	r, w = os.pipe()
	fcntl.fcntl(w, fcntl.F_SETPIPE_SZ, 4096)
	p = subprocess.Popen(sys.argv[2:], stdout=w)
	os.close(w)
	there = array.array("i", [0])
	while there[0] < 4096 and p.poll() is None:
	    time.sleep(0.1)
	    fcntl.ioctl(r, termios.FIONREAD, there)
	time.sleep(0.3)
	p.send_signal(signal.SIGTERM)
	time.sleep(0.5)
	with open(sys.argv[1], "wb") as out, open(r, "rb") as reader:
	    out.write(reader.read())
	sys.exit(p.wait())
	END
	same "exit status" $? 0 && same messages "$(cat "$DIR/err")" "" && "$TESTS/validate.py" --recording "$FILE" &&
		same "last line" "$(tail -n 1 "$FILE" | grep -o '^{"end":.*"why":"[a-z]*"' | sed 's/.*why//')" '":"signal"'
}

# The reader never reads: the first signal has to wait, and the second one ends the program.
hung_reader() {
	fresh && timeout -s KILL 30 python3 - "$1" "$TSCOPE" record -d 60 -o - --root "$ROOT" 2>"$DIR/err" <<-'END'
	import os, signal, subprocess, sys, time
	r, w = os.pipe()
	os.set_blocking(w, False)
	try:
	    while True:
	        os.write(w, b"x")
	except BlockingIOError:
	    os.set_blocking(w, True)
	p = subprocess.Popen(sys.argv[2:], stdout=w)
	time.sleep(2)
	which = signal.Signals["SIG" + sys.argv[1]]
	p.send_signal(which)
	time.sleep(1)
	if p.poll() is not None:
	    sys.exit("one signal was enough")
	p.send_signal(which)
	sys.exit(0 if p.wait(5) == -which else "it ended otherwise: %d" % p.returncode)
	END
	same "exit status" $? 0 && same messages "$(cat "$DIR/err")" "" && as_before
}

# wrong STATUS TEXT ARGUMENT...
wrong() {
	local status=$1 text=$2
	shift 2
	fresh || return
	"$TSCOPE" record --root "$ROOT" "$@" >"$DIR/out" 2>"$DIR/err"
	same "exit status" $? "$status" && as_before && { grep -qF -- "$text" "$DIR/err" || { cat "$DIR/err"; return 1; }; }
}

no_debugfs() {
	fresh && rm -r "$D" || return
	"$TSCOPE" record -d 1 -o "$FILE" --root "$ROOT" 2>"$DIR/err"
	same "exit status" $? 4 && grep -q 'mount -t debugfs' "$DIR/err" && [ ! -e "$FILE" ] && as_before
}

no_module() {
	fresh && rm -r "$S" || return
	"$TSCOPE" record -d 1 -o "$FILE" --root "$ROOT" 2>"$DIR/err"
	same "exit status" $? 4 && grep -q 'the module is not loaded\|there is no module' "$DIR/err" && [ ! -e "$FILE" ]
}

# The module is unloaded and loaded again: sampling goes on.
reload() {
	fresh && begin -i 0.1 -d 60 --flat-out && is width_us 50000 || return
	mv "$S" "$DIR/gone" && mv "$D" "$DIR/gone.debug" && until_true has '"what":"unloaded"' || return
	rm -r "$DIR/gone" "$DIR/gone.debug"
	sleep 0.5
	"$TESTS/unpack.sh" lab-guest "$DIR/new" && echo 0 >"$DIR/new/sys/kernel/tscope/enabled" &&
		: >"$DIR/new/sys/kernel/tscope/reset" &&
		echo 20 >"$DIR/new/sys/kernel/tscope/width_us" && sed -i 's/^\([a-z-]* [0-9]* \)/\19/' "$DIR/new/sys/kernel/debug/tscope/points" && echo 0-1 >"$DIR/new/sys/kernel/tscope/cpus" &&
		mv "$DIR/new/sys/kernel/debug/tscope" "$D" && mv "$DIR/new/sys/kernel/tscope" "$S" && rm -r "$DIR/new" &&
		until_true has '"what":"loaded","text":"the module was loaded, version 0.1.0"' &&
		until_true is enabled 1 && is width_us 50000 && until_true has '"what":"sampling"' && stops || return
	# all points of the new module are written, as a new segment; the state before is there too
	same segments "$(values point segment | sort -u)" 2 &&
		same points "$(values point clock tsc phase_ns)" "$(sed 1d "$D/points" | cut -d' ' -f1,3,4)" &&
		same states "$(values state pairs | wc -l)" 2 &&
		same notes "$(values note what | paste -sd' ')" "unloaded loaded sampling"
}

# write FILE TEXT: replaces a file at once, as the kernel does
write() {
	echo "$2" >"$DIR/written" && mv "$DIR/written" "$1"
}

# A reset is noticed because counters begin at 0 again.
reset() {
	fresh && begin -i 0.1 -d 60 || return
	for clock in "$S"/*/samples; do
		write "$clock" 3
	done
	until_true has '"what":"reset"' && sleep 0.5 && stops 4 || return
	same notes "$(values note what)" reset && same states "$(values state pairs | wc -l)" 2
}

# Changes are noted once; if pairs can't be read, also that sysfs has the worst pairs.
changes() {
	fresh && begin -i 0.1 -d 60 || return
	write "$ROOT/sys/devices/system/cpu/online" 0 && until_true has 'CPUs online: 0; before: 0-1' &&
		write "$S/tsc/khz" 2100001 &&
		until_true has '"what":"tsc-khz","text":"the TSC.s frequency: 2100001 kHz; before: 2100000","tsc_khz":2100001' &&
		write "$ROOT/sys/devices/system/clocksource/clocksource0/current_clocksource" hpet &&
		until_true has 'clocksource: hpet; before: kvm-clock' &&
		echo nonsense >"$D/pairs" &&
		until_true has '"what":"error","text":"[^"]*/pairs: line 1 does not name the columns' &&
		write "$S/enabled" 0 && until_true has 'sampling was switched off' || return
	sleep 0.5
	stops 4 && same notes "$(values note what | paste -sd' ')" "cpus tsc-khz clocksource error error sampling"
}

# violation S WHAT CLOCK SIZE: a line of the module's file
violation() {
	echo "${1}000000000 $(($1 * 2100000000)) $2 $3 0 - $4 1"
}

# now S: seconds since boot
now() {
	write "$ROOT/proc/uptime" "$1.00 0.00"
}

# Events are written once; a step when it can no longer become part of a jump of the TSC.
events() {
	local head
	# two events before the recording: an old one, and one that might still become part of a jump
	fresh && head=$(head -n 1 "$D/violations") && now 100 && {
		echo "$head"
		violation 50 step kvm-clock 7000
		violation 98 step acpi-pm 8000
	} >"$D/violations" && begin -i 0.1 -d 60 || return
	{
		echo "$head"
		violation 50 step kvm-clock 7000
		violation 98 step acpi-pm 8000
		violation 101 step ptp-kvm 100000000
	} >"$DIR/v" && mv "$DIR/v" "$D/violations" && now 102
	sleep 0.5
	same "events while it settles" "$(values event kind)" "" || return
	now 107
	until_true has '"kind":"step"' || return
	write "$S/kvm-clock/updates" $(($(<"$S/kvm-clock/updates") + 3)) && until_true has '"kind":"update"' || return
	{
		cat "$D/violations"
		violation 107 step ptp-kvm -100000000
	} >"$DIR/v" && mv "$DIR/v" "$D/violations"
	sleep 0.5
	stops 4 && same events "$(values event kind clock size_ns count | paste -sd,)" \
		"step ptp-kvm 100000000 1,update kvm-clock 0 3,step ptp-kvm -100000000 1" &&
		same end "$(values end events)" 3
}

rss_kb() {
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}

# most_kb UNTIL: the largest memory in kB that the program has until there are this many lines
most_kb() {
	local most=0 now
	while [ "$(wc -l <"$FILE")" -lt "$1" ]; do
		now=$(rss_kb $PID) && [ -n "$now" ] || return
		[ "$now" -le $most ] || most=$now
		sleep 0.05
	done
	echo $most
}

# Memory does not grow from some minutes of points to half an hour of them, with segments that break
# and a ring of warps; 16 bytes for each point would be 900 kB.
memory() {
	local early late points
	moves --looks 150 --points 280 --window 1200 --step-every 50 &&
		PROGRAM=$TSCOPE_FAST begin -i 0.01 -d 300 && early=$(most_kb 20000) && late=$(most_kb 120000) &&
		moved && kill -s INT "$PID" && wait "$PID" || return
	points=$(grep -c '^{"point"' "$FILE")
	echo "$early kB, after $points points $late kB"
	same points "$points" "$(wc -l <"$DIR/taken")" && [ "$early" -gt 1000 ] && [ "$late" -le $((early + 512)) ]
}

# An hour at the defaults: four clocks with 20 points a second, two devices with one in 240 ms, and
# 60 states
size() {
	there && awk '
		/^{"point"/ { points += length + 1; n++; next }
		{ others += length + 1 }
		END {
			mb = (points / n * (4 * 72000 + 2 * 15000) + 60 * others) / 1e6
			print mb " MB"
			exit mb > 35
		}' "$FILE"
}

# progress ARGUMENT...: records with stderr on a terminal; $DIR/screen is what it shows
progress() {
	fresh && python3 - "$DIR/screen" "$TSCOPE" record -d 3 --root "$ROOT" -o "$FILE" "$@" <<-'END'
	import os, pty, subprocess, sys
	master, slave = pty.openpty()
	p = subprocess.Popen(sys.argv[2:], stderr=slave, stdout=subprocess.DEVNULL)
	os.close(slave)
	text = b""
	try:
	    while chunk := os.read(master, 4096):
	        text += chunk
	except OSError:
	    pass
	open(sys.argv[1], "wb").write(text)
	sys.exit(p.wait() != 4)
	END
}

shows_progress() {
	progress && grep -q 'recording, 0:00:03 left, 0 points, 0 events' "$DIR/screen" && grep -q '0:00:01 left' "$DIR/screen" &&
		grep -q "$FILE: 0 points, 0 events, [0-9]* bytes" "$DIR/screen"
}

shows_nothing() {
	progress --quiet && same screen "$(cat "$DIR/screen")" ""
}

ktap_begin
t "what is there" there
t "to standard output" to_stdout
t "each point once" each_once
t "more points than the module keeps" overrun
for signal in INT TERM HUP; do
	t "SIG$signal ends it well" dies $signal
done
t "an ignored SIGHUP stays ignored" ignored
t "as long as it should" duration
t "an interval that is too long" slow
t "killed: what was written is whole" killed
t "a full disk" full
t "a reader that ends" closed_pipe
t "a signal while its reader is slow" slow_reader
for signal in INT TERM; do
	t "a second SIG$signal while its reader hangs" hung_reader $signal
done
t "no file" wrong 2 "-o FILE is missing" -d 1
t "a file that can't be written" wrong 2 "$DIR/none/a: No such file" -d 1 -o "$DIR/none/a"
t "an argument" wrong 2 "Too many arguments" -d 1 -o "$FILE" kvm-clock
t "no debugfs" no_debugfs
t "no module" no_module
t "the module is loaded again" reload
t "a reset" reset
t "what changes" changes
t "events" events
t "constant memory" memory
t "size of an hour" size
t "progress on a terminal" shows_progress
t "no progress with --quiet" shows_nothing
ktap_end
