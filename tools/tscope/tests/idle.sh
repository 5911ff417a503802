# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# idle.sh: a recorded machine on which nothing is sampled. Needs $TESTS, and $ROOT, its directory.
S=$ROOT/sys/kernel/tscope

# idle_tree: unpacks the tree again
idle_tree() {
	rm -rf "$ROOT"
	"$TESTS/unpack.sh" lab-guest "$ROOT" &&
		echo 0 >"$S/enabled" && echo 20 >"$S/width_us" && echo 0-1 >"$S/cpus" && : >"$S/reset"
}

# is FILE VALUE
is() {
	same "$1" "$(<"$S/$1")" "$2"
}

as_before() {
	is enabled 0 && is width_us 20 && is cpus 0-1
}
