#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Run test programs as the subtests of one KTAP stream; exit 1 if any fails.
# A program fails by its exit status too: a sanitizer ends it half way through. With 4 it was skipped,
# as in kselftest.

echo "KTAP version 1"
echo "1..$#"
number=0
failed=0
skipped=0
for prog; do
	number=$((number + 1))
	name=$(basename "$(dirname "$prog")")/$(basename "$prog")
	"$prog" >"$prog.ktap" 2>"$prog.err"
	status=$?
	sed 's/^/  /' "$prog.ktap"
	sed 's/^/  # /' "$prog.err"
	if [ "$status" -eq 0 ]; then
		echo "ok $number - $name"
	elif [ "$status" -eq 4 ]; then
		echo "ok $number - $name # SKIP"
		skipped=$((skipped + 1))
	else
		echo "# $name: exit status $status"
		echo "not ok $number - $name"
		failed=$((failed + 1))
	fi
done
echo "# Totals: pass:$((number - failed - skipped)) fail:$failed xfail:0 xpass:0 skip:$skipped error:0"
[ "$failed" -eq 0 ]
