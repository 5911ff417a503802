#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh PROGRAM... [-- PROGRAM...]: runs test programs as the subtests of one KTAP stream; exits
# with 1 if any fails. JOBS programs (default: the number of CPUs) run at a time. Programs after --
# measure time: they run at the end, one by one.
# A program also fails by its exit status, because a sanitizer ends it half way through. Status 4
# means that it was skipped, as in kselftest.

# run JOBS PROGRAM...
run() {
	# shellcheck disable=SC2016
	printf '%s\0' "${@:2}" | xargs -0 -P "$1" -n 1 bash -c \
		'"$1" >"$1.ktap" 2>"$1.err"; echo $? >"$1.status"' run
}

# report PROGRAM: prints its subtests and its result
report() {
	local name status
	name=$(basename "$(dirname "$1")")/$(basename "$1") status=$(<"$1.status")
	sed 's/^/  /' "$1.ktap"
	sed 's/^/  # /' "$1.err"
	number=$((number + 1))
	case $status in
	0) echo "ok $number - $name" ;;
	4)
		echo "ok $number - $name # SKIP"
		skipped=$((skipped + 1))
		;;
	*)
		echo "# $name: exit status $status"
		echo "not ok $number - $name"
		failed=$((failed + 1))
		;;
	esac
}

together=() alone=() number=0 failed=0 skipped=0
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	together+=("$1")
	shift
done
alone=("${@:2}")
for prog in "${together[@]}" "${alone[@]}"; do
	rm -f "$prog.status"
done

echo "KTAP version 1"
echo "1..$((${#together[@]} + ${#alone[@]}))"
[ ${#together[@]} = 0 ] || run "${JOBS:-$(nproc)}" "${together[@]}"
[ ${#alone[@]} = 0 ] || run 1 "${alone[@]}"
for prog in "${together[@]}" "${alone[@]}"; do
	report "$prog"
done
echo "# Totals: pass:$((number - failed - skipped)) fail:$failed xfail:0 xpass:0 skip:$skipped error:0"
[ "$failed" = 0 ]
