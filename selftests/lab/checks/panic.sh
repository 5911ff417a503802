# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# DESCRIPTION: a panic in the scenario
# EXPECT: guest: Kernel panic
guest() {
	echo c >/proc/sysrq-trigger
}
