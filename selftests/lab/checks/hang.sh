# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034
# DESCRIPTION: a scenario that never ends
# EXPECT: no end after 25 s
TIMEOUT=25

guest() {
	while :; do :; done
}
