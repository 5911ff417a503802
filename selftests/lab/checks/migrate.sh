# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034
# DESCRIPTION: live migration: the guest and its channels go on in a second QEMU
# EXPECT: passed
ACCEL=nested
# with QEMU 10 a guest that migrated hangs at times, most often if the host's vCPUs are bound
HOST_UNBOUND=1

guest() {
	local boot down
	boot=$(cat /proc/sys/kernel/random/boot_id)
	say "# before"
	down=$(on_host guest_migrate) || { say "# $down"; return 1; }
	say "# downtime $down ms"
	[ "$(on_host 'cat /run/current; cat /run/guest1.status')" = "2
0" ] || return 1
	[ "$(on_host monitor info status)" = "VM status: running" ] || return 1
	[ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ]
}
