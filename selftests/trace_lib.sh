# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC2154
#
# trace_lib.sh: records tscope's tracepoints, in a trace instance of its own, and reads
# their fields. For scripts that have sourced lib.sh.

INSTANCE=$TRACING/instances/tscope_selftest

# begin_trace: makes the trace instance; call it once the module is loaded
begin_trace() {
	[ -d "$TRACING/events/tscope" ] || skip_all "no tracefs at $TRACING, or no tracepoints"
	mkdir "$INSTANCE" 2>/dev/null || skip_all "no instances of tracefs"
	echo 4096 >"$INSTANCE/buffer_size_kb"
	# Names of threads are not needed. Recording them would patch the scheduler's code
	# while another CPU runs it, of which emulated guests may die.
	echo norecord-cmd >"$INSTANCE/trace_options"
}

# the module can't be unloaded while its events are on
cleanup() {
	[ ! -d "$INSTANCE" ] || rmdir "$INSTANCE"
	! command -v cleanup_more >/dev/null || cleanup_more
}

# record EVENT... -- COMMAND...: samples, runs the command, and leaves a line for each event
# in $TMP/trace: its name, then name=value
record() {
	local event
	echo 0 >"$INSTANCE/tracing_on"
	echo >"$INSTANCE/trace"
	while [ "$1" != -- ]; do
		echo 1 >"$INSTANCE/events/tscope/tscope_$1/enable"
		shift
	done
	shift
	echo 1 >"$INSTANCE/tracing_on"
	set_to enabled 1
	"$@"
	set_to enabled 0
	echo 0 >"$INSTANCE/tracing_on"
	echo 0 >"$INSTANCE/events/enable"
	sed -n 's/^[^#].* tscope_\([a-z_]*\): /\1 /p' "$INSTANCE/trace" >"$TMP/trace"
	grep -q 'EVENTS DROPPED\|LOST' "$INSTANCE/trace" && bad "events were lost"
	cat "$INSTANCE"/per_cpu/cpu*/stats | grep -E '^(overrun|dropped events|commit overrun): [1-9]' \
		>"$TMP/odd" && bad "ring: $(cat "$TMP/odd")"
}

# fields EVENT NAME=VALUE...: sets $F_NAME to each value
fields() {
	local pair
	shift
	for pair; do
		case $pair in
		clock=*) F_clock=${pair#clock=} ;;
		*=*[!0-9-]* | [!a-z]*) bad "field $pair" ;;
		*) eval "F_${pair%%=*}=${pair#*=}" ;;
		esac
	done
}

# events EVENT [CLOCK [CPU]]: writes these lines of $TMP/trace to $TMP/events; sets EVENTS to their
# number
events() {
	grep "^$1 ${2:+clock=$2 }${3:+cpu=$3 }" "$TMP/trace" >"$TMP/events"
	EVENTS=$(wc -l <"$TMP/events")
}
