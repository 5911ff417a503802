#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2012,SC2317
#
# Checks which files /sys/kernel/tscope has, their modes, forms and values, before
# anything was sampled and after. The tables follow
# Documentation/ABI/testing/sysfs-kernel-tscope.

. "$(dirname "$0")/lib.sh"

# file, mode, form, value after loading
CONTROL_TABLE="
enabled 644 flag 0
reset 200 - EACCES
period_us 644 unsigned 50000
width_us 644 unsigned 20
burst_us 644 unsigned 10
fit_window_s 644 unsigned 60
cpus 644 cpus @default
clocks 444 - @clocks
alerts 444 unsigned 0
alert_interval_s 644 unsigned 60"

# file, clocks that have it (-x: all but x), form, value before (-: any; ?: any or ENODATA, also
# after), range after
CLOCK_TABLE="
samples all unsigned 0 1 -
rejected all unsigned 0 0 -
backward all unsigned 0 0 -
backward_max_ns all unsigned 0 0 -
warps tsc,kvm-clock,hyperv,xen,monotonic-raw unsigned 0 0 -
warp_max_ns tsc,kvm-clock,hyperv,xen,monotonic-raw unsigned 0 0 -
exact kvm-clock,hyperv,xen,ptp-kvm,monotonic-raw,realtime,vmclock flag ENODATA 0 1
skew -tsc skew ENODATA - -
skew_ppb -tsc decimal ENODATA -500000000 500000000
skew_error_ppb -tsc positive-decimal ENODATA 0 1000000000
phase_ns -tsc signed ENODATA -1000000000 1000000000
steps -tsc unsigned 0 0 100
step_last_ns -tsc signed 0 -1000000000 1000000000
step_max_ns -tsc signed 0 -1000000000 1000000000
read_min_ns -tsc,kvm-clock,hyperv,xen unsigned ENODATA 1 10000000
read_avg_ns -tsc,kvm-clock,hyperv,xen unsigned ENODATA 1 100000000
khz tsc,kvm-clock,hyperv,xen unsigned - 100000 20000000
offset tsc,kvm-clock,hyperv,xen offset ENODATA - -
offset_max_ns tsc,kvm-clock,hyperv,xen signed ENODATA -1000000000 1000000000
offset_bound_ns tsc,kvm-clock,hyperv,xen unsigned ENODATA 1 1000000000
moving tsc,kvm-clock,hyperv,xen unsigned 0 0 -
unmet tsc,kvm-clock,hyperv,xen unsigned 0 0 0
widest_bound_ns tsc,kvm-clock,hyperv,xen unsigned ENODATA 1 1000000000
step_cycles tsc unsigned ENODATA 1 -
updates kvm-clock,hyperv,xen,vmclock unsigned 0 0 -
stable kvm-clock,xen flag - 0 1
valid hyperv flag - 0 1
stopped kvm-clock unsigned 0 0 -
tsc_mode xen unsigned ? 0 3
emulated xen flag ? 0 1
incarnation xen unsigned ? 0 -
offset ptp-kvm offset ENODATA - -
offset_ns ptp-kvm signed ENODATA - -
offset_error_ns ptp-kvm unsigned ENODATA 1 100000000
errors ptp-kvm unsigned 0 0 -
time vmclock flag - 0 1
status vmclock unsigned - 0 255
error_ns vmclock unsigned ? 0 -
marker vmclock unsigned - 0 -
disruptions vmclock unsigned 0 0 0
generation vmclock unsigned ? 0 -
warp_alert_ns tsc,kvm-clock,hyperv,xen,monotonic-raw unsigned 1 1 1
step_alert_ns -tsc unsigned 0 0 0
skew_alert_ppb -tsc unsigned 0 0 0"

KNOWN="tsc kvm-clock hyperv xen ptp-kvm monotonic-raw realtime acpi-pm hpet vmclock"

# has CLOCK CLOCKS: whether a row with CLOCKS in its second column applies to the clock
has() {
	case $2 in
	all) ;;
	-*) case ",${2#-}," in *",$1,"*) return 1 ;; esac ;;
	*) case ",$2," in *",$1,"*) ;; *) return 1 ;; esac ;;
	esac
}

mode_is() {
	same "mode of $1" "$(stat -c '%a %u %g' "$TSCOPE/$1")" "$2 0 0"
}

controls() {
	local file mode form value clocks
	get clocks
	clocks=$VALUE
	while read -r file mode form value; do
		[ -n "$file" ] || continue
		[ -f "$TSCOPE/$file" ] || { bad "no $file"; continue; }
		mode_is "$file" "$mode"
		[ "$value" != @clocks ] || value=$clocks
		if get "$file"; then
			if [ "$value" = @default ]; then
				default_cpus
				same "$file" "$(expand "$VALUE")" "$CPUS"
			else
				same "$file" "$VALUE" "$value"
			fi
			[ "$form" = - ] || is "$form" "$VALUE" || bad "$file: '$VALUE' is not $form"
		else
			same "errno of $file" "$ERRNO" "$value"
		fi
	done <<-END
	$CONTROL_TABLE
	END
	same "lines of clocks" "$(wc -l <"$TSCOPE/clocks")" 1
}

# there is nothing except the controls and the clocks that "clocks" names
directory() {
	local want
	get clocks
	want=$(for name in $VALUE $(echo "$CONTROL_TABLE" | cut -d' ' -f1); do
		echo "$name"
	done | sort)
	same "files" "$(ls "$TSCOPE" | sort | tr '\n' ' ')" "$(echo "$want" | tr '\n' ' ')"
	for name in $VALUE; do
		[ -d "$TSCOPE/$name" ] || bad "$name is no directory"
		case " $KNOWN " in *" $name "*) ;; *) bad "unknown clock $name" ;; esac
	done
}

# the clocks that must exist, by what the kernel itself reports about the machine
presence() {
	local sources
	get clocks
	for name in tsc monotonic-raw realtime; do
		case " $VALUE " in *" $name "*) ;; *) bad "no $name in $VALUE" ;; esac
	done
	sources=$(cat /sys/devices/system/clocksource/clocksource0/available_clocksource)
	for name in kvm-clock xen; do
		case " $sources " in
		*" $name "*) case " $VALUE " in *" $name "*) ;; *) bad "no $name" ;; esac ;;
		*) case " $VALUE " in *" $name "*) bad "$name" ;; esac ;;
		esac
	done
	case " $sources " in
	*" hyperv_clocksource_tsc_page "*)
		case " $VALUE " in *" hyperv "*) ;; *) bad "no hyperv" ;; esac ;;
	*) case " $VALUE " in *" hyperv "*) bad "hyperv" ;; esac ;;
	esac
	if ! grep -qw hypervisor /proc/cpuinfo; then
		case $VALUE in *kvm* | *hyperv*) bad "no hypervisor, yet $VALUE" ;; esac
	fi
	case " $sources " in
	*" acpi_pm "*) case " $VALUE " in *" acpi-pm "*) ;; *) bad "no acpi-pm" ;; esac ;;
	esac
}

# files CLOCK: the clock has exactly the files that it should have, with their modes
files() {
	local file clocks rest want=
	[ -d "$TSCOPE/$1" ] || { skip "no $1 here"; return; }
	while read -r file clocks rest; do
		has "$1" "$clocks" && [ -n "$file" ] && want="$want$file
"
	done <<-END
	$CLOCK_TABLE
	END
	same "files" "$(ls "$TSCOPE/$1" | sort | tr '\n' ' ')" \
		"$(printf %s "$want" | sort | tr '\n' ' ')"
	for file in $want; do
		case $file in
		*_alert_*) mode_is "$1/$file" 644 ;;
		*) mode_is "$1/$file" 444 ;;
		esac
	done
}

# fresh CLOCK: the values of its files before anything was sampled
fresh() {
	local file clocks form before rest
	[ -d "$TSCOPE/$1" ] || { skip "no $1 here"; return; }
	while read -r file clocks form before rest; do
		{ [ -n "$file" ] && has "$1" "$clocks"; } || continue
		if get "$1/$file"; then
			case $before in [-?]) ;; *) same "$file" "$VALUE" "$before" ;; esac
		else
			[ "$before" != "?" ] || before=ENODATA
			same "errno of $file" "$ERRNO" "$before"
		fi
	done <<-END
	$CLOCK_TABLE
	END
}

sample() {
	flat_out 8
}

# values CLOCK: the values of its files after sampling
values() {
	local file clocks form before low high whole
	[ -d "$TSCOPE/$1" ] || { skip "no $1 here"; return; }
	if [ "$1" = ptp-kvm ] && get ptp-kvm/errors && [ "$VALUE" -gt 0 ]; then
		skip "the host refuses: it is not on a TSC clocksource"
		return
	fi
	timeless "$1" && { skip "its page gives no time"; return; }
	while read -r file clocks form before low high; do
		{ [ -n "$file" ] && has "$1" "$clocks"; } || continue
		if ! get "$1/$file"; then
			[ "$before$ERRNO" != "?ENODATA" ] || continue
			case $file in
			offset | offset_*_ns | widest_*) [ "$(nproc)" -gt 1 ] || continue ;;
			esac
			bad "$file: $ERRNO"
			continue
		fi
		is "$form" "$VALUE" || { bad "$file: '$VALUE' is not $form"; continue; }
		whole=${VALUE%.*}
		[ "$low" = - ] || [ "$whole" -ge "$low" ] || bad "$file: $VALUE is below $low"
		[ "$high" = - ] || [ "$whole" -le "$high" ] || bad "$file: $VALUE is above $high"
	done <<-END
	$CLOCK_TABLE
	END
}

# offsets CLOCK: `offset` is that of one pair, lower CPU first, and recent; the single files have
# the same values as its fields
offsets() {
	local offset bound i j moving age
	[ -d "$TSCOPE/$1" ] || { skip "no $1 here"; return; }
	[ "$(nproc)" -gt 1 ] || { skip "one CPU: no pairs"; return; }
	get "$1/offset" || bad "$1/offset: $ERRNO"
	# shellcheck disable=SC2086
	set -- "$1" $VALUE
	offset=$2 bound=$3 i=$4 j=$5 moving=$6 age=$7
	[ "$i" -lt "$j" ] || bad "cpu_i $i, cpu_j $j"
	for cpu in "$i" "$j"; do
		case " $(expand "$(cat "$CPUDIR/online")") " in
		*" $cpu "*) ;; *) bad "no CPU $cpu" ;; esac
	done
	# sampling stopped some seconds ago
	within "age_ms" "$age" 0 120000
	get "$1/offset_max_ns"
	same offset_max_ns "$VALUE" "$offset"
	get "$1/offset_bound_ns"
	same offset_bound_ns "$VALUE" "$bound"
	get "$1/widest_bound_ns"
	within widest_bound_ns "$VALUE" "$bound" 1000000000
	get "$1/moving"
	[ "$moving" = 0 ] || within moving "$VALUE" 1 1000000
	sleep 0.2
	get "$1/offset"
	[ "${VALUE##* }" -gt "$age" ] || bad "age_ms $age, then ${VALUE##* }"
	same "offset while sampling is off" "${VALUE% *}" "$offset $bound $i $j $moving"
}

# host_offset: the single files have the same values as the fields of ptp-kvm/offset
host_offset() {
	local offset error age
	[ -d "$TSCOPE/ptp-kvm" ] || { skip "no ptp-kvm here"; return; }
	get ptp-kvm/offset || { skip "the host refuses: it is not on a TSC clocksource"; return; }
	# shellcheck disable=SC2086
	set -- $VALUE
	offset=$1 error=$2 age=$3
	# sampling stopped some seconds ago
	within age_ms "$age" 0 120000
	get ptp-kvm/offset_ns
	same offset_ns "$VALUE" "$offset"
	get ptp-kvm/offset_error_ns
	same offset_error_ns "$VALUE" "$error"
	sleep 0.2
	get ptp-kvm/offset
	[ "${VALUE##* }" -gt "$age" ] || bad "age_ms $age, then ${VALUE##* }"
	same "offset while sampling is off" "${VALUE% *}" "$offset $error"
}

# consistent: figures that must agree with each other
consistent() {
	local clock min max tsc_khz
	get tsc/khz
	tsc_khz=$VALUE
	for clock in kvm-clock hyperv; do
		get "$clock/khz" 2>/dev/null || continue
		within "$clock/khz" "$VALUE" $((tsc_khz - tsc_khz / 100)) $((tsc_khz + tsc_khz / 100))
		# a time page is computed from the TSC: its skew is the difference of the two
		# frequencies, within the rounding of both to a kHz
		min=$(((tsc_khz - VALUE) * 1000000000 / tsc_khz))
		get "$clock/skew_ppb"
		within "$clock/skew_ppb" "${VALUE%.*}" $((min - 1000000000 / tsc_khz - 1)) \
			$((min + 1000000000 / tsc_khz + 1))
	done
	get clocks
	for clock in $VALUE; do
		if [ -f "$TSCOPE/$clock/read_min_ns" ] && ! timeless "$clock"; then
			get "$clock/read_min_ns"
			min=$VALUE
			get "$clock/read_avg_ns"
			within "$clock/read_avg_ns" "$VALUE" "$min" 1000000000000
		fi
		if [ -f "$TSCOPE/$clock/rejected" ]; then
			get "$clock/samples"
			max=$VALUE
			get "$clock/rejected"
			within "$clock/rejected" "$VALUE" 0 "$max"
		fi
	done
}

# read_only: files that nobody can write, not even root
read_only() {
	local file
	echo 0 >"$TMP/in"
	for file in "$TSCOPE"/clocks "$TSCOPE"/*/*; do
		file=${file#"$TSCOPE/"}
		[ "$(stat -c %a "$TSCOPE/$file")" = 444 ] || continue
		put "$file" <"$TMP/in" && bad "$file was written"
		case $ERRNO in
		EACCES | EPERM) ;;
		*) bad "$file: $ERRNO" ;;
		esac
	done
}

begin
load enable=0 || { echo "Bail out! the module does not load: $ERRNO"; exit 1; }
run_tests <<END
controls
directory
presence
$(for clock in $KNOWN; do echo "files $clock"; done)
$(for clock in $KNOWN; do echo "fresh $clock"; done)
sample
$(for clock in $KNOWN; do echo "values $clock"; done)
offsets tsc
offsets kvm-clock
offsets hyperv
offsets xen
host_offset
consistent
read_only
END
