# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# For scenarios that run in a debug kernel: checks that the kernel's debugging works, and
# checks for findings that are not errors in the log.

KMEMLEAK=/sys/kernel/debug/kmemleak
KCSAN=/sys/kernel/debug/kcsan
LOCKDEP=/proc/lockdep_stats
# with kCFI each function that is called by a pointer has its type before it
CFI=__cfi_printk
# kmemleak reports no object that is younger than 5 s
KMEMLEAK_AGE_S=6

# debugging: whether this kernel's checks are on, and have not stopped: lockdep stops at its first
# finding, kmemleak if it is out of memory
debugging() {
	if [ ! -e $LOCKDEP ] && [ ! -e $KCSAN ] && ! grep -q "$CFI" /proc/kallsyms; then
		say "# this is no debug kernel: --kernel 6.12+kasan, 6.12+kcsan, 6.12+rt or 6.12+cfi"
		return 1
	fi
	if [ -e $LOCKDEP ] && ! grep -q '^ *debug_locks: *1$' $LOCKDEP; then
		say "# lockdep is off"
		return 1
	fi
	# its automatic scan is off anyway
	if [ -e $KMEMLEAK ] && ! echo scan=off >$KMEMLEAK; then
		say "# kmemleak is off"
		return 1
	fi
	if [ -e $KCSAN ] && ! grep -q '^enabled: 1$' $KCSAN; then
		say "# KCSAN is off"
		return 1
	fi
}

debug_begin() {
	debugging || return
	say "# $(uname -r), clocksource $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
}

# kmemleak reports an object when two scans have found no pointer to it and it did not change
no_leaks() {
	[ -e $KMEMLEAK ] || return 0
	echo scan >$KMEMLEAK
	sleep $KMEMLEAK_AGE_S
	echo scan >$KMEMLEAK
	# mm/slub.c loses the name of a slab cache if the cache's directory in sysfs can't be created
	awk '
		function keep() { if (report !~ /sysfs_slab_add/) printf "%s", report; report = "" }
		/^unreferenced object/ { keep() }
		{ report = report $0 "\n" }
		END { keep() }' $KMEMLEAK >/run/leaks
	[ -s /run/leaks ] || return 0
	say "# kmemleak: $(grep -c '^unreferenced object' /run/leaks) objects, the first ones:"
	head -n 40 /run/leaks | sed 's/^/#   /' | to_channel
	return 1
}

# A kernel has harmless races of its own: a report counts if a function of tscope is anywhere
# in it.
no_races() {
	[ -e $KCSAN ] || return 0
	echo "debug: end" >/dev/kmsg
	until grep -q ';debug: end$' /run/klog; do
		usleep 100000
	done
	sed 's/^[^;]*;//' /run/klog | awk '
		/^={60}/ { if (within && report ~ /KCSAN/) {
				if (report ~ /\[tscope/) { ours++; if (ours < 21) printf "%s", report }
				else other++
			}
			within = !within; report = ""; next }
		within { report = report "#   " $0 "\n" }
		END { print ours + 0, other + 0 >"/run/races" }' >/run/reports
	read -r ours other </run/races
	say "# KCSAN: $ours data races that tscope has part in, $other of the kernel alone, $(
		sed -n 's/^setup_watchpoints: //p' $KCSAN) watchpoints"
	to_channel </run/reports
	[ "$ours" = 0 ]
}

# debug_end: fails if anything was found, or if debugging has stopped
debug_end() {
	local status=0
	# a use after free may appear only after a grace period
	sleep 1
	no_leaks || status=1
	no_races || status=1
	debugging || status=1
	return $status
}
