# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# DESCRIPTION: all is well

guest() {
	say "ok 1 - all is well"
}
