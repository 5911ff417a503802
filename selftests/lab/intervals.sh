#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# intervals.sh LOG...: prints how many of the 95 % intervals of skews in KTAP logs of the lab hold
# the truth, for clocks that are read with noise. Fails if chance gives so many misses in fewer than
# one of 1000 runs (binomial).

cat -- "$@" 2>/dev/null | tr -d '\r' | awk '
	/^(not )?ok [0-9]+ - (monotonic-raw|realtime|acpi-pm|hpet) skew ppb: truth / {
		n++
		if (/^not / || / # outside its 95 % interval/)
			missed++
	} END {
		printf "95 %% intervals that hold the truth: %d of %d\n", n - missed, n
		chance = 0.95 ^ n
		for (k = 0; k < missed; k++) {
			fewer += chance
			chance *= (n - k) / (k + 1) / 19
		}
		exit 1 - fewer < 0.001
	}'
