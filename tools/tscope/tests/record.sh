#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# record.sh [POINTS]: prints a tree of this machine for unpack.sh: the module's files, and other
# files that tscope reads. It keeps the newest POINTS (40) points of each clock. It runs as root,
# with busybox too.

POINTS=${1:-40}
COPY=$(mktemp -d) || exit
trap 'rm -rf "$COPY"' EXIT

# The module's files are copied first, by one program, so that they are of one time, and that this
# script does not disturb the samplers. A file that can't be read (ENODATA) is left out.
mkdir -p "$COPY/sys/kernel/debug"
cp -r /sys/kernel/debug/tscope "$COPY/sys/kernel/debug/" 2>/dev/null
cp -r /sys/kernel/tscope "$COPY/sys/kernel/" 2>/dev/null
cp /proc/uptime "$COPY/uptime"
# steal time is measured over 2 s
grep '^cpu ' /proc/stat >"$COPY/stat"
sleep 2

# section PATH COMMAND...: prints what the command prints as the file PATH, if it succeeds
section() {
	path=$1
	shift
	text=$("$@" 2>/dev/null; echo "status $?")
	[ "${text##*status }" = 0 ] || return 0
	printf '== %s\n%s' "${path#/}" "${text%status 0}"
}

# names of processes: of process 1, and of those that discipline the wall clock
services() {
	for file in /proc/[0-9]*/comm; do
		name=$(cat "$file" 2>/dev/null) || continue
		case $file,$name in
		*,chronyd | *,ntpd | *,ntp-daemon | *,systemd-timesyn | *,phc2sys | /proc/1/*)
			section "$file" echo "$name" ;;
		esac
	done
}

# points FILE: the newest points of each clock
points() {
	awk -v most="$POINTS" '
		FNR == 1 { pass++ }
		pass == 1 { n[$1]++; next }
		/^#/ || ++seen[$1] > n[$1] - most' "$1" "$1"
}

echo "# SPDX-License-Identifier: GPL-2.0"
echo "# recorded by record.sh: kernel $(uname -r), $(grep -c ^processor /proc/cpuinfo) CPUs"
section /proc/uptime cat "$COPY/uptime"
section /recorded/proc-stat-begin cat "$COPY/stat"
section /proc/stat grep ^cpu /proc/stat
section /proc/cpuinfo grep -E '^(processor|vendor_id|model name|cpu MHz|flags)|^$' /proc/cpuinfo
section /dev/kmsg sh -c "dmesg | grep -iE 'tscope|clocksource|tsc|kvm-clock|hpet|Hypervisor detected'"
for file in /proc/sys/kernel/osrelease /proc/cmdline /sys/module/tscope/version \
	/sys/hypervisor/type /sys/devices/system/cpu/online /sys/devices/system/cpu/cpuidle/current_driver \
	/sys/devices/system/clocksource/clocksource0/*_clocksource /sys/class/ptp/*/clock_name \
	/sys/devices/system/cpu/cpu0/cpuidle/state*/name \
	/sys/devices/system/cpu/cpu0/cpuidle/state*/disable \
	/sys/devices/system/cpu/cpufreq/policy0/scaling_driver \
	/sys/devices/system/cpu/cpufreq/policy0/scaling_governor \
	/sys/devices/system/cpu/cpufreq/policy0/scaling_m??_freq; do
	section "$file" cat "$file"
done
services
for command in sources tracking; do
	section /recorded/chronyc-$command chronyc -c -n $command
done
cd "$COPY" || exit
find sys -type f -size +0 | sort | while read -r file; do
	case $file in
	*/points) section "$file" points "$file" ;;
	*/pvti | */stability | */uevent) ;;	# pvti is timepage
	*) section "$file" cat "$file" ;;
	esac
done
