# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091
# DESCRIPTION: KVM's own selftests of time on the lab's host, beside a guest; run by "make peers"
#
# They make virtual machines of their own, with one vCPU, and know nothing of the guest.
ACCEL=nested
TIMEOUT=400

guest() {
	local name status said began
	. /lib/tscope/truth.sh
	. /lib/tscope/measure.sh

	for name in $KVMTESTS; do
		read -r began _ </proc/uptime
		said=$(on_host "timeout 60 /opt/kvmtests/$name 2>&1")
		status=$?
		printf '%s\n' "$said" | head -n 12 | sed "s/^/# $name: /" | to_channel
		case $status in
		0) status=passes ;;
		4) status="skips" ;;
		124 | 143) status="does not end in 60 s" ;;
		*) status="fails ($status)" ;;
		esac
		say "kvmtest|$name|$status"
	done
	result ok "KVM's selftests were run"
	say "1..$COUNT"
}
