# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The kernel log of a run, for both inits. It is read continuously, not at the end, so that
# no line is lost when the ring wraps or is cleared.

KLOG=/run/klog
KLOG_BAD='WARNING:|BUG:|Oops|Call Trace|possible (circular|recursive|irq)|INFO: (task|rcu|possible|suspicious)|rcu:.*stall|suspicious|UBSAN|KASAN|KCSAN|KFENCE|kmemleak|general protection|soft lockup|hard LOCKUP|[Uu]nexpected|refcount_t|sleeping function|scheduling while atomic|bad: |page allocation failure|unregister_netdevice'

klog_start() {
	# serve needs it, too
	export KLOG_TAINT
	KLOG_TAINT=$(cat /proc/sys/kernel/tainted)
	echo "lab: start" >/dev/kmsg
	cat /dev/kmsg >"$KLOG" &
}

# klog_check [ALLOWED]: prints what is wrong since klog_start; ALLOWED is a regex of lines that
# a scenario provokes
klog_check() {
	local tries=0 taint new end

	end="lab: end $(grep -c ';lab: end' "$KLOG")"
	echo "$end" >/dev/kmsg
	until grep -q ";$end\$" "$KLOG"; do
		tries=$((tries + 1))
		[ $tries -lt 50 ] || { echo "the kernel log overran"; return 1; }
		usleep 100000
	done
	sed '1,/;lab: start$/d' "$KLOG" >"$KLOG.new"
	# the taints O and E, of an unsigned out-of-tree module, are allowed
	taint=$(cat /proc/sys/kernel/tainted)
	new=$((taint & ~KLOG_TAINT & ~(4096 | 8192)))
	grep -E "$KLOG_BAD" "$KLOG.new" | grep -vE "${1:-^\$}" >"$KLOG.bad"
	if [ -s "$KLOG.bad" ]; then
		echo "kernel log: $(sed -n '1s/^[^;]*;//p' "$KLOG.bad")"
		return 1
	fi
	# if there are warnings that the scenario provokes, taint W is allowed
	! grep -q 'WARNING:' "$KLOG.new" || new=$((new & ~512))
	if [ $new != 0 ]; then
		echo "kernel taint went from $KLOG_TAINT to $taint"
		return 1
	fi
}
