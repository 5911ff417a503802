#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2317
#
# Loads and unloads the module: often, twice, with parameters that must be refused.

. "$(dirname "$0")/lib.sh"

LOADS=${LOADS:-50}
EXPEDITED=/sys/kernel/rcu_expedited

# often: every other time the module samples from the start
often() {
	local i=0 path
	while [ "$i" -lt "$LOADS" ]; do
		must_load enable=$((i % 2)) || return
		get enabled
		same "enabled, load $i" "$VALUE" $((i % 2))
		unload || return
		for path in "$TSCOPE" "$DEBUG" /sys/module/tscope; do
			[ ! -e "$path" ] || bad "load $i: $path is still there"
		done
		i=$((i + 1))
	done
	nothing_left
}

# changed_and_unloaded: what a change leaves for RCU to do is done before the module's memory goes.
# Expedited grace periods make an unload overtake it.
changed_and_unloaded() {
	local i=0 was=''
	[ ! -w "$EXPEDITED" ] || read -r was <"$EXPEDITED"
	while [ "$i" -lt 20 ]; do
		must_load || return
		[ -z "$was" ] || echo 1 >"$EXPEDITED"
		set_to burst_us 11
		set_to burst_us 10
		unload
		[ -z "$was" ] || echo "$was" >"$EXPEDITED"
		i=$((i + 1))
	done
	sleep 0.5
	nothing_left
}

starts_nothing() {
	must_load || return
	sleep 0.5
	get tsc/samples
	same "tsc/samples" "$VALUE" 0
	threads_are "threads" ""
	unload
}

starts_sampling() {
	local tsc
	must_load enable=1 || return
	wait_for 10 grown tsc/samples 0 || bad "tsc/samples stays 0"
	get tsc/samples
	tsc=$VALUE
	wait_for 10 grown tsc/samples "$tsc" || bad "tsc/samples stays $tsc"
	threads_are "threads" "$(expand "$(cat "$CPUDIR/online")")"
	set_to enabled 0
	threads_are "threads while sampling is off" ""
	set_to enabled 1
	threads_are "threads" "$(expand "$(cat "$CPUDIR/online")")"
	unload
}

twice() {
	must_load || return
	if [ -n "$TSCOPE_MODULE" ]; then
		! load || bad "loaded twice"
		same "errno" "$ERRNO" EEXIST
	else
		skip "modprobe takes a loaded module for a success"
	fi
	get enabled || bad "the first is gone"
	unload
	nothing_left
}

# refused ERRNO LOG PARAMETER...: LOG is what the log must say, with _ for a space
refused() {
	local errno=$1 why=$2 had has
	shift 2
	why=$(echo "$why" | tr _ ' ')
	had=$(dmesg | grep -c "tscope: .*$why")
	if load "$@"; then
		bad "accepted"
		unload
		return
	fi
	same "errno" "$ERRNO" "$errno"
	has=$(dmesg | grep -c "tscope: .*$why")
	[ "$has" -gt "$had" ] || bad "the log does not say '$why'"
	nothing_left
}

# accepted PARAMETER...: the module loads, and its files show the values
accepted() {
	local pair
	must_load "$@" || return
	for pair; do
		get "${pair%%=*}"
		same "${pair%%=*}" "$VALUE" "${pair#*=}"
		same "parameter ${pair%%=*}" "$(cat "/sys/module/tscope/parameters/${pair%%=*}")" \
			"${pair#*=}"
		same "mode of parameter ${pair%%=*}" \
			"$(stat -c %a "/sys/module/tscope/parameters/${pair%%=*}")" 444
	done
	unload
}

# says_why_tsc: at load the log warns if the TSC may not be steady, and only then
says_why_tsc() {
	local want='' had has
	# "unstable" is known from the command line alone: older lines of the log may be lost
	grep -qw tsc=unstable /proc/cmdline && want="$want the kernel calls it unstable"
	grep -qw constant_tsc /proc/cpuinfo || want="$want no constant_tsc"
	grep -qw nonstop_tsc /proc/cpuinfo || want="$want no nonstop_tsc"
	had=$(dmesg | grep -c "tscope: the TSC, .* may not be steady:\( the kernel calls it unstable\)\?$want\$")
	must_load || return
	has=$(dmesg | grep -c "tscope: the TSC, .* may not be steady:\( the kernel calls it unstable\)\?$want\$")
	unload
	if [ -n "$want" ]; then
		[ "$has" -gt "$had" ] || bad "the log does not say '$want'"
	elif ! dmesg | grep -q 'tsc.*unstable'; then
		same "lines about the TSC" "$has" "$had"
	fi
}

# khz_is_the_kernels: tsc_khz= has no effect if the kernel knows the frequency, and the log says so
khz_is_the_kernels() {
	local given had
	must_load || return
	get tsc/khz
	unload
	given=$((VALUE + 100000))
	had=$(dmesg | grep -c "tscope: tsc_khz=$given is not used")
	must_load tsc_khz="$given" || return
	get tsc/khz
	[ "$VALUE" != "$given" ] || bad "tsc/khz is $given, as given"
	[ "$(dmesg | grep -c "tscope: tsc_khz=$given is not used: the kernel uses $VALUE\$")" -gt "$had" ] ||
		bad "the log does not say so"
	unload
}

# debugfs not mounted: all else works
without_debugfs() {
	if ! umount /sys/kernel/debug 2>/dev/null; then
		skip "debugfs is in use, or not mounted"
		return
	fi
	if must_load enable=1; then
		[ ! -e "$DEBUG" ] || bad "$DEBUG is there"
		wait_for 10 grown tsc/samples 0 || bad "tsc/samples stays 0"
		unload
	fi
	mount -t debugfs debugfs /sys/kernel/debug || bad "mount"
	nothing_left
}

# debugfs=off on the kernel's command line
debugfs_off() {
	if ! grep -qw debugfs=off /proc/cmdline; then
		skip "only with debugfs=off on the kernel's command line"
		return
	fi
	must_load enable=1 || return
	wait_for 10 grown tsc/samples 0 || bad "tsc/samples stays 0"
	unload
	nothing_left
}

begin
possible=$(cat "$CPUDIR/possible")
absent=$((${possible##*[-,]} + 1))
run_tests <<END
often
changed_and_unloaded
starts_nothing
starts_sampling
twice
says_why_tsc
khz_is_the_kernels
accepted period_us=1000 width_us=10 burst_us=1 fit_window_s=1 cpus=0
accepted period_us=10000000 width_us=10000000 burst_us=100 fit_window_s=3600
refused ERANGE out_of_range period_us=0
refused ERANGE out_of_range period_us=999
refused ERANGE out_of_range period_us=10000001
refused ERANGE out_of_range width_us=9
refused ERANGE out_of_range width_us=50001
refused ERANGE out_of_range period_us=1000 width_us=1001
refused ERANGE out_of_range burst_us=0
refused ERANGE out_of_range burst_us=101
refused ERANGE out_of_range fit_window_s=0
refused ERANGE out_of_range fit_window_s=3601
refused ERANGE out_of_range tsc_khz=999
refused EINVAL invalid_for_parameter tsc_khz=fast
refused ERANGE invalid_for_parameter period_us=4294967296
refused EINVAL invalid_for_parameter period_us=-1
refused EINVAL invalid_for_parameter period_us=often
refused EINVAL invalid_for_parameter width_us=100us
refused EINVAL invalid_for_parameter burst_us=1.5
refused EINVAL invalid_for_parameter fit_window_s=
refused EINVAL invalid_for_parameter enable=maybe
refused EINVAL cpus=first cpus=first
refused EINVAL cpus= cpus=
refused ERANGE cpus=$absent cpus=$absent
refused ERANGE cpus=0-$absent cpus=0-$absent
refused EINVAL cpus=1-0 cpus=1-0
without_debugfs
debugfs_off
END
