#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2086
#
# The command on a machine of 4096 CPUs, where a CPU meets only some others, needs less than 1 s of
# CPU time and 100 MB. TSCOPE_FAST is built as for use, without sanitizers.

TESTS=$(dirname "$(readlink -f "$0")")
# shellcheck source=selftests/harness/ktap.sh
. "$TESTS/../../../selftests/harness/ktap.sh"

TSCOPE_FAST=${TSCOPE_FAST:-$TESTS/../../../build/tscope}
CPUS=4096
DIR=$(mktemp -d) || exit
trap 'rm -rf "$DIR"' EXIT
"$TESTS/many.sh" $CPUS >"$DIR/tree" && "$TESTS/unpack.sh" "$DIR/tree" "$DIR/root" || exit
# each clock has pairs at all distances that are powers of two
PAIRS=0
for ((d = 1; d < CPUS; d *= 2)); do
	PAIRS=$((PAIRS + 2 * (CPUS - d)))
done

# frugal ARGUMENT...: the output is in $DIR/out; a status of 1 means that something was found
frugal() {
	local TIMEFORMAT='%U %S' status
	# the command can't get more memory than this
	time (
		ulimit -v $((100 * 1024)) || exit 9
		"$TSCOPE_FAST" "$@" --root "$DIR/root" >"$DIR/out" 2>"$DIR/err" </dev/null
	) 2>"$DIR/time"
	status=$?
	echo "tscope $*: CPU time, user and system: $(<"$DIR/time") s; status $status"
	cat "$DIR/err"
	[ "$status" -le 1 ] && [ ! -s "$DIR/err" ] &&
		awk '{ exit !($1 + $2 > 0 && $1 + $2 < 1) }' "$DIR/time"
}

whole() {
	python3 -c '
import json, sys
o = json.load(open(sys.argv[1]))
pairs, cpus = int(sys.argv[2]), int(sys.argv[3])
assert o["errors"] == [], o["errors"]
assert len(o["pairs"]) == pairs, len(o["pairs"])
assert len(o["cpus"]) == cpus, len(o["cpus"])
assert len({(p["clock"], p["cpu_i"], p["cpu_j"]) for p in o["pairs"]}) == pairs
assert {"clock": "kvm-clock", "cpu_i": 4094, "cpu_j": 4095, "offset_ns": -5, "bound_ns": 101,
	"moving": 0, "hull_ns": [-151, 151], "age_ms": 594, "warps": 0} in o["pairs"]
assert o["cpus"][-1]["readings"] == 123456789012345, o["cpus"][-1]
' "$DIR/out" "$PAIRS" "$CPUS"
}

# fits ARGUMENT...: frugal, and at most 150 lines of at most 80 characters
fits() {
	frugal "$@" && awk 'length > 80 { print "too long: " $0; bad = 1 }
		END { if (NR > 150) print NR " lines"; exit bad || NR > 150 || !NR }' "$DIR/out"
}

# all pairs move, every second CPU samples, and all CPUs are late
worst_case() {
	awk '/^== / { pairs = /pairs$/; cpus = /debug.*cpus$/; list = !cpus && /tscope.cpus$/ }
		pairs && NF == 11 { $6 = 1 }
		cpus && NF == 9 && !/^#/ { $2 = "late"; $8 = 90000 }
		list && /^[0-9]/ { for (i = 0; i < 700; i++) printf "%s%d", i ? "," : "", 2 * i; print ""; next }
		1' "$DIR/tree" >"$DIR/worst" && rm -r "$DIR/root" && "$TESTS/unpack.sh" "$DIR/worst" "$DIR/root"
}

ktap_begin
t "report --json: time and memory" frugal report --json -d 0
t "report --json: all pairs and CPUs" whole
t "report: time and memory" frugal report -d 0
t "pairs: time and memory" frugal pairs
t "pairs --json: time and memory" frugal pairs --json
t "metrics: time and memory" frugal metrics
t "metrics: the leader's age" grep -qx "tscope_window_age_seconds 0.000" "$DIR/out"
t "events" fits events
t "watch" fits watch -n 1
t "pairs --matrix" fits pairs --matrix
t "all pairs move, all CPUs are late" worst_case
for command in events "watch -n 1" "report -d 0" "doctor -d 0" "pairs --matrix"; do
	# shellcheck disable=SC2086
	t "$command: fits" fits $command
done
t "events --json has all" frugal events --json
t "and their number" [ "$(grep -c '"kind": "moved"' "$DIR/out")" = "$PAIRS" ]
ktap_end
