# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086
# DESCRIPTION: a guest of plain emulation has no host clock: doctor says why, and the guest is healthy
ACCEL=tcg
GUEST_APPEND="tsc=reliable"

guest() {
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	tscope_load || return
	echo 1 >$T/enabled
	sleep 4
	finds host-refuses-pairing
	finds_none
	echo 0 >$T/enabled
	tscope_done
}
