# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034
# DESCRIPTION: a guest that vanishes in its second scenario: the first one is not run again
# EXPECT: the guest went without its closing line
# AFTER: passes.sh

guest() {
	echo b >/proc/sysrq-trigger
	sleep 60
}
