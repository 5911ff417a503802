// SPDX-License-Identifier: GPL-2.0
/* rules_domain.c: finding timer-policy: a libvirt domain's clocks and timers */
#include <stdio.h>
#include <string.h>

#include "domain_xml.h"
#include "rules.h"

/**
 * struct policy - what is gathered while a domain's settings are judged
 * @finding: NULL until a setting is not what it should be
 * @n: how many settings are not what they should be
 */
struct policy {
	const struct rule *rule;
	struct judgement *j;
	struct finding *finding;
	const struct domain *domain;
	const char *guest, *name;
	unsigned int n;
};

static bool is(const char *text, const char *value)
{
	return !strcmp(text, value);
}

/* Whether the guest is probably Windows, and why. */
static bool is_windows(const struct domain *d, const char **why)
{
	if (d->os_id[0]) {
		*why = d->os_id;
		return strstr(d->os_id, "microsoft.com");
	}
	*why = "it has features of Hyper-V";
	if (d->hyperv || d->timers[TIMER_HYPERVCLOCK].there)
		return true;
	*why = "nothing in the XML says otherwise";
	return false;
}

/* Add one setting to the finding: what it is now, what to write, and why. */
static void setting(struct policy *p, const char *now, const char *wanted, const char *why)
{
	if (!p->n++) {
		p->finding = finding_new(p->j, p->rule, "Timers of domain %s do not suit %s",
					 p->name, p->guest);
		finding_cause(p->finding, "The domain's XML says so, or leaves it to a default.");
	}
	finding_evidence(p->finding, "%s", now);
	finding_advice(p->finding, "virsh edit %s: %s (%s)", p->name, wanted, why);
}

/* A timer as the XML has it. */
static const char *as_is(const struct domain *d, enum domain_timer_name name)
{
	const struct domain_timer *t = &d->timers[name];
	static char text[160];
	size_t used;

	if (!t->there) {
		snprintf(text, sizeof(text), "<clock> has no <timer name='%s'>",
			 domain_timer_name(name));
		return text;
	}
	used = snprintf(text, sizeof(text), "<timer name='%s'", domain_timer_name(name));
	if (t->present[0])
		used += snprintf(text + used, sizeof(text) - used, " present='%s'", t->present);
	if (t->tickpolicy[0])
		used += snprintf(text + used, sizeof(text) - used, " tickpolicy='%s'",
				 t->tickpolicy);
	if (t->mode[0])
		used += snprintf(text + used, sizeof(text) - used, " mode='%s'", t->mode);
	snprintf(text + used, sizeof(text) - used, "/>");
	return text;
}

static void judge_any(struct policy *p)
{
	const struct domain *d = p->domain;
	const struct domain_timer *timers = d->timers;

	if (!is(d->type, "xen") && !is(timers[TIMER_HPET].present, "no"))
		setting(p, as_is(d, TIMER_HPET), "<timer name='hpet' present='no'/>",
			"each reading of it leaves the guest, and the guest has better clocks");
	if (is(timers[TIMER_TSC].mode, "emulate"))
		setting(p, as_is(d, TIMER_TSC), "<timer name='tsc'> without mode='emulate'",
			"each reading of the TSC leaves the guest");
	if (d->invtsc.value && !timers[TIMER_TSC].frequency_hz.known)
		setting(p, "the CPU feature invtsc is on, and <timer name='tsc'> has no frequency",
			"<timer name='tsc' frequency='N'/> with the host's tsc/khz times 1000",
			"else QEMU refuses to migrate the guest");
}

static void judge_linux(struct policy *p)
{
	const struct domain *d = p->domain;

	if (is(d->timers[TIMER_KVMCLOCK].present, "no"))
		setting(p, as_is(d, TIMER_KVMCLOCK), "<timer name='kvmclock' present='yes'/>",
			"Linux keeps time by it, and ptp_kvm needs it");
	if (is(d->timers[TIMER_PIT].tickpolicy, "catchup"))
		setting(p, as_is(d, TIMER_PIT), "<timer name='pit' tickpolicy='delay'/>",
			"Linux reads a counter, and needs no ticks that come late");
	if (is(d->clock_offset, "localtime"))
		setting(p, "<clock offset='localtime'>", "<clock offset='utc'>",
			"Linux takes the RTC for UTC");
}

static void judge_windows(struct policy *p)
{
	const struct domain *d = p->domain;

	if (!is(d->timers[TIMER_HYPERVCLOCK].present, "yes"))
		setting(p, as_is(d, TIMER_HYPERVCLOCK),
			"<timer name='hypervclock' present='yes'/>",
			"Windows then reads the time without leaving the guest");
	if (!is(d->timers[TIMER_RTC].tickpolicy, "catchup"))
		setting(p, as_is(d, TIMER_RTC), "<timer name='rtc' tickpolicy='catchup'/>",
			"Windows counts the RTC's ticks, and loses those that it does not get");
	if (is(d->timers[TIMER_PIT].tickpolicy, "catchup"))
		setting(p, as_is(d, TIMER_PIT), "<timer name='pit' tickpolicy='delay'/>",
			"Windows counts the RTC's ticks, and needs no ticks of the PIT that come late");
	if (is(d->clock_offset, "utc") || !d->clock_offset[0])
		setting(p, d->clock_offset[0] ? "<clock offset='utc'>" : "there is no <clock offset=>",
			"<clock offset='localtime'>", "Windows takes the RTC for local time");
	/* if all else is right this does no harm: Windows then uses the RTC */
	if (p->n && (!d->stimer || !d->synic || !d->vpindex))
		setting(p, "<hyperv> has not all of vpindex, synic and stimer",
			"<vpindex state='on'/> <synic state='on'/> <stimer state='on'/> in <features><hyperv>",
			"without Hyper-V's timers some versions of Windows use HPET or RTC");
}

void judge_timer_policy(const struct rule *rule, struct judgement *j)
{
	const struct domain *d = observed(j)->domain;
	struct policy p = { .rule = rule, .j = j, .domain = d, .guest = "a Linux guest" };
	const char *why;
	bool windows;

	/* a container has the host's clocks */
	if (!d || is(d->os_type, "exe"))
		return;
	p.name = d->name[0] ? d->name : "DOMAIN";
	windows = is_windows(d, &why);
	if (windows)
		p.guest = "a Windows guest";
	judge_any(&p);
	if (windows)
		judge_windows(&p);
	else
		judge_linux(&p);
	if (p.n)
		finding_evidence(p.finding, "taken for %s: %s", p.guest, why);
}
