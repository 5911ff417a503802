#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317,SC2016
#
# tscope metrics: values of recorded trees, and the text file that node_exporter reads. The part
# fleet of make check-all tests that Prometheus accepts the text.

TESTS=$(dirname "$(readlink -f "$0")")
TOP=$TESTS/../../..
# shellcheck source=selftests/harness/ktap.sh
. "$TOP/selftests/harness/ktap.sh"

TSCOPE=${TSCOPE:-$TOP/build/tscope}
DIR=$(mktemp -d) || exit
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$DIR" "$KTAP_SAID"' EXIT
unset TSCOPE_SYSFS TSCOPE_DEBUGFS
ROOT=$DIR/root SYSFS=$DIR/root/sys/kernel/tscope FILE=$DIR/text/tscope.prom
mkdir "$DIR/text"

# tree NAME: the tree that is looked at
tree() {
	rm -rf "$ROOT"
	"$TESTS/unpack.sh" "$1" "$ROOT" || return
	# otherwise times of violations would be compared with this machine's clock
	[ -e "$ROOT/proc/uptime" ] || echo "110.25 0.00" >"$ROOT/proc/uptime"
}

# runs STATUS ARGUMENT...
runs() {
	local want=$1 got
	shift
	"$TSCOPE" metrics --root "$ROOT" "$@" >"$DIR/out" 2>"$DIR/err"
	got=$?
	cat "$DIR/err"
	same status "$got" "$want"
}

# has: the output has each line of standard input
has() {
	local line status=0
	while IFS= read -r line; do
		grep -qxF -- "$line" "$DIR/out" || { echo "not printed: $line"; status=1; }
	done
	return "$status"
}

# values TREE: the lines of standard input are printed, and there is no message
values() {
	tree "$1" && runs 0 && same messages "$(cat "$DIR/err")" "" && has
}

guest() {
	values views-faults <<-END
	tscope_sampling 1
	tscope_unread_files 0
	tscope_info{version="2.0.0",kernel="6.12.117+deb12-amd64",clocksource="tsc"} 1
	tscope_window_age_seconds 0.040
	tscope_tsc_frequency_hertz 2099998000
	tscope_clock_readings_total{clock="ptp-kvm"} 1576
	tscope_clock_exact{clock="kvm-clock"} 1
	tscope_clock_exact{clock="realtime"} 0
	tscope_clock_skew_ratio{clock="ptp-kvm"} 0.000000016586
	tscope_clock_skew_ratio{clock="kvm-clock"} -0.000000000116
	tscope_clock_skew_error_ratio{clock="acpi-pm"} 0.000001249586
	tscope_clock_skew_span_seconds{clock="ptp-kvm"} 9.800
	tscope_clock_phase_seconds{clock="realtime"} -0.000000003
	tscope_clock_steps_total{clock="realtime"} 2
	tscope_clock_last_step_seconds{clock="realtime"} -1.000000000
	tscope_clock_step_error_seconds{clock="kvm-clock"} 0.000000002
	tscope_clock_backward_total{clock="realtime"} 1
	tscope_clock_max_backward_seconds{clock="realtime"} 0.999999999
	tscope_clock_warps_total{clock="tsc"} 17
	tscope_clock_max_warp_seconds{clock="tsc"} 0.000002890
	tscope_clock_pair_offset_seconds{clock="tsc"} 0.000003000
	tscope_clock_pair_offset_error_seconds{clock="tsc"} 0.000000029
	tscope_clock_pair_offset_age_seconds{clock="tsc"} 0.380
	tscope_clock_pair_offset_moving{clock="tsc"} 0
	tscope_clock_pair_offset_moving{clock="kvm-clock"} 1
	tscope_clock_pairs_moving{clock="kvm-clock"} 1
	tscope_clock_pairs_unmet{clock="kvm-clock"} 0
	tscope_host_offset_seconds -0.000000907
	tscope_host_offset_error_seconds 0.000000006
	tscope_host_offset_age_seconds 0.012
	tscope_hypercall_errors_total 12
	tscope_kvm_clock_stable 0
	tscope_kvm_clock_updates_total 2
	tscope_guest_stops_total 1
	tscope_windows_lost_total 3
	END
}

# A clock of each other hypervisor has the metrics that kvm-clock has, and its own.
hyperv() {
	values hyperv-stopped <<-END
	tscope_clock_readings_total{clock="hyperv"} 179623686
	tscope_clock_exact{clock="hyperv"} 1
	tscope_clock_skew_ratio{clock="hyperv"} -0.000000000239
	tscope_clock_skew_error_ratio{clock="hyperv"} 0.000000000001
	tscope_clock_steps_total{clock="hyperv"} 1
	tscope_clock_last_step_seconds{clock="hyperv"} -2.762127300
	tscope_clock_last_step_age_seconds{clock="hyperv"} 8.604602100
	tscope_clock_step_error_seconds{clock="hyperv"} 0.000000002
	tscope_clock_pair_offset_seconds{clock="hyperv"} 0.000000001
	tscope_clock_pair_offset_error_seconds{clock="hyperv"} 0.000000154
	tscope_clock_pair_offset_age_seconds{clock="hyperv"} 0.008
	tscope_hyperv_valid 1
	tscope_hyperv_updates_total 1
	END
	not grep -E '^tscope_(kvm_clock|xen|vmclock)_' "$DIR/out" || return
	values hyperv-not-valid <<-END
	tscope_hyperv_valid 0
	END
}

xen() {
	values healthy-xen <<-END || return
	tscope_clock_readings_total{clock="xen"} 33917750
	tscope_clock_exact{clock="xen"} 1
	tscope_clock_skew_ratio{clock="xen"} 0.000001709641
	tscope_clock_skew_error_ratio{clock="xen"} 0.000000000002
	tscope_clock_skew_span_seconds{clock="xen"} 0.605
	tscope_clock_steps_total{clock="xen"} 5
	tscope_clock_last_step_seconds{clock="xen"} 0.000023574
	tscope_clock_last_step_age_seconds{clock="xen"} 0.873390295
	tscope_clock_step_error_seconds{clock="xen"} 0.000000002
	tscope_clock_warps_total{clock="xen"} 4467691
	tscope_clock_pair_offset_seconds{clock="xen"} -0.000007828
	tscope_clock_pair_offset_error_seconds{clock="xen"} 0.000015624
	tscope_clock_pair_offset_age_seconds{clock="xen"} 0.008
	tscope_clock_pair_offset_moving{clock="xen"} 1
	tscope_xen_stable 0
	tscope_xen_updates_total 12
	tscope_xen_tsc_emulated 0
	tscope_xen_restores_total 0
	END
	not grep -E '^tscope_(kvm_clock|hyperv|vmclock)_' "$DIR/out" || return
	echo 3 >"$SYSFS/xen/incarnation" && echo 1 >"$SYSFS/xen/emulated" && echo 1 >"$SYSFS/xen/stable" &&
		runs 0 && has <<-END
	tscope_xen_stable 1
	tscope_xen_tsc_emulated 1
	tscope_xen_restores_total 3
	END
}

# a page without time has its state and counts, and no figure of a clock that does not run
vmclock() {
	values vmclock-migrated <<-END || return
	tscope_clock_readings_total{clock="vmclock"} 900
	tscope_clock_steps_total{clock="vmclock"} 1
	tscope_clock_last_step_seconds{clock="vmclock"} 18.607118251
	tscope_clock_last_step_age_seconds{clock="vmclock"} 80.200000000
	tscope_clock_step_error_seconds{clock="vmclock"} 0.000000002
	tscope_vmclock_valid 1
	tscope_vmclock_status 2
	tscope_vmclock_stated_error_seconds 0.000020000
	tscope_vmclock_updates_total 400
	tscope_vmclock_disruptions_total 1
	END
	not grep -E '^tscope_(hyperv|xen)_|pair_offset.*clock="vmclock"' "$DIR/out" || return
	values vmclock-restored <<-END || return
	tscope_vmclock_valid 0
	tscope_vmclock_status 0
	tscope_vmclock_updates_total 1
	tscope_vmclock_disruptions_total 1
	END
	not grep -E 'stated_error|skew.*clock="vmclock"' "$DIR/out"
}

# The newest step is as old as its line of violations says; if it came meanwhile, its age is 0.
step_age() {
	local file=$ROOT/sys/kernel/debug/tscope/violations head
	tree views-faults && head=$(head -n 1 "$file") || return
	printf '%s\n' "$head" '90000000000 1 step realtime 0 - 5 1' '99000000000 2 step realtime 0 - 5 1' \
		'99500000000 3 warp realtime 0 1 5 1' '120000000000 4 step ptp-kvm 0 - 5 1' >"$file"
	runs 0 && same "clocks that stepped" "$(grep -c '^tscope_clock_last_step_age' "$DIR/out")" 2 &&
		has <<-END
		tscope_clock_last_step_age_seconds{clock="realtime"} 11.250000000
		tscope_clock_last_step_age_seconds{clock="ptp-kvm"} 0.000000000
		END
}

# numbers at both ends of 64 bits keep all their digits
ends() {
	values ends <<-END
	tscope_alerts_total 18446744073709551615
	tscope_tsc_frequency_hertz 4294967295000
	tscope_clock_readings_total{clock="kvm-clock"} 18446744073709551615
	tscope_clock_max_backward_seconds{clock="tsc"} 18446744073.709551615
	tscope_clock_pair_offset_seconds{clock="tsc"} -9223372036.854775808
	tscope_clock_pair_offset_error_seconds{clock="tsc"} 9223372036.854775807
	tscope_clock_pair_offset_age_seconds{clock="tsc"} 9223372036854775.807
	tscope_clock_skew_ratio{clock="kvm-clock"} 9223372.036854775807
	tscope_clock_skew_ratio{clock="realtime"} -9223372.036854775808
	tscope_clock_skew_error_ratio{clock="realtime"} 0.000000000000
	tscope_clock_skew_span_seconds{clock="kvm-clock"} 18446744073709551.615
	tscope_clock_phase_seconds{clock="realtime"} -9223372036.854775808
	tscope_clock_max_step_seconds{clock="kvm-clock"} -9223372036.854775808
	tscope_host_offset_seconds -9223372036.854775808
	tscope_host_offset_age_seconds 9223372036854775.807
	tscope_windows_lost_total 18446744073709551615
	tscope_window_lateness_seconds_bucket{le="+Inf"} 0
	tscope_window_lateness_seconds_sum 0.000000000
	tscope_window_lateness_seconds_count 0
	END
}

frequency_of_64_bits() {
	tree ends && echo 18446744073709551615 >"$SYSFS/tsc/khz" && runs 0 &&
		echo "tscope_tsc_frequency_hertz 18446744073709551615000" | has
}

# a file that gives ENODATA or is absent has no series, and no metric has a head without series
absent() {
	tree views-empty && runs 0 || return
	has <<-END || return
	tscope_sampling 0
	tscope_clock_readings_total{clock="tsc"} 0
	tscope_clock_steps_total{clock="hpet"} 0
	END
	not grep -E '^[^#]*(skew|phase|pair_offset|host_|hypercall|kvm_|guest_stops|step_age|[nN]a[nN])' "$DIR/out" &&
		heads
}

# each metric has its two lines of head first, and series after them
heads() {
	awk '/^# HELP / { name = $3; n++; next }
		/^# TYPE / { if ($3 != name) exit 1; series = 0; t++; next }
		index($1, name) != 1 { print "not of " name ": " $0; exit 1 }
		{ s += !series++ }
		END { print n " heads, " t " types, " s " with series"; exit !(n && n == t && n == s) }' "$DIR/out"
}

all_heads() {
	local file
	for file in "$TESTS"/trees/*.tree; do
		file=${file##*/}
		tree "${file%.tree}" && "$TSCOPE" metrics --root "$ROOT" >"$DIR/out" 2>"$DIR/err" || [ $? = 4 ] ||
			return
		if ! heads || ! no_twins || ! cumulative; then echo "${file%.tree}"; return 1; fi
	done
}

# no series is there twice
no_twins() {
	not grep . < <(grep -v '^#' "$DIR/out" | sed 's/ [^ ]*$//' | sort | uniq -d)
}

# buckets do not shrink, and the last one is the count
cumulative() {
	awk '/_bucket\{/ {
			series = $1
			sub(/,?le="[^"]*"/, "", series)
			if (series == last && $2 + 0 < n + 0) { print "shrinks: " $0; exit 1 }
			last = series
			n = $2
			if (/le="\+Inf"/) { sub(/_bucket/, "_count", series); sub(/\{\}/, "", series); want[series] = n }
		}
		/_count/ { if (!($1 in want) || want[$1] != $2) { print "not the count: " $0; exit 1 } }' "$DIR/out"
}

# a value on a limit is in that bucket; the sum is that of the middles
histogram() {
	tree views-faults || return
	printf '%s\n' '# unit ns count 10 min 0 mean 2 max 3 p50 1 p99 3 p99.9 3' '0 0 1' '30 31 2' \
		'32 35 4' '960 1023 8' '1024 1151 16' '2147483648 2415919103 32' \
		>"$ROOT/sys/kernel/debug/tscope/hist/realtime/width"
	runs 0 && has <<-END
	tscope_clock_read_duration_seconds_bucket{clock="realtime",le="0.000000031"} 3
	tscope_clock_read_duration_seconds_bucket{clock="realtime",le="0.000000063"} 7
	tscope_clock_read_duration_seconds_bucket{clock="realtime",le="0.000000511"} 7
	tscope_clock_read_duration_seconds_bucket{clock="realtime",le="0.000001023"} 15
	tscope_clock_read_duration_seconds_bucket{clock="realtime",le="0.000002047"} 31
	tscope_clock_read_duration_seconds_bucket{clock="realtime",le="1.073741823"} 31
	tscope_clock_read_duration_seconds_bucket{clock="realtime",le="+Inf"} 63
	tscope_clock_read_duration_seconds_sum{clock="realtime"} $(awk 'BEGIN {
		printf "%.9f", (2 * 30 + 4 * 33 + 8 * 991 + 16 * 1087 + 32 * 2281701375) / 1e9 }')
	tscope_clock_read_duration_seconds_count{clock="realtime"} 63
	END
}

# if no CPU leads, the CPU that sampled last counts
window_age() {
	local cpus=$ROOT/sys/kernel/debug/tscope/cpus head
	tree views-faults && head=$(head -n 1 "$cpus") || return
	printf '%s\n' "$head" '0 off 0 5 0 0 0 7000 5' '1 off 0 5 0 0 0 6999 5' '2 off 0 0 0 0 0 - 0' >"$cpus"
	runs 0 && echo "tscope_window_age_seconds 6.999" | has || return
	printf '%s\n' "$head" '0 late 0 5 0 0 0 3 5' '1 late 1 5 0 0 0 61000 5' >"$cpus"
	runs 0 && echo "tscope_window_age_seconds 61.000" | has
}

escapes() {
	tree views-faults && printf '%s\n' '6.1"x\y' >"$ROOT/proc/sys/kernel/osrelease" && runs 0 &&
		printf '%s\n' 'tscope_info{version="2.0.0",kernel="6.1\"x\\y",clocksource="tsc"} 1' | has
}

not_loaded() {
	tree not-loaded && runs 4 --textfile "$FILE" &&
		grep -q 'the module is not loaded: run "modprobe tscope"' "$DIR/err" && runs 4 &&
		grep -q 'the module is not loaded: run "modprobe tscope"' "$DIR/err" && diff "$DIR/out" "$FILE" &&
		same text "$(grep -v '^#' "$DIR/out")" "tscope_sampling 0
tscope_unread_files 0"
}

# files that can't be read are named and counted, with a text file only counted; the rest is there
unread() {
	tree no-debugfs && runs 0 && same "messages" "$(wc -l <"$DIR/err")" 1 &&
		echo "tscope_unread_files 1" | has && grep -q '^tscope_clock_skew_ratio' "$DIR/out" &&
		not grep -E 'read_duration|lateness|windows_lost|window_age' "$DIR/out" &&
		cp "$DIR/out" "$DIR/whole" && runs 0 --textfile "$FILE" && diff "$DIR/whole" "$FILE" &&
		same "messages" "$(cat "$DIR/err")" ""
}

wrong_use() {
	tree views-faults && runs 2 --json && runs 2 extra && runs 2 -i 0 && runs 2 --textfile
}

# the text file has the same text, anybody may read it, whatever umask and the old file were, and
# no other file is left
textfile() {
	tree views-faults && runs 0 && cp "$DIR/out" "$DIR/whole" && echo old >"$FILE" &&
		chmod 600 "$FILE" || return
	(umask 077 && runs 0 --textfile "$FILE") && same "standard output" "$(cat "$DIR/out")" "" &&
		diff "$DIR/whole" "$FILE" && same mode "$(stat -c %a "$FILE")" 644 &&
		same "files" "$(ls -A "$DIR/text")" tscope.prom
}

# the disk is full: the file before stays, and no temporary file
no_room() {
	local status
	tree views-faults && echo before >"$FILE" || return
	(ulimit -f 4; exec "$TSCOPE" metrics --root "$ROOT" --textfile "$FILE") 2>"$DIR/err"
	status=$?
	cat "$DIR/err"
	same status "$status" 2 && grep -q 'tscope.prom: File too large' "$DIR/err" &&
		same "the file" "$(cat "$FILE")" before && same "files" "$(ls -A "$DIR/text")" tscope.prom
}

no_directory() {
	tree views-faults && runs 2 --textfile "$DIR/nowhere/tscope.prom" &&
		grep -q 'nowhere/tscope.prom.*: No such file' "$DIR/err"
}

# a reader never sees a part of the file, however often it is replaced; SIGTERM ends that in order
never_partial() {
	local job status
	tree views-faults && runs 0 && cp "$DIR/out" "$DIR/whole" && rm -f "$FILE" || return
	"$TSCOPE" metrics --root "$ROOT" --textfile "$FILE" -i 0.001 2>"$DIR/err" &
	job=$!
	python3 - "$FILE" "$DIR/whole" <<-END
	import os, sys, time
	whole, files, reads, end = open(sys.argv[2], "rb").read(), set(), 0, time.time() + 20
	while (reads < 2000 or len(files) < 20) and time.time() < end:
	    try:
	        file = open(sys.argv[1], "rb")
	    except FileNotFoundError:
	        if reads:
	            sys.exit("the file was gone")
	        continue
	    with file:
	        files.add(os.fstat(file.fileno()).st_mtime_ns)
	        text = file.read()
	    if text != whole:
	        sys.exit(f"{len(text)} bytes of {len(whole)}")
	    reads += 1
	print(reads, "reads of", len(files), "files")
	sys.exit(reads < 2000 or len(files) < 20)
	END
	status=$?
	kill -TERM "$job" && wait "$job"
	same "status after SIGTERM" $? 0 && same "messages" "$(cat "$DIR/err")" "" &&
		same "files" "$(ls -A "$DIR/text")" tscope.prom && return "$status"
}

# with -i the output follows changes, also of the module being loaded
repeats() {
	local job
	tree views-faults || return
	"$TSCOPE" metrics --root "$ROOT" --textfile "$FILE" -i 0.05 2>"$DIR/err" &
	job=$!
	soon grep -qx 'tscope_clock_warps_total{clock="tsc"} 17' "$FILE" && echo 18 >"$SYSFS/tsc/warps" &&
		soon grep -qx 'tscope_clock_warps_total{clock="tsc"} 18' "$FILE" && mv "$SYSFS" "$DIR/gone" &&
		soon grep -qx 'tscope_sampling 0' "$FILE" && not grep -q tscope_clock "$FILE" &&
		mv "$DIR/gone" "$SYSFS" && soon grep -qx 'tscope_sampling 1' "$FILE" && kill -INT "$job" || return
	wait "$job"
	same "status after SIGINT" $? 0
}

# a reader that hangs: the first signal lets the text be written, the second one ends the program
reader_hangs() {
	local job status
	tree views-faults && mkfifo "$DIR/pipe" || return
	exec 3<>"$DIR/pipe"
	"$TSCOPE" metrics --root "$ROOT" -i 0.001 >"$DIR/pipe" 2>"$DIR/err" 3>&- &
	job=$!
	soon grep -q pipe "/proc/$job/wchan" && kill -TERM "$job" && sleep 0.2 && kill -0 "$job" &&
		kill -TERM "$job"
	status=$?
	soon not kill -0 "$job" || { status=1; kill -KILL "$job"; }
	wait "$job"
	same "status after two SIGTERM" $? 143 || status=1
	exec 3>&-
	return "$status"
}

# soon COMMAND...: the command succeeds within 20 s; other programs may keep the CPUs busy
soon() {
	local i
	for ((i = 0; i < 400; i++)); do
		"$@" 2>/dev/null && return
		sleep 0.05
	done
	echo "not within 20 s: $*"
	return 1
}

# it writes nothing to the module
only_looks() {
	tree views-healthy && same enabled "$(cat "$SYSFS/enabled")" 0 && touch "$DIR/now" &&
		runs 0 -q && echo "tscope_sampling 0" | has && empty_list "$(find "$ROOT" -newer "$DIR/now")"
}

empty_list() {
	same "what was written" "$1" ""
}

# the documentation has each metric, and no other one
documented() {
	local file
	for file in views-faults views-healthy ends lab-guest healthy-hyperv healthy-xen vmclock-migrated; do
		tree "$file" && "$TSCOPE" metrics --root "$ROOT" 2>/dev/null
	done | sed -n 's/^# HELP \([^ ]*\) .*/\1/p' | sort -u >"$DIR/printed"
	sed -n 's/^   \* - ``\(tscope_[a-z_]*\)``.*/\1/p' "$TOP/Documentation/fleets.rst" | sort >"$DIR/documented"
	diff "$DIR/printed" "$DIR/documented"
}

ktap_begin
t "values of a guest" guest
t "a guest of Hyper-V" hyperv
t "a guest of Xen" xen
t "a guest with vmclock" vmclock
t "age of the newest step" step_age
t "ends of 64 bits" ends
t "a frequency of 64 bits" frequency_of_64_bits
t "no figure, no series" absent
t "all trees: heads, series, buckets" all_heads
t "a histogram" histogram
t "the age of what has none" window_age
t "labels" escapes
t "the module is not loaded" not_loaded
t "debugfs can't be read" unread
t "wrong use is 2" wrong_use
t "a text file" textfile
t "a full disk" no_room
t "no directory" no_directory
t "a reader never sees a part" never_partial
t "again and again" repeats
t "a reader that hangs" reader_hangs
t "sampling is left alone" only_looks
t "all metrics are documented" documented
ktap_end
