#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2086
#
# The command on recorded trees: JSON is valid by the schema, exit statuses, no sanitizer's message,
# lines of at most 80 characters, no escape codes if stdout is no terminal; wrong use.

TESTS=$(dirname "$(readlink -f "$0")")
# shellcheck source=selftests/harness/ktap.sh
. "$TESTS/../../../selftests/harness/ktap.sh"
# shellcheck source=selftests/harness/deps.sh
. "$TESTS/../../../selftests/harness/deps.sh"
need /usr/lib/python3/dist-packages/jsonschema/__init__.py:python3-jsonschema:"the JSON schema"

TSCOPE=${TSCOPE:-$TESTS/../../../build/tscope}
DIR=$(mktemp -d) || exit
trap 'rm -rf "$DIR"' EXIT

# runs STATUSES ARGUMENT...: the command ends with one of these statuses, and prints no message of a
# sanitizer, and nothing that $UNWANTED matches
UNWANTED=$'\033'
runs() {
	local wanted=$1 status
	shift
	timeout 60 "$TSCOPE" "$@" >"$DIR/out" 2>"$DIR/err" </dev/null
	status=$?
	echo "tscope $*: status $status"
	if [ -s "$DIR/err" ]; then
		cat "$DIR/err"
		not grep -qE $'ERROR: .*Sanitizer|runtime error|\033' "$DIR/err" || return
	fi
	[[ " $wanted " = *" $status "* ]] && not grep -nE "$UNWANTED" "$DIR/out"
}

# fits ARGUMENT...: on a recorded tree, in lines of 80 characters. Leaks are looked for elsewhere, since
# that takes as long as the rest of a run.
fits() {
	local UNWANTED=$'\033|.{81}'
	local -x ASAN_OPTIONS=detect_leaks=0
	runs "0 1 4" "$@"
}

# is_new NAME FILE: whether no earlier tree has the same content in this file of debugfs, or in the
# files of this directory
declare -A SEEN=()
is_new() {
	local debug=$DIR/$1/sys/kernel/debug/tscope all=$2 file
	for file in "$debug/$2" "$debug/$2"/* "$debug/$2"/*/*; do
		[ ! -f "$file" ] || all+=" ${file#"$debug"} $(<"$file")"
	done
	[ -z "${SEEN["$all"]:-}" ] && SEEN["$all"]=1
}

# report_json NAME: the report of this tree as JSON, kept to be validated with the others
report_json() {
	runs "0 1 4" report --json -d 0 --root "$DIR/$1" && mv "$DIR/out" "$DIR/json/$1"
}

# json_of DEFINITION STATUSES ARGUMENT...: JSON, which is kept: all of it has to be what this
# definition of the schema says
json_of() {
	local dir=$DIR/valid/$1
	shift
	runs "$@" && mkdir -p "$dir" && cp "$DIR/out" "$dir/test $((KTAP_COUNT))"
}

json() {
	json_of report "$@"
}

# json_has EXPRESSION: true for the object o that was printed
json_has() {
	python3 -c "import json, sys; o = json.load(open(sys.argv[1])); sys.exit(not ($1))" "$DIR/out" ||
		{ echo "not: $1"; return 1; }
}

usage() {
	runs 2 "$@" && [ -s "$DIR/err" ] && [ ! -s "$DIR/out" ]
}

helps() {
	runs 0 "$@" && [ ! -s "$DIR/err" ] && grep -q '^Usage: tscope' "$DIR/out"
}

# skips TREE REASON IDS: doctor --ktap skips these and no others for this reason
skips() {
	local got
	runs "0 1" doctor -d 0 --ktap --root "$DIR/$1" || return
	got=$(sed -n "s|^ok [0-9]* \([^ ]*\) # SKIP $2\$|\1|p" "$DIR/out" | paste -sd' ')
	[ "$got" = "$3" ] || { echo "skipped: '$got', not '$3'"; return 1; }
}

# looks ARGUMENT...: a copy of the module's files has no file reset: its figures are shown at once
looks() {
	runs "0 1" "$@" --root "$DIR/lab-guest" && [ -s "$DIR/out" ] && same messages "$(cat "$DIR/err")" ""
}

# the same for a tree that is mounted read-only
read_only() {
	mkdir -p "$DIR/read" &&
		cp -r "$DIR/lab-guest/." "$DIR/read" && : >"$DIR/read/sys/kernel/tscope/reset" || return
	# shellcheck disable=SC2016
	unshare -m sh -c 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"' sh \
		"$DIR/read" timeout 60 "$TSCOPE" report -d 600 --root "$DIR/read" >"$DIR/out" 2>"$DIR/err"
	same "exit status" $? 1 && same messages "$(cat "$DIR/err")" ""
}

ktap_begin
mkdir "$DIR/json"
for tree in "$TESTS"/trees/*.tree; do
	name=$(basename "$tree" .tree)
	t "$name: is unpacked" "$TESTS/unpack.sh" "$tree" "$DIR/$name"
	t "$name: report --json" report_json "$name"
	commands=("report -d 0" "doctor -d 0")
	! is_new "$name" violations || commands+=(events)
	! is_new "$name" pairs || commands+=("pairs -d 0" "pairs -d 0 --matrix")
	! is_new "$name" hist || commands+=("hist -d 0" "hist -d 0 width" "hist -d 0 residual" "hist -d 0 transit"
		"hist -d 0 wakeup")
	for command in "${commands[@]}"; do
		# shellcheck disable=SC2086
		t "$name: $command" fits $command --root "$DIR/$name"
	done
done
t "report --json of all trees is what the schema has" "$TESTS/validate.py" "$DIR"/json/*
t "and of each tree" same trees "$(find "$DIR/json" -type f | wc -l)" "$(find "$TESTS/trees" -name '*.tree' | wc -l)"
t "no debugfs: what is skipped" skips no-debugfs "debugfs could not be read" \
	"clock-off-multiplier cpu-silent"
t "debugfs: only what takes an option is skipped" skips lab-guest ".*" timer-policy
for name in not-loaded no-module; do
	t "$name: no figure" json "1 4" report --json -d 0 --root "$DIR/$name"
done
t "lab-guest: JSON" json "0 1" report --json -d 0 --root "$DIR/lab-guest"
t "lab-guest: no fault, no error" json_has 'o["errors"] == [] and not [f for f in o["findings"] if f["severity"] == "fault"]'
t "ends: all is read" json "0 1" report --json -d 0 --root "$DIR/ends"
t "ends: no error, all pairs" json_has 'o["errors"] == [] and len(o["pairs"]) == 4 and o["tsc_khz"] == 2**32 - 1'
t "broken: a line for each file" json "0 1 4" report --json -d 0 --root "$DIR/broken"
t "broken: no pair, no CPU" json_has 'len([e for e in o["errors"] if e.endswith("the file is ignored")]) == 22 and o["pairs"] == [] and o["cpus"] == []'
for command in report "report -d 600 --flat-out --warm-up 9 --reset" "doctor --json" "doctor -d 600" \
	pairs "pairs -d 600" "hist -d 600" "record -o -" "record -d 600 -o -" "watch -n 1"; do
	# shellcheck disable=SC2086
	t "a copy: $command" looks $command
done
t "a copy: what a test run learns of states" runs 0 doctor --ktap --root "$DIR/healthy-kvm"
t "it learns" not grep -E '^ok .* (tsc-offset|tsc-frequency) # SKIP' "$DIR/out"
t "a copy: wait" json_of wait 0 wait --json --root "$DIR/healthy-kvm"
t "what is there counts" json_has 'o["reached"] and o["skew_error_ppb"] < 1'
t "a copy: wait in vain" json_of wait 1 wait --error-ppb 0.001 --timeout 600 --json --root "$DIR/healthy-kvm"
if unshare -m true 2>/dev/null; then
	t "a tree to read only" read_only
else
	t_skip "a tree to read only" "unshare -m is not allowed here"
fi

for name in lab-guest ends views-ends; do
	t "$name: hist --json" json_of hist 0 hist -d 0 --json --root "$DIR/$name"
	t "$name: wait --json" json_of wait "0 1" wait --clock kvm-clock --timeout 0 --json --root "$DIR/$name"
	t "$name: a clock has no such member" not "$TESTS/validate.py" --of clock "$DIR/out"
done
for name in lab-guest ends views-faults views-empty views-many; do
	t "$name: events --json" json 0 events --json --root "$DIR/$name"
	t "$name: pairs --json" json "0 4" pairs -d 0 --json --root "$DIR/$name"
	t "$name: watch --json" json 0 watch --json -n 1 --root "$DIR/$name"
done
# without the module there is JSON too, which has the reason
for command in events "pairs -d 1" "pairs -c 0" pairs report "watch -n 1" doctor; do
	# shellcheck disable=SC2086
	t "no module: $command --json" json "1 4" $command --json --root "$DIR/not-loaded"
	t "no module: the reason is in it" json_has 'any("modprobe tscope" in e for e in o["errors"])'
	t "no module: and only there" same messages "$(cat "$DIR/err")" ""
done
t "no module: hist --json" json_of hist 4 hist -d 1 --json --root "$DIR/not-loaded"
t "no module: the reason is in it" json_has 'any("modprobe tscope" in e for e in o["errors"])'
for name in not-loaded views-empty; do
	t "$name: wait --json" json_of wait 4 wait --timeout 0.5 --json --root "$DIR/$name"
	t "$name: there is no figure" json_has 'o["name"] == "ptp-kvm" and o["skew_ppb"] is None and not o["reached"]'
done
t "wait for what can be no clock" usage wait --clock Tsc! --json --root "$DIR/not-loaded"
t "broken: hist --json: histograms that are broken are in errors" json_of hist "0 4" hist -d 0 --json --root "$DIR/broken"
t "and not on standard error" not grep /hist/ "$DIR/err"
t "and there are some" json_has 'len([e for e in o["errors"] if "/hist/" in e]) > 0'

# the exit status of doctor: a fault or a warning, else whether clocks were measured
"$TESTS/unpack.sh" "$TESTS/trees/clocksource.tree" "$DIR/unloaded" && rm -r "$DIR/unloaded/sys/kernel/tscope"
t "doctor: info alone is 0" runs 0 doctor -d 0 --root "$DIR/host-refuses-pairing"
t "doctor: not loaded and a warning is 1" runs 1 doctor -d 0 --root "$DIR/unloaded"
for name in not-loaded system-kvm views-empty; do
	t "doctor: $name is 4" runs 4 doctor -d 0 --root "$DIR/$name"
	t "doctor: $name, --ktap, is 4" runs 4 doctor -d 0 --ktap --root "$DIR/$name"
	t "KTAP begins with its version" same "first line" "$(head -n 1 "$DIR/out")" "KTAP version 1"
done
t "doctor: healthy is 0" json 0 doctor -d 0 --json --root "$DIR/healthy-kvm"
t "healthy: no error" json_has 'o["errors"] == []'
cp -r "$DIR/healthy-kvm" "$DIR/warped" && rm -r "$DIR/warped/sys/kernel/debug/tscope" &&
	echo 7 >"$DIR/warped/sys/kernel/tscope/tsc/warps"
t "warps since boot" json 1 doctor -d 0 --since 1000d --json --root "$DIR/warped"
t "are found" json_has '[f["id"] for f in o["findings"]] == ["clock-warped"]'
t "warps of which no time is known" json 0 doctor -d 0 --since 1s --json --root "$DIR/warped"
t "are not of the last second" json_has 'o["findings"] == []'
# bytes of the kernel log, of files and of a path are cleaned: JSON is UTF-8, no escape is printed
BYTES=$DIR/$'path\033[31m\xff'
cp -r "$DIR/tsc-not-constant" "$BYTES"
printf '6,1,1,-;TSC halts in idle \033[31m\xff\xc2\x9b\xed\xa0\x80 \303\274\n' >>"$BYTES/dev/kmsg"
printf 'acpi\xff\033[31m\n' >"$BYTES/sys/devices/system/cpu/cpuidle/current_driver"
echo garbage >"$BYTES/sys/kernel/tscope/enabled"
for command in report doctor; do
	t "any bytes: $command --json" json 1 $command -d 0 --json --root "$BYTES"
	t "any bytes: a line of the log" json_has 'any(e.endswith(" idle ?[31m\ufffd?\ufffd\ufffd\ufffd \u00fc") for f in o["findings"] for e in f["evidence"])'
	t "any bytes: a path" json_has 'any("path?[31m\ufffd/sys/kernel/tscope/enabled: line 1" in e for e in o["errors"])'
	t "any bytes: $command" fits $command -d 0 --root "$BYTES"
	t "any bytes: it is UTF-8" iconv -f UTF-8 -t UTF-16 "$DIR/out" -o /dev/null
done

# what can't be read is reported, and its tests do not pass
BAD=$DIR/bad DEBUG=$DIR/bad/sys/kernel/debug/tscope
EVENTS="time-stood-still tsc-jumped restored guest-stopped wall-clock-set host-wall-stepped"
EVENTS="$EVENTS clock-stopped clock-stepped clock-backward"
cp -r "$DIR/healthy-kvm" "$BAD" && echo garbage >>"$DEBUG/violations"
t "violations that can't be read: events are skipped" skips bad "debugfs violations could not be read" \
	"$EVENTS"
t "and the reason is said" grep -q '^# .*/violations: line .*: the file is ignored$' "$DIR/out"
rm -r "$BAD/sys/kernel/tscope/ptp-kvm" "$DEBUG/timepage" "$BAD/proc/cpuinfo" "$BAD/proc/stat" \
	"$BAD/sys/devices/system/clocksource"
rm "$BAD"/sys/kernel/tscope/hpet/skew*
for what in "ptp-kvm has no figures:host-drift" \
	"fewer than two of hpet, acpi-pm, ptp-kvm and a time page have a rate:tsc-frequency" "/proc/cpuinfo has no flags:tsc-not-constant" \
	"a time page or its clock's skew is not known:clock-off-multiplier" \
	"/proc/stat could not be read:noisy-host" "the clocksource could not be read:clocksource"; do
	t "without it there is no ${what#*:}" skips bad "${what%:*}" "${what#*:}"
done
t "and the clocksource is named" grep -q '^# .*current_clocksource can.t be read' "$DIR/out"
rm "$DIR/healthy-kvm/recorded/chronyc-sources" "$DIR/healthy-kvm/proc/stat"
for command in doctor report; do
	t "$command: what could not be looked at" json 0 $command -d 0 --json --root "$DIR/healthy-kvm"
	t "$command: is in errors" json_has '[e.split()[4] for e in o["errors"]] == ["recorded/proc-stat-begin:", "recorded/chronyc-sources:"]'
done

t "--help" helps --help
t "-h" helps -h
t "--usage" helps --usage
t "--version" runs 0 --version
t "--version says which" grep -qE '^tscope [0-9]+\.[0-9]' "$DIR/out"
for command in report watch events pairs hist wait doctor; do
	t "$command --help" helps $command --help
	t "$command -h" helps $command -h
done
t "no subcommand" usage
t "no such subcommand" usage nonsense
t "no such option" usage report --nonsense
t "an argument too many" usage report what
for value in '' x 1x -1 1e3 0x1 1.0001 9223372036854775807 99999999999999999999 1mm; do
	t "report -d '$value'" usage report -d "$value" --root "$DIR/lab-guest"
done
t "report -d 0.000d" runs "0 1" report -d 0.000d --root "$DIR/lab-guest"
for of in "$DIR"/valid/*; do
	t "JSON of the tests above is what the schema has: ${of##*/}" "$TESTS/validate.py" --of "${of##*/}" "$of"/*
done
ktap_end
