# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2317
#
# For tests of what the command prints for people: runs it on recorded trees. Needs ktap.sh.

DIR=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$DIR" "$KTAP_SAID"' EXIT
chmod 755 "$DIR"
export TZ=UTC TERM=xterm
# test_command.sh looks for leaks
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}
unset TSCOPE_SYSFS TSCOPE_DEBUGFS
GOLDEN_DIR=$TSCOPE_TESTS/golden/views
ROOT=$DIR/root SYSFS=$DIR/root/sys/kernel/tscope DEBUGFS=$DIR/root/sys/kernel/debug/tscope
ESC=$(printf '\033')

# v ...: like t, but ends a job that the test left in the background, and waits for it.
v() {
	t "$@"
	# shellcheck disable=SC2046
	kill $(jobs -p) 2>/dev/null
	wait
}

# soon COMMAND...: the command succeeds within 20 s; other programs may keep the CPUs busy
soon() {
	local i
	for ((i = 0; i < 200; i++)); do
		"$@" && return
		sleep 0.1
	done
	echo "not within 20 s: $*"
	return 1
}

# reads FILE TEXT: a file of sysfs has this text
reads() {
	[ "$(cat "$SYSFS/$1")" = "$2" ]
}

# tree NAME: the tree that commands look at
tree() {
	rm -rf "$ROOT"
	"$TSCOPE_TESTS/unpack.sh" "$1" "$ROOT"
}

# runs STATUS SUBCOMMAND ARGUMENT...: the output is in out, messages are in err
runs() {
	local want=$1 name=$2 got
	shift 2
	"$TSCOPE" "$name" --root "$ROOT" "$@" >"$DIR/out" 2>"$DIR/err"
	got=$?
	head -n 20 "$DIR/out" "$DIR/err"
	same "status" "$got" "$want"
}

# says REGEX: the only message
says() {
	same "lines of messages" "$(wc -l <"$DIR/err")" 1 && grep -qE "$1" "$DIR/err"
}

# prints REGEX: a line of the output matches
prints() {
	grep -qE "$1" "$DIR/out" || { echo "no line is $1"; return 1; }
}

# Replaces what differs between runs: times of events and of watch, and the directory.
timeless() {
	sed -E -e "s,$ROOT,ROOT,g" -e 's/^ *[0-9]+\.[0-9]{6}  /TIME  /' -e 's/now: [0-9.]+ s/now: TIME s/' \
		-e '/^tscope .* every /s/[0-9]{2}:[0-9]{2}:[0-9]{2}/TIME/' -e 's/^[0-9]+\.[0-9]{3},/TIME,/' \
		"$DIR/out"
}

# golden TREE STATUS SUBCOMMAND ARGUMENT...: prints the text of golden/views
golden() {
	local file
	file=$GOLDEN_DIR/$(tr -s ' /' '--' <<<"${*:3}-${1#views-}").txt
	tree "$1" && runs "${@:2}" && same messages "$(cat "$DIR/err")" "" || return
	if [ -n "$GOLDEN" ]; then
		mkdir -p "$GOLDEN_DIR" && timeless >"$file"
	else
		diff "$file" <(timeless)
	fi
}

prints_error() {
	grep -q -e "$1" "$DIR/err" || { cat "$DIR/err"; return 1; }
}
