# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# ktap.sh: KTAP for scripts that are not kselftests. Each test is a command, whose output
# is printed if it fails. The plan comes last, so tests need not be counted before.

KTAP_COUNT=0 KTAP_FAILED=0 KTAP_SKIPPED=0
KTAP_SAID=$(mktemp)

ktap_begin() {
	echo "TAP version 13"
}

# ktap_skip_all REASON: ends the script
ktap_skip_all() {
	rm -f "$KTAP_SAID"
	echo "TAP version 13"
	echo "1..0 # SKIP $1"
	exit 4
}

# t NAME COMMAND...: passes if the command does
t() {
	local name=$1
	shift
	KTAP_COUNT=$((KTAP_COUNT + 1))
	if "$@" >"$KTAP_SAID" 2>&1; then
		echo "ok $KTAP_COUNT $name"
	else
		KTAP_FAILED=$((KTAP_FAILED + 1))
		tail -n 40 "$KTAP_SAID" | sed 's/^/# /'
		echo "not ok $KTAP_COUNT $name"
	fi
}

# t_skip NAME REASON
t_skip() {
	KTAP_COUNT=$((KTAP_COUNT + 1)) KTAP_SKIPPED=$((KTAP_SKIPPED + 1))
	echo "ok $KTAP_COUNT $1 # SKIP $2"
}

# ktap_end: ends the script
ktap_end() {
	rm -f "$KTAP_SAID"
	echo "1..$KTAP_COUNT"
	echo "# Totals: pass:$((KTAP_COUNT - KTAP_FAILED - KTAP_SKIPPED)) fail:$KTAP_FAILED xfail:0 xpass:0 skip:$KTAP_SKIPPED error:0"
	[ "$KTAP_FAILED" = 0 ]
	exit
}

# not COMMAND...: succeeds if the command fails
not() {
	! "$@"
}

# same WHAT GOT WANTED
same() {
	[ "$2" = "$3" ] || { echo "$1: is '$2', not '$3'"; return 1; }
}

# empty PATH...: none of them exists
empty() {
	local path status=0
	for path; do
		[ ! -e "$path" ] || { echo "$path is there:"; find "$path" | head; status=1; }
	done
	return $status
}

# note TEXT: progress
note() {
	printf '# [%3d s] %s\n' "$SECONDS" "$1"
}
