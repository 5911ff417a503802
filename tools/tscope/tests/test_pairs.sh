#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317
#
# What tscope pairs prints of recorded trees. GOLDEN=1 writes the texts of golden/views.

# shellcheck source=selftests/harness/ktap.sh
. "$TSCOPE_TESTS/../../../selftests/harness/ktap.sh"
# shellcheck source=tools/tscope/tests/views.sh
. "$TSCOPE_TESTS/views.sh"

json_pairs() {
	tree views-many && runs 0 events --json && jq -e '(.cpus | length) == 12' "$DIR/out" &&
		runs 0 pairs --json && jq -e '(.pairs | length) == 132 and (.cpus | length) == 12 and
		.pairs[0] == { clock: "kvm-clock", cpu_i: 3, cpu_j: 4, offset_ns: 22, bound_ns: 89,
			moving: 1, hull_ns: [-70, 116], age_ms: 1028, warps: 0 } and
		(.pairs | map(select(.cpu_i == 2 and .cpu_j == 9)) |
			map(.offset_ns == null and .hull_ns == null) | all)' "$DIR/out"
}

# -c chooses the pairs that are shown, also without sampling
chosen_pairs() {
	tree views-many && runs 0 pairs -d 0 -c 2-3,9 --json &&
		same pairs "$(jq -r '.pairs[] | "\(.clock) \(.cpu_i) \(.cpu_j)"' "$DIR/out" | sort | paste -sd,)" \
			"kvm-clock 2 3,kvm-clock 2 9,kvm-clock 3 9,tsc 2 3,tsc 2 9,tsc 3 9" &&
		runs 0 pairs -d 0 -c 0,7 --matrix && prints '^    7  1480     \.$' &&
		runs 4 pairs -d 0 -c 11
}

# matrix_fits COLUMNS: the matrix fits a terminal of this width
matrix_fits() {
	"$TSCOPE_TESTS/terminal.py" --once "24x$1" "$TSCOPE_FAST" pairs -d 0 --matrix --root "$ROOT" >"$DIR/out" ||
		return
	# sentences may be longer
	awk -v most="$1" 'length > most && !/[a-z]/ { print "too long: " $0; bad = 1 }
		END { exit bad || NR > 200 || NR < 10 }' "$DIR/out"
}

# of 4096 CPUs the worst are shown, in one block that fits
matrix_of_many() {
	local shown
	rm -rf "$ROOT"
	# CPU 700 is off, and CPUs 8 and 9 move
	"$TSCOPE_TESTS/many.sh" 4096 | awk '
		/^== / { pairs = /pairs$/ }
		pairs && $1 == "tsc" && ($2 == 700 || $3 == 700) { $4 = $2 == 700 ? 5000 : -5000 }
		pairs && $2 == 8 && $3 == 9 { $6 = 1 }
		1' >"$DIR/tree" && "$TSCOPE_TESTS/unpack.sh" "$DIR/tree" "$ROOT" || return
	matrix_fits 80 && prints '^  [0-9]+ of 4096 CPUs, those of the worst pairs; -c LIST shows others' || return
	shown=$(sed -n '3{s/^ *CPU //;p;q}' "$DIR/out")
	[[ " $shown " = *" 8 "* && " $shown " = *" 9 "* && " $shown " = *" 700 "* ]] || { echo "$shown"; return 1; }
	prints '^ +8 .* \*?-?[0-9]+ ' && matrix_fits 40 && matrix_fits 200 &&
		matrix_fits 18 && prints '^  2 of 4096 CPUs'
}

# Without debugfs the pairs of sysfs are shown; what sysfs does not have is shown as not known.
pairs_of_sysfs() {
	tree views-faults && rm -r "$DEBUGFS" && runs 0 pairs && same messages "$(wc -l <"$DIR/err")" 2 &&
		grep -q 'mount -t debugfs' "$DIR/err" && grep -q 'only the worst pair of each clock' "$DIR/err" &&
		prints '^  kvm-clock      0      1         91    641  380 ms         -      -  moves$' &&
		runs 0 pairs --json && jq -e '(.errors | length) == 2 and
			(.pairs | map(select(.clock == "kvm-clock")) == [{ clock: "kvm-clock", cpu_i: 0, cpu_j: 1,
				offset_ns: 91, bound_ns: 641, moving: 1, hull_ns: [-550, 732], age_ms: 380,
				warps: null }]) and
			(.pairs | map(select(.clock == "tsc") | .hull_ns == null and .moving == 0) == [true])' \
			"$DIR/out"
}

ktap_begin
v "pairs, the worst first" golden views-many 0 pairs
v "pairs as a matrix" golden views-many 0 pairs --matrix
v "pairs that have no end" golden views-ends 0 pairs --matrix
v "pairs --json" json_pairs
v "pairs: chosen CPUs" chosen_pairs
v "pairs: a matrix of 4096 CPUs" matrix_of_many
v "pairs without debugfs" pairs_of_sysfs
ktap_end
