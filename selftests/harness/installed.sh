#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2016,SC2317
#
# installed.sh: runs the commands of README and the documentation in an emulated Debian 12 with
# systemd and its own kernel: make all tools, make load report; both Debian packages, with DKMS; the
# systemd units of a fleet, also after a reboot; autopkgtest; purge. Needs root once, to make this
# Debian. KTAP; exit status 0 passed, 1 failed, 4 skipped, 2 something is missing.

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
# shellcheck source=selftests/harness/ktap.sh
. "$here/ktap.sh"

# outside

# given: what the guest gets, as a tar archive
given() {
	local dir=$work/given
	mkdir -p "$dir/tscope" && "$top/tools/deb.sh" "$dir" &&
		cp "$here/ktap.sh" "$here/installed.sh" "$dir/" &&
		"$top/tools/files.sh" --new | (cd "$top" && tar -cf - -T -) |
		tar -xf - -C "$dir/tscope" &&
		printf '#!/bin/sh\nexec bash /given/installed.sh --inside\n' >"$dir/run" &&
		chmod 755 "$dir/run" &&
		tar -cf "$work/given.tar" --exclude=*-dbgsym_* -C "$dir" .
}

outside() {
	local status
	# shellcheck source=selftests/harness/deps.sh
	. "$here/deps.sh"
	# shellcheck source=selftests/harness/cache.sh
	. "$here/cache.sh"
	# shellcheck source=selftests/harness/disk.sh
	. "$here/disk.sh"
	as_root true 2>/dev/null || ktap_skip_all "needs root, for a Debian of its own"
	work=$(mktemp -d "${TMPDIR:-/tmp}/tscope-installed.XXXXXX") || exit 2
	trap 'rm -rf "$work"' EXIT
	trap 'exit 130' INT TERM
	(need qemu-system-x86_64:qemu-system-x86:"a machine to install on" \
		mmdebstrap:mmdebstrap:"a clean Debian" mke2fs:e2fsprogs:"its disk") ||
		exit 2
	disk_get >&2 || exit 2
	unset MAKEFLAGS MAKELEVEL
	given >&2 || exit 2
	mkdir -p "$OUT" && rm -f "$OUT/console.log" "$OUT/ktap" || exit 2
	timeout --foreground "${INSTALLED_TIMEOUT:-3600}" qemu-system-x86_64 -no-user-config \
		-nodefaults -display none -machine pc -accel tcg -cpu EPYC -smp 2 -m 2048 \
		-kernel "$DISK_KERNEL" -initrd "$DISK_INITRD" \
		-append "root=/dev/vda rw console=ttyS0 panic=-1 tsc=reliable" \
		-drive "file=$DISK,format=raw,if=virtio,snapshot=on" \
		-drive "file=$work/given.tar,format=raw,if=virtio,readonly=on" \
		-serial "file:$OUT/console.log" -serial "file:$OUT/ktap" \
		</dev/null >"$OUT/qemu.log" 2>&1
	status=$?
	tr -d '\r' <"$OUT/ktap"
	if [ $status != 0 ] || ! grep -q '^1\.\.' "$OUT/ktap"; then
		echo "installed: FAILED: QEMU ended with $status; the end of $OUT/console.log:" >&2
		tail -n 20 "$OUT/console.log" >&2
		exit 1
	fi
	not grep -q '^not ok' "$OUT/ktap"
	exit
}

# inside

SYSFS=/sys/kernel/tscope TREE=/home/user/tscope
PROM=/var/lib/prometheus/node-exporter/tscope.prom
UNITS=(tscope-sampling.service tscope-metrics.timer)

booted() {
	same "state" "$(systemctl is-system-running --wait)" running
}

# user COMMAND: runs it as the user, in the user's directory of the sources. Its output goes to the
# directory above, because root may not write another user's files in /tmp.
user() {
	su -l user -c "cd tscope && $1"
}

# prints the user's files: those of the archive, and what was built
files() {
	(cd "$TREE" && find . -type f | sort)
}

# the kernel log has no call trace with the module, and no error or warning of the module except
# those that the documentation names
kernel_log() {
	dmesg --notime >/tmp/dmesg
	not grep -E '\[tscope\]|(WARNING|BUG|Oops).*tscope' /tmp/dmesg &&
		not grep tscope <(dmesg --notime -l emerg,alert,crit,err) &&
		not grep -vE 'loading out-of-tree module|constant_tsc|nonstop_tsc' \
			<(dmesg --notime -l warn | grep tscope)
}

# clocks: prints the clocks that are compared with the TSC
clocks() {
	tr ' ' '\n' <"$SYSFS/clocks" | grep -vx tsc
}

# rows FILE: prints clock and readings of the rows of the report's first table, except the TSC's
rows() {
	awk '/^  clock +read +readings/ { on = 1; next }
		on && !NF { exit }
		on { print $1, $3 }' "$1" |
		grep -E "^($(clocks | paste -sd '|')) "
}

# reported FILE STATUS: checks that a report has a row for each clock, that all clocks were read,
# and that the status says whether the report has a fault or a warning
reported() {
	local clock readings n=0
	cat "$1"
	same "status" "$2" "$(head -n 1 "$1" | grep -q ': nothing wrong was found$'; echo $?)" &&
		same "clocks" "$(rows "$1" | cut -d' ' -f1 | sort)" "$(clocks | sort)" || return
	while read -r clock readings; do
		if [ "$readings" = 0 ] || [ "$readings" -gt "$(<"$SYSFS/$clock/samples")" ]; then
			echo "$clock: $readings"
			return 1
		fi
		n=$((n + 1))
	done < <(rows "$1")
	[ "$n" -ge 2 ]
}

# make must not fail for a report with findings, whose status is 1
make_load_report() {
	local status
	user 'make -j2 all tools >../made 2>&1 && sudo make load report >../report 2>../said'
	same "status" $? 0 || { tail -n 30 "$TREE"/../{made,said}; return 1; }
	not grep -i warning "$TREE/../made" || return
	sed -n '/^tscope [0-9]/,$p' "$TREE/../report" >/tmp/report.only
	grep -q '^tscope .*: nothing wrong was found$' /tmp/report.only
	status=$?
	reported /tmp/report.only "$status" && same "sampling" "$(<"$SYSFS/enabled")" 0
}

t_unload() {
	user 'sudo make unload' && empty "$SYSFS" /sys/module/tscope
}

make_install() {
	user 'sudo make install && sudo modprobe tscope' || return
	modinfo -F filename tscope |
		grep -xE "/lib/modules/$krel/(updates|extra)/module/tscope.ko" &&
		same "version" "$(</sys/module/tscope/version)" "$version" &&
		user 'sudo modprobe -r tscope && sudo make uninstall' && empty "$SYSFS" &&
		not modinfo tscope && not grep . <(find /lib/modules -name 'tscope*')
}

# the user can build after root's make
make_again() {
	user 'make -j2 all tools' && user 'make clean' && diff /tmp/files <(files)
}

# user_apt ARGUMENT...: runs apt-get as the user, by sudo; /tmp/said is what it printed
user_apt() {
	local status
	user "sudo DEBIAN_FRONTEND=noninteractive apt-get -y $*" >/tmp/said 2>&1
	status=$?
	cat /tmp/said
	return "$status"
}

packages() {
	user_apt install '/given/tscope_*.deb' '/given/tscope-dkms_*.deb' &&
		not grep '^tscope: ' /tmp/said
}

# by_dkms: the module is built, and nothing has been started
by_dkms() {
	empty "$SYSFS" "$PROM" &&
		same "units" "$(systemctl is-active "${UNITS[@]}" | xargs)" "inactive inactive" &&
		same "dkms status" "$(dkms status)" "tscope/$version, $krel, x86_64: installed" &&
		same "where" "$(modinfo -F filename tscope)" \
			"/lib/modules/$krel/updates/dkms/tscope.ko" &&
		same "signer" "$(modinfo -F signer tscope)" "DKMS module signing key"
}

# without the packages' units, as start.rst says
by_modprobe() {
	user 'sudo modprobe tscope enable=1' &&
		same "version" "$(</sys/module/tscope/version)" "$version" &&
		same "sampling" "$(<"$SYSFS/enabled")" 1 &&
		user 'sudo modprobe -r tscope' && empty "$SYSFS"
}

root_report() {
	user 'sudo modprobe tscope && sudo tscope report -d 3 >../report'
	reported "$TREE/../report" $? && same "sampling" "$(<"$SYSFS/enabled")" 0
}

# a user who is not root sees the same figures, as nothing samples, and may not sample
user_report() {
	local clock readings
	user 'tscope report >../report'
	reported "$TREE/../report" $? || return
	while read -r clock readings; do
		same "$clock" "$readings" "$(<"$SYSFS/$clock/samples")" || return
	done < <(rows "$TREE/../report")
	user 'tscope report -d 3'
	same "status of -d" $? 4
}

# units STATE SAMPLING: both units are in this state, and the CPUs sample (1) or not (0)
units() {
	local unit
	for unit in "${UNITS[@]}"; do
		same "$unit" "$(systemctl is-active "$unit")" "$1" ||
			{ systemctl status "$unit"; return 1; }
	done
	same "sampling" "$(<"$SYSFS/enabled")" "$2"
}

enable_now() {
	user "sudo systemctl enable --now ${UNITS[*]}" && units active 1 &&
		same "enabled" "$(systemctl is-enabled "${UNITS[@]}" | sort -u)" enabled
}

# metric NAME[{LABELS}]: prints its value in the textfile
metric() {
	awk -v name="$1" '$1 == name { print $2 }' "$PROM"
}

written() {
	stat -c %.Y "$PROM" 2>/dev/null || echo 0
}

# next_file: waits until the timer has written the file once more
next_file() {
	local before i
	before=$(written)
	for ((i = 0; i < 900; i++)); do
		[ "$(written)" = "$before" ] || return 0
		sleep 0.2
	done
	echo "no file after 3 minutes"
	systemctl list-timers --all
	return 1
}

# each clock has been read more often when the timer has run again, after 15 s at least
timer() {
	local clock before
	next_file && next_file && cp -p "$PROM" /tmp/before || return
	before=$(written)
	next_file || return
	same "mode" "$(stat -c '%a %U' "$PROM")" "644 root" &&
		same "tscope_sampling" "$(metric tscope_sampling)" 1 &&
		same "tscope_unread_files" "$(metric tscope_unread_files)" 0 || return
	for clock in tsc $(clocks); do
		awk -v name="tscope_clock_readings_total{clock=\"$clock\"}" \
			'$1 == name { v[n++] = $2; print }
			END { exit !(n == 2 && v[0] > 0 && v[1] > v[0]) }' \
			/tmp/before "$PROM" || { echo "$clock"; return 1; }
	done
	awk -v a="$before" -v b="$(written)" \
		'BEGIN { print b - a; exit !(b - a >= 14.9 && b - a < 60) }'
}

# readings FILE: prints the numbers of readings of all clocks
readings() {
	awk '/^tscope_clock_readings_total/ { print $1, $2 + 0 }' "$1" | sort
}

# node_exporter serves what the file has; the timer may write another file in between
exported() {
	local i
	for i in 1 2 3; do
		curl -fsS http://127.0.0.1:9100/metrics >/tmp/exported || return
		readings "$PROM" >/tmp/want
		! diff /tmp/want <(readings /tmp/exported) || break
	done
	diff /tmp/want <(readings /tmp/exported) && [ -s /tmp/want ] &&
		same "errors" "$(sed -n 's/^node_textfile_scrape_error //p' /tmp/exported)" 0
}

# unit_logs: since the boot the units have logged no warning
unit_logs() {
	local said
	said=$(journalctl -b -q -o cat -p warning -u 'tscope-*')
	same "warnings" "$said" ""
}

# stopping the unit ends sampling, and changes nothing else
stop() {
	local readings
	user 'sudo systemctl stop tscope-sampling.service' &&
		same "sampling" "$(<"$SYSFS/enabled")" 0 || return
	readings=$(<"$SYSFS/realtime/samples")
	next_file && next_file && same "tscope_sampling" "$(metric tscope_sampling)" 0 &&
		same "readings" "$(metric 'tscope_clock_readings_total{clock="realtime"}')" \
			"$readings" &&
		[ "$readings" -gt 0 ] && systemctl start tscope-sampling.service && units active 1
}

# without the module tscope metrics exits with 4, which is not a failure of the unit
no_module() {
	local unit=tscope-metrics.service
	systemctl stop tscope-sampling.service && modprobe -r tscope && systemctl start "$unit" &&
		same "result" "$(systemctl show -p Result,ExecMainStatus "$unit" | sort | xargs)" \
			"ExecMainStatus=4 Result=success" &&
		same "tscope_sampling" "$(metric tscope_sampling)" 0 &&
		systemctl start tscope-sampling.service && units active 1
}

# as fleets.rst says; the file does not come back
disable() {
	user "sudo systemctl disable --now ${UNITS[*]} &&
		sudo systemctl stop tscope-metrics.service && sudo rm $PROM" &&
		units inactive 0 && sleep 20 && empty "$PROM" /etc/systemd/system/*.wants/tscope-*
}

nothing_left() {
	local left
	left=$(find / -xdev \( -path /given -o -path "$TREE" \) -prune -o -name '*tscope*' -print
		dpkg -l | grep tscope
		systemctl list-units --all --plain --no-legend 'tscope*')
	same "left" "$left" ""
}

# the test that autodep8 makes from debian/control, on this machine (the virtual server null)
autopkgtest_dkms() {
	autopkgtest --ignore-restrictions=breaks-testbed --output-dir=/tmp/autopkgtest \
		/given/tscope_*.deb /given/tscope-dkms_*.deb "$TREE/" -- null >/tmp/said 2>&1
	tail -n 30 /tmp/said
	grep -E '^dkms-autopkgtest +PASS' /tmp/autopkgtest/summary &&
		grep -x "I: PASS $krel" /tmp/autopkgtest/*-stdout
}

first() {
	cp -r /given/tscope "$TREE" && chown -R user: "$TREE"
	files >/tmp/files
	ktap_begin
	t "Debian has booted, with all its services" booted
	note "as a user, from the sources"
	t "make all tools && sudo make load report" make_load_report
	t "sudo make unload" t_unload
	t "sudo make install, modprobe, make uninstall" make_install
	t "the user can make again, and make clean" make_again
	note "the packages"
	t "apt install of both" packages
	t "DKMS has installed the module" by_dkms
	t "modprobe, and modprobe -r" by_modprobe
	t "tscope report, as root" root_report
	t "tscope report, as a user" user_report
	note "the units"
	t "systemctl enable --now" enable_now
	t "the timer writes figures that rise" timer
	t "node_exporter has them" exported
	t "nothing to warn of" unit_logs
	t "the kernel log" kernel_log
	note "reboot"
	echo "KTAP_COUNT=$KTAP_COUNT KTAP_FAILED=$KTAP_FAILED" >/given/state
	systemctl reboot
	sleep infinity
}

second() {
	# shellcheck disable=SC1091
	. /given/state
	rm /given/state
	t "Debian has booted again, with all its services" booted
	t "the units are active" units active 1
	t "the timer writes figures that rise" timer
	t "nothing to warn of" unit_logs
	t "stopping the unit ends sampling" stop
	t "no module is no failure" no_module
	t "disabled as documented" disable
	note "purge"
	t "enabled again" enable_now
	t "purge" user_apt purge tscope tscope-dkms
	t "sampling has ended" same "sampling" "$(<"$SYSFS/enabled")" 0
	t "nothing is left" nothing_left
	t "rmmod" rmmod tscope
	note "autopkgtest"
	t "autopkgtest" autopkgtest_dkms
	rm -rf /tmp/autopkgtest
	t "purge" user_apt purge tscope tscope-dkms
	t "nothing is left" nothing_left
	t "the kernel log" kernel_log
	note "done"
	ktap_end
}

# If the guest is started a third time, it prints no plan, and the test fails.
inside() {
	krel=$(uname -r) version=$(/given/tscope/tools/version.sh)
	if [ -e /given/state ]; then
		second
	elif [ ! -e /given/begun ]; then
		: >/given/begun
		first
	fi
}

[ "$1" != --inside ] || { inside; exit; }
OUT=$top/build/installed
outside
