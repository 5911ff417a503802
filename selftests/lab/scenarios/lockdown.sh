# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091
# DESCRIPTION: the kernel is locked down after tscope was loaded: what still works, and what is refused
#
# "odd" tests what a boot with lockdown=integrity does to an unsigned module.
# Environment (--env): with LOCK_LAST=integrity it stops, and unloads, at that level.

LOCK=/sys/kernel/security/lockdown
T=/sys/kernel/tscope
D=/sys/kernel/debug/tscope
EV=/sys/kernel/tracing/events/tscope
N=0
BAD=0

# tries WHAT yes|no COMMAND: checks whether the command works, for root
tries() {
	local got=yes
	sh -c "$3" >/dev/null 2>/tmp/why || got=no
	[ "$2" = "$got" ] || BAD=$((BAD + 1))
	N=$((N + 1))
	say "$([ "$2" = "$got" ] || echo "not ")ok $N - $LEVEL: $1: $got$([ $got = yes ] || sed 's/^.*: / (/; s/$/)/' /tmp/why)"
}

# at LEVEL DEBUGFS TRACEFS: what works at this level of lockdown
at() {
	LEVEL=$1
	[ "$1" = none ] || echo "$1" >$LOCK || { say "# $LOCK takes no $1"; return 1; }
	tries "sysfs is read" yes "cat $T/enabled $T/tsc/samples"
	tries "sysfs is written" yes "echo 20000 >$T/period_us && echo 10000 >$T/period_us && echo 1 >$T/reset"
	tries "sampling goes off and on" yes "echo 0 >$T/enabled && echo 1 >$T/enabled"
	tries "debugfs files are read" "$2" "cat $D/pairs $D/points $D/violations $D/pvti $D/hist/wakeup"
	tries "formats of the tracepoints are read" yes "cat $EV/*/format"
	tries "tracepoints are switched" "$3" "echo 1 >$EV/enable && echo 0 >$EV/enable"
	tries "the trace is read" "$3" "head -n 1 /sys/kernel/tracing/trace"
}

guest() {
	mount -t securityfs securityfs /sys/kernel/security
	grep -q '\[none\]' $LOCK || { say "# lockdown: $(cat $LOCK)"; return 1; }
	insmod /lib/tscope/tscope.ko enable=1 || return
	at none yes yes || return
	at integrity yes yes || return
	[ "$LOCK_LAST" = integrity ] || at confidentiality yes no || return
	tries "it unloads" yes "rmmod tscope"
	tries "an unsigned module loads" no "insmod /lib/tscope/tscope.ko"
	say "# $(dmesg | grep -m1 'Lockdown: insmod')"
	say "1..$N"
	[ $BAD = 0 ]
}
