// SPDX-License-Identifier: GPL-2.0
/*
 * A burst: readings of the TSC and of the time page back to back.
 *
 * Each reading is one ordered TSC read and the CPU's own time page evaluated at
 * it. With a partner, some readings are exchanges: the partner's mailbox is
 * looked at before the TSC is read, and the reading is published right after.
 * What an exchange says of the two clocks stands in mailbox.h.
 *
 * No lock, no division. What is found is left in struct tscope_cpu and in
 * struct tscope_burst for the sampler, which reports it with interrupts on.
 */
#include <linux/bitops.h>
#include <linux/cache.h>
#include <linux/time64.h>

#include "burst.h"

/*
 * A TSC that stands still must not keep interrupts off for ever. 100 us, the
 * longest burst, hold fewer than 10000 readings on any processor.
 */
#define READINGS_MAX	16384

/* The burst is no single moment if it took that many times its length. */
#define LENGTH_FACTOR	2

/* Two limits from above are the least that a burst is judged by. */
#define ECHOES_MIN	2

/* An exchange each 1 to GAP_MAX readings; half of that takes GAP_NS at most. */
#define GAP_MAX		15
#define GAP_NS		400

/* Stands in where there is no partner: nothing was ever published. */
static const struct tscope_mailbox no_mailbox;

/* By a product, not a division: 1 ns in 4 s short, which is plenty. */
static __always_inline u64 to_ns(u64 cyc)
{
	return (u64)(((tscope_u128)cyc * tscope_ns_mult) >> 32);
}

static noinline void found(struct tscope_finding *f, u64 size, u64 tsc)
{
	tscope_finding_add(f, size, tsc);
}

/*
 * Look at the time page: the hypervisor may have rewritten it. In any case the copy's flags
 * follow the page's. Returns false while the page is not whole.
 */
static noinline bool page_look(struct tscope_cpu *c, u64 tsc)
{
	struct tscope_timepage new, old = c->timepage;
	struct tscope_page_event *e;

	if (!c->page_ops->copy(c->page, &new))
		return false;
	c->timepage = new;
	if (!old.sequence || new.sequence == old.sequence)
		return true;
	if (c->events < TSCOPE_PAGE_EVENTS) {
		e = &c->event[c->events++];
		e->old = old;
		e->updates = 0;
	} else {
		/* no room: the newest one stands for this update as well */
		e = &c->event[TSCOPE_PAGE_EVENTS - 1];
	}
	e->new = new;
	e->tsc = tsc;
	e->updates++;
	return true;
}

static __always_inline void warped(struct tscope_cpu *c,
				   struct tscope_finding *f, int lane, u64 size,
				   u64 tsc, bool keep)
{
	found(f, size, tsc);
	if (keep)
		tscope_hist_add(&c->warp_hist[lane],
				lane == TSCOPE_LANE_TSC ? to_ns(size) : size);
}

/* What an exchange says: limits, warps and transits. */
static __always_inline void limit(struct tscope_cpu *c, struct tscope_burst *b,
				  const struct tscope_look *look, int lane,
				  u64 now, u64 tsc, bool keep, u64 *fresh)
{
	u64 pub = look->pub[lane], echo = look->echo[lane];
	s64 low = pub - now, high = look->seen[lane] - echo;

	if (pub) {
		if (low > b->low[lane])
			b->low[lane] = low;
		if (unlikely(low > 0))
			warped(c, &b->warp[lane], lane, low, tsc, keep);
		else if (lane == TSCOPE_LANE_TSC && *fresh && pub != *fresh)
			tscope_hist_add(&c->transit, to_ns(now - pub));
		if (lane == TSCOPE_LANE_TSC)
			*fresh = pub;
	}
	if (echo) {
		if (high < b->high[lane])
			b->high[lane] = high;
		if (unlikely(high < 0))
			warped(c, &b->peer_warp[lane], lane, 0 - (u64)high, tsc,
			       keep);
		if (lane == TSCOPE_LANE_TSC)
			b->echoes++;
	}
}

/*
 * What lies between two exchanges widens the limits, so a processor that reads
 * its TSC slowly, as one that traps or emulates it, exchanges at more readings.
 */
static void choose_gap(struct tscope_cpu *c, u32 readings, u64 length_cyc)
{
	u64 length_ns = to_ns(length_cyc);
	u32 mask = GAP_MAX;

	while (mask > 1 && (u64)readings * GAP_NS < length_ns * (mask + 1) / 2)
		mask /= 2;
	c->gap_mask = mask;
}

/* Whether the partner is the one that the burst began with, in the same life. */
static __always_inline bool same_life(u64 a, u64 b)
{
	return (a ^ b) >> TSCOPE_NONCE_LIFE_SHIFT == 0;
}

/* The loop, once with a time page and once without. */
static __always_inline void readings(struct tscope_cpu *c,
				     const struct tscope_burst_plan *plan,
				     struct tscope_burst *b,
				     const u32 *page)
{
	const struct tscope_mailbox *peer = plan->peer ?: &no_mailbox;
	u64 tsc_last = c->last[TSCOPE_LANE_TSC];
	u64 kvm_last = c->last[TSCOPE_LANE_KVM];
	const u32 gap_mask = c->gap_mask ?: GAP_MAX;
	u64 random = tscope_cpu_random(c);
	u32 next = plan->peer ? 0 : U32_MAX, n = 0, since = 0, loops = 0;
	u64 start, tsc, ns = 0, of = 0, fresh = 0;
	const int lanes = page ? 2 : 1;
	struct tscope_look look;
	struct tscope_timepage timepage;
	bool forward = true;

	start = rdtsc_ordered();
	tsc = start;
	c->current_page = false;
	/*
	 * before anything makes the kernel read kvm-clock: that read clears GUEST_STOPPED,
	 * and the copy must follow, or the next pause would not be seen
	 */
	if (page && !page_look(c, start))
		return;
	timepage = c->timepage;

	do {
		bool exchange = n == next;

		if (exchange)
			tscope_mailbox_look(peer, plan->nonce, lanes, &look);
		tsc = rdtsc_ordered();
		/* at once: what comes between widens the partner's limit */
		if (exchange) {
			tscope_mailbox_turn(&c->box, &look, &of);
			tscope_mailbox_answer(&c->box, &look, TSCOPE_LANE_TSC,
					      tsc);
		}

		if (page) {
			/*
			 * The host rewrites this CPU's page only while the CPU
			 * is out of the guest, so one look after the TSC read
			 * tells whether the copy still held at it.
			 */
			if (unlikely(READ_ONCE(*page) != timepage.sequence)) {
				b->page_whole = false;
				if (!page_look(c, tsc))
					break;
				timepage = c->timepage;
				since = n;
				continue;
			}
			ns = tscope_timepage_ns(&timepage, tsc);
			if (exchange)
				tscope_mailbox_answer(&c->box, &look,
						      TSCOPE_LANE_KVM, ns);
			if (unlikely(ns < kvm_last))
				found(&c->back[TSCOPE_LANE_KVM], kvm_last - ns,
				      tsc);
			kvm_last = ns;
		}
		if (unlikely(tsc < tsc_last)) {
			found(&c->back[TSCOPE_LANE_TSC], tsc_last - tsc, tsc);
			forward = false;
		}
		tsc_last = tsc;
		n++;
		if (!exchange)
			continue;

		/* fixed gaps would lock the two CPUs' loops in phase */
		next = n + ((random & gap_mask) ?: (gap_mask + 1) / 2) - 1;
		random = ror64(random, 4);
		limit(c, b, &look, TSCOPE_LANE_TSC, tsc, tsc, plan->keep,
		      &fresh);
		if (page)
			limit(c, b, &look, TSCOPE_LANE_KVM, ns, tsc,
			      plan->keep, &fresh);
		if (!b->partner_id)
			b->partner_id = look.id;
		else if (unlikely(look.id &&
				  !same_life(look.id, b->partner_id)))
			forward = false;
		if (READ_ONCE(*plan->until) != plan->value)
			break;
		/* unsigned: a TSC that was set back ends the burst as well */
	} while (tsc - start < plan->length_cyc && ++loops < READINGS_MAX);

	if (unlikely(loops == READINGS_MAX))
		WRITE_ONCE(c->stuck, c->stuck + 1);
	c->last[TSCOPE_LANE_TSC] = tsc_last;
	c->last[TSCOPE_LANE_KVM] = kvm_last;
	c->current_page = n > since;
	b->readings = n;
	choose_gap(c, n, tsc - start);
	b->whole = forward && b->echoes >= ECHOES_MIN &&
		   tsc - start <= LENGTH_FACTOR * plan->length_cyc;
}

/**
 * tscope_burst() - take readings back to back
 * @c: the CPU, which must be the one that runs this
 * @plan: what to do
 * @b: what was measured
 *
 * Context: interrupts off, for @plan->length_cyc and one reading at most.
 */
void tscope_burst(struct tscope_cpu *c, const struct tscope_burst_plan *plan,
		  struct tscope_burst *b)
{
	const u32 *page = c->page;
	int lane;

	memset(b, 0, sizeof(*b));
	for (lane = 0; lane < TSCOPE_MAILBOX_LANES; lane++) {
		b->low[lane] = S64_MIN;
		b->high[lane] = S64_MAX;
	}
	b->page_whole = page;
	if (page)
		readings(c, plan, b, page);
	else
		readings(c, plan, b, NULL);

	WRITE_ONCE(c->lane[TSCOPE_LANE_TSC].readings,
		   c->lane[TSCOPE_LANE_TSC].readings + b->readings);
	if (page)
		WRITE_ONCE(c->lane[TSCOPE_LANE_KVM].readings,
			   c->lane[TSCOPE_LANE_KVM].readings + b->readings);
}
