#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# coverage.sh: how much of the pure files is covered by their user-space tests, by gcov; see --help.

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$HERE/../.." && pwd)
# shellcheck source=selftests/harness/deps.sh
. "$HERE/deps.sh"

case ${1:-} in
--help | -h)
	cat <<-END
	usage: selftests/harness/coverage.sh, or make coverage [MIN_LINES=95] [MIN_BRANCHES=90]
	Builds the pure files with their user-space tests for gcov, runs these, and prints
	a table of lines and branches reached. Fails if a test does, or if a file is below
	MIN_LINES or MIN_BRANCHES percent.
	END
	exit 0 ;;
?*) echo "coverage: unknown argument $1 (see --help)" >&2; exit 2 ;;
esac
need gcc:gcc:"coverage" make:make:"coverage" gcov:gcc:"coverage" \
	python3:python3:"the table of coverage"
out=${OUTPUT:-$TOP/build/user}
echo "[  0 s] building and running the user-space tests" >&2
if ! make -s -j "$(nproc)" -C "$TOP/selftests/user" coverage-data OUTPUT="$out" >&2; then
	echo "coverage: FAILED: the tests do, see $out/gcov" >&2
	exit 1
fi
printf '[%3d s] the table\n' "$SECONDS" >&2
python3 "$TOP/selftests/user/coverage.py" "$out/gcov" "${MIN_LINES:-95}" "${MIN_BRANCHES:-90}"
