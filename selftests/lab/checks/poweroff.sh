# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# DESCRIPTION: a guest that powers down cleanly, but too early
# EXPECT: the guest went without its closing line
guest() {
	poweroff -f
}
