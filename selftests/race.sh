#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2317
#
# Readers of all files run against reset, changed parameters, enabling, CPU hotplug,
# tracing and unloading, all at once. Nothing may be left, hang, or be logged.

. "$(dirname "$0")/lib.sh"

# how long each of the two tests lasts
DURATION=${DURATION:-10}

# until_end COMMAND: repeats the command, and counts how often it succeeded. It may fail, because
# the module may be unloaded.
until_end() {
	local rounds=0
	while [ ! -e "$TMP/end" ]; do
		"$@" || continue
		rounds=$((rounds + 1))
		[ -e "$TMP/did.$*" ] || : >"$TMP/did.$*"
	done >/dev/null 2>&1
	echo "$rounds" >"$TMP/rounds.$*"
}

# errors are expected: of directories, and of a file that can't be read
read_all() {
	cat "$TSCOPE"/* "$TSCOPE"/*/*
	[ -e "$TSCOPE/enabled" ]
}

read_debug() {
	cat "$DEBUG"/* "$DEBUG"/hist/* "$DEBUG"/hist/*/*
	[ -e "$DEBUG/points" ]
}

# a file that stays open while others change what it shows
read_slowly() {
	{ sleep 0.1; cat; } <"$DEBUG/points" &&
		{ sleep 0.1; cat; } <"$TSCOPE/tsc/samples"
}

# no reader may ever see a value that was refused
read_controls() {
	local file
	for file in $NUMBERS; do
		VALUE=
		read -r VALUE <"$TSCOPE/$file"
		case $VALUE in
		4*) echo "$file $VALUE" >>"$TMP/torn" ;;
		esac
	done
	[ -n "$VALUE" ]
}

bad_values() {
	local file
	for file in $NUMBERS; do
		! echo 4000000000 >"$TSCOPE/$file" || return
	done
}

reset_all() {
	echo 1 >"$TSCOPE/reset"
}

parameters() {
	echo 2000 >"$TSCOPE/period_us"
	echo 2000 >"$TSCOPE/width_us"
	echo 50 >"$TSCOPE/burst_us"
	echo 0 >"$TSCOPE/cpus"
	echo 10 >"$TSCOPE/width_us"
	echo 1 >"$TSCOPE/fit_window_s"
	echo 10 >"$TSCOPE/burst_us"
	echo 10000 >"$TSCOPE/period_us"
	echo "$POSSIBLE" >"$TSCOPE/cpus"
}

limits() {
	local file
	for file in "$TSCOPE"/*/*_alert_*; do
		echo 1 >"$file"
	done
	echo 1 >"$TSCOPE/alert_interval_s"
	for file in "$TSCOPE"/*/*_alert_*; do
		echo 0 >"$file"
	done
	echo 60 >"$TSCOPE/alert_interval_s"
}

# the module can't be unloaded while its tracepoints are on
tracing() {
	local on=1
	echo 1 >"$INSTANCE/events/tscope/enable" || on=
	sleep 0.2
	grep -q ' tscope_' "$INSTANCE/trace" || on=
	echo 0 >"$INSTANCE/events/enable"
	echo >"$INSTANCE/trace"
	[ -n "$on" ]
}

toggle() {
	echo 0 >"$TSCOPE/enabled" && echo 1 >"$TSCOPE/enabled"
}

hotplug() {
	local off=1
	echo 0 >"$CPUDIR/cpu$LAST/online" || off=
	echo 1 >"$CPUDIR/cpu$LAST/online" && [ -n "$off" ]
}

unload_load() {
	rmmod tscope || return
	if [ -n "$TSCOPE_MODULE" ]; then
		insmod "$TSCOPE_MODULE" enable=1
	else
		modprobe tscope enable=1
	fi
}

# all_at_once NEEDED COMMAND...: runs the commands at the same time. Each of the NEEDED ones must
# succeed at least once, for which it gets a minute more if the others delay it.
all_at_once() {
	local command pids='' pid waited=0 needed=$1
	shift
	rm -f "$TMP"/end "$TMP"/rounds.* "$TMP"/did.* "$TMP/torn"
	for command; do
		until_end "$command" &
		pids="$pids $!"
	done
	sleep "$DURATION"
	for command in $needed; do
		wait_for 60 test -e "$TMP/did.$command"
	done
	: >"$TMP/end"
	for pid in $pids; do
		while kill -0 "$pid" 2>/dev/null; do
			waited=$((waited + 1))
			[ "$waited" -lt 300 ] || { bad "one of $* hangs"; break 2; }
			sleep 0.1
		done
	done
	[ "$waited" -ge 300 ] || wait
	for command; do
		read -r ROUNDS <"$TMP/rounds.$command"
		echo "# $command: $ROUNDS times"
		case " $needed " in *" $command "*) within "$command, times" "$ROUNDS" 1 1000000000 ;; esac
	done
}

# the module stays loaded; at the end the last values that were written are in force
while_loaded() {
	must_load enable=1 || return
	# shellcheck disable=SC2086
	set -- read_all read_debug read_slowly read_controls bad_values reset_all parameters \
		limits toggle $TRACE $HOTPLUG
	all_at_once "$*" "$@"
	[ ! -s "$TMP/torn" ] || bad "a refused value was seen: $(sort "$TMP/torn" | uniq -c | head -n 3)"
	state
	case $STATE in
	"enabled=1 "*) ;;
	*) bad "controls: $STATE" ;;
	esac
	get tsc/samples
	wait_for 10 grown tsc/samples "$VALUE" || bad "it samples no more"
	unload
	nothing_left
}

while_unloading() {
	must_load enable=1 || return
	# shellcheck disable=SC2086
	all_at_once "unload_load $TRACE $HOTPLUG" read_all read_debug read_slowly unload_load \
		parameters limits toggle $TRACE $HOTPLUG
	[ ! -d /sys/module/tscope ] || unload
	nothing_left
	must_load enable=1 || return
	wait_for 10 grown tsc/samples 0 || bad "it samples no more"
	unload
}

with_hotplug() {
	[ -n "$HOTPLUG" ] || skip "no CPU can go off"
}

with_tracing() {
	[ -n "$TRACE" ] || skip "no instance can be made in $TRACING"
}

begin
cleanup() {
	: >"$TMP/end"
	[ -z "$TRACE" ] || { echo 0 >"$INSTANCE/events/enable"; rmdir "$INSTANCE"; }
	[ -z "$HOTPLUG" ] || echo 1 >"$CPUDIR/cpu$LAST/online"
}
POSSIBLE=$(cat "$CPUDIR/possible")
LAST=$(cat "$CPUDIR/online")
LAST=${LAST##*[-,]}
HOTPLUG=
{ [ "$LAST" = 0 ] || [ ! -w "$CPUDIR/cpu$LAST/online" ]; } || HOTPLUG=hotplug
INSTANCE=$TRACING/instances/tscope_race
TRACE=
rmdir "$INSTANCE" 2>/dev/null	# of a run that was killed
! mkdir "$INSTANCE" 2>/dev/null || TRACE=tracing
run_tests <<END
with_hotplug
with_tracing
while_loaded
while_unloading
END
