#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# table.sh [DIR...]: what "make lab-table" does: scenarios and the ids that tscope doctor found in
# them, from the channels that runs left in build/lab, or in the directories named.

LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$LAB/../.." && pwd)

# the ids in doctor's order
ids() {
	sed -n 's/^[[:space:]]*\.id = "\([a-z-]*\)".*/\1/p' "$TOP/tools/tscope/rules.c"
}

# Ids that the lab can't provoke: where the test of the rule is.
ELSEWHERE="tsc-not-constant|a guest's CPU flags give the info; C-states and frequencies: test_rules
clock-off-multiplier|QEMU writes no wrong multiplier: test_rules
clock-warped|other findings explain the lab's warps: test_rules
clock-backward|other findings explain the lab's backward readings: test_rules
timer-policy|a domain's XML: test_domain"

# lines SCENARIO EXPECTED... : FOUND...
examinations() {
	local log
	for log; do
		tr -d '\r' <"$log" | sed -n -e 's/^# lab: scenario \([^ ,]*\).*/=\1/p' \
			-e 's/^# doctor expected: \(.*\)found: \(.*\)/+\1: \2/p' |
			awk -v name="$(basename "$(dirname "$log")")" '
				/^=/ { name = substr($0, 2); next }
				{ print name, substr($0, 2) }'
	done
}

# A row a scenario, those with the first ids first.
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
