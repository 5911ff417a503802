// SPDX-License-Identifier: GPL-2.0
/* rules_time.c: finding time-service: what disciplines the wall clock, and by which clock */
#include <string.h>

#include "rules.h"

/* Whether the host answers clock pairings; true also if this can't be known without the module. */
static bool host_answers(const struct observation *o)
{
	const struct clock_figures *ptp = snapshot_clock(&o->after, "ptp-kvm");
	size_t i;

	if (strcmp(o->system.hypervisor, "KVM"))
		return false;
	if (o->after.loaded && ptp)
		return ptp->host_offset_ns.known || !ptp->errors.value;
	for (i = 0; i < o->system.n_absent; i++) {
		if (!strncmp(o->system.absent[i], "ptp-kvm ", 8))
			return false;
	}
	return !o->after.loaded;
}

static void evidence(struct finding *f, const struct system_facts *s)
{
	size_t i;

	if (s->time_service[0])
		finding_evidence(f, "%s runs", s->time_service);
	else
		finding_evidence(f, "no chronyd, ntpd, ntpd-rs, systemd-timesyncd or phc2sys runs");
	if (s->chrony_source[0])
		finding_evidence(f, "chronyc: the selected source is %s", s->chrony_source);
	else if (s->chrony_refclock.known)
		finding_evidence(f, "chronyc: no source is selected");
	if (s->chrony_offset_ns.known)
		finding_evidence(f, "chronyc: the wall clock is %+lld ns off",
				 (long long)s->chrony_offset_ns.value);
	for (i = 0; i < s->n_ptp_devices; i++)
		finding_evidence(f, "/dev/%s", s->ptp_devices[i]);
	if (!s->n_ptp_devices)
		finding_evidence(f, "there is no /dev/ptp*");
}

/* Add the advice that makes chrony follow the host's clock. */
static void phc_advice(struct finding *f, const struct system_facts *s)
{
	if (!s->ptp_kvm.value)
		finding_advice(f, "load the host's clock now: modprobe ptp_kvm (if it fails: advice.rst, \"chrony and /dev/ptp_kvm\")");
	/* whoever loaded it may have done so by hand, and chronyd does not start without it */
	finding_advice(f, "load it at each boot: put the line \"ptp_kvm\" into /etc/modules-load.d/ptp_kvm.conf");
	finding_advice(f, "have chronyd read it: put \"refclock PHC /dev/ptp_kvm poll 3 dpoll -2 offset 0\" into /etc/chrony/conf.d/ptp_kvm.conf (or chrony.conf), and restart chrony");
	finding_advice(f, "keep the NTP servers: the guest can't see how wrong the host is");
}

static void judge_chronyd(const struct rule *rule, struct judgement *j)
{
	const struct observation *o = observed(j);
	const struct system_facts *s = &o->system;
	struct finding *f;

	if (!s->chrony_refclock.known || s->chrony_refclock.value)
		return;
	if (!s->ptp_kvm.value && !host_answers(o)) {
		if (s->chrony_source[0])
			return;
		f = finding_new(j, rule, "chronyd has no source that it trusts");
		evidence(f, s);
		finding_cause(f, "No server answers, or the answers contradict each other.");
		finding_advice(f, "see which source fails, and why: chronyc sources -v; chronyc ntpdata");
		return;
	}
	if (s->ptp_kvm.value && s->chrony_refclocks.value) {
		f = finding_new(j, rule, "chronyd has a reference clock, and does not use it");
		evidence(f, s);
		finding_cause(f, "The host's clock and the NTP servers contradict each other, or the device gives no readings.");
		finding_advice(f, "see its state: chronyc sources -v. \"x\" means that the other sources contradict it: then the host's clock is wrong, or theirs");
		return;
	}
	f = finding_new(j, rule, s->ptp_kvm.value ?
			"chronyd does not use the host's clock /dev/ptp_kvm" :
			"ptp_kvm, the driver of the host's clock, is not loaded");
	evidence(f, s);
	finding_cause(f, "chronyd reads it only where its configuration says so.");
	phc_advice(f, s);
}

void judge_time_service(const struct rule *rule, struct judgement *j)
{
	const struct observation *o = observed(j);
	const struct system_facts *s = &o->system;
	bool phc = s->ptp_kvm.value || host_answers(o);
	struct finding *f;

	if (s->services_hidden)
		return;
	if (!strcmp(s->time_service, "chronyd")) {
		judge_chronyd(rule, j);
		return;
	}
	/* phc2sys always follows a device's clock */
	if (!strcmp(s->time_service, "phc2sys") || (s->time_service[0] && !phc))
		return;
	if (s->time_service[0]) {
		f = finding_new(j, rule, "%s does not use the host's clock", s->time_service);
		finding_cause(f, "%s reads NTP servers; chronyd can read the host's clock as well.",
			      s->time_service);
	} else {
		f = finding_new(j, rule, "Nothing disciplines the wall clock");
		finding_cause(f, "No time service runs, so the wall clock drifts with its clocksource.");
	}
	evidence(f, s);
	finding_advice(f, "install chrony: apt install chrony, or dnf install chrony");
	if (phc)
		phc_advice(f, s);
}
