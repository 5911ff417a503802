# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091,SC2086,SC2046,SC2013
# DESCRIPTION: one odd machine: tscope loads, samples, shows the clocks that can exist, says why others can't, unloads
#
# For selftests/lab/odd, which sets in the environment: ODD_ABSENT, the clocks that can't exist
# there; ODD_CPUS, the CPUs that sample by default; ODD_ISOLATED, a CPU that is isolated;
# ODD_PARTITION, if a cpuset isolates it; ODD_WITHOUT, options that the kernel is built without,
# with commas; ODD_STABLE, what kvm-clock/stable is; ODD_DEBUGFS, if debugfs is off; ODD_SOURCE, the
# clocksource that was requested; ODD_BTF, if the module has another kernel's BTF; ODD_REFUSED, the
# reason that the log gives if tscope can't load, and ODD_ERRNO, the errno of insmod then (regular
# expressions without a blank). It must not load if the log matches ODD_IF, and must load otherwise:
# in emulation this is chance.
TIMEOUT=300

T=/sys/kernel/tscope
N=0
BAD=0

# expect WHAT GOT WANTED
expect() {
	N=$((N + 1))
	if [ "$2" = "$3" ]; then
		say "ok $N - $1: $2"
	else
		BAD=$((BAD + 1))
		say "not ok $N - $1: is '$2', not '$3'"
	fi
}

# clocks_wanted: all clocks that the accelerator offers, except ODD_ABSENT
clocks_wanted() {
	local name all="tsc monotonic-raw realtime acpi-pm hpet"
	[ "$LAB_ACCEL" = tcg ] || all="tsc kvm-clock ptp-kvm monotonic-raw realtime acpi-pm hpet"
	for name in $all; do
		case " $ODD_ABSENT " in *" $name "*) ;; *) echo $name ;; esac
	done | tr '\n' ' ' | sed 's/ $//'
}

# sampling: prints the CPUs that sample, according to debugfs
sampling() {
	[ -z "$ODD_DEBUGFS" ] || { sampling_wanted; return; }
	awk '!/^#/ && $2 != "off" { print $1 }' /sys/kernel/debug/tscope/cpus | tr '\n' ' ' | sed 's/ $//'
}

# samples CLOCK: whether the clock's number of samples grows
samples() {
	local before tries=0
	before=$(cat $T/$1/samples)
	while [ $tries -lt 100 ]; do
		[ $(($(cat $T/$1/samples) - before)) -le 8 ] || { echo yes; return; }
		tries=$((tries + 1))
		usleep 50000
	done
	echo no
}

# reason CLOCK: why it is absent here
reason() {
	local option=''
	case $1 in
	kvm-clock | ptp-kvm) option=KVM_GUEST ;;
	acpi-pm | hpet | vmclock) option=ACPI ;;
	hyperv) option=HYPERV_TIMER ;;
	xen) option=XEN ;;
	esac
	case ",$ODD_WITHOUT," in
	*",$option,"*) echo "the kernel is built without $option"; return ;;
	esac
	case $1 in
	kvm-clock) echo "not a KVM guest, or kvm-clock is off" ;;
	ptp-kvm) echo "not a KVM guest" ;;
	acpi-pm) echo "ACPI is off" ;;
	hpet) grep -qw hpet=disable /proc/cmdline && echo "the kernel has not started it" || echo "ACPI names none" ;;
	vmclock) grep -qw acpi=off /proc/cmdline && echo "ACPI is off" || echo "ACPI names none" ;;
	hyperv) echo "not a Hyper-V guest, or there is no reference TSC page" ;;
	xen) echo "not a Xen guest" ;;
	*) echo "no reason" ;;
	esac
}

absent() {
	local name
	for name in tsc kvm-clock ptp-kvm monotonic-raw realtime acpi-pm hpet hyperv xen vmclock; do
		[ -d $T/$name ] || expect "$name is absent" \
			"$(dmesg | sed -n "s/.*tscope: $name is absent: //p" | tail -n 1)" "$(reason $name)"
	done
}

isolated() {
	[ -n "$ODD_ISOLATED" ] || return 0
	say "# isolated $(cat /sys/devices/system/cpu/isolated), nohz_full $(cat /sys/devices/system/cpu/nohz_full)"
	cat /sys/devices/system/cpu/possible >$T/cpus
	expect "CPUs that sample, when all are named" "$(sampling)" "0 $ODD_ISOLATED"
	echo $ODD_ISOLATED >$T/cpus
	expect "CPUs that sample, when the isolated one is named" "$(sampling)" $ODD_ISOLATED
	expect "tsc is sampled there" "$(samples tsc)" yes
	expect "realtime is sampled there" "$(samples realtime)" yes
}

# an isolated cpuset partition, which modules can't detect on 6.1
partition() {
	local cg=/tmp/cgroup
	[ -n "$ODD_PARTITION" ] || return 0
	mkdir $cg && mount -t cgroup2 cgroup2 $cg && echo +cpuset >$cg/cgroup.subtree_control &&
		mkdir $cg/apart && echo $ODD_ISOLATED >$cg/apart/cpuset.cpus &&
		echo isolated >$cg/apart/cpuset.cpus.partition
	expect "partition" "$(cat $cg/apart/cpuset.cpus.partition)" isolated
	case $(uname -r) in 6.1.*) ODD_CPUS='' ODD_ISOLATED='' ;; esac
}

# khz_given: if the kernel has no frequency of the TSC, the user's is used
khz_given() {
	insmod /lib/tscope/tscope.ko tsc_khz=2100000
	expect "tsc/khz is the one that is given" "$(cat $T/tsc/khz)" 2100000
	expect "and the log says so" "$(dmesg | grep -c 'tscope:.*all figures use tsc_khz=2100000')" 1
	echo 1 >$T/enabled
	expect "tsc is sampled" "$(samples tsc)" yes
	rmmod tscope
}

# refused: on a machine that can't give figures the module logs why, and leaves nothing behind
refused() {
	insmod /lib/tscope/tscope.ko 2>/tmp/why && expect "loads" yes no
	expect "errno" "$(grep -c "$ODD_ERRNO" /tmp/why)" 1
	expect "the reason is logged" "$(dmesg | grep -q "$ODD_REFUSED" && echo yes)" yes
	say "# $(dmesg | grep "$ODD_REFUSED" | tail -n 1)"
	case $ODD_ERRNO in No.such.device) khz_given ;; esac
	expect "nothing is left" "$(ls -d $T /sys/kernel/debug/tscope /sys/module/tscope 2>/dev/null)" ""
	say "1..$N"
	[ $BAD = 0 ]
}

# the CPUs that must sample
sampling_wanted() {
	[ -z "$ODD_CPUS" ] || { echo "$ODD_CPUS"; return; }
	seq -s' ' $(tr - ' ' </sys/devices/system/cpu/online | awk '{ print $1, $NF }')
}

guest() {
	local name cpus cs=/sys/devices/system/clocksource/clocksource0
	say "TAP version 13"
	say "# $(uname -r), CPUs $(cat /sys/devices/system/cpu/online) of $(cat /sys/devices/system/cpu/possible), clocksource $(cat $cs/current_clocksource) of $(cat $cs/available_clocksource)"
	[ -z "$ODD_SOURCE" ] || expect "clocksource" "$(cat $cs/current_clocksource)" $ODD_SOURCE
	partition
	if [ -n "$ODD_REFUSED" ] && dmesg | grep -q "$ODD_IF"; then
		refused
		return
	fi
	insmod /lib/tscope/tscope.ko || return
	[ -z "$ODD_BTF" ] || expect "the log says that BTF is wrong" \
		"$(dmesg | grep -c 'Kernel module BTF mismatch detected')" 1
	expect clocks "$(cat $T/clocks)" "$(clocks_wanted)"
	expect "debugfs" "$(ls -d /sys/kernel/debug/tscope 2>/dev/null)" \
		"$([ -n "$ODD_DEBUGFS" ] || echo /sys/kernel/debug/tscope)"
	cpus=${ODD_CPUS:-$(cat /sys/devices/system/cpu/possible)}
	expect "cpus by default" "$(cat $T/cpus)" "$cpus"
	absent
	[ -z "$ODD_STABLE" ] || expect "kvm-clock/stable" "$(cat $T/kvm-clock/stable)" $ODD_STABLE
	cat $T/period_us >$T/width_us
	echo 1 >$T/enabled
	expect "CPUs that sample" "$(sampling)" "$(sampling_wanted)"
	for name in $(cat $T/clocks); do
		expect "$name is sampled" "$(samples $name)" yes
	done
	sleep 1
	isolated
	echo 0 >$T/enabled
	for name in $(cat $T/clocks); do
		[ ! -e $T/$name/skew_ppb ] ||
			say "# $name: skew $(cat $T/$name/skew_ppb 2>/dev/null) +- $(cat $T/$name/skew_error_ppb 2>/dev/null) ppb"
		[ "$name" = realtime ] || expect "$name backward" "$(cat $T/$name/backward)" 0
		[ ! -e $T/$name/warps ] || expect "$name warps" "$(cat $T/$name/warps)" 0
	done
	rmmod tscope || expect "unloads" no yes
	expect "is gone" "$(ls -d $T /sys/kernel/debug/tscope 2>/dev/null)" ""
	say "1..$N"
	[ $BAD = 0 ]
}
