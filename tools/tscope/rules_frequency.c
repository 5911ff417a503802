// SPDX-License-Identifier: GPL-2.0
/* rules_frequency.c: the kernel takes the TSC to run at another frequency than it does */
#include <string.h>

#include "judgement.h"
#include "text.h"
#include "words.h"

/* In 0.001 ppb: NTP can make up for 500 ppm, crystals are off by less than 100 ppm. */
#define FREQUENCY_FAULT_PPT	500000000
#define FREQUENCY_WARN_PPT	100000000
#define PPT			1000000000000ll
/* A hull of 1 ns is of a drift of at most 2 ppb: an epoch's bursts are 0.5 s apart or more. */
#define PPT_BY_HULL_NS		2000
/* A clock that runs slower almost stands still. */
#define SLOWEST_PPT		(PPT / 1000 - PPT)

/* The TSC's rate as a clock shows it, in 0.001 ppb; the error is a 95 % half-width. */
struct reference {
	const char *name;
	int64_t ppt, error_ppt;
	bool is_page;
};

static size_t references_of(const struct snapshot *s, struct reference *refs)
{
	static const char *const names[] = { "hpet", "acpi-pm", "ptp-kvm" };
	const char *page = voice_name(s, VOICE_PAGE);
	const struct clock_figures *c;
	struct figure rate = snapshot_page_rate_ppt(s);
	size_t i, n = 0;

	for (i = 0; i < 3; i++) {
		c = snapshot_clock(s, names[i]);
		if (c && c->skew_ppt.known && c->skew_error_ppt.known)
			refs[n++] = (struct reference){ names[i], c->skew_ppt.value,
							c->skew_error_ppt.value, false };
	}
	/* the frequency that the host assumes; its multiplier is rounded by up to 0.47 ppb */
	if (page && rate.known)
		refs[n++] = (struct reference){ page, rate.value, 470, true };
	return n;
}

bool frequency_is_known(const struct snapshot *s)
{
	struct reference refs[4];

	return references_of(s, refs) >= 2;
}

static bool same_rate(const struct reference *a, const struct reference *b)
{
	/* rates differ by NTP on the host and by crystals, but by less than a tenth of the limit */
	return apart(a->ppt, b->ppt) <= (uint64_t)a->error_ppt + (uint64_t)b->error_ppt +
					ns_magnitude(a->ppt) / 10;
}

/* Two half-widths: one hypervisor disturbs all its devices alike, so errors may agree. */
static bool is_sure(const struct reference *r)
{
	return ns_magnitude(r->ppt) >= 2 * (uint64_t)r->error_ppt;
}

static bool is_far(const struct reference *r)
{
	return is_sure(r) && ns_magnitude(r->ppt) >= (uint64_t)r->error_ppt + FREQUENCY_WARN_PPT;
}

/* The best of the clocks that agree on a rate, their number, and the error of this rate. */
static const struct reference *best_reference(const struct reference *refs, size_t n,
					      size_t *agree, uint64_t *error_ppt)
{
	const struct reference *best = NULL;
	size_t i, k, with, right;
	uint64_t error, most;

	*agree = 0;
	for (i = 0; i < n; i++) {
		if (!is_far(&refs[i]))
			continue;
		most = refs[i].error_ppt;
		for (k = with = right = 0; k < n; k++) {
			if (!same_rate(&refs[i], &refs[k])) {
				right += !is_far(&refs[k]);
				continue;
			}
			/* a clock that is not sure neither agrees nor denies */
			if (!is_sure(&refs[k]))
				continue;
			with++;
			/* if their intervals do not overlap, either may be right */
			error = apart(refs[i].ppt, refs[k].ppt);
			if (error <= (uint64_t)refs[i].error_ppt + (uint64_t)refs[k].error_ppt)
				continue;
			error += refs[k].error_ppt;
			most = error > most ? error : most;
		}
		if (with < 2 || with <= right || with < *agree ||
		    (best && with == *agree && best->error_ppt <= refs[i].error_ppt))
			continue;
		best = &refs[i];
		*agree = with;
		*error_ppt = most;
	}
	return best;
}

/*
 * All rates are relative to the TSC of the leader. Whether this TSC itself may drift: the offset of
 * one of the leader's pairs moved that fast, or it is not known which pairs move.
 */
static bool may_drift(const struct snapshot *s, const struct count *moving, uint64_t ppt)
{
	const struct pair_line *p;
	uint64_t known = 0;

	for (p = s->pairs; p < s->pairs + s->n_pairs; p++) {
		if (strcmp(p->clock, "tsc") || !p->known || !p->moving)
			continue;
		known++;
		if ((snapshot_is_leader(s, p->cpu_i) || snapshot_is_leader(s, p->cpu_j)) &&
		    (__uint128_t)extent_ns(p) * PPT_BY_HULL_NS >= ppt)
			return true;
	}
	return moving->known && moving->value > known;
}

void judge_tsc_frequency(const struct rule *rule, struct judgement *j)
{
	const struct snapshot *s = &j->o->after;
	const struct clock_figures *tsc = snapshot_clock(s, "tsc");
	struct reference refs[4];
	size_t n = references_of(s, refs), agree, i;
	const struct reference *best;
	uint64_t error_ppt = 0;
	__uint128_t rate, tenths, error_tenths;	/* of a kHz */
	struct finding *f;

	best = best_reference(refs, n, &agree, &error_ppt);
	/* clocks that stand still show no frequency */
	if (!best || !tsc || !tsc->khz.known || best->ppt <= SLOWEST_PPT)
		return;
	/* if the kernel assumes too high a frequency of the TSC, the clock seems to run fast */
	rate = (__int128_t)PPT + best->ppt;
	tenths = ((__uint128_t)tsc->khz.value * 10 * PPT + rate / 2) / rate;
	if (tenths > INT64_MAX)
		return;
	error_tenths = (tenths * error_ppt + PPT - 1) / PPT;
	/*
	 * A hypervisor drives ptp-kvm and the devices that it emulates by its own clock, which NTP
	 * may slew. Its time page has the TSC's frequency: if the kernel uses the same, then the
	 * host's clock is off, and not the frequency.
	 */
	for (i = 0; i < n; i++)
		if (refs[i].is_page && !same_rate(best, &refs[i]))
			return;
	if (may_drift(s, &tsc->moving, ns_magnitude(best->ppt)))
		return;
	f = finding_new(j, rule, "The TSC runs at %s kHz, and the kernel takes it to run at %llu kHz",
			text_decimal(tenths, 1).s, (unsigned long long)tsc->khz.value);
	finding_thousandths(f, best->ppt, error_ppt, "ppb");
	/* that the frequency is off is certain, but NTP can make up for it */
	if (ns_magnitude(best->ppt) < FREQUENCY_FAULT_PPT)
		f->severity = SEVERITY_WARNING;
	for (i = 0; i < n; i++)
		finding_evidence(f, "%s against the TSC at %llu kHz: %s +- %s (%s)%s",
				 refs[i].name, (unsigned long long)tsc->khz.value,
				 rate_text(refs[i].ppt), rate_text(refs[i].error_ppt) + 1,
				 refs[i].is_page ? "worst case" : "95 %",
				 same_rate(best, &refs[i]) ? "" : ": does not agree");
	finding_evidence(f, "%zu clocks agree: the TSC's frequency is %s kHz +- %s kHz", agree,
			 text_decimal(tenths, 1).s, text_decimal(error_tenths, 1).s);
	if (!strcmp(clocksource(j), "tsc"))
		finding_evidence(f, "programs see it: the clocksource is tsc");
	if (strstr(j->o->system.cmdline, "tsc_early_khz="))
		finding_cause(f, "The kernel's command line names the frequency: tsc_early_khz=.");
	finding_advice(f, "boot with tsc_early_khz=%llu, or remove tsc_early_khz= if it is wrong there",
		       (unsigned long long)(tenths + 5) / 10);
}
