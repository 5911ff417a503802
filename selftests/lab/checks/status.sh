# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# DESCRIPTION: a scenario that fails
# EXPECT: guest: guest() of status returned 3
guest() {
	return 3
}
