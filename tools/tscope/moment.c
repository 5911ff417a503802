// SPDX-License-Identifier: GPL-2.0
/* moment.c: groups steps and backward readings by time */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "moment.h"
#include "step_error.h"

#define NSEC_PER_SEC	1000000000ll

/*
 * Steps of one cause are less than CLOSE_NS and four intervals of the clock's points apart, because
 * its step is found after four points; at least NEAR_NS, at most NEAR_MAX_NS are allowed. Points of
 * a device are 240 ms apart, or more if a reading takes long.
 */
#define CLOSE_NS	(2 * NSEC_PER_SEC)
#define NEAR_NS		(3 * NSEC_PER_SEC)
#define NEAR_MAX_NS	(10 * NSEC_PER_SEC)
#define LATE_MAX_NS	(30 * NSEC_PER_SEC)

enum voice voice_of(const char *clock)
{
	static const struct { const char *name; enum voice voice; } names[] = {
		{ "kvm-clock", VOICE_PAGE }, { "xen", VOICE_PAGE }, { "hyperv", VOICE_PAGE },
		{ "vmclock", VOICE_VMCLOCK }, { "monotonic-raw", VOICE_RAW },
		{ "realtime", VOICE_WALL }, { "ptp-kvm", VOICE_HOST }, { "acpi-pm", VOICE_PM },
		{ "hpet", VOICE_HPET },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(clock, names[i].name))
			return names[i].voice;
	return VOICES;
}

const char *voice_name(const struct snapshot *s, enum voice voice)
{
	size_t i;

	for (i = 0; i < s->n_clocks; i++)
		if (voice_of(s->clocks[i].name) == voice)
			return s->clocks[i].name;
	return NULL;
}

/* The TSC of each voice's newest point. */
struct newest {
	uint64_t tsc[VOICES];
	bool points;
};

static void newest_points(const struct snapshot *s, uint64_t until, struct newest *newest)
{
	const struct point_line *p;
	enum voice voice;

	*newest = (struct newest){ .points = s->n_points };
	for (p = s->points; p < s->points + s->n_points; p++) {
		voice = p->tsc <= until ? voice_of(p->clock) : VOICES;
		if (voice != VOICES && p->tsc > newest->tsc[voice])
			newest->tsc[voice] = p->tsc;
	}
}

/* If the TSC went back in a moment, points with higher TSC values than this are from before it. */
static uint64_t latest_tsc(const struct moment *m, const struct snapshot *s, uint64_t khz)
{
	uint64_t since_ns = NSEC_PER_SEC, cycles, tsc;

	if (!m->tsc_backward_cpus || !m->boottime_ns.known || !khz)
		return UINT64_MAX;
	if (s->boottime_ns > m->boottime_ns.value)
		since_ns += s->boottime_ns - m->boottime_ns.value;
	cycles = (__uint128_t)since_ns * khz / 1000000;
	return __builtin_add_overflow(m->tsc, cycles, &tsc) ? UINT64_MAX : tsc;
}

static bool has_later(const struct newest *newest, uint64_t tsc)
{
	enum voice v;

	for (v = 0; v < VOICES; v++)
		if (newest->tsc[v] > tsc)
			return true;
	return false;
}

static void hear(struct moment *m, const struct snapshot *s, const struct newest *newest)
{
	const struct clock_figures *c;
	enum voice v;
	size_t i;

	for (i = 0; i < s->n_clocks; i++) {
		c = &s->clocks[i];
		v = voice_of(c->name);
		if (v == VOICES)
			continue;
		m->move[v].heard |= m->move[v].stepped;
		/* points after a gap are listed when it is judged; counted steps have no time */
		if (newest->points && m->boottime_ns.known)
			m->move[v].heard |= newest->tsc[v] >= m->tsc;
		else
			m->move[v].heard |= c->skew_ppt.known &&
					    (m->boottime_ns.known || !c->steps.value);
	}
}

struct grouping {
	const struct snapshot *s;
	struct moment_list *list;
	uint64_t since_ns, khz;
	uint64_t near_ns[VOICES + 1];	/* how near: of each voice, and of the TSC */
	uint64_t boottime_ns;	/* when the reading of the violation that is placed was taken */
};

/* Set near_ns by the average distance of each voice's points. */
static void near_by_points(struct grouping *g)
{
	struct { uint64_t n, first, last; } seen[VOICES + 1] = { };
	const struct snapshot *s = g->s;
	uint64_t ns;
	enum voice v;
	size_t i;

	for (i = 0; i < s->n_points; i++) {
		v = voice_of(s->points[i].clock);
		if (!seen[v].n++ || s->points[i].tsc < seen[v].first)
			seen[v].first = s->points[i].tsc;
		if (s->points[i].tsc > seen[v].last)
			seen[v].last = s->points[i].tsc;
	}
	for (v = 0; v <= VOICES; v++) {
		g->near_ns[v] = NEAR_NS;
		if (v == VOICES || seen[v].n < 2 || !g->khz)
			continue;
		ns = (__uint128_t)(seen[v].last - seen[v].first) * 1000000 / g->khz /
		     (seen[v].n - 1);
		ns = ns > (uint64_t)NEAR_MAX_NS ? (uint64_t)NEAR_MAX_NS : CLOSE_NS + 4 * ns;
		if (ns > g->near_ns[v])
			g->near_ns[v] = ns < (uint64_t)NEAR_MAX_NS ? ns : (uint64_t)NEAR_MAX_NS;
	}
}

static struct moment *add_moment(struct moment_list *list)
{
	struct moment *moments = reallocarray(list->moments, list->n + 1, sizeof(*moments));

	if (!moments)
		err(4, "moments");
	list->moments = moments;
	memset(&moments[list->n], 0, sizeof(*moments));
	return &moments[list->n++];
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/*
 * A step begins a segment, and is reported at the segment's fourth point. How much later that is
 * can be seen from the points, while they are listed.
 */
static uint64_t reading_boottime_ns(const struct grouping *g, const struct violation *v)
{
	uint64_t boottime_ns = violation_boottime_ns(g->s, v), after_ns;
	const struct point_line *p;
	unsigned int n = 0;

	if (strcmp(v->what, "step") || is_page(voice_of(v->clock)) || !g->khz)
		return boottime_ns;
	for (p = g->s->points; p < g->s->points + g->s->n_points; p++) {
		if (strcmp(p->clock, v->clock) || (!n && p->tsc != v->tsc) || ++n < 4)
			continue;
		after_ns = (__uint128_t)(p->tsc - v->tsc) * 1000000 / g->khz;
		if (p->tsc > v->tsc && after_ns < boottime_ns)
			boottime_ns -= after_ns;
		break;
	}
	return boottime_ns;
}

/* Whether a step or a backward reading may belong to a moment. */
static bool near(const struct grouping *g, const struct moment *m, const struct violation *v)
{
	uint64_t ns = g->near_ns[voice_of(v->clock)];

	if (!m->boottime_ns.known)
		return false;
	return distance(m->tsc, v->tsc) <= (__uint128_t)ns * g->khz / 1000000 ||
	       distance(m->boottime_ns.value, g->boottime_ns) <= ns;
}

static void add_step(struct move *move, const struct snapshot *s, const struct violation *v)
{
	move->one_cpu = v->cpu != CPU_UNKNOWN &&
			(!move->steps || (move->one_cpu && move->cpu == v->cpu));
	move->cpu = v->cpu;
	move->steps++;
	move->stepped = true;
	if (__builtin_add_overflow(move->ns, v->size_ns, &move->ns))
		move->ns = v->size_ns < 0 ? INT64_MIN : INT64_MAX;
	if (ns_magnitude(v->size_ns) > ns_magnitude(move->largest_ns))
		move->largest_ns = v->size_ns;
	move->error_ns = step_errors_ns(move->error_ns, step_error_ns(s, v));
	move->error_unknown |= !step_error_known(s, v);
}

/* Whether a line before this one gave the moment a backward reading of the TSC by this CPU. */
static bool is_counted(const struct grouping *g, ssize_t moment, const struct violation *v)
{
	const struct violation *line = g->s->violations;

	for (; line < v; line++)
		if (g->list->of[line - g->s->violations] == moment && line->cpu == v->cpu &&
		    !strcmp(line->what, "backward") && voice_of(line->clock) == VOICES)
			return true;
	return false;
}

static void add_backward(struct grouping *g, struct moment *m, const struct violation *v)
{
	enum voice voice = voice_of(v->clock);
	struct move *move;

	if (voice != VOICES) {
		move = &m->move[voice];
		if (ns_magnitude(v->size_ns) > move->backward_ns)
			move->backward_ns = ns_magnitude(v->size_ns);
		if (!move->steps && !move->backwards)
			move->cpu = v->cpu;
		move->backwards += v->count;
		return;
	}
	if (ns_magnitude(v->size_ns) > m->tsc_backward_ns)
		m->tsc_backward_ns = ns_magnitude(v->size_ns);
	if (is_counted(g, m - g->list->moments, v))
		return;
	if (!m->tsc_backward_cpus++)
		m->tsc_cpu = v->cpu;
}

/* Whether a step agrees with the step of another clock in a moment. */
static bool is_alike(const struct grouping *g, const struct moment *m, const struct violation *v)
{
	enum voice voice = voice_of(v->clock), other;
	struct moment with = *m;

	add_step(&with.move[voice], g->s, v);
	for (other = 0; other < VOICES; other++) {
		if (other == voice || !m->move[other].stepped)
			continue;
		/* a counter that wraps agrees too often by chance with a wall clock that was set */
		if ((voice == VOICE_WALL && other >= VOICE_PM) ||
		    (voice >= VOICE_PM && other == VOICE_WALL))
			continue;
		if (moves_alike(&with, voice, other))
			return true;
	}
	return false;
}

/*
 * Whether a step or a backward reading may belong to a moment although it agrees with no step of
 * it: if the time page stepped, as in a restore, or the host reported a restore, or if no clock has
 * stepped yet. In the last case a step needs a backward reading, of this clock or of the TSC.
 */
static bool may_differ(const struct moment *m, bool step, enum voice voice)
{
	enum voice v;

	if (m->move[VOICE_PAGE].stepped || m->marked || m->loaded)
		return true;
	for (v = 0; v < VOICES; v++)
		if (m->move[v].stepped)
			return false;
	return !step || m->tsc_backward_cpus || m->move[voice].backwards;
}

/* Whether a line is a report of the hypervisor by a vmclock page: it fits any moment nearby. */
static bool is_word(const struct violation *v)
{
	return !strcmp(v->what, "marker") || !strcmp(v->what, "snapshot");
}

/*
 * Whether the page lost so much time again that it is another pause: CPUs see the updates of one
 * cause within a second.
 */
static bool is_next_pause(const struct grouping *g, const struct moment *m,
			  const struct violation *v)
{
	const struct move *page = &m->move[VOICE_PAGE];

	return page->stepped && page->largest_ns < -STOP_APART_NS && v->size_ns < -STOP_APART_NS &&
	       m->boottime_ns.known &&
	       distance(m->boottime_ns.value, g->boottime_ns) > (uint64_t)NSEC_PER_SEC;
}

static bool fits(const struct grouping *g, const struct moment *m, const struct violation *v,
		 bool alike)
{
	enum voice voice = voice_of(v->clock);

	if (is_word(v))
		return true;
	if (strcmp(v->what, "step"))
		return voice == VOICES || m->move[voice].stepped ||
		       (!alike && may_differ(m, false, voice));
	/* a clock steps once for one cause; a page may take several updates */
	if (m->move[voice].stepped && !is_page(voice))
		return false;
	if (voice == VOICE_PAGE && is_next_pause(g, m, v))
		return false;
	return alike ? is_alike(g, m, v) : may_differ(m, true, voice);
}

/*
 * A device may have no reading that is good enough for seconds: then its step is found late. The
 * step still belongs to a moment in which another clock stepped by as much. If a page stepped too,
 * it was no fault of devices alone, and the step may be LATE_MAX_NS late.
 */
static bool is_late(const struct grouping *g, const struct moment *m, const struct violation *v)
{
	enum voice voice = voice_of(v->clock), other;
	uint64_t late_ns = m->move[VOICE_PAGE].stepped ? LATE_MAX_NS : NEAR_MAX_NS;

	if ((voice != VOICE_PM && voice != VOICE_HPET) || strcmp(v->what, "step") ||
	    m->move[voice].stepped || !m->boottime_ns.known ||
	    distance(m->boottime_ns.value, violation_boottime_ns(g->s, v)) > late_ns)
		return false;
	for (other = 0; other < VOICES; other++)
		if (m->move[other].stepped && other != VOICE_WALL &&
		    apart(v->size_ns, m->move[other].ns) <=
		    step_error_ns(g->s, v) + m->move[other].error_ns)
			return true;
	return false;
}

/* The moment that a violation belongs to, or a new one. */
static struct moment *place(struct grouping *g, const struct violation *v)
{
	struct moment *m;
	size_t i;
	int pass;

	g->boottime_ns = reading_boottime_ns(g, v);
	for (pass = 0; pass < 3; pass++)
		for (i = 0; i < g->list->n; i++) {
			m = &g->list->moments[i];
			if (pass == 2 ? is_late(g, m, v) : near(g, m, v) && fits(g, m, v, !pass))
				return m;
		}
	m = add_moment(g->list);
	m->boottime_ns = (struct count){ true, g->boottime_ns };
	m->tsc = v->tsc;
	return m;
}

static ssize_t add_violation(struct grouping *g, const struct violation *v)
{
	uint64_t boottime_ns = violation_boottime_ns(g->s, v);
	bool step = !strcmp(v->what, "step");
	struct moment *m;

	if ((!step && !is_word(v) && strcmp(v->what, "backward")) || boottime_ns < g->since_ns ||
	    (step && voice_of(v->clock) == VOICES))
		return -1;
	/* the file clocks could not be read: rules do not know this clock */
	if (!snapshot_clock(g->s, v->clock))
		return -1;
	m = place(g, v);
	if (is_word(v)) {
		m->marked |= !strcmp(v->what, "marker");
		m->loaded |= !strcmp(v->what, "snapshot");
		return -1;
	}
	if (step)
		add_step(&m->move[voice_of(v->clock)], g->s, v);
	else
		add_backward(g, m, v);
	return m - g->list->moments;
}

/*
 * Steps that were counted but are not in violations: it dropped them, or only root can read it.
 * Their times are not known, except that violations drops the oldest lines first.
 */
static void add_uncounted(struct grouping *g)
{
	const struct snapshot *s = g->s;
	const struct clock_figures *c;
	struct violation v;
	size_t i, k, lines;
	bool largest;

	for (i = 0; i < s->n_violations; i++)
		if (violation_boottime_ns(s, &s->violations[i]) < g->since_ns)
			return;
	for (i = 0; i < s->n_clocks; i++) {
		c = &s->clocks[i];
		lines = 0;
		largest = false;
		for (k = 0; k < s->n_violations; k++) {
			if (strcmp(s->violations[k].what, "step") ||
			    strcmp(s->violations[k].clock, c->name))
				continue;
			lines++;
			largest |= c->step_max_ns.known &&
				   s->violations[k].size_ns == (int64_t)c->step_max_ns.value;
		}
		if (!c->steps.known || c->steps.value <= lines || largest ||
		    voice_of(c->name) == VOICES)
			continue;
		v = (struct violation){ .what = "step", .cpu = CPU_UNKNOWN, .count = 1 };
		snprintf(v.clock, sizeof(v.clock), "%s", c->name);
		v.size_ns = lines && c->step_max_ns.known ? (int64_t)c->step_max_ns.value :
							    c->step_last_ns.value;
		if (!v.size_ns)
			continue;
		add_step(&add_moment(g->list)->move[voice_of(c->name)], s, &v);
	}
}

void moments_of(const struct snapshot *s, uint64_t since_ns, struct moment_list *list)
{
	const struct clock_figures *tsc = snapshot_clock(s, "tsc");
	struct grouping g = { .s = s, .list = list, .since_ns = since_ns };
	struct newest newest, of_moment;
	uint64_t until;
	size_t i;

	*list = (struct moment_list){ .of = calloc(s->n_violations + 1, sizeof(*list->of)) };
	if (!list->of)
		err(4, "moments");
	g.khz = tsc && tsc->khz.known ? tsc->khz.value : 0;
	near_by_points(&g);
	add_uncounted(&g);
	for (i = 0; i < s->n_violations; i++)
		list->of[i] = add_violation(&g, &s->violations[i]);
	newest_points(s, UINT64_MAX, &newest);
	for (i = 0; i < list->n; i++) {
		of_moment = newest;
		until = latest_tsc(&list->moments[i], s, g.khz);
		if (has_later(&newest, until))
			newest_points(s, until, &of_moment);
		hear(&list->moments[i], s, &of_moment);
		/* a step that only a counter shows stands for itself */
		if (list->moments[i].boottime_ns.known)
			moment_judge(&list->moments[i], s);
	}
}

void moments_free(struct moment_list *list)
{
	free(list->moments);
	free(list->of);
	*list = (struct moment_list){ };
}
