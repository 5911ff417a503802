#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2317
#
# A user without privileges can read /sys/kernel/tscope, and do nothing else. No file,
# trace or line of the log shows an address of the kernel, not even to root.

. "$(dirname "$0")/lib.sh"

# as_nobody COMMAND: runs it as nobody, with a program that exists here
as_nobody() {
	case $NOBODY in
	setpriv) setpriv --reuid 65534 --regid 65534 --clear-groups sh -c "$1" ;;
	setuidgid) setuidgid nobody sh -c "$1" ;;
	su) su -s /bin/sh nobody -c "$1" ;;
	esac
}

find_nobody() {
	for NOBODY in setpriv setuidgid su; do
		command -v $NOBODY >/dev/null || continue
		[ "$(as_nobody 'id -u' 2>/dev/null)" = 65534 ] && return
	done
	return 1
}

# all files can be read, except reset, which is for writing
reads() {
	as_nobody "find $TSCOPE -type f | xargs cat 2>&1 >/dev/null" |
		grep -v 'No data' >"$TMP/unread"
	same "lines of errors" "$(wc -l <"$TMP/unread")" 1
	same "files that can't be read" "$(grep -o "$TSCOPE/[^:']*" "$TMP/unread")" "$TSCOPE/reset"
}

writes() {
	local before
	state
	before=$STATE
	as_nobody "find $TSCOPE -type f | while read -r file; do
			(echo 1 >\$file) && echo \$file
		done" >"$TMP/written" 2>"$TMP/refused"
	same "files that can be written" "$(cat "$TMP/written")" ""
	same "files that nobody may write" "$(grep -c 'ermission denied' "$TMP/refused")" \
		"$(find "$TSCOPE" -type f | wc -l)"
	state
	same "controls" "$STATE" "$before"
}

# closed DIR: the user can neither list nor enter it
closed() {
	[ -d "$1" ] || { skip "no $1"; return; }
	as_nobody "ls $1/ || cat $1/pairs || cat $1/hist/wakeup" >"$TMP/seen" 2>/dev/null
	same "what is seen in $1" "$(cat "$TMP/seen")" ""
}

# closed_files: the files are closed even if everybody may enter the mount, which is not the default
closed_files() {
	local mode
	[ -d "$DEBUG" ] || { skip "no $DEBUG"; return; }
	mode=$(stat -c %a /sys/kernel/debug)
	chmod 755 /sys/kernel/debug
	as_nobody "find $DEBUG -type f | while read -r file; do
			cat \$file >/dev/null 2>&1 && echo \$file
		done" >"$TMP/seen"
	chmod "$mode" /sys/kernel/debug
	same "files that can be read" "$(cat "$TMP/seen")" ""
}

# the parameters, as numbers and nothing more
parameters() {
	as_nobody "cat /sys/module/tscope/parameters/*" >"$TMP/seen" 2>&1 ||
		bad "parameters can't be read: $(head -n 1 "$TMP/seen")"
	as_nobody "for file in /sys/module/tscope/parameters/*; do
			(echo 1 >\$file) 2>/dev/null && echo \$file
		done" >"$TMP/written"
	same "parameters that can be written" "$(cat "$TMP/written")" ""
}

# making, removing and renaming files is refused, and so is writing as root of a user namespace
no_way_round() {
	local before
	state
	before=$STATE
	as_nobody "mkdir $TSCOPE/x; rm -f $TSCOPE/enabled; mv $TSCOPE/enabled $TSCOPE/x
		chmod 666 $TSCOPE/enabled; ln -s / $TSCOPE/x
		unshare -Ur sh -c 'echo 1 >$TSCOPE/enabled; echo 1 >$TSCOPE/reset'
		rmmod tscope; insmod $TSCOPE_MODULE" >/dev/null 2>&1
	state
	same "controls" "$STATE" "$before"
	same "mode of enabled" "$(stat -c %a "$TSCOPE/enabled")" 644
	[ ! -e "$TSCOPE/x" ] || bad "$TSCOPE/x was made"
	[ -d /sys/module/tscope ] || bad "it was unloaded"
}

# no_address WHAT < TEXT: the text has nothing that looks like a pointer into the kernel
no_address() {
	grep -aiE '(^|[^0-9a-f])(0x)?ffff[0-9a-f]{12}([^0-9a-f]|$)' >"$TMP/address" || return 0
	bad "$1 shows an address: $(head -n 1 "$TMP/address")"
}

# addresses: reads everything that can be read while the module samples and is traced
addresses() {
	local path
	if [ -d "$TRACING/events/tscope" ] && mkdir "$TRACING/instances/tscope_selftest" 2>/dev/null; then
		echo norecord-cmd >"$TRACING/instances/tscope_selftest/trace_options"
		echo 1 >"$TRACING/instances/tscope_selftest/events/tscope/enable"
	fi
	set_to enabled 1
	sleep 2
	set_to enabled 0
	find "$TSCOPE" "$DEBUG" -type f ! -name reset -print0 | xargs -0 cat >"$TMP/text" 2>/dev/null
	[ -s "$TMP/text" ] || bad "no file was read"
	no_address "a file" <"$TMP/text"
	dmesg | grep 'tscope' >"$TMP/text"
	no_address "the log" <"$TMP/text"
	[ -d "$TRACING/instances/tscope_selftest" ] ||
		{ skip "no instance in $TRACING: the trace was not looked at"; return; }
	cat "$TRACING/instances/tscope_selftest/trace" >"$TMP/text"
	echo 0 >"$TRACING/instances/tscope_selftest/events/enable"
	rmdir "$TRACING/instances/tscope_selftest"
	same "the trace has events" "$(grep -c -m1 tscope_window "$TMP/text")" 1
	no_address "the trace" <"$TMP/text"
}

# formats: tracepoints neither print a pointer nor store one
formats() {
	local path
	[ -d "$TRACING/events/tscope" ] || { skip "no tracefs at $TRACING"; return; }
	for path in "$TRACING"/events/tscope/*/format; do
		grep -E '%p|field:[^;]*\*' "$path" >"$TMP/odd" && bad "$path: $(head -n 1 "$TMP/odd")"
	done
}

begin
find_nobody || skip_all "no setpriv, setuidgid or su to become user 65534 with"
load enable=0 || { echo "Bail out! the module does not load: $ERRNO"; exit 1; }
mkdir -m 777 "$TMP/nobody" && chmod 755 "$TMP"
run_tests <<END
reads
writes
closed $DEBUG
closed $TRACING/events/tscope
closed_files
parameters
no_way_round
addresses
formats
END
