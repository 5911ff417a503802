# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034
# DESCRIPTION: a panic of the host
# EXPECT: host: Kernel panic
ACCEL=nested

guest() {
	on_host 'echo c >/proc/sysrq-trigger'
}
