# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086
# DESCRIPTION: the guest's kernel has a TSC frequency that is wrong by 2 to 6 %: doctor says so, and which it is
#
# kvm-clock's page has the host's frequency, from which all other clocks of the lab are made.
ACCEL=nested
GUEST_APPEND="tsc=reliable tsc_early_khz=$(awk -v k="$(lab_tsc)" -v s="${SEED:-1}" \
	'BEGIN { srand(s); printf "%d", k * (rand() < 0.5 ? 0.94 + rand() / 25 : 1.02 + rand() / 25) }')"

guest() {
	local ppb khz
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	tscope_load || return
	echo 1 >$T/enabled
	sleep 8
	khz=$(figure kvm-clock khz)
	say "# the kernel's $(figure tsc khz) kHz, the host's $khz kHz: $(cut -d' ' -f3- /proc/cmdline)"
	between "the kernel takes the kHz of its command line" 1 "$(grep -c "tsc_early_khz=$(figure tsc khz)" /proc/cmdline)" 1
	ppb=$(calc "$(figure tsc khz) / $khz * 1e9 - 1e9")
	# kHz have no decimal places: 0.5 ppm
	finds tsc-frequency "$(calc "$ppb - 500")..$(calc "$ppb + 500")" 10000
	echo 0 >$T/enabled
	tscope_done
}
