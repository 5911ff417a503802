#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# record.sh [POINTS]: prints a tree of this machine for unpack.sh: the module's files, and what
# else tscope looks at. Of the points of each clock the newest POINTS (40) are kept. It runs with
# busybox too, as root.

POINTS=${1:-40}

# one PATH [COMMAND...]: a section of what COMMAND prints, or of the file; a file that refuses, as
# with ENODATA, has none
one() {
	path=$1
	shift
	[ $# != 0 ] || set -- cat "$path"
	text=$("$@" 2>/dev/null; echo "status $?")
	[ "${text##*status }" = 0 ] || return 0
	echo "== ${path#/}"
	printf '%s' "${text%status 0}"
}

# the newest of each clock
points() {
	awk -v most="$POINTS" '
		FNR == 1 { pass++ }
		pass == 1 { n[$1]++; next }
		/^#/ || ++seen[$1] > n[$1] - most' "$1" "$1"
}

# what tscope looks for in the kernel log
log() {
	dmesg | grep -iE 'tscope|clocksource|tsc:|kvm-clock|hpet'
}

# flags are alike on all CPUs
cpuinfo() {
	grep -E '^(processor|vendor_id|model name|cpu MHz|flags|hypervisor)|^$' /proc/cpuinfo
}

echo "# SPDX-License-Identifier: GPL-2.0"
echo "# recorded by record.sh: kernel $(uname -r), $(grep -c ^processor /proc/cpuinfo) CPUs"
for file in /proc/sys/kernel/osrelease /proc/uptime /proc/cmdline /proc/stat \
	/sys/module/tscope/version /sys/devices/system/cpu/online \
	/sys/devices/system/clocksource/clocksource0/*_clocksource /sys/class/ptp/*/clock_name \
	/sys/devices/system/cpu/cpuidle/current_driver; do
	one "$file"
done
one /proc/cpuinfo cpuinfo
one /dev/kmsg log
find /sys/kernel/tscope -type f | sort | while read -r file; do
	one "$file"
done
find /sys/kernel/debug/tscope -type f | sort | while read -r file; do
	case $file in
	*/points) one "$file" points "$file" ;;
	*/pvti | */stability) ;;	# pvti is timepage
	*) one "$file" ;;
	esac
done
