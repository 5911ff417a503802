// SPDX-License-Identifier: GPL-2.0
/* rules_page.c: time pages that are not valid, without a master clock, or off their multiplier */
#include <string.h>

#include "judgement.h"
#include "words.h"

/* Without a master clock the host sets each CPU's page on its own, in steps of less than this. */
#define UPDATE_STEP_NS		10000000
/* 0.1 ppb, which is 9 us a day: a clock that is off its multiplier by more is a finding. */
#define MULTIPLIER_PPT		100

static void host_has_to_use_tsc(struct finding *f)
{
	finding_advice(f, "on the host: cat /sys/devices/system/clocksource/clocksource0/current_clocksource has to be tsc");
	finding_advice(f, "on the host: dmesg | grep -i clocksource says why it left the TSC; tsc=reliable keeps it if you know better");
}

/* A host that does not use its TSC gives no Hyper-V page: each reading leaves the guest. */
static void not_valid(const struct rule *rule, struct judgement *j, const char *name)
{
	const struct clock_figures *realtime = snapshot_clock(&j->o->after, "realtime");
	struct finding *f = finding_new(j, rule, "%s is not valid: the hypervisor has no TSC page",
					name);

	finding_evidence(f, "%s/valid is 0", name);
	if (realtime && realtime->read_avg_ns.known)
		finding_evidence(f, "a reading of the wall clock takes %llu ns",
				 (unsigned long long)realtime->read_avg_ns.value);
	finding_cause(f, "The hypervisor can't keep time by its TSC. KVM, where it stands in for Hyper-V: the host's clocksource is not its TSC, or was not when the guest set up the page.");
	f->see = "doctor.rst, \"no-master-clock\"";
	host_has_to_use_tsc(f);
	finding_advice(f, "KVM gives the page again when the guest boots, or resumes from a suspend");
}

/* What the hypervisor does instead, and what its owner can do about it. */
static void no_master_clock_is_of(struct finding *f, const struct clock_figures *c)
{
	if (strcmp(c->name, "xen")) {
		host_has_to_use_tsc(f);
		return;
	}
	if (c->tsc_mode.known && c->emulated.known)
		finding_evidence(f, "xen/tsc_mode is %llu, xen/emulated is %lld",
				 (unsigned long long)c->tsc_mode.value,
				 (long long)c->emulated.value);
	f->see = "hypervisors.rst, \"A guest of Xen\"";
	finding_cause(f, "Xen counts time by another clock than the TSC, which is its default, and about once a second gives each vCPU another multiplier and another start.");
	finding_advice(f, "on the host: xl dmesg | grep -i 'platform timer' says by which clock Xen counts");
	finding_advice(f, "on the host: boot Xen with clocksource=tsc on its own command line, if the CPUs' TSCs are invariant and in step");
	finding_advice(f, "in this guest: the clocksource tsc does not have these steps, if xen/emulated is 0");
}

/*
 * If the page is the clocksource, the kernel's clocks make its small steps too; which, depends on
 * the CPU that reads them, and they are not seen at the time of an update.
 */
static void kernel_follows(struct moment *m)
{
	static const enum voice kernel[] = { VOICE_RAW, VOICE_WALL };
	size_t i;

	for (i = 0; i < 2; i++)
		if (move_is_open(&m->move[kernel[i]]) &&
		    ns_magnitude(m->move[kernel[i]].ns) < UPDATE_STEP_NS)
			m->move[kernel[i]].explained = true;
}

/* From the pages in memory; but Xen writes a vCPU's page only while that vCPU runs. */
static void clocks_differ(struct finding *f, const struct snapshot *s,
			  const struct clock_figures *c)
{
	const struct pair_offset *pair = &c->offset;
	bool idle_is_old = !strcmp(c->name, "xen");
	int64_t low = 0, high = 0, ahead;
	size_t i;

	for (i = 0; i < s->n_pages; i++) {
		ahead = s->pages[i].minus_first_ns;
		low = ahead < low ? ahead : low;
		high = ahead > high ? ahead : high;
	}
	if (s->n_pages > 1) {
		finding_evidence(f, "by their pages the CPUs' clocks differ by %s%s",
				 ns_text(ns_minus(high, low)),
				 idle_is_old ? "; the page of an idle CPU is old" : "");
		finding_size(f, ns_minus(high, low), idle_is_old ? ERROR_UNKNOWN : 2, "ns");
	}
	if (!idle_is_old || !pair->known)
		return;
	finding_evidence(f, "%s of CPU %u against CPU %u: %s +- %s (worst case)", c->name,
			 pair->cpu_j, pair->cpu_i, step_text(pair->offset_ns),
			 ns_text(pair->bound_ns));
	finding_size(f, ns_magnitude(pair->offset_ns), pair->bound_ns, "ns");
}

void judge_no_master_clock(const struct rule *rule, struct judgement *j)
{
	const struct snapshot *s = &j->o->after;
	const char *name = voice_name(s, VOICE_PAGE);
	const struct clock_figures *c = name ? snapshot_clock(s, name) : NULL;
	struct finding *f;
	struct moment *m;
	struct move *x;
	size_t i, steps = 0;

	if (c && c->valid.known && !c->valid.value)
		not_valid(rule, j, name);
	if (!c || !c->stable.known || c->stable.value)
		return;
	f = finding_new(j, rule, "The host keeps no master clock: %s may differ between CPUs",
			name);
	clocks_differ(f, s, c);
	finding_evidence(f, "%s/stable is 0", name);
	no_master_clock_is_of(f, c);
	for (i = 0; i < j->moments.n; i++) {
		m = &j->moments.moments[i];
		x = &m->move[VOICE_PAGE];
		if (m->kind != MOMENT_OTHER ||
		    (x->stepped && ns_magnitude(x->largest_ns) >= UPDATE_STEP_NS))
			continue;
		/* the kernel's clock may follow a page that changed before sampling began */
		if (x->stepped || (move_is_open(&m->move[VOICE_RAW]) &&
				   ns_magnitude(m->move[VOICE_RAW].ns) < UPDATE_STEP_NS))
			moment_follow(m, VOICE_PAGE, page_is_clocksource(j));
		if (!strcmp(clocksource(j), name))
			kernel_follows(m);
		x->explained = true;
		steps += x->steps;
	}
	if (steps)
		finding_evidence(f, "%s stepped %zu times, by less than %s", name, steps,
				 ns_text(UPDATE_STEP_NS));
	if (grown(j, name, warps))
		finding_evidence(f, "%s/warps: %llu, the largest %s", name,
				 (unsigned long long)grown(j, name, warps),
				 ns_text(largest_warp_ns(j, c)));
	explain(j, &(struct explanation){
		.warps = CLOCK(VOICE_PAGE), .backward = CLOCK(VOICE_PAGE), .cpu = CPU_UNKNOWN,
		.peer = CPU_UNKNOWN, .largest_ns = UINT64_MAX, .to_ns = UINT64_MAX,
	});
}

/* Whether all pages have one rate; if the hypervisor corrects its clock, their rates differ. */
static bool is_one_rate(const struct snapshot *s)
{
	size_t i;

	for (i = 1; i < s->n_pages; i++)
		if (s->pages[i].mul != s->pages[0].mul || s->pages[i].shift != s->pages[0].shift)
			return false;
	return true;
}

void judge_clock_off_multiplier(const struct rule *rule, struct judgement *j)
{
	const struct snapshot *s = &j->o->after;
	const char *name = voice_name(s, VOICE_PAGE);
	const struct clock_figures *c = name ? snapshot_clock(s, name) : NULL;
	struct finding *f;
	struct figure rate = snapshot_page_rate_ppt(s);
	int64_t off;

	if (c && s->n_pages && !s->pages[0].mul) {
		f = finding_new(j, rule, "%s has the multiplier 0: it can't run", name);
		finding_evidence(f, "debugfs timepage: tsc_to_system_mul of CPU %u is 0",
				 s->pages[0].cpu);
		return;
	}
	if (!c || !c->skew_ppt.known || !c->skew_error_ppt.known || !rate.known || !is_one_rate(s))
		return;
	/* without a master clock the multiplier may have changed since the skew was measured */
	if (c->stable.known && !c->stable.value)
		return;
	off = ns_minus(c->skew_ppt.value, rate.value);
	/* one in twenty 95 % intervals misses the truth, but none by four half-widths */
	if (ns_magnitude(off) / 4 <= (uint64_t)c->skew_error_ppt.value + MULTIPLIER_PPT / 4)
		return;
	f = finding_new(j, rule, "%s runs %s off its own multiplier", name, rate_text(off));
	finding_thousandths(f, off, c->skew_error_ppt.value, "ppb");
	finding_evidence(f, "measured: %s +- %s (95 %%)", rate_text(c->skew_ppt.value),
			 rate_text(c->skew_error_ppt.value) + 1);
	finding_evidence(f, "by multiplier %u and shift %d: %s", s->pages[0].mul,
			 s->pages[0].shift, rate_text(rate.value));
}
