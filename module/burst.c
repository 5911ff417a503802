// SPDX-License-Identifier: GPL-2.0
/*
 * A burst: readings of the TSC and of the time page back to back, some of them exchanges with a
 * partner (mailbox.h). No lock, no division. The results are left in struct tscope_cpu and in
 * struct tscope_burst for the sampler, which reports them with interrupts on.
 */
#include <linux/bitops.h>

#include "burst.h"

/*
 * A TSC that stands still must not keep interrupts off for ever. 100 us, the longest burst, hold
 * fewer than 10000 readings on any processor.
 */
#define READINGS_MAX	16384

/* A burst that took more than this many times its length is not one moment. */
#define LENGTH_FACTOR	2

/* Each echo gives an upper limit. The limits of a burst with fewer echoes are not used. */
#define ECHOES_MIN	2

/* An exchange comes after 1 to GAP_MAX readings, fewer if half of them would exceed GAP_NS. */
#define GAP_MAX		15
#define GAP_NS		400

/* Used if there is no partner: nothing is ever published in it. */
static const struct tscope_mailbox no_mailbox;

/* Multiplies instead of dividing: the result is too low by less than one part in 2^29. */
static __always_inline u64 burst_cyc_to_ns(u64 cyc)
{
	return (u64)(((u128)cyc * tscope_ns_mult) >> 32);
}

static bool same_line(const struct tscope_timepage *a, const struct tscope_timepage *b)
{
	return a->tsc == b->tsc && a->ns == b->ns && a->mult == b->mult && a->shift == b->shift;
}

/*
 * Look at the time page: the hypervisor may have rewritten it. The line is compared as well as the
 * sequence word: a hypervisor that withdraws its page for an update may give it the same word
 * again, as KVM of Linux 5.13 does for guests of Hyper-V. The copy's flags always follow the
 * page's. Returns false while the page is not whole.
 */
static noinline bool page_look(struct tscope_cpu *c, u64 tsc)
{
	struct tscope_timepage new, old = c->timepage;
	u64 held_tsc = c->page_tsc;
	struct tscope_page_event *e;

	if (!c->page_ops->copy(c->page, &new))
		return false;
	c->timepage = new;
	c->page_tsc = tsc;
	if (!old.sequence || (new.sequence == old.sequence && same_line(&old, &new)))
		return true;
	if (c->events < TSCOPE_PAGE_EVENTS) {
		e = &c->event[c->events++];
		e->old = old;
		e->held_tsc = held_tsc;
		e->updates = 0;
	} else {
		/* no room: the newest event stands for this update as well */
		e = &c->event[TSCOPE_PAGE_EVENTS - 1];
	}
	e->new = new;
	e->tsc = tsc;
	e->updates++;
	return true;
}

/* It is counted here, not in a report: no window opens if a TSC that was set back stops timers. */
static noinline void note_backward(struct tscope_cpu *c, int lane, u64 size, u64 tsc)
{
	struct tscope_lane_figures *f = &c->lane[lane];

	tscope_finding_add(&c->back[lane], size, tsc);
	WRITE_ONCE(f->backward, f->backward + 1);
	if (size > f->backward_max)
		WRITE_ONCE(f->backward_max, size);
}

static noinline void note_warp(struct tscope_cpu *c, struct tscope_finding *f, int lane, u64 size,
			       u64 tsc, bool keep)
{
	tscope_finding_add(f, size, tsc);
	if (keep)
		tscope_hist_add(&c->warp_hist[lane],
				lane == TSCOPE_LANE_TSC ? burst_cyc_to_ns(size) : size);
}

/* The result of a burst's exchanges so far. It is local, so that registers may hold it. */
struct limits {
	s64 low[TSCOPE_MAILBOX_LANES];
	s64 high[TSCOPE_MAILBOX_LANES];
	u32 echoes;
	u64 newest_pub;
	u64 warped_seen[TSCOPE_MAILBOX_LANES];	/* the partner's newest reading that was a warp */
	u64 transit;		/* age of the newest TSC reading seen, cycles; 0: none yet */
};

/* Evaluate an exchange: limits, warps and transits. */
static __always_inline void
take_limits(struct tscope_cpu *c, struct tscope_burst *b, struct limits *l,
	    const struct tscope_look *look, int lane, u64 now, u64 tsc, bool keep)
{
	u64 pub = look->pub[lane], echo = look->echo[lane], seen = look->seen[lane];
	s64 low = pub - now, high = seen - echo;

	if (pub) {
		l->low[lane] = max(l->low[lane], low);
		if (unlikely(low > 0))
			note_warp(c, &b->warp[lane], lane, low, tsc, keep);
		else if (lane == TSCOPE_LANE_TSC && l->newest_pub && pub != l->newest_pub)
			l->transit = now - pub;
		if (lane == TSCOPE_LANE_TSC)
			l->newest_pub = pub;
	}
	if (echo) {
		l->high[lane] = min(l->high[lane], high);
		/* a partner that exchanges less often shows one reading at several looks */
		if (unlikely(high < 0) && seen != l->warped_seen[lane]) {
			l->warped_seen[lane] = seen;
			note_warp(c, &b->peer_warp[lane], lane, 0 - (u64)high, tsc, keep);
		}
		if (lane == TSCOPE_LANE_TSC)
			l->echoes++;
	}
}

/*
 * The time between two exchanges widens the limits. So a CPU whose TSC reads are slow, because they
 * are trapped or emulated, exchanges at more of its readings.
 */
static void choose_gap_mask(struct tscope_cpu *c, u32 readings, u64 length_cyc)
{
	u64 length_ns = burst_cyc_to_ns(length_cyc);
	u32 mask = GAP_MAX;

	while (mask > 1 && (u64)readings * GAP_NS < length_ns * (mask + 1) / 2)
		mask /= 2;
	c->gap_mask = mask;
}

/* Whether two nonces are of one CPU in one life. */
static __always_inline bool same_life(u64 a, u64 b)
{
	return (a ^ b) >> TSCOPE_NONCE_LIFE_SHIFT == 0;
}

/* The loop. It is compiled twice, with a time page and without one. */
static __always_inline void
take_readings(struct tscope_cpu *c, const struct tscope_burst_plan *plan, struct tscope_burst *b,
	      const u32 *page, u64 start)
{
	const struct tscope_mailbox *peer = plan->peer ?: &no_mailbox;
	const u64 *until = plan->until ?: &no_mailbox.id;
	u64 tsc_last = c->last[TSCOPE_LANE_TSC], page_last = c->last[TSCOPE_LANE_PAGE];
	const u32 gap_mask = c->gap_mask ?: GAP_MAX;
	const u64 nonce = c->box.id;
	u64 random = tscope_cpu_random(c);
	struct limits l = { .low = { S64_MIN, S64_MIN }, .high = { S64_MAX, S64_MAX } };
	u64 tsc, ns = 0, of = 0, partner_id = b->partner_id;
	u32 next = plan->peer ? 0 : U32_MAX, n = 0;
	const int lanes = page ? 2 : 1;
	bool one_moment = true, page_held = page;
	u64 took_cyc;
	struct tscope_look look;
	struct tscope_timepage timepage = c->timepage;
	int lane;

	do {
		bool exchange = n == next;

		if (exchange)
			tscope_mailbox_look(peer, nonce, lanes, &look);
		tsc = rdtsc_ordered();
		/* at once: any time in between widens the partner's limit */
		if (exchange) {
			tscope_mailbox_turn(&c->box, &look, &of);
			tscope_mailbox_answer(&c->box, &look, TSCOPE_LANE_TSC, tsc);
		}

		if (page) {
			/*
			 * The host changes the word before it changes anything else of the page,
			 * so one look after the TSC read shows whether the copy still held at it.
			 */
			page_held = READ_ONCE(*page) == timepage.sequence;
			if (likely(page_held)) {
				ns = tscope_timepage_ns(&timepage, tsc);
				if (exchange)
					tscope_mailbox_answer(&c->box, &look, TSCOPE_LANE_PAGE, ns);
				if (unlikely(ns < page_last))
					note_backward(c, TSCOPE_LANE_PAGE, page_last - ns, tsc);
				page_last = ns;
			} else {
				b->page_whole = false;
				if (!page_look(c, tsc))
					break;
				timepage = c->timepage;
			}
		}
		if (unlikely(tsc < tsc_last)) {
			note_backward(c, TSCOPE_LANE_TSC, tsc_last - tsc, tsc);
			one_moment = false;
		}
		tsc_last = tsc;
		n++;
		if (!exchange)
			continue;

		/* fixed gaps would lock the two CPUs' loops in phase */
		next = n + ((random & gap_mask) ?: (gap_mask + 1) / 2) - 1;
		random = ror64(random, 4);
		take_limits(c, b, &l, &look, TSCOPE_LANE_TSC, tsc, tsc, plan->keep);
		if (page && page_held)
			take_limits(c, b, &l, &look, TSCOPE_LANE_PAGE, ns, tsc, plan->keep);
		if (!partner_id)
			partner_id = look.id;
		else if (unlikely(look.id && !same_life(look.id, partner_id)))
			one_moment = false;
		if (READ_ONCE(*until) != plan->value)
			break;
		/* unsigned: a TSC that was set back ends the burst as well */
	} while (tsc - start < plan->length_cyc && n < READINGS_MAX);

	WRITE_ONCE(c->stuck, n == READINGS_MAX);
	c->last[TSCOPE_LANE_TSC] = tsc_last;
	c->last[TSCOPE_LANE_PAGE] = page_last;
	c->current_page = page_held;
	for (lane = 0; lane < TSCOPE_MAILBOX_LANES; lane++) {
		b->low[lane] = l.low[lane];
		b->high[lane] = l.high[lane];
	}
	b->partner_id = partner_id;
	b->readings = n;
	b->echoes = l.echoes;
	/* only the last transit of a burst is counted: to count each would slow the loop */
	if (l.transit)
		tscope_hist_add(&c->transit, burst_cyc_to_ns(l.transit));
	took_cyc = tsc - start;
	choose_gap_mask(c, n, took_cyc);
	/* the TSC may have been moved, or the CPU was lost */
	one_moment &= took_cyc <= LENGTH_FACTOR * plan->length_cyc;
	c->burst_cyc = one_moment ? took_cyc : 0;
	b->whole = one_moment && l.echoes >= ECHOES_MIN;
}

/**
 * tscope_burst() - take readings back to back
 * @c: the CPU, which must be the one that runs this
 * @plan: what to do
 * @b: what was measured; warps and @b->partner_id are those since the caller zeroed it
 * Context: interrupts off, for @plan->length_cyc and one reading. If the host has begun to write
 * the time page, the tries to copy it add to that: 100 before the first reading, and as many after
 * the last one. A TSC that stands still is read READINGS_MAX times.
 */
void tscope_burst(struct tscope_cpu *c, const struct tscope_burst_plan *plan,
		  struct tscope_burst *b)
{
	u64 start = rdtsc_ordered();
	const u32 *page = c->page;
	int lane;

	c->current_page = false;
	/*
	 * This comes before anything that makes the kernel read kvm-clock, because that read clears
	 * GUEST_STOPPED. The copy has to show that change too, or the next pause would not be seen.
	 * While the page is not whole, the TSC is read without it.
	 */
	if (page && !page_look(c, start))
		page = NULL;

	/* after @start: a burst that is delayed from here on is too long to be one moment */
	b->jiffies = get_jiffies_64();
	b->page_whole = page;
	if (page)
		take_readings(c, plan, b, page, start);
	else
		take_readings(c, plan, b, NULL, start);

	for (lane = 0; lane < (page ? 2 : 1); lane++)
		WRITE_ONCE(c->lane[lane].readings, c->lane[lane].readings + b->readings);
}
