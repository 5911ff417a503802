#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2086
#
# What sampling changes is restored however the program ends, and a user who can't sample gets the
# reason. The files are those of a tree: a write changes the file and nothing else.

TESTS=$(dirname "$(readlink -f "$0")")
# shellcheck source=selftests/harness/ktap.sh
. "$TESTS/../../../selftests/harness/ktap.sh"

TSCOPE=${TSCOPE:-$TESTS/../../../build/tscope}
DIR=$(mktemp -d) || exit
trap 'chmod -R u+rwX "$DIR"; rm -rf "$DIR"' EXIT
ROOT=$DIR/root
export TERM=xterm
# shellcheck source=tools/tscope/tests/idle.sh
. "$TESTS/idle.sh"

# until_is FILE VALUE: waits until the file has this value, for 10 s
until_is() {
	local i
	for ((i = 0; i < 100; i++)); do
		[ "$(cat "$S/$1")" != "$2" ] || return 0
		sleep 0.1
	done
	echo "$1 is not $2"
	return 1
}

# begin ARGUMENT...: samples in the background, where signals are not ignored
begin() {
	idle_tree || return
	setsid python3 -c '
import os, signal, sys
for s in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGPIPE): signal.signal(s, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$TSCOPE" pairs --root "$DIR/root" "$@" \
		>"$DIR/out" 2>"$DIR/err" &
	PID=$!
}

# ended: the program ends with the status 0, or 1 if it has found something
ended() {
	local status
	wait "$PID"
	status=$?
	[ $status -le 1 ] || { echo "exit status $status"; cat "$DIR/err"; return 1; }
}

# fine COMMAND...: the same for a command in the foreground
fine() {
	"$@" || [ $? = 1 ]
}

ends() {
	idle_tree || return
	"$TSCOPE" pairs -d 3 --flat-out -c 0,1 --reset --root "$DIR/root" >"$DIR/out" 2>"$DIR/err" &
	PID=$!
	until_is enabled 1 && is width_us 50000 && is cpus 0,1 || return
	ended || return
	as_before && is reset 1 && [ ! -s "$DIR/err" ]
}

# dies SIGNAL
dies() {
	local status
	begin -d 60 --flat-out -c 0,1
	until_is enabled 1 && is width_us 50000 && is cpus 0,1 || return
	kill -s "$1" $PID
	wait $PID
	status=$?
	same "exit status" $status $((128 + $(kill -l "$1"))) && as_before
}

warm_up() {
	begin -d 0.3 --warm-up 3 --reset
	until_is enabled 1 && is reset "" || return
	sleep 1.5
	is reset "" && ended && is reset 1 && as_before
}

ignored() {
	idle_tree || return
	(trap '' HUP; exec "$TSCOPE" pairs -d 2 --root "$DIR/root" >"$DIR/out" 2>"$DIR/err") &
	PID=$!
	until_is enabled 1 && kill -s HUP $PID && sleep 0.5 && is enabled 1 && ended && as_before
}

# if a file can't be changed, files that were changed before are restored
refused() {
	idle_tree && rm "$S/period_us" || return
	"$TSCOPE" pairs -d 1 --flat-out -c 0,1 --root "$DIR/root" 2>"$DIR/err" >"$DIR/out"
	same "exit status" $? 4 && as_before && grep -q 'period_us: No such file or directory' "$DIR/err"
}

# a user may lock a file that they can read: this does not prevent root from sampling
held() {
	local holder
	idle_tree && chmod 644 "$S/enabled" || return
	flock -F --shared "$S/enabled" sleep 60 &
	holder=$!
	fine "$TSCOPE" pairs -d 0.2 --root "$ROOT" >"$DIR/out" 2>"$DIR/err" && same stderr "$(cat "$DIR/err")" ""
	kill $holder
	as_before || return
	# another tscope holds it for a moment when it begins and when it ends
	flock -F "$S/reset" sleep 1 &
	holder=$!
	has_open $holder reset && fine "$TSCOPE" pairs -d 0.2 --root "$ROOT" >"$DIR/out" 2>"$DIR/err" &&
		same stderr "$(cat "$DIR/err")" "" && as_before || return
	# a program may hold the right lock without sampling
	flock -F "$S/reset" sleep 60 &
	holder=$!
	has_open $holder reset && "$TSCOPE" pairs -d 0.2 --root "$ROOT" >"$DIR/out" 2>"$DIR/err"
	same "exit status" $? 4 && grep -qF "another program holds the lock of $S/reset: \"fuser -v $S/reset\" shows which" "$DIR/err"
	holder="$? $holder"
	kill "${holder#* }"
	return "${holder% *}"
}

second() {
	local before
	begin -d 60 --flat-out
	until_is enabled 1 && until_is width_us 50000 || return
	"$TSCOPE" pairs -d 0.2 --flat-out --root "$DIR/root" >"$DIR/out2" 2>"$DIR/err2"
	same "exit status" $? 4 && grep -q 'another tscope is sampling' "$DIR/err2" || return
	is enabled 1 && is width_us 50000 || return
	# a command that changes nothing only reads
	fine "$TSCOPE" pairs -d 0.2 --root "$DIR/root" >"$DIR/out2" 2>"$DIR/err2" || return
	is enabled 1 && is width_us 50000 || return
	kill $PID
	wait $PID
	same "exit status" $? 143 && as_before
}

# sampling was on before: a service that switches it off meanwhile is not undone
switched_off() {
	idle_tree && echo 1 >"$S/enabled" || return
	"$TSCOPE" pairs -d 2 --flat-out --root "$ROOT" >"$DIR/out" 2>"$DIR/err" &
	PID=$!
	until_is width_us 50000 && echo 0 >"$S/enabled" && ended && as_before
}

# has_open PID FILE: waits until the process has the file open, for 10 s
has_open() {
	local i
	for ((i = 0; i < 100; i++)); do
		[ -z "$(find "/proc/$1/fd" -lname "*/$2")" ] || return 0
		sleep 0.1
	done
	echo "$1 has not opened $2"
	return 1
}

# goes_on SUBCOMMAND ARGUMENT...: this begins second, and runs longer than the first, which restores
goes_on() {
	local other status=0
	begin -d 60
	until_is enabled 1 || return
	"$TSCOPE" "$@" --root "$DIR/root" >"$DIR/out2" 2>"$DIR/err2" &
	other=$!
	has_open $other reset || status=1
	kill $PID
	wait $PID
	same "exit status" $? 143 && [ $status = 0 ] && until_is enabled 1 || status=1
	kill $other
	wait $other
	same "exit status" $? 143 && same stderr "$(cat "$DIR/err2")" "" && as_before && return $status
}

# sampling that no tscope began and that is switched off stays off
stays_off() {
	local other status=0 i
	# discard what an earlier test printed
	idle_tree && echo 1 >"$S/enabled" && rm -f "$DIR/out2" && : >"$DIR/out2" || return
	"$TSCOPE" watch --root "$DIR/root" >"$DIR/out2" 2>"$DIR/err2" &
	other=$!
	for ((i = 0; i < 100 && $(wc -l <"$DIR/out2") == 0; i++)); do
		sleep 0.1
	done
	echo 0 >"$S/enabled"
	sleep 2
	is enabled 0 || status=1
	kill $other
	wait $other
	same "exit status" $? 143 && is enabled 0 && return $status
}

# root may write where modes forbid it, so the times of all files are compared
untouched() {
	local before
	files_now() { find "$ROOT" -type f -printf '%P %s %T@\n' | sort; }
	idle_tree && chmod -R a-w "$ROOT" && before=$(files_now) || return
	fine "$TSCOPE" pairs -d 0 --root "$ROOT" >"$DIR/out" 2>"$DIR/err" || return
	same files "$(files_now)" "$before" && same stderr "$(cat "$DIR/err")" ""
}

unloaded_meanwhile() {
	local began=$SECONDS
	begin -d 60
	until_is enabled 1 || return
	mv "$S" "$S.gone"
	wait $PID
	same "exit status" $? 4 && [ $((SECONDS - began)) -lt 20 ]
}

# reloaded: replaces the module that samples by another one, with other settings
reloaded() {
	cp -r "$S" "$S.new" && echo 1 >"$S.new/enabled" && echo 77 >"$S.new/width_us" &&
		echo 1 >"$S.new/cpus" && mv "$S" "$S.gone" && mv "$S.new" "$S"
}

# the settings of a module that was loaded meanwhile stay
loaded_again_meanwhile() {
	begin -d 4 --flat-out -c 0,1
	until_is enabled 1 && reloaded || return
	wait $PID
	is enabled 1 && is width_us 77 && is cpus 1 || return
	begin -d 60 --flat-out -c 0,1
	until_is enabled 1 && reloaded && kill $PID || return
	wait $PID
	is enabled 1 && is width_us 77 && is cpus 1
}

# on_terminal ARGUMENT...: runs with stderr on a terminal; $DIR/screen is what it shows
on_terminal() {
	python3 - "$DIR/screen" "$TSCOPE" "$@" <<-'END'
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
	sys.exit(p.wait())
	END
}

progress() {
	idle_tree && fine on_terminal pairs -d 3 --root "$DIR/root" || return
	# where programs keep the CPUs busy, a second may not be shown
	grep -o '[0-9]* s left' "$DIR/screen" | sort -u >"$DIR/left"
	grep -q '3 s left' "$DIR/screen" && [ "$(wc -l <"$DIR/left")" -ge 2 ] &&
		not grep -q '4 s left\|0 s left' "$DIR/screen"
}

# progress is also shown for reading without sampling: of a file that takes 3 s
progress_of_reading() {
	local from=$TESTS/recordings/guest.ndjson
	rm -f "$DIR/fifo" && mkfifo "$DIR/fifo" || return
	(head -n 1 "$from"; sleep "$1"; sed 1d "$from") >"$DIR/fifo" &
	shift
	on_terminal "$@" "$DIR/fifo" && wait $!
}

reading() {
	progress_of_reading 3.2 stability --from && grep -qP '\rreading, [23] s \e\[K.*\r\e\[K$' "$DIR/screen" &&
		progress_of_reading 3.2 stability -q --from && same screen "$(cat "$DIR/screen")" "" &&
		progress_of_reading 0 stability --from && same screen "$(cat "$DIR/screen")" ""
}

# chronyc that does not answer
asking() {
	local daemon status
	idle_tree && mkdir -p "$DIR/bin" && printf '#!/bin/sh\nexec sleep 60\n' >"$DIR/bin/chronyc" &&
		chmod +x "$DIR/bin/chronyc" && cp "$(command -v sleep)" "$DIR/bin/chronyd" || return
	"$DIR/bin/chronyd" 60 &
	daemon=$!
	PATH=$DIR/bin:$PATH TSCOPE_SYSFS=$S TSCOPE_DEBUGFS=$ROOT/sys/kernel/debug/tscope \
		on_terminal report -d 0 --json
	status=$?
	kill $daemon
	wait $daemon
	cat -A "$DIR/screen"
	[ $status -le 1 ] && grep -qP '\rlooking at the machine, 0*[23] s \e\[K.*\r\e\[K$' "$DIR/screen"
}

no_progress() {
	idle_tree && fine on_terminal pairs "$@" --root "$DIR/root" && same screen "$(cat "$DIR/screen")" ""
}

no_progress_elsewhere() {
	idle_tree && fine "$TSCOPE" pairs -d 2.5 --root "$DIR/root" >"$DIR/out" 2>"$DIR/err" && same stderr "$(cat "$DIR/err")" ""
}

says() {
	local status=$1 text=$2
	shift 2
	"$TSCOPE" "$@" >"$DIR/out" 2>"$DIR/err"
	same "exit status" $? "$status" && { grep -qF "$text" "$DIR/err" || { cat "$DIR/err"; return 1; }; }
}

not_loaded() {
	idle_tree && rm -r "$S" && mkdir -p "$DIR/root/lib/modules/6.12.117+deb12-amd64" &&
		echo "updates/dkms/tscope.ko.xz:" >"$DIR/root/lib/modules/6.12.117+deb12-amd64/modules.dep" &&
		says 4 'the module is not loaded: run "modprobe tscope" as root' pairs -d 1 --root "$DIR/root"
}

no_module() {
	idle_tree && rm -r "$S" &&
		says 4 'there is no module for the running kernel 6.12.117+deb12-amd64: install the packages tscope-dkms and linux-headers-6.12.117+deb12-amd64' pairs -d 1 --root "$DIR/root"
}

not_root() {
	idle_tree && chmod 755 "$DIR" && chmod 700 "$DIR/root/sys/kernel/debug" || return
	if [ "$(id -u)" = 0 ]; then set -- setpriv --reuid 65534 --regid 65534 --clear-groups; fi
	chmod 644 "$S/enabled"
	[ "$(id -u)" = 0 ] || chmod 444 "$S/enabled" "$S/reset"
	chmod 000 "$DIR/root/sys/kernel/debug"
	cp "$TSCOPE" "$DIR/tscope" && chmod 755 "$DIR/tscope" || return
	"$@" "$DIR/tscope" pairs -d 1 --root "$DIR/root" >"$DIR/out" 2>"$DIR/err"
	same "exit status" $? 4 && grep -q 'only root can start sampling: run it as root (sudo), or with -d 0' "$DIR/err" || return
	# what this user may read is shown, and what not is reported
	fine "$@" "$DIR/tscope" report -d 0 --json --root "$DIR/root" >"$DIR/out" 2>"$DIR/err" || return
	python3 -c '
import json, sys
o = json.load(open(sys.argv[1]))
assert len(o["clocks"]) == 7 and o["cpus"] == []
assert [(p["clock"], p["hull_ns"], p["warps"]) for p in o["pairs"]] == [("tsc", None, None), ("kvm-clock", None, None)], o["pairs"]
assert any(e.startswith("only the worst pair") for e in o["errors"]), o["errors"]
assert any("debug/tscope" in e and "run as root (sudo)" in e for e in o["errors"]), o["errors"]' "$DIR/out"
}

ktap_begin
t "restored at the end; reset" ends
for signal in INT TERM HUP QUIT PIPE ALRM USR1 USR2 XCPU; do
	t "restored after SIG$signal, of which it dies" dies $signal
done
t "an ignored SIGHUP stays ignored" ignored
t "restored after a file that refuses" refused
t "reset comes after the warm-up" warm_up
t "a second tscope does not change what the first restores" second
t "a lock that another program holds" held
t "a second tscope goes on when the first ends" goes_on pairs -d 60
t "a second tscope goes on in its warm-up" goes_on pairs -d 1 --warm-up 60
t "wait goes on when the first tscope ends" goes_on wait --error-ppb 0.001 --timeout 60
t "watch goes on when the first tscope ends" goes_on watch
t "watch goes on within its interval" goes_on watch -i 60
t "watch leaves sampling off that it did not begin" stays_off
t "sampling that is switched off meanwhile stays off" switched_off
t "-d 0 changes nothing" untouched
t "the module goes meanwhile" unloaded_meanwhile
t "another module is loaded meanwhile" loaded_again_meanwhile
t "progress on a terminal" progress
t "progress of asking chronyd" asking
t "progress of reading a file" reading
t "no progress up to two seconds" no_progress -d 2
t "no progress with --quiet" no_progress -d 2.5 --quiet
t "no progress where stderr is no terminal" no_progress_elsewhere
t "not loaded" not_loaded
t "no module for this kernel" no_module
t "not root" not_root
ktap_end
