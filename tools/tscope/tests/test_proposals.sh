#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317
#
# doctor with --domain-xml and --write, on a recorded guest that is healthy otherwise. It has no
# module, so there are no figures.

TESTS=$(dirname "$(readlink -f "$0")")
# shellcheck source=selftests/harness/ktap.sh
. "$TESTS/../../../selftests/harness/ktap.sh"
# shellcheck source=selftests/harness/deps.sh
. "$TESTS/../../../selftests/harness/deps.sh"
need jq:jq:"JSON of doctor"

TSCOPE=${TSCOPE:-$TESTS/../../../build/tscope}
DIR=$(mktemp -d) || exit
trap 'rm -rf "$DIR"' EXIT
"$TESTS/unpack.sh" system-kvm "$DIR/guest" || exit

# doctor STATUS ARGUMENT...
doctor() {
	local wanted=$1 status
	shift
	timeout 60 "$TSCOPE" doctor -d 0 --root "$DIR/guest" "$@" >"$DIR/out" 2>"$DIR/err" </dev/null
	status=$?
	echo "doctor $*: status $status"
	cat "$DIR/err"
	[ "$status" = "$wanted" ]
}

# finds IDS ARGUMENT...: exactly these findings, in this order
finds() {
	local wanted=$1 got
	shift
	doctor 4 --json "$@" || return
	got=$(jq -r '[.findings[].id] | join(" ")' "$DIR/out") || return
	[ "$got" = "$wanted" ] || { echo "findings '$got', not '$wanted'"; return 1; }
}

# says FILE TEXT
says() {
	grep -qF -- "$2" "$DIR/$1" || { echo "$1 does not say: $2"; return 1; }
}

# refused TEXT XML: XML is refused as a domain, with the message TEXT
refused() {
	printf '%s' "$2" >"$DIR/domain.xml"
	doctor 2 --domain-xml "$DIR/domain.xml" && says err "$DIR/domain.xml: $1" && [ ! -s "$DIR/out" ]
}

domain() {
	finds timer-policy --domain-xml "$TESTS/domains/linux-bad.xml" &&
		[ "$(jq '.findings[0].evidence | length' "$DIR/out")" = 7 ] &&
		[ "$(jq '.findings[0].advice | length' "$DIR/out")" = 6 ] &&
		[ "$(jq -r '.findings[0] | .severity, .size, .ended' "$DIR/out" | paste -sd,)" = info,null,false ]
}

# the guest without ptp_kvm and chrony, and with a command line that chooses acpi_pm
set_up_nothing() {
	rm -r "$DIR/guest/sys/class/ptp" "$DIR/guest/proc/412"
	echo "ro clocksource=acpi_pm" >"$DIR/guest/proc/cmdline"
	echo acpi_pm >"$DIR/guest/sys/devices/system/clocksource/clocksource0/current_clocksource"
}

proposals() {
	local got
	find "$DIR/guest" -printf '%P %s %T@\n' | sort >"$DIR/before"
	doctor 1 --write "$DIR/proposals" --domain-xml "$TESTS/domains/windows-bad.xml" || return
	got=$(cd "$DIR/proposals" && printf '%s ' *)
	[ "$got" = "70-ptp_kvm.rules chrony-ptp_kvm.conf grub-tscope.cfg libvirt-clock.xml modules-load-ptp_kvm.conf " ] ||
		{ echo "files $got"; return 1; }
	says proposals/libvirt-clock.xml "<timer name='hypervclock' present='yes'/>" || return
	find "$DIR/guest" -printf '%P %s %T@\n' | sort | diff "$DIR/before" -
}

again() {
	local before
	before=$(sha256sum "$DIR"/proposals/*)
	rm "$DIR/proposals/grub-tscope.cfg"
	doctor 1 --write "$DIR/proposals" && says err "chrony-ptp_kvm.conf: File exists" || return
	[ ! -e "$DIR/proposals/grub-tscope.cfg" ] &&
		[ "$(sha256sum "$DIR"/proposals/*)" = "$(grep -v grub <<<"$before")" ]
}

ktap_begin
t "nothing is wrong" finds ""
t "a domain that suits Linux" finds "" --domain-xml "$TESTS/domains/linux-good.xml"
t "a domain that suits Windows" finds "" --domain-xml "$TESTS/domains/windows-good.xml"
t "a domain that does not suit Linux" domain
t "nothing to write" doctor 4 --write "$DIR/none"
t "and no directory is made" [ ! -e "$DIR/none" ]
t "XML that ends early" refused "line 2: no element found" $'<domain>\n<clock>'
t "XML of something else" refused "line 1: it is no libvirt domain" "<network/>"
t "entities" refused "line 1: it has a DOCTYPE" \
	'<!DOCTYPE d [<!ENTITY a "b">]><domain><name>&a;</name></domain>'
t "no file" doctor 2 --domain-xml "$DIR/absent.xml"
set_up_nothing
t "clocksource and time service" doctor 1 --json
t "both findings" [ "$(jq -r '[.findings[].id] | join(" ")' "$DIR/out")" = "clocksource time-service" ]
t "proposals" proposals
t "nothing is overwritten" again
t "a directory that can't be made" doctor 2 --write "$DIR/not/there"
t "and it is named" says err "$DIR/not/there"
t "before anything else" [ ! -s "$DIR/out" ]
t "a file in place of a directory" doctor 2 --write "$DIR/before"
t "before anything else" [ ! -s "$DIR/out" ]
echo kvm-clock >"$DIR/guest/sys/devices/system/clocksource/clocksource0/current_clocksource"
t "info alone, and no figure" finds time-service
t "and its files can't be written" doctor 2 --write "$DIR/not/there"
ktap_end
