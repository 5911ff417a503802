# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2034,SC1091
# DESCRIPTION: KVM's own selftests of time on the lab's host, beside a guest; run by "make peers"
#
# They make virtual machines of their own, with one vCPU, and do not use the guest.
ACCEL=nested
TIMEOUT=400

# ranges: prints the width of each range in lines "value: N expected range [LOW, HIGH]"
ranges() {
	awk '/expected range \[/ {
			split($0, part, /[][,]/)
			ns = part[3] - part[2]
			if (!n++ || ns < min) min = ns
			if (ns > max) max = ns
		}
		END { if (n) printf ", its %d ranges are %.0f to %.0f ns wide", n, min, max }'
}

guest() {
	local name status said began run=0 lost=0
	. /lib/tscope/truth.sh
	. /lib/tscope/measure.sh

	for name in $KVMTESTS; do
		read -r began _ </proc/uptime
		said=$(on_host "timeout 120 /opt/kvmtests/$name 2>&1")
		status=$?
		printf '%s\n' "$said" | head -n 12 | sed "s/^/# $name: /" | to_channel
		case $status in
		0) status=passes ;;
		4) status="skips" ;;
		124 | 143) status="does not end in 120 s" ;;
		12[5-7]) lost=$((lost + 1)) status="was not run ($status)" ;;
		*) status="fails ($status)" ;;
		esac
		run=$((run + 1))
		say "kvmtest|$name|$status$(printf '%s\n' "$said" | ranges)"
	done
	between "KVM's selftests that were tried" 1 $run -
	between "those that could not be run" 0 $lost 0
	say "1..$COUNT"
}
