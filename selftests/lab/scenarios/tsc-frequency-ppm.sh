# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091
# DESCRIPTION: the guest's kernel has a TSC frequency that is wrong by 700 to 1500 ppm, beyond what NTP can make up for: doctor says so
ACCEL=nested
GUEST_APPEND="tsc=reliable tsc_early_khz=$(awk -v k="$(lab_tsc)" -v s="${SEED:-1}" \
	'BEGIN { srand(s); printf "%d", k * (1 + (rand() < 0.5 ? -1 : 1) * (7 + 8 * rand()) / 1e4) }')"

guest() {
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	tsc_frequency_is_wrong
}
