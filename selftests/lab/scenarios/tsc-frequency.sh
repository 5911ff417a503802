# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091
# DESCRIPTION: the guest's kernel has a TSC frequency that is wrong by 2 to 6 %: doctor says so, and which it is
ACCEL=nested
GUEST_APPEND="tsc=reliable tsc_early_khz=$(awk -v k="$(lab_tsc)" -v s="${SEED:-1}" \
	'BEGIN { srand(s); printf "%d", k * (rand() < 0.5 ? 0.94 + rand() / 25 : 1.02 + rand() / 25) }')"

guest() {
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	tsc_frequency_is_wrong
}
