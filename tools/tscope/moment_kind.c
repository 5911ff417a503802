// SPDX-License-Identifier: GPL-2.0
/*
 * moment_kind.c: what several clocks did together
 *
 * All steps are against the TSC. If independent clocks moved alike, the TSC jumped. If the
 * guest's clocks lost time and the host's wall clock did not, the guest was paused: its devices
 * count the time of the virtual machine, and the TSC and the host's wall clock ran on. After a
 * restore the TSC and the guest's clocks go on from saved values, and the host's clock is ahead.
 */
#include <stdlib.h>

#include "moment.h"
#include "step_error.h"

#define NSEC_PER_MSEC	1000000ll

/* Without a master clock the host steps kvm-clock by less when it updates a page. */
#define PAUSE_LEAST_NS	(10 * NSEC_PER_MSEC)

/* Clocks whose rates differ by 100 ppm come apart by this part of a step's time. */
#define RATES_PART	10000
#define ROUNDING_NS	1000

/*
 * With a larger tolerance a counter that wraps would agree by chance too often: after a restore
 * some hours later acpi-pm would agree with anything.
 */
#define WRAPS_APART_NS	(50 * NSEC_PER_MSEC)

/* acpi-pm wraps after 2^24 / 3579545 Hz, or, with 32 bits, after a multiple of this. */
#define PM_WRAP_NS	4686968875ll
/* hpet has 32 bits: its wraps at 100 MHz, 14.318180 MHz, 19.2, 24 and 25 MHz. */
static const uint64_t hpet_wraps_ns[] = {
	42949672960ll, 299966007970ll, 223696213333ll, 178956970667ll, 171798691840ll, 0
};

static const uint64_t pm_wraps_ns[] = { PM_WRAP_NS, 0 };
static const uint64_t no_wraps_ns[] = { 0 };

static const uint64_t *wraps_of(enum voice voice)
{
	switch (voice) {
	case VOICE_PM: return pm_wraps_ns;
	case VOICE_HPET: return hpet_wraps_ns;
	default: return no_wraps_ns;
	}
}

/* Whether a difference is 0, or whole wraps, within a tolerance. */
static bool is_none(uint64_t apart_ns, uint64_t tolerance_ns, const uint64_t *wraps_ns)
{
	uint64_t rest;

	if (apart_ns <= tolerance_ns)
		return true;
	for (; *wraps_ns; wraps_ns++) {
		rest = apart_ns % *wraps_ns;
		if (rest <= tolerance_ns || *wraps_ns - rest <= tolerance_ns)
			return true;
	}
	return false;
}

/* How far the steps of two clocks may be apart although they have one cause. */
static uint64_t tolerance_ns(const struct move *x, const struct move *y)
{
	uint64_t first = ns_magnitude(x->ns), second = ns_magnitude(y->ns);

	return (first > second ? first : second) / RATES_PART + ROUNDING_NS +
	       x->error_ns + y->error_ns;
}

static const uint64_t *usable_wraps(enum voice voice, uint64_t tolerance)
{
	return tolerance <= WRAPS_APART_NS ? wraps_of(voice) : no_wraps_ns;
}

bool moves_alike(const struct moment *m, enum voice a, enum voice b)
{
	const struct move *x = &m->move[a], *y = &m->move[b];
	uint64_t tolerance = tolerance_ns(x, y);

	if (!x->stepped || !y->stepped)
		return false;
	if (is_none(apart(x->ns, y->ns), tolerance, usable_wraps(a, tolerance)) ||
	    is_none(apart(x->ns, y->ns), tolerance, usable_wraps(b, tolerance)))
		return true;
	/* a CPU may have had an update of its own besides the one that all CPUs had */
	return a == VOICE_PAGE && x->steps > 1 &&
	       is_none(apart(x->largest_ns, y->ns), tolerance, usable_wraps(b, tolerance));
}

/*
 * If each CPU has its own page, the kernel's clocks follow the leader's page, and not the sum of
 * all steps: so the step of VOICE_RAW is not compared with that of VOICE_PAGE.
 */
void moment_follow(struct moment *m, enum voice by, bool drives)
{
	struct move *raw = &m->move[VOICE_RAW], *wall = &m->move[VOICE_WALL];

	if (drives || (raw->stepped && moves_alike(m, by, VOICE_RAW)))
		raw->explained = true;
	if (moves_alike(m, by, VOICE_WALL) ||
	    (raw->explained && moves_alike(m, VOICE_RAW, VOICE_WALL)))
		wall->explained = true;
}

static bool is_device(enum voice voice)
{
	return voice == VOICE_PM || voice == VOICE_HPET;
}

/* Clocks that no other clock of the guest drives. */
static const enum voice independent[] = { VOICE_PAGE, VOICE_HOST, VOICE_HPET, VOICE_PM };
#define INDEPENDENT	(sizeof(independent) / sizeof(*independent))

/* Whether a counter wrapped so often in a step of @base that the two can't be compared. */
static bool is_lost(const struct moment *m, enum voice base, enum voice voice)
{
	const struct move *x = &m->move[base], *y = &m->move[voice];

	return is_device(voice) && y->stepped && tolerance_ns(x, y) > WRAPS_APART_NS;
}

/* Whether a clock that did not step would have shown the step of @base beyond its noise. */
static bool would_show(const struct moment *m, const struct snapshot *s, enum voice base,
		       enum voice voice)
{
	const char *name = voice_name(s, voice);

	return m->move[voice].stepped || !name ||
	       ns_magnitude(m->move[base].ns) > clock_step_error_ns(s, name);
}

/* How many independent clocks moved as @base, itself included, and how many did not move so. */
static unsigned int support(const struct moment *m, const struct snapshot *s, enum voice base,
			    unsigned int *against)
{
	unsigned int n = 0;
	size_t i;

	*against = 0;
	for (i = 0; i < INDEPENDENT; i++) {
		if (independent[i] == base || moves_alike(m, base, independent[i]))
			n++;
		/* the CPUs' readings show that the TSC went back, so the counter moved for that */
		else if (is_lost(m, base, independent[i]))
			n += m->tsc_backward_cpus > 0;
		/* a time page follows the TSC unless the host rewrites it: it can't deny a jump */
		else if (independent[i] != VOICE_PAGE && m->move[independent[i]].heard)
			*against += would_show(m, s, base, independent[i]);
	}
	return n;
}

/* While the TSC jumped, a clock ran on at its own rate, not at the TSC's: the error of this. */
static uint64_t rate_error_ns(const struct snapshot *s, enum voice by, int64_t ns)
{
	const char *name = voice_name(s, by);
	const struct clock_figures *c = name ? snapshot_clock(s, name) : NULL;

	if (!c || !c->skew_ppt.known)
		return 0;
	return (__uint128_t)ns_magnitude(ns) * ns_magnitude(c->skew_ppt.value) /
	       1000000000000ull;
}

/* Use the step of the most exact clock that moved as @base. */
static void take_size(struct moment *m, const struct snapshot *s, enum voice base)
{
	const struct move *x;
	enum voice v;

	m->by = base;
	for (v = 0; v < VOICES; v++) {
		x = &m->move[v];
		if (v == base || is_device(v) || !moves_alike(m, base, v))
			continue;
		/* the sum may contain updates of single CPUs */
		if (v == VOICE_PAGE &&
		    apart(x->ns, m->move[base].ns) > m->move[base].error_ns + ROUNDING_NS)
			continue;
		if (is_device(m->by) || x->error_ns < m->move[m->by].error_ns)
			m->by = v;
	}
	m->ns = ns_minus(0, m->move[m->by].ns);
	/* how long the jump took is known no better than the rate of the clock that measured it */
	m->error_ns = m->move[m->by].error_unknown ? ERROR_UNKNOWN : m->move[m->by].error_ns +
		      rate_error_ns(s, m->by, m->ns) + ROUNDING_NS;
}

/*
 * Whether the TSC jumped: at least two independent clocks show it, and more than deny it. If the
 * host's wall clock and the time page agree, devices can't deny it: the hypervisor drives them, and
 * may have stopped them, as when the host slept.
 */
static bool is_jump(struct moment *m, const struct snapshot *s, bool stopped)
{
	const struct move *host = &m->move[VOICE_HOST], *page = &m->move[VOICE_PAGE];
	enum voice base = VOICE_HOST;
	unsigned int against;

	if (!host->stepped) {
		if (host->heard)
			return false;
		/* without the host's clock a pause looks the same: the host's "stopped" decides */
		if (page->stepped && page->ns < 0 && stopped)
			return false;
		base = page->stepped ? VOICE_PAGE : VOICE_HPET;
	}
	if (!m->move[base].stepped || support(m, s, base, &against) < 2)
		return false;
	if (support(m, s, base, &against) <= against &&
	    (!moves_alike(m, VOICE_HOST, VOICE_PAGE) || m->marked || m->loaded))
		return false;
	take_size(m, s, base);
	/* steps of a few ns are alike whatever caused them */
	return m->error_ns == ERROR_UNKNOWN || ns_magnitude(m->ns) > m->error_ns;
}

enum answer { DENIES, SILENT, AGREES };

/* Whether a device lost the same time as the time page. */
static enum answer ask_device(const struct moment *m, enum voice device)
{
	const struct move *x = &m->move[device];
	uint64_t lost_ns = ns_magnitude(m->move[VOICE_PAGE].ns);
	uint64_t apart_ns = apart(m->move[VOICE_PAGE].ns, x->ns);

	if (!x->heard)
		return SILENT;
	if (lost_ns <= STOP_APART_NS) {
		if (lost_ns <= x->error_ns)
			return DENIES;
		/* a hypervisor does not stop all its clocks at one instant */
		if (lost_ns >= PAUSE_LEAST_NS && x->stepped && x->ns < 0 &&
		    apart_ns <= STOP_APART_NS)
			return AGREES;
		return moves_alike(m, VOICE_PAGE, device) ? AGREES : DENIES;
	}
	/* in a pause that takes a whole number of wraps a counter makes no step */
	if ((x->stepped && apart_ns <= STOP_APART_NS + x->error_ns) ||
	    is_none(apart_ns, STOP_APART_NS + x->error_ns, wraps_of(device)))
		return AGREES;
	return DENIES;
}

/* Whether kvm-clock and the devices lost the same time, and the host's wall clock did not. */
static bool is_pause(struct moment *m, bool stopped)
{
	enum answer pm = ask_device(m, VOICE_PM), hpet = ask_device(m, VOICE_HPET);
	const struct move *page = &m->move[VOICE_PAGE];

	if (!page->stepped || page->ns >= 0 || page->backwards || m->move[VOICE_HOST].stepped)
		return false;
	if (pm == DENIES || hpet == DENIES)
		return false;
	/* no device was read: then the host's "stopped" decides, except for small updates */
	if (pm == SILENT && hpet == SILENT &&
	    (!stopped || ns_magnitude(page->ns) <= STOP_APART_NS))
		return false;
	m->by = VOICE_PAGE;
	m->ns = ns_minus(0, page->ns);
	m->error_ns = page->error_ns;
	return true;
}

/* Page and devices are ahead together, and the host's clock is not read: the TSC was restored. */
static bool is_unpaired_restore(const struct moment *m)
{
	enum answer pm = ask_device(m, VOICE_PM), hpet = ask_device(m, VOICE_HPET);
	const struct move *page = &m->move[VOICE_PAGE];

	if (m->move[VOICE_HOST].heard || !page->stepped || page->ns <= STOP_APART_NS ||
	    pm == DENIES || hpet == DENIES)
		return false;
	/* a device that did not step may agree by whole wraps */
	return (pm == AGREES && m->move[VOICE_PM].stepped) ||
	       (hpet == AGREES && m->move[VOICE_HPET].stepped);
}

static bool is_restore(struct moment *m)
{
	const struct move *host = &m->move[VOICE_HOST], *page = &m->move[VOICE_PAGE];

	if (!host->stepped || !page->stepped) {
		m->error_ns = ERROR_UNKNOWN;
		return m->marked || m->loaded || is_unpaired_restore(m);
	}
	/* nothing is missing between them: a jump if they are large, else two events */
	if (moves_alike(m, VOICE_HOST, VOICE_PAGE) && !m->marked && !m->loaded)
		return false;
	m->ns = ns_minus(host->ns, page->ns);
	m->by = VOICE_HOST;
	m->error_ns = host->error_unknown ? ERROR_UNKNOWN : host->error_ns + page->error_ns;
	return true;
}

void moment_judge(struct moment *m, const struct snapshot *s)
{
	const char *name = voice_name(s, VOICE_PAGE);
	const struct clock_figures *page = name ? snapshot_clock(s, name) : NULL;
	bool stopped = page && page->stopped.known && page->stopped.value;

	if (is_jump(m, s, stopped))
		m->kind = MOMENT_JUMP;
	else if (!m->marked && !m->loaded && is_pause(m, stopped))
		m->kind = MOMENT_PAUSE;
	else if (is_restore(m))
		m->kind = MOMENT_RESTORE;
}
