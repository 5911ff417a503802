# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# pin.sh: virtual CPUs that run at once. Two busy threads of one QEMU may share a processor for
# long while another one is idle: a thread that is woken by its neighbour stays where that one
# runs. A CPU of the guest that calls another one then waits in vain. QEMU's threads have names by
# -name NAME,debug-threads=on.

# pin_vcpus PID COUNT: the first COUNT virtual CPUs get a processor each, where there are as many
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
			taskset -pc "${BASH_REMATCH[1]}" "${task##*/}" >/dev/null 2>&1
			pinned=$((pinned + 1))
		done
		sleep 0.1
	done
}

# pin_vcpus_of PATTERN COUNT: the same of the QEMU whose command line has it, once it is there
pin_vcpus_of() {
	local tries=0 pid
	until pid=$(pgrep -n -f "^qemu-system-x86_64 .*$1"); do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || return 0
		sleep 0.1
	done
	pin_vcpus "$pid" "$2"
}
