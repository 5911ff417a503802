#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# many.sh CPUS: prints a tree, for unpack.sh, of a machine with this many CPUs, all of which sample.
# If there are more than 64, each meets those whose numbers differ from its own by a power of two.

awk -v n="${1:?}" 'BEGIN {
	print "# SPDX-License-Identifier: GPL-2.0"
	print "== dev/kmsg\n6,0,0,-;Hypervisor detected: KVM"
	print "== proc/1/comm\nsystemd"
	print "== proc/cmdline\nro"
	print "== proc/cpuinfo\nflags\t\t: fpu tsc constant_tsc nonstop_tsc hypervisor"
	print "== recorded/proc-stat-begin\ncpu  1000 0 500 8000 10 0 2 3 0 0"
	print "== proc/stat\ncpu  1100 0 600 9790 20 0 2 4 0 0"
	cs = "sys/devices/system/clocksource/clocksource0/"
	print "== " cs "current_clocksource\nkvm-clock"
	print "== " cs "available_clocksource\nkvm-clock tsc"
	print "== sys/devices/system/cpu/online\n0-" n - 1
	print "== sys/kernel/tscope/cpus\n0-" n - 1
	print "== sys/kernel/tscope/enabled\n1"
	print "== sys/kernel/tscope/clocks\ntsc kvm-clock"
	print "== sys/kernel/tscope/tsc/khz\n2893437"
	print "== sys/kernel/tscope/tsc/samples\n505679006"
	print "== sys/kernel/tscope/tsc/offset\n-2 120 0 1 0 700"
	print "== sys/kernel/tscope/kvm-clock/offset\n1 130 0 1 0 700"
	print "== sys/kernel/debug/tscope/cpus"
	print "# cpu state leader windows lost meetings unmet age_ms readings"
	for (i = 0; i < n; i++)
		print i, "sampling", i == 0, 1000 + i, i % 3, 5000 + i, 0, i % 50, "123456789012345"
	print "== sys/kernel/debug/tscope/pairs"
	print "# clock cpu_i cpu_j offset_ns bound_ns moving hull_low_ns hull_high_ns age_ms meetings warps"
	split("tsc kvm-clock", clock)
	for (c = 1; c <= 2; c++)
		for (i = 0; i < n; i++)
			for (d = 1; i + d < n; d *= 2)
				print clock[c], i, i + d, (i + d) % 40 - 20, 100 + d % 50, 0,
					-150 - d % 50, 150 + d % 50, 100 + i % 900, 1000 + i, 0
	print "== sys/kernel/debug/tscope/timepage"
	print "# cpu version tsc_timestamp system_time_ns tsc_to_system_mul tsc_shift flags minus_first_ns"
	for (i = 0; i < n; i++)
		print i, 2, "123456789012", 987654321, "2965234567", -1, 1, 0
	print "== sys/kernel/debug/tscope/violations"
	print "# time_ns tsc what clock cpu peer size_ns count (time: CLOCK_MONOTONIC; size: the largest of count)"
}'
