# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# pin.sh: binds virtual CPUs to processors, so that they run at the same time. Otherwise two busy
# threads of a QEMU may share one processor for long while another is idle, because a thread stays
# on the processor of the thread that wakes it. A CPU of the guest that calls another one then waits
# too long. QEMU's threads have names by -name NAME,debug-threads=on.

# pin_vcpus PID COUNT: binds the first COUNT virtual CPUs to a processor each, if there are so many
pin_vcpus() {
	local pid=$1 count=$2 tries=0 pinned=0 task name
	[ "$count" -le "$(nproc)" ] || return 0
	while [ $pinned -lt "$count" ] && [ $tries -lt 100 ] && [ -d "/proc/$pid" ]; do
		tries=$((tries + 1))
		pinned=0
		for task in /proc/"$pid"/task/*; do
			read -r name 2>/dev/null <"$task/comm" || continue
			[[ $name =~ ^CPU\ ([0-9]+)/ ]] || continue
			[ "${BASH_REMATCH[1]}" -lt "$count" ] || continue
			taskset -pc "${BASH_REMATCH[1]}" "${task##*/}" >/dev/null 2>&1 &&
				pinned=$((pinned + 1))
		done
		sleep 0.1
	done
}

# pin_vcpus_of PATTERN COUNT: the same for the QEMU whose command line matches, once it has started
pin_vcpus_of() {
	local tries=0 pid
	until pid=$(pgrep -n -f "^qemu-system-x86_64 .*$1"); do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || return 0
		sleep 0.1
	done
	pin_vcpus "$pid" "$2"
}
