# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2016,SC2046
# DESCRIPTION: a vmclock whose page the host fills: exact rate and steps, a page with a disruption marker only, an update that stays unfinished
#
# The page is one of the guest's own memory. The host writes it by lab_vmclock: the truth is the
# line of time that was written, which has a random rate. At first the page has no content, then a
# disruption marker alone, as QEMU's and Firecracker's has, and then it gives time.
ACCEL=nested
GUEST_VMCLOCK=page
TIMEOUT=420

# page VERB NAME=VALUE...: has the host write the page
page() {
	on_host "lab_vmclock /tmp/guest.memory 0x8000000 \$(cat \$(dirname /sys/kernel/debug/kvm/*/vcpu1)/vcpu0/tsc-offset) $*" \
		>/tmp/page.said || { say "# page $*: $(cat /tmp/page.said)"; return 1; }
}

# lines KIND: prints how many lines of violations are of this kind
lines() {
	grep -c " $1 vmclock " $TD/violations
}

# signed N: sets SIGNED, a random number from -N to N
signed() {
	random $((2 * $1 + 1))
	SIGNED=$((RANDOM_NUMBER - $1))
}

without_a_page() {
	tscope_load || return
	holds "clocks that have no page" 0 "$(grep -cw vmclock $T/clocks)" 0
	holds "the log says why" 1 "$(dmesg | grep -c 'vmclock is absent: its page has no magic number')" 0
	KHZ=$(figure tsc khz)
	rmmod tscope
}

marker_alone() {
	local n i=0
	page fill marker=1 flags=0x100 generation=7 || return
	tscope_load || return
	holds "vmclock is there" 1 "$(grep -cw vmclock $T/clocks)" 0
	echo 1 >$T/enabled
	sleep 1
	holds "no time" 0 "$(figure vmclock time)" 0
	holds "no skew" 0 "$(cat $T/vmclock/skew 2>/dev/null | wc -w)" 0
	random 5
	n=$((RANDOM_NUMBER + 2))
	while [ $i -lt $n ]; do
		i=$((i + 1))
		page update marker=$((1 + i)) || return
		usleep 200000
	done
	page update generation=8
	usleep 200000
	holds "marker" $((1 + n)) "$(figure vmclock marker)" 0
	holds "changes of the marker" $n "$(figure vmclock disruptions)" 0
	holds "of these in violations" $n "$(lines marker)" 0
	holds "generation" 8 "$(figure vmclock generation)" 0
	holds "its changes in violations" 1 "$(lines snapshot)" 0
	holds "updates" $((n + 1)) "$(figure vmclock updates)" 0
	holds "readings" 0 "$(figure vmclock samples)" 0
	echo 0 >$T/enabled
	finds restored
	rmmod tscope
}

# small updates are within the error that the host states, and larger ones are steps
updates() {
	local i sum=0 largest=0
	i=0
	while [ $i -lt 4 ]; do
		i=$((i + 1))
		signed $1
		page update step=$SIGNED || return
		usleep 100000
	done
	holds "updates seen" 4 "$(figure vmclock updates)" 0
	no_steps vmclock
	i=0
	while [ $i -lt 3 ]; do
		i=$((i + 1))
		log_uniform $(($1 + 2)) 5000000000
		random 2
		[ $RANDOM_NUMBER = 0 ] || LOG_UNIFORM=-$LOG_UNIFORM
		page update step=$LOG_UNIFORM || return
		usleep 300000
		holds "step ns" $LOG_UNIFORM "$(figure vmclock step_last_ns)" 1
	done
	holds "vmclock steps" 3 "$(figure vmclock steps)" 0
	holds "steps in violations" 3 "$(lines step)" 0
	# by ptp-kvm the host's wall clock did not step
	sleep 1
	finds clock-stepped $LOG_UNIFORM 10
}

unfinished() {
	local before
	page begin || return
	before=$(figure vmclock rejected)
	usleep 500000
	result "$([ "$(figure vmclock time)" = none ] && echo ok || echo not ok)" "an unfinished update is no time"
	between "readings rejected meanwhile" $((before + 5)) "$(figure vmclock rejected)" -
	page end || return
	usleep 200000
	holds "the end is one update" $((UPDATES + 1)) "$(figure vmclock updates)" 0
	before=$(figure vmclock rejected)
	usleep 500000
	holds "readings rejected after it" $before "$(figure vmclock rejected)" 0
}

with_time() {
	local rate error
	signed 200000
	rate=$SIGNED
	log_uniform 2 1000000
	error=$LOG_UNIFORM
	page fill counter_id=1 status=2 flags=0x50 maxerror=$error khz=$KHZ ppb=$rate || return
	tscope_load || return
	trace_on step || return
	echo 1 >$T/enabled
	sleep 5
	holds "time" 1 "$(figure vmclock time)" 0
	holds "status" 2 "$(figure vmclock status)" 0
	holds "the host's error ns" $error "$(figure vmclock error_ns)" 0
	holds "exact" 1 "$(figure vmclock exact)" 0
	holds "rejected" 0 "$(figure vmclock rejected)" 0
	skew vmclock $rate 0.002
	below "vmclock's half-width ppb" "$(figure vmclock skew_error_ppb)" 0.005
	no_steps vmclock
	updates $error || return
	# a change of the rate is not a step, and shows in the skew from then on
	signed 200000
	page update ppb=$SIGNED khz=$KHZ || return
	usleep 200000
	holds "vmclock steps after a change of its rate" 3 "$(figure vmclock steps)" 0
	echo 1 >$T/reset
	sleep 3
	skew vmclock $SIGNED 0.002
	UPDATES=$(figure vmclock updates)
	unfinished || return
	# the host reports its clock as unreliable, and later as reliable again
	page update status=4 || return
	usleep 200000
	holds "no time by an unreliable clock" 0 "$(figure vmclock time)" 0
	page update status=2 step=123456789 || return
	sleep 1
	holds "time again" 1 "$(figure vmclock time)" 0
	holds "no step across it" 0 "$(figure vmclock steps)" 0
	clean tsc kvm-clock monotonic-raw
	echo 0 >$T/enabled
}

guest() {
	. /lib/tscope/truth.sh
	. /lib/tscope/doctor.sh

	seed
	on_host 'mount -t debugfs debugfs /sys/kernel/debug'
	without_a_page && marker_alone && with_time || return
	tscope_done
}
