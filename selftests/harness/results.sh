# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# results.sh: runs tests, counts their results, and closes with "N passed, N failed".
# LOGS is the directory of their logs. A part is a group of tests, one function part_NAME.

PASSED=0 FAILED=0 SKIPPED=0

note() {
	printf '[%4d s] %s\n' "$SECONDS" "$*"
}

# result STATUS NAME LOG: one test; a STATUS of 4 means skipped, as for kselftests
result() {
	case $1 in
	0) PASSED=$((PASSED + 1)) ;;
	4) SKIPPED=$((SKIPPED + 1)); note "SKIPPED $2: $(tail -n 1 "$3")" ;;
	*)
		FAILED=$((FAILED + 1))
		note "FAILED $2; its log is $3, which ends:"
		tail -n 15 "$3" | sed 's/^/    /'
		;;
	esac
}

# run NAME COMMAND...: one test
run() {
	local name=$1 log=$LOGS/${1//[ \/]/-}.log
	shift
	note "$name"
	"$@" >"$log" 2>&1
	result $? "$name" "$log"
}

# ktap STATUS NAME LOG: counts the results of a KTAP stream. A result that sums up subtests is
# not counted, and neither are results of a scenario that the lab restarted later. A status that
# no result explains counts as a failure. The last comments before a failure are shown.
ktap() {
	local counts pass fail skip
	counts=$(awk '
		/^# lab: scenario / { passed = pass; failed = fail; skipped = skip; last = 0 }
		/^# lab: again from / { pass = passed; fail = failed; skip = skipped; last = 0 }
		/^[# ]*# / { said[++lines % 6] = $0 }
		# subtests are indented by blanks, or by # as in kselftests
		/^[# ]*(not )?ok [0-9]+/ {
			match($0, /^[# ]*/)
			indent = RLENGTH
			comments = lines
			lines = 0
			if (indent < last) { last = indent; next }
			last = indent
			if (/# SKIP/) skip++
			else if (/^[# ]*ok/) pass++
			else {
				fail++
				for (i = comments > 6 ? comments - 5 : 1; i <= comments; i++)
					print said[i % 6] > "/dev/stderr"
				print > "/dev/stderr"
			}
		}
		END { print pass + 0, fail + 0, skip + 0 }' "$3")
	read -r pass fail skip <<<"$counts"
	! grep -q '^# lab: again from ' "$3" || note "$2: restarted, see \"lab: \" in $3"
	PASSED=$((PASSED + pass)) FAILED=$((FAILED + fail)) SKIPPED=$((SKIPPED + skip))
	[ "$fail" = 0 ] || note "FAILED: $fail of $2; the log is $3"
	[ "$fail" = 0 ] || return
	if [ "$1" != 0 ] || [ $((pass + skip)) = 0 ]; then
		result 1 "$2: status $1, and no result says why" "$3"
	fi
}

# script NAME COMMAND...: runs a command that prints KTAP
script() {
	local name=$1 log=$LOGS/$1.log status
	shift
	note "$name"
	"$@" >"$log" 2>&1
	status=$?
	if [ $status = 4 ]; then
		result 4 "$name" "$log"
	else
		ktap $status "$name" "$log"
	fi
}

tally() {
	if [ "$SKIPPED" = 0 ]; then
		echo "$PASSED passed, $FAILED failed"
	else
		echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
	fi
}

# add_tally LINE: adds another run's tally; false if LINE is not a tally
add_tally() {
	[[ $1 =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]] || return
	PASSED=$((PASSED + BASH_REMATCH[1])) FAILED=$((FAILED + BASH_REMATCH[2]))
	SKIPPED=$((SKIPPED + ${BASH_REMATCH[4]:-0}))
}
