# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# DESCRIPTION: a warning in the guest's kernel log, though the log was cleared
# EXPECT: guest: kernel log: WARNING: CPU: 0
guest() {
	echo "WARNING: CPU: 0 PID: 1 at lab" >/dev/kmsg
	dmesg -c >/dev/null
}
