// SPDX-License-Identifier: GPL-2.0
/* rules_host.c: what the host did: pauses, restores, its wall clock, CPUs that it does not run */
#include <stdlib.h>
#include <string.h>

#include "judgement.h"
#include "words.h"

#define NSEC_PER_MSEC	1000000ull
#define NSEC_PER_SEC	1000000000ll

/* In 0.001 ppb, and in ns: with NTP a guest's wall clock is far within these limits. */
#define DRIFT_PPT	1000000
#define OFF_NS		10000000
/* A sampler that ran this lately is only late. */
#define SILENT_MS	3000
/* The error of a backward reading as a step's size: the time between two readings. */
#define READ_WITHIN_NS	NSEC_PER_SEC
/* An offset that is so much older than other figures is no present one: the host refuses it. */
#define OFFSET_AGE_MS	10000

static void explain_all(struct moment *m)
{
	enum voice v;

	/* the wall clock may have been set besides: then judge_wall_clock_set() names its step */
	for (v = 0; v < VOICES; v++)
		if (v != VOICE_WALL || m->move[v].ns == m->move[VOICE_PAGE].ns ||
		    moves_alike(m, VOICE_PAGE, v) || moves_alike(m, VOICE_RAW, v))
			m->move[v].explained = true;
}

/* The guest's wall clock minus the host's. Returns false if it is not known, or too old. */
static bool host_offset(const struct snapshot *s, uint64_t age_ms, int64_t *ns, int64_t *error_ns)
{
	const struct clock_figures *c = snapshot_clock(s, "ptp-kvm");

	if (!c || !c->host_offset_ns.known || !c->host_offset_error_ns.known ||
	    !c->host_offset_age_ms.known ||
	    (uint64_t)c->host_offset_age_ms.value > age_ms + OFFSET_AGE_MS)
		return false;
	*ns = c->host_offset_ns.value;
	*error_ns = c->host_offset_error_ns.value;
	return true;
}

/* How old the figures of a snapshot are. */
static uint64_t figures_age_ms(const struct snapshot *s)
{
	struct count age_ms = snapshot_age_ms(s);

	if (!age_ms.known)
		age_ms = snapshot_offset_age_ms(s);
	return age_ms.known ? age_ms.value : 0;
}

static void wall_clock_now(struct finding *f, const struct judgement *j)
{
	int64_t ns, error_ns;

	if (host_offset(&j->o->after, figures_age_ms(&j->o->after), &ns, &error_ns))
		finding_evidence(f, "the guest's wall clock minus the host's is now %s +- %s",
				 step_text(ns), ns_text(error_ns));
}

void judge_restored(const struct rule *rule, struct judgement *j)
{
	struct finding *f;
	struct moment *m;
	bool sized;
	size_t i;

	for (i = 0; i < j->moments.n; i++) {
		m = &j->moments.moments[i];
		if (m->kind != MOMENT_RESTORE || m->move[VOICE_PAGE].explained)
			continue;
		explain_all(m);
		sized = m->move[VOICE_HOST].stepped && m->move[VOICE_PAGE].stepped;
		if (sized && m->ns < 0) {
			f = finding_new(j, rule, "The guest was migrated: its wall clock is %s ahead of the new host's",
					ns_text(ns_magnitude(m->ns)));
			finding_size(f, m->ns, m->error_ns, "ns");
			finding_evidence(f, "the host's wall clock went back, and the guest's clocks did not follow it");
		} else if (sized) {
			f = finding_new(j, rule, "The guest was restored or migrated: it missed %s",
					ns_text(m->ns));
			finding_size(f, m->ns, m->error_ns, "ns");
			finding_evidence(f, "the host's wall clock went on, and the guest's clocks did not follow it");
		} else if (!m->marked && !m->loaded) {
			f = finding_new(j, rule, "The guest was restored or migrated: its TSC went on from a saved value");
			finding_evidence(f, "the host's wall clock is not known: nothing shows for how long the guest was stopped");
		} else {
			f = finding_new(j, rule, "The host says that the guest was restored or migrated");
			finding_cause(f, "The hypervisor says so by vmclock. The TSC may have jumped then, or may run at another rate since.");
		}
		finding_ended(f, m->boottime_ns);
		if (m->marked)
			finding_evidence(f, "vmclock's marker changed: the host says that the TSC may have jumped");
		if (m->loaded)
			finding_evidence(f, "vmclock's generation changed: the host says that it loaded the guest from a snapshot");
		finding_voices(f, &j->o->after, m);
		wall_clock_now(f, j);
	}
}

/* How often a clock stepped since sampling began or was reset, however long ago. */
static uint64_t steps_of(const struct snapshot *s, const char *clock)
{
	const struct clock_figures *c = snapshot_clock(s, clock);
	uint64_t lines = 0;
	size_t i;

	for (i = 0; i < s->n_violations; i++)
		lines += !strcmp(s->violations[i].what, "step") &&
			 !strcmp(s->violations[i].clock, clock);
	/* only root can read violations, and only the newest are there */
	return c && c->steps.known && c->steps.value > lines ? c->steps.value : lines;
}

/* Whether a moment may be a time at which the host stopped the guest. */
static bool may_be_stop(const struct moment *m)
{
	return m->kind != MOMENT_OTHER || m->move[VOICE_PAGE].stepped || m->tsc_backward_cpus;
}

void judge_guest_stopped(const struct rule *rule, struct judgement *j)
{
	const char *name = voice_name(&j->o->after, VOICE_PAGE);
	const struct clock_figures *c = name ? snapshot_clock(&j->o->after, name) : NULL;
	uint64_t stopped = c && c->stopped.known ? c->stopped.value : 0, steps;
	struct finding *f;
	bool found = false;
	struct moment *m;
	size_t i;

	for (i = 0; i < j->moments.n; i++) {
		m = &j->moments.moments[i];
		found |= may_be_stop(m);
		if (m->kind != MOMENT_PAUSE || m->move[VOICE_PAGE].explained)
			continue;
		explain_all(m);
		f = finding_new(j, rule, "The guest was stopped for %s", ns_text(m->ns));
		finding_size(f, m->ns, m->error_ns, "ns");
		finding_ended(f, m->boottime_ns);
		if (stopped)
			finding_evidence(f, "%s/stopped: %llu: the host said so", name,
					 (unsigned long long)stopped);
		finding_voices(f, &j->o->after, m);
		if (m->move[VOICE_HOST].heard)
			finding_evidence(f, "the TSC and the host's wall clock went on");
		wall_clock_now(f, j);
	}
	steps = name ? steps_of(&j->o->after, name) : 0;
	if (found || stopped <= steps)
		return;
	f = finding_new(j, rule, "The host reported stops of the guest: %llu",
			(unsigned long long)stopped);
	finding_ended(f, (struct count){ });
	finding_evidence(f, "%s/stopped: %llu since sampling began or was reset; steps: %llu",
			 name, (unsigned long long)stopped, (unsigned long long)steps);
}

/* The voice that shows the host's wall clock best; if both stepped alike, that counts as one. */
static enum voice wall_voice(struct moment *m)
{
	struct move *host = &m->move[VOICE_HOST], *page = &m->move[VOICE_VMCLOCK];

	if (host->stepped && moves_alike(m, VOICE_HOST, VOICE_VMCLOCK))
		page->explained = true;
	return page->explained || host->heard || host->backwards ? VOICE_HOST : VOICE_VMCLOCK;
}

void judge_host_wall_stepped(const struct rule *rule, struct judgement *j)
{
	const char *name;
	struct finding *f;
	struct moment *m;
	struct move *x;
	enum voice by;
	size_t i;

	for (i = 0; i < j->moments.n; i++) {
		m = &j->moments.moments[i];
		by = wall_voice(m);
		name = voice_name(&j->o->after, by);
		x = &m->move[by];
		if (!name || x->explained || (!x->stepped && !x->backwards))
			continue;
		x->explained = true;
		if (x->stepped)
			f = finding_new(j, rule, "The host's wall clock stepped by %s",
					step_text(x->ns));
		else
			f = finding_new(j, rule, "The host's wall clock went back by %s",
					ns_text(x->backward_ns));
		finding_is_of(j, name, m);
		finding_ended(f, m->boottime_ns);
		if (x->stepped)
			finding_size(f, x->ns, move_error_ns(x), "ns");
		else
			finding_size(f, -(__int128_t)x->backward_ns, READ_WITHIN_NS, "ns");
		if (x->stepped)
			note_leap_second(f, x->ns);
		finding_voices(f, &j->o->after, m);
		if (m->boottime_ns.known)
			finding_evidence(f, "it stands alone: the TSC and the guest's clocks went on");
		finding_counted_only(f, m);
		if (x->backwards)
			finding_evidence(f, "%s read backward %llu times, by up to %s", name,
					 (unsigned long long)x->backwards, ns_text(x->backward_ns));
	}
}

static void who_disciplines(struct finding *f, const struct judgement *j)
{
	const struct system_facts *s = &j->o->system;

	if (s->services_hidden)
		return;
	if (!s->time_service[0])
		finding_evidence(f, "no time service runs in this guest");
	else if (s->chrony_source[0])
		finding_evidence(f, "%s disciplines the guest's clock, by %s", s->time_service,
				 s->chrony_source);
	else
		finding_evidence(f, "%s runs in this guest", s->time_service);
}

/* Whether an offset of the wall clock is beyond the limit. */
static bool is_off(int64_t ns, int64_t error_ns)
{
	return ns_minus(ns < 0 ? ns_minus(0, ns) : ns, error_ns) > OFF_NS;
}

void judge_host_drift(const struct rule *rule, struct judgement *j)
{
	bool rate, fast, off, was_off = true;
	int64_t ns = 0, error_ns = 0, before_ns, before_error_ns, ppt, error_ppt;
	struct finding *f;

	rate = snapshot_drift_ppt(&j->o->after, &ppt, &error_ppt);
	fast = rate && ns_magnitude(ppt) > (uint64_t)error_ppt + DRIFT_PPT;
	off = host_offset(&j->o->after, figures_age_ms(&j->o->after), &ns, &error_ns) &&
	      is_off(ns, error_ns);
	/* an event that came while doctor looked on is named by another rule */
	if (j->o->observed_ns && host_offset(&j->o->before, 0, &before_ns, &before_error_ns))
		was_off = is_off(before_ns, before_error_ns);
	if (!fast && !(off && was_off))
		return;
	if (fast) {
		f = finding_new(j, rule, "The guest's wall clock %s %s against the host's",
				ppt < 0 ? "loses" : "gains", rate_text(ppt) + 1);
		finding_thousandths(f, ppt, error_ppt, "ppb");
	} else {
		f = finding_new(j, rule, "The guest's wall clock is %s %s the host's",
				ns_text(ns_magnitude(ns)), ns < 0 ? "behind" : "ahead of");
		finding_size(f, ns, error_ns, "ns");
	}
	if (rate)
		finding_evidence(f, "realtime's skew minus ptp-kvm's: %s +- %s (95 %%)",
				 rate_text(ppt), rate_text(error_ppt) + 1);
	if (error_ns)
		finding_evidence(f, "ptp-kvm/offset: %s +- %s (worst case)", step_text(ns),
				 ns_text(error_ns));
	who_disciplines(f, j);
}

static const char *line_with(char **lines, size_t n, const char *word)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strstr(lines[i], word))
			return lines[i];
	return NULL;
}

/* Whether vmclock's page shows the host's wall clock. */
static bool vmclock_gives_time(const struct snapshot *s)
{
	const struct clock_figures *c = snapshot_clock(s, "vmclock");

	return c && c->time.known && c->time.value;
}

static void host_advice(struct finding *f)
{
	finding_advice(f, "ask the host's owner for a host kernel of 4.11 or later, with clocksource tsc");
}

void judge_host_refuses_pairing(const struct rule *rule, struct judgement *j)
{
	const struct clock_figures *c = snapshot_clock(&j->o->after, "ptp-kvm");
	const struct system_facts *s = &j->o->system;
	const char *why = line_with(s->absent, s->n_absent, "ptp-kvm is absent");
	uint64_t refused = grown(j, "ptp-kvm", errors), asked;
	struct finding *f;

	if (!j->o->after.loaded)
		return;
	if (c && refused) {
		asked = grown(j, "ptp-kvm", samples);
		f = finding_new(j, rule, refused < asked ?
				"The host refused %llu of %llu pairings of its clock" :
				"ptp-kvm has no answers: the host refused %llu of %llu",
				(unsigned long long)refused, (unsigned long long)asked);
		finding_size(f, refused, 0, "hypercalls");
		if (c->host_offset_age_ms.known)
			finding_evidence(f, "the newest answer is %s old",
					 age_text(c->host_offset_age_ms.value * NSEC_PER_MSEC));
		else
			finding_evidence(f, "ptp-kvm/errors: %llu",
					 (unsigned long long)c->errors.value);
		finding_cause(f, "The host's clocksource is not its TSC, so it can't pair the clocks.");
		host_advice(f);
		finding_advice(f, "on the host: cat /sys/devices/system/clocksource/clocksource0/current_clocksource");
		finding_advice(f, "on the host: dmesg | grep -i clocksource says why it left the TSC");
		return;
	}
	/* a machine that is no guest has no host, and Hyper-V has an interface of its own */
	if (c || !s->hypervisor[0] || snapshot_clock(&j->o->after, "hyperv") ||
	    vmclock_gives_time(&j->o->after))
		return;
	f = finding_new(j, rule, "ptp-kvm is absent: there is no wall clock of the host to compare with");
	if (why)
		finding_evidence(f, "the module's log: %s", why);
	finding_evidence(f, "the hypervisor is %s", s->hypervisor);
	if (!strcmp(s->hypervisor, "KVM") && (!why || strstr(why, "no clock pairing"))) {
		host_advice(f);
		return;
	}
	if (why && strstr(why, "without KVM_GUEST"))
		finding_cause(f, "The guest's kernel has no support for KVM.");
	else if (why && !strcmp(s->hypervisor, "KVM") && !strstr(why, "not a KVM guest"))
		finding_cause(f, "The module could not ask the host: its log says why.");
	else
		finding_cause(f, "The hypervisor is not KVM, or does not show its interface.");
	finding_advice(f, "compare the wall clock with NTP servers: chronyc tracking shows how far it is off");
}

static void set_both(bool *of_cpu, const struct pair_line *p, bool value)
{
	of_cpu[p->cpu_i] = value;
	of_cpu[p->cpu_j] = value;
}

/* By number, the CPUs that met no other CPU lately while others met; NULL: there is none. */
static bool *lonely_cpus(const struct snapshot *s, uint64_t limit_ms, unsigned int *cpus)
{
	uint64_t youngest = UINT64_MAX;
	const struct pair_line *p;
	bool *lonely, any = false;
	size_t i;

	*cpus = 0;
	for (i = 0; i < s->n_pairs; i++) {
		p = &s->pairs[i];
		if (p->known && p->age_ms < youngest)
			youngest = p->age_ms;
		if (p->cpu_j >= *cpus && p->cpu_j < MAX_CPUS)
			*cpus = p->cpu_j + 1;
	}
	lonely = youngest < UINT64_MAX && *cpus ? calloc(*cpus, sizeof(*lonely)) : NULL;
	if (!lonely)
		return NULL;
	for (i = 0; i < s->n_pairs; i++) {
		p = &s->pairs[i];
		if (p->cpu_i < *cpus && p->cpu_j < *cpus)
			set_both(lonely, p, true);
	}
	for (i = 0; i < s->n_pairs; i++) {
		p = &s->pairs[i];
		if (p->cpu_i < *cpus && p->cpu_j < *cpus && p->known &&
		    p->age_ms - youngest <= limit_ms)
			set_both(lonely, p, false);
	}
	for (i = 0; i < *cpus; i++)
		any |= lonely[i];
	if (any)
		return lonely;
	free(lonely);
	return NULL;
}

/* Whether a CPU sampled when the observation began. */
static bool sampled_before(const struct snapshot *s, unsigned int cpu)
{
	size_t i;

	for (i = 0; i < s->n_cpu_lines; i++)
		if (s->cpu_lines[i].cpu == cpu)
			return !strcmp(s->cpu_lines[i].state, "sampling");
	return false;
}

void judge_cpu_silent(const struct rule *rule, struct judgement *j)
{
	const struct snapshot *s = &j->o->after;
	const struct cpu_line *c;
	struct finding *f;
	unsigned int cpus = 0;
	uint64_t age_ms, limit_ms = SILENT_MS + two_turns_ms(s);
	bool late, *lonely = NULL;
	size_t i;

	/* CPUs that have sampled for a shorter time may not have met yet */
	if (s->enabled.known && s->enabled.value && j->o->observed_ns / 1000000 > limit_ms)
		lonely = lonely_cpus(s, limit_ms, &cpus);

	for (i = 0; i < s->n_cpu_lines; i++) {
		c = &s->cpu_lines[i];
		age_ms = c->age_ms.known ? c->age_ms.value : UINT64_MAX;
		late = (!strcmp(c->state, "late") ||
			(!strcmp(c->state, "stood-still") && !snapshot_standing_cpu(s))) &&
		       age_ms >= SILENT_MS;
		if (!late && (strcmp(c->state, "sampling") || !lonely || c->cpu >= cpus ||
			      !lonely[c->cpu] || !sampled_before(&j->o->before, c->cpu)))
			continue;
		if (c->age_ms.known && late)
			f = finding_new(j, rule, "CPU %u has not sampled for %llu.%03llu s", c->cpu,
					(unsigned long long)age_ms / 1000,
					(unsigned long long)age_ms % 1000);
		else
			f = finding_new(j, rule, late ? "CPU %u has never sampled" :
					"CPU %u meets no other CPU", c->cpu);
		finding_cpu(f, c->cpu);
		if (c->age_ms.known && late) {
			/* ages are counted in jiffies: 20 ms */
			finding_thousandths(f, age_ms, 20, "s");
			if (age_ms < s->boottime_ns / 1000000)
				f->since_ns = (struct count){ true,
							      s->boottime_ns - age_ms * 1000000 };
		}
		finding_evidence(f, "debugfs cpus: CPU %u is %s; %llu windows, %llu lost, %llu meetings unmet",
				 c->cpu, c->state, (unsigned long long)c->windows,
				 (unsigned long long)c->lost, (unsigned long long)c->unmet);
	}
	free(lonely);
}
