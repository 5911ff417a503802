#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# table.sh [DIR...]: what "make lab-table" does: prints scenarios and the ids that tscope doctor
# found in them, from channel logs of earlier runs in build/lab, or in the directories named.

LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$LAB/../.." && pwd)

# the ids in doctor's order
ids() {
	sed -n 's/^[[:space:]]*\.id = "\([a-z-]*\)".*/\1/p' "$TOP/tools/tscope/rules.c"
}

# Ids that the lab can't provoke, with the reason; their tests are recorded trees, see
# tools/tscope/tests.
ELSEWHERE="tsc-not-constant|a guest's flags give the info; C-states and frequencies: tests/trees/tsc-not-constant.tree
clock-off-multiplier|QEMU writes no wrong multiplier: tests/trees/clock-off-multiplier.tree
clock-warped|the lab's warps have a cause, which is found: tests/trees/clock-warped.tree
clock-backward|the lab's backward readings have a cause, which is found: tests/trees/clock-backward.tree
timer-policy|a domain's XML: tests/domains, test_domain.c"

# examinations LOG...: prints lines SCENARIO EXPECTED... : FOUND...
examinations() {
	local log name
	for log; do
		name=$(basename "$(dirname "$log")")
		tr -d '\r' <"$log" | sed -n -e 's/^# lab: scenario \([^ ,]*\).*/=\1/p' \
			-e 's/^# doctor expected: \(.*\)found: \(.*\)/+\1: \2/p' |
			awk -v name="$name" '
				/^=/ { name = substr($0, 2); next }
				{ print name, substr($0, 2) }'
	done
}

# matrix: prints a row for each scenario, sorted by the ids.
matrix() {
	awk -v ids="$(ids | tr '\n' ' ')" -v elsewhere="$ELSEWHERE" '
	# of several looks the worst counts
	function set(id, mark) {
		if (!((name, id) in cell) || index("!FXwi", mark) < index("!FXwi", cell[name, id]))
			cell[name, id] = mark
	}
	BEGIN { n = split(ids, id, " "); for (i = 1; i <= n; i++) place[id[i]] = i }
	{
		name = $1
		if (!(name in first)) { first[name] = n + 1; names[++rows] = name }
		count[name]++
		delete severity
		delete expected
		for (i = NF; $i != ":"; i--) {
			split($i, part, ":")
			severity[part[1]] = part[2]
		}
		for (i = 2; $i != ":"; i++) {
			if ($i == "none") continue
			expected[$i]
			provoked[$i]
			if (place[$i] < first[name]) first[name] = place[$i]
			set($i, $i in severity ? "X" : "!")
			if (!($i in severity)) wrong++
		}
		for (s in severity) {
			if (s in expected) continue
			set(s, severity[s] == "fault" ? "F" : substr(severity[s], 1, 1))
			if (severity[s] == "fault") wrong++
		}
	}
	END {
		for (i = 1; i <= n; i++) printf "%-24s %2d\n", id[i], i
		printf "\n%-24s", "scenario"
		for (i = 1; i <= n; i++) printf " %2d", i
		print "  looks"
		for (f = 1; f <= n + 1; f++)
			for (r = 1; r <= rows; r++) {
				if (first[names[r]] != f) continue
				printf "%-24s", names[r]
				for (i = 1; i <= n; i++)
					printf " %2s", (names[r], id[i]) in cell ? cell[names[r], id[i]] : "."
				printf "  %5d\n", count[names[r]]
			}
		print "\nX expected and found, ! expected and not found, F a fault that was not expected, w and i other warnings and info"
		m = split(elsewhere, line, "\n")
		for (i = 1; i <= m; i++) { split(line[i], part, "|"); why[part[1]] = part[2] }
		for (i = 1; i <= n; i++)
			if (!(id[i] in provoked))
				printf "not provoked: %s%s\n", id[i], id[i] in why ? ": " why[id[i]] : ""
		exit wrong > 0
	}'
}

dirs=("$@")
[ $# != 0 ] || dirs=("$TOP"/build/lab/*/)
logs=()
for dir in "${dirs[@]}"; do
	[ ! -s "$dir/channel.log" ] || logs+=("$dir/channel.log")
done
[ ${#logs[@]} != 0 ] || { echo "lab-table: nothing was run yet (make lab)" >&2; exit 2; }
examinations "${logs[@]}" | matrix
