# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034
# DESCRIPTION: the lab itself: channels, host commands, pause, TSC injection
ACCEL=nested
GUEST_APPEND="tsc=unstable"

fail() {
	say "# smoke: $*"
	exit 1
}

# adjust CPU: its MSR_IA32_TSC_ADJUST
adjust() {
	sed -n "s/^$1 //p" /sys/module/tsc_inject/parameters/adjust
}

# inject HOW DELTA SLACK: moves CPU 1's TSC, and checks that it stays moved, and CPU 0's unmoved
inject() {
	local zero one moved
	zero=$(adjust 0) one=$(adjust 1)
	echo "1 $2" >"/sys/module/tsc_inject/parameters/$1" || fail "$1: write refused"
	sleep 3
	moved=$(($(adjust 1) - one))
	say "# $1: asked for $2 cycles, moved $moved"
	if [ $((moved - $2)) -gt "$3" ] || [ $(($2 - moved)) -gt "$3" ]; then
		fail "$1: moved $moved"
	fi
	[ "$(adjust 0)" = "$zero" ] || fail "$1: moved CPU 0"
}

guest() {
	local before after paused
	say "# guest $(uname -r), $(nproc) CPUs, up $(cut -d' ' -f1 /proc/uptime) s"
	say "# clocksource $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
	[ "$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)" = kvm-clock ] ||
		fail "clocksource"

	say "# host $(on_host uname -a)" || fail "on_host"
	[ "$(on_host 'echo "  a b"; echo c')" = "  a b
c" ] || fail "on_host output"
	on_host 'exit 7'
	[ $? = 7 ] || fail "on_host status"
	[ "$(on_host cat /sys/devices/system/clocksource/clocksource0/current_clocksource)" = tsc ] ||
		fail "host clocksource"
	seq 1 3 | sed 's/^/# line /' | to_channel

	before=$(cut -d. -f1 /proc/uptime)
	paused=$(on_host 'monitor stop; monitor info status; sleep 3; monitor cont') || fail "pause: $paused"
	[ "$paused" = "VM status: paused" ] || fail "pause: $paused"
	after=$(cut -d. -f1 /proc/uptime)
	say "# uptime before a pause of 3 s $before, after $after"

	insmod /lib/tscope/tsc_inject.ko || fail "insmod"
	inject adjust 1000000 0
	inject adjust -1000000 0
	# some cycles pass between reading and writing
	inject tsc 5000000 2000000
	rmmod tsc_inject || fail "rmmod"
}
