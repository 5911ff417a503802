#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2317
#
# What a user without privileges may do: read /sys/kernel/tscope, and nothing else.

. "$(dirname "$0")/lib.sh"

# as_nobody COMMAND: by whichever program is here
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

# all but reset, which is for writing
reads() {
	as_nobody "find $TSCOPE -type f | while read -r file; do
			cat \$file >/dev/null 2>$TMP/nobody/err && continue
			grep -q 'No data' $TMP/nobody/err || echo \$file
		done" >"$TMP/unread"
	same "files that can't be read" "$(cat "$TMP/unread")" "$TSCOPE/reset"
}

writes() {
	local before
	state
	before=$STATE
	as_nobody "find $TSCOPE -type f | while read -r file; do
			(echo 1 >\$file) 2>$TMP/nobody/err && echo \$file
			grep -q 'ermission denied' $TMP/nobody/err || echo \$file
		done" >"$TMP/written"
	same "files that can be written" "$(cat "$TMP/written")" ""
	state
	same "controls" "$STATE" "$before"
}

# DIR: neither to be listed nor entered
closed() {
	[ -d "$1" ] || { skip "no $1"; return; }
	as_nobody "ls $1/ || cat $1/pairs || cat $1/hist/wakeup" >"$TMP/seen" 2>/dev/null
	same "what is seen in $1" "$(cat "$TMP/seen")" ""
}

# also where the mount lets everybody in, which is not its default
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
END
