# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# DESCRIPTION: a test that failed before the guest vanished is not forgotten
# EXPECT: the guest went without its closing line
guest() {
	say "not ok 1 - figure: truth 1, measured 2, bound 0"
	echo b >/proc/sysrq-trigger
	sleep 10
}
