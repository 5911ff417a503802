# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# again.sh: runs of the lab that are repeated, because the emulation failed and not the module.
#
# QEMU's emulation has bugs in code patching and in nested stacks: now and then the emulated
# host vanishes without a message, or a kernel dies of an int3 that nobody set. A module in the
# guest can cause neither of these, nor a crash of the host, nor a failure before the guest is
# up. A module can make a guest hang, vanish or crash under emulated KVM, but would do so again:
# such a run is repeated up to five times. It is not repeated after a crash in tscope's own code
# or in a kernel that is built to find bugs, nor after a test that failed. Scenarios that passed
# before are not run again.

# a crash of the host, or an emulated QEMU that can't read what another one wrote
HOST_CRASH='Kernel panic|Oops: |BUG: |soft lockup|rcu.*stall|load of migration failed'
# the second pattern is an address of a module that is no longer loaded
OWN_CRASH='RIP: 0010:(.*\[tscope\]|0xffffffff[c-f])'
TRIES=6

# the guest's QEMU has ended, and neither its kernel nor its scenario said why
vanished() {
	[ -z "$QEMU_PID$GUEST_CLOSED$GUEST_FAILED$HOST_FAILED" ] &&
		! grep -qa 'Kernel panic' "$OUT/guest.log" && ! powered_down "$OUT/guest.log"
}

guest_crashed() {
	# shellcheck disable=SC2154
	[ "$accel" = nested ] && [[ $KERNEL != *+* ]] &&
		grep -qaE 'Kernel panic|Oops: |BUG: (unable|TASK stack)|soft lockup' "$OUT/guest.log"
}

# an int3 that is no longer in the code: the kernel had patched it. That may be in tscope's code, at
# a static branch of a tracepoint.
stale_int3() {
	grep -qa 'int3: 0000' "$OUT/guest.log" && ! grep -qaE 'Code: .* cc <' "$OUT/guest.log"
}

# whether the run is to be repeated
emulation_failed() {
	[ "${LAB_TRY:-1}" -lt "$TRIES" ] && [ "$accel" != kvm ] && [ -n "$STARTED" ] || return
	! grep -qaE '^[# ]*not ok' "$OUT/channel.log" || return
	stale_int3 || ! grep -qaE "$OWN_CRASH" "$OUT/guest.log" || return
	grep -qasE "$HOST_CRASH" "$OUT/host.log" && return
	[ -n "$GUEST_BOOTED" ] || return 0
	if [ -z "$QEMU_PID" ] && grep -qa 'Kernel panic' "$OUT/guest.log"; then
		stale_int3 && return
	elif [ -z "$QEMU_PID$HOST_FAILED$GUEST_FAILED" ] && [ "$accel" = nested ]; then
		powered_down "$OUT/host.log" || return 0
	fi
	[ -n "$SILENT" ] || vanished || guest_crashed
}

# again REASON: starts a new machine with the scenario that was lost and those after it
again() {
	local died=1 from tries=$((${LAB_TRY:-1} + 1))
	while [ -e "$OUT/died.$died" ]; do died=$((died + 1)); done
	mkdir -p "$OUT/died.$died"
	cp "$OUT"/*.log "$OUT/died.$died/"
	if [ "$CURRENT" -gt 0 ]; then
		GIVEN=("${GIVEN[@]:CURRENT}")
		tries=2
	fi
	from=$(basename "${GIVEN[0]}" .sh)
	echo "lab: the emulation failed ($1; logs in $OUT/died.$died)" >&2
	echo "# lab: again from $from"
	cleanup
	trap - EXIT
	exec env LAB_TRY=$tries SECONDS=$SECONDS "$LAB/lab" "${OPTIONS[@]}" --out "$OUT" \
		"$(IFS=+; echo "${GIVEN[*]}")"
}
