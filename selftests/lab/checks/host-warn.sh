# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034
# DESCRIPTION: a warning in the host's kernel log
# EXPECT: host: kernel log: BUG: here
ACCEL=nested

guest() {
	on_host 'echo "BUG: here" >/dev/kmsg'
}
