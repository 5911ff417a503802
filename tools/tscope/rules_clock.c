// SPDX-License-Identifier: GPL-2.0
/* rules_clock.c: clocks that stepped or stopped, each by itself */
#include <stdlib.h>
#include <string.h>

#include "judgement.h"
#include "words.h"

#define NSEC_PER_SEC	1000000000ll

/* A step is found four points later; the log's clock drifts by up to 100 ppm since boot. */
#define SWITCHED_NS		(4 * NSEC_PER_SEC)
#define LOG_DRIFTS_PART		10000
/* A step that differs from one second by at most this is a leap second. */
#define LEAP_NS			2000
/* A device has four points a second: if it had none for so long, it stands still. */
#define SILENT_NS		(10 * NSEC_PER_SEC)
/* A device may have run in the time between two points that is beyond this. */
#define WATCHED_NS		((uint64_t)NSEC_PER_SEC)
/* Points come up to this late: while a step is judged, or CPUs have no time for slow clocks. */
#define HELD_NS			(4 * NSEC_PER_SEC)
#define SILENT_READINGS		12
/* Another clock has a point each window: if it has fewer, CPUs had no time for the device. */
#define SILENT_POINTS		40

/* A step that is no larger than its error is noise. */
static bool is_noise(int64_t ns, uint64_t error_ns)
{
	return ns_magnitude(ns) <= error_ns;
}

/* Add a finding: one clock moved, and what it and the others did. */
static struct finding *moved(struct judgement *j, const struct rule *rule, struct moment *m,
			     enum voice voice, int64_t ns, const char *verb)
{
	const char *name = voice_name(&j->o->after, voice);
	struct move *x = &m->move[voice];
	struct finding *f;

	x->explained = true;
	if (!name)
		return NULL;
	f = finding_new(j, rule, "%s %s %s", name, verb, step_text(ns));
	finding_is_of(j, name, m);
	finding_size(f, ns, move_error_ns(x), "ns");
	finding_ended(f, m->boottime_ns);
	finding_voices(f, &j->o->after, m);
	finding_counted_only(f, m);
	if (x->backwards)
		finding_evidence(f, "%s read backward %llu times, by up to %s", name,
				 (unsigned long long)x->backwards, ns_text(x->backward_ns));
	return f;
}

/* By how much the wall clock was set: its step beyond that of the clock it is computed from. */
static bool wall_set_ns(const struct judgement *j, const struct moment *m, int64_t *ns,
			uint64_t *error_ns)
{
	enum voice voice = m->move[VOICE_RAW].stepped || !page_is_clocksource(j) ? VOICE_RAW :
										   VOICE_PAGE;
	const struct move *wall = &m->move[VOICE_WALL], *beneath = &m->move[voice];

	if (!move_is_open(wall))
		return false;
	*ns = wall->ns;
	*error_ns = wall->error_ns;
	if (!beneath->stepped)
		return true;
	if (moves_alike(m, VOICE_WALL, voice))
		return false;
	*ns = ns_minus(wall->ns, beneath->ns);
	*error_ns += beneath->error_ns;
	return true;
}

void note_leap_second(struct finding *f, int64_t step_ns)
{
	if (apart(ns_magnitude(step_ns), NSEC_PER_SEC) > LEAP_NS)
		return;
	f->severity = SEVERITY_INFO;
	finding_evidence(f, "it is one second: as the kernel does at a leap second");
	finding_cause(f, "A leap second, if it was at the end of a month in UTC.");
}

void judge_wall_clock_set(const struct rule *rule, struct judgement *j)
{
	struct finding *f;
	struct moment *m;
	uint64_t error_ns;
	size_t i;
	int64_t ns;

	for (i = 0; i < j->moments.n; i++) {
		m = &j->moments.moments[i];
		if (!wall_set_ns(j, m, &ns, &error_ns) || is_noise(ns, error_ns))
			continue;
		f = moved(j, rule, m, VOICE_WALL, ns, "was set by");
		if (!f)
			continue;
		if (f->size_error.known)
			f->size_error.value = error_ns;
		note_leap_second(f, ns);
		finding_evidence(f, "only the wall clock moved: CLOCK_MONOTONIC went on");
		if (j->o->system.time_service[0])
			finding_evidence(f, "%s runs here: its log says whether it was that",
					 j->o->system.time_service);
	}
}

/* Devices that lost time while kvm-clock stepped: they were paused with the guest. */
static void note_pause(struct finding *f, struct judgement *j, struct moment *m)
{
	static const enum voice devices[] = { VOICE_PM, VOICE_HPET };
	struct move *x;
	size_t i;

	for (i = 0; i < 2; i++) {
		x = &m->move[devices[i]];
		if (!move_is_open(x))
			continue;
		x->explained = true;
		if (f)
			finding_evidence(f, "%s moved by %s: the guest was paused as well; against it %s moved by %s",
					 voice_name(&j->o->after, devices[i]), step_text(x->ns),
					 voice_name(&j->o->after, VOICE_PAGE),
					 step_text(ns_minus(m->move[VOICE_PAGE].ns, x->ns)));
	}
}

static const char *who_is_right(const struct moment *m, enum voice voice)
{
	static const enum voice others[] = { VOICE_PAGE, VOICE_HOST, VOICE_HPET, VOICE_PM };
	bool heard = false;
	size_t i;

	for (i = 0; i < 4; i++)
		if (others[i] != voice && m->move[others[i]].heard && !m->move[others[i]].stepped)
			heard = true;
	return heard ? "it stands alone: the TSC and the clocks that did not step are right" :
		       "no other clock was read across it: it may have been the TSC";
}

/* Who sets a clock of this kind, and where that can be seen. */
static void who_stepped(const struct judgement *j, struct finding *f, enum voice voice)
{
	const char *name = voice_name(&j->o->after, voice);

	if (voice == VOICE_PM || voice == VOICE_HPET) {
		finding_cause(f, "The device's counter gained counts, or what emulates it did.");
		finding_advice(f, "do not keep time by it: see /sys/devices/system/clocksource/clocksource0/current_clocksource");
	} else if (voice == VOICE_RAW) {
		finding_cause(f, "The kernel lost time by itself: as a rule it changed its clocksource.");
		finding_advice(f, "dmesg | grep -i clocksource says whether it did, and why");
	} else if (!strcmp(name, "kvm-clock")) {
		finding_cause(f, "The host set this clock: an update of the master clock, or a KVM_SET_CLOCK with another time.");
		finding_advice(f, "on the host: its log at that time, and whether a vCPU was plugged; hosts before Linux 6.12 step kvm-clock then");
	} else {
		finding_cause(f, "The hypervisor set this clock to another time.");
		finding_advice(f, "ask the host's owner what was done at that time: a pause, a restore, a migration, or a new time page");
	}
	finding_advice(f, "echo 1000 >/sys/kernel/tscope/%s/step_alert_ns reports the next one at once",
		       name);
}

/* Only the kernel's own clocks stepped: the kernel loses time when it changes its clocksource. */
static void by_the_kernel(const struct judgement *j, struct finding *f, const struct moment *m)
{
	const struct system_facts *s = &j->o->system;
	const struct snapshot *now = &j->o->after;
	/* the log's clock does not count sleep, and nobody disciplines it */
	uint64_t slept_ns = now->boottime_ns - now->monotonic_ns;
	uint64_t error_ns = SWITCHED_NS + now->monotonic_ns / LOG_DRIFTS_PART;
	size_t i;

	f->see = "cases.rst, \"The kernel changes its clocksource\"";
	for (i = 0; m->boottime_ns.known && i < s->n_switched; i++) {
		if (apart(m->boottime_ns.value, s->switched_ns[i] + slept_ns) > error_ns)
			continue;
		finding_evidence(f, "kernel log: it changed its clocksource at that time");
		f->severity = SEVERITY_WARNING;
		break;
	}
}

/*
 * A time page lost time as in a pause, and nothing shows whether there was one: no device was read,
 * which would have lost time too. Only KVM reports pauses, and older kernels clear its flag before
 * tscope can see it.
 */
static void may_be_pause(const struct judgement *j, struct finding *f, const struct moment *m)
{
	const char *name = voice_name(&j->o->after, VOICE_PAGE);
	const struct move *page = &m->move[VOICE_PAGE];

	/* what only a counter shows has no time: whether devices were read then is not known */
	if (!m->boottime_ns.known || page->ns >= -STOP_APART_NS || page->backwards ||
	    m->move[VOICE_PM].heard || m->move[VOICE_HPET].heard)
		return;
	f->severity = SEVERITY_WARNING;
	if (strcmp(name, "kvm-clock"))
		f->see = "hypervisors.rst, \"A guest of Hyper-V\"";
	finding_evidence(f, "no device was read, which would have lost that time in a pause as well");
	finding_cause(f, "The hypervisor stopped the guest (a pause, a snapshot, a backup, a migration), or it set this clock back.");
	finding_advice(f, "if the wall clock has to be right: chronyc makestep");
}

void may_be_unseen_pause(const struct judgement *j, struct finding *f, const struct moment *m)
{
	static const enum voice devices[] = { VOICE_PM, VOICE_HPET };
	static const enum voice know[] = { VOICE_PAGE, VOICE_HOST, VOICE_VMCLOCK };
	size_t i;

	if (!j->o->system.hypervisor[0] || !m->boottime_ns.known)
		return;
	for (i = 0; i < 3; i++)
		if (m->move[know[i]].heard)
			return;
	/* a pause stops all devices */
	for (i = 0; i < 2; i++)
		if (m->move[devices[i]].heard && !m->move[devices[i]].stepped)
			return;
	f->severity = SEVERITY_WARNING;
	finding_cause(f, "The hypervisor stopped the guest (a pause, a snapshot, a backup), which neither kvm-clock nor the host's clock shows here; or it moved the TSC, or set the device back.");
}

static struct finding *found_step(struct judgement *j, const struct rule *rule, struct moment *m,
				  enum voice voice)
{
	struct finding *f = moved(j, rule, m, voice, m->move[voice].ns, "stepped by");

	if (!f)
		return NULL;
	who_stepped(j, f, voice);
	if (voice == VOICE_RAW)
		by_the_kernel(j, f, m);
	else if (m->boottime_ns.known)
		finding_evidence(f, "%s", who_is_right(m, voice));
	if (voice == VOICE_PAGE)
		may_be_pause(j, f, m);
	return f;
}

void judge_clock_stepped(const struct rule *rule, struct judgement *j)
{
	static const enum voice devices[] = { VOICE_PM, VOICE_HPET };
	struct finding *f;
	struct moment *m;
	struct move *x;
	size_t i, k;

	for (i = 0; i < j->moments.n; i++) {
		m = &j->moments.moments[i];
		x = &m->move[VOICE_PAGE];
		if (move_is_open(x)) {
			f = found_step(j, rule, m, VOICE_PAGE);
			note_pause(f, j, m);
			moment_follow(m, VOICE_PAGE, page_is_clocksource(j));
		}
		for (k = 0; k < 2; k++) {
			x = &m->move[devices[k]];
			/* devices that lost time are for clock-stopped */
			if (!move_is_open(x) || x->ns <= 0 || is_noise(x->ns, x->error_ns))
				continue;
			found_step(j, rule, m, devices[k]);
			moment_follow(m, devices[k], false);
		}
		x = &m->move[VOICE_VMCLOCK];
		if (move_is_open(x))
			found_step(j, rule, m, VOICE_VMCLOCK);
		x = &m->move[VOICE_RAW];
		if (move_is_open(x) && !is_noise(x->ns, x->error_ns)) {
			found_step(j, rule, m, VOICE_RAW);
			moment_follow(m, VOICE_RAW, false);
		}
	}
}

static uint64_t newest_tsc(const struct snapshot *s, const char *clock)
{
	uint64_t newest = 0;
	size_t i;

	for (i = 0; i < s->n_points; i++)
		if ((!clock || !strcmp(s->points[i].clock, clock)) && s->points[i].tsc > newest)
			newest = s->points[i].tsc;
	return newest;
}

static uint64_t cyc_to_ns(uint64_t cycles, uint64_t khz)
{
	return (__uint128_t)cycles * 1000000 / khz;
}

/*
 * How many points there are after a TSC value, of the clock that has most, and of how much of this
 * time they are: no sampling and a pause leave gaps, and files show points of fit_window_s only.
 */
static size_t points_after(const struct snapshot *s, uint64_t tsc, uint64_t khz,
			   uint64_t *watched_ns)
{
	uint64_t last, gap_ns, sum_ns;
	size_t most = 0, i, k, n;

	*watched_ns = 0;
	for (i = 0; i < s->n_clocks; i++) {
		last = tsc;
		for (k = n = sum_ns = 0; k < s->n_points; k++) {
			if (s->points[k].tsc <= last ||
			    strcmp(s->points[k].clock, s->clocks[i].name))
				continue;
			gap_ns = cyc_to_ns(s->points[k].tsc - last, khz);
			sum_ns += gap_ns < WATCHED_NS ? gap_ns : WATCHED_NS;
			last = s->points[k].tsc;
			n++;
		}
		if (n > most) {
			most = n;
			*watched_ns = sum_ns;
		}
	}
	return most;
}

/* A device that is read but has no points stands still: it shows a step only when it runs again. */
static void stands(struct judgement *j, const struct rule *rule, const char *name)
{
	const struct snapshot *s = &j->o->after;
	const struct clock_figures *tsc = snapshot_clock(s, "tsc");
	uint64_t newest = newest_tsc(s, NULL), last = newest_tsc(s, name), ns, watched_ns;
	uint64_t readings = grown(j, name, samples), rejected = grown(j, name, rejected);
	uint64_t least_ns = SILENT_NS;
	struct finding *f;
	bool gaps;

	if (!last || !tsc || !tsc->khz.known || !tsc->khz.value ||
	    readings < SILENT_READINGS || rejected > readings / 2)
		return;
	ns = cyc_to_ns(newest - last, tsc->khz.value);
	if (s->fit_window_s.known && s->fit_window_s.value < least_ns / NSEC_PER_SEC)
		least_ns = s->fit_window_s.value * NSEC_PER_SEC;
	if (ns < (uint64_t)SILENT_NS ||
	    points_after(s, last, tsc->khz.value, &watched_ns) < SILENT_POINTS ||
	    watched_ns < least_ns)
		return;
	gaps = ns - watched_ns > (uint64_t)HELD_NS;
	f = finding_new(j, rule, "%s has stood still for %s%s", name, gaps ? "at least " : "",
			ns_text(gaps ? watched_ns : ns));
	finding_is_of(j, name, NULL);
	/* the event is that it stopped, which was after its newest point */
	finding_ended(f, (struct count){ ns < s->boottime_ns, s->boottime_ns - ns });
	finding_size(f, gaps ? watched_ns : ns, gaps ? ns - watched_ns + HELD_NS : HELD_NS, "ns");
	if (gaps)
		finding_evidence(f, "its newest point is %s old", ns_text(ns));
	finding_evidence(f, "%llu readings were taken, and none became a point",
			 (unsigned long long)readings);
}

void judge_clock_stopped(const struct rule *rule, struct judgement *j)
{
	static const enum voice devices[] = { VOICE_PM, VOICE_HPET };
	struct move *x, *other;
	const char *name;
	struct finding *f;
	struct moment *m;
	size_t i, k;

	for (k = 0; k < 2; k++) {
		name = voice_name(&j->o->after, devices[k]);
		if (!name)
			continue;
		for (i = 0; i < j->moments.n; i++) {
			m = &j->moments.moments[i];
			x = &m->move[devices[k]];
			/* if no finding names kvm-clock's step, the device was paused with it */
			if (!move_is_open(x) || x->ns >= 0 || is_noise(x->ns, x->error_ns) ||
			    move_is_open(&m->move[VOICE_PAGE]))
				continue;
			f = moved(j, rule, m, devices[k], x->ns, "stood still, or lost counts:");
			if (f && m->boottime_ns.known)
				finding_evidence(f, "%s", who_is_right(m, devices[k]));
			if (f)
				may_be_unseen_pause(j, f, m);
			moment_follow(m, devices[k], false);
			other = &m->move[devices[!k]];
			if (f && move_is_open(other) && moves_alike(m, devices[0], devices[1])) {
				other->explained = true;
				finding_evidence(f, "%s lost the same time: the hypervisor drives both",
						 voice_name(&j->o->after, devices[!k]));
			}
		}
		stands(j, rule, name);
	}
}
