# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091
# DESCRIPTION: in a debug kernel: the kselftests, or bugs that must be found
#
# For make debug-check, which adds what it needs. Environment (--env): BUGS, the bugs to
# plant; without it, the variables of kselftest.sh.

GUEST_MEM=768
# Such a kernel takes a minute to ask ACPI for each interrupt. For tsc=unstable see kselftest.sh.
GUEST_APPEND="pci=noacpi tsc=unstable"
TIMEOUT=1500
# debug_end decides from the reports whether a race is tscope's
LOG_ALLOW="BUG: KCSAN: data-race in"

guest() {
	local bug status=0
	. /debug/guest.sh
	debug_begin || return
	if [ -n "$BUGS" ]; then
		for bug in $BUGS; do
			insmod /debug/tscope_planted.ko bug="$bug" && rmmod tscope_planted || return
			# the kernel reports one such sleep a second
			sleep 1
		done
	else
		(. /debug/kselftest.sh; guest) || status=1
	fi
	debug_end || status=1
	return $status
}
