/* SPDX-License-Identifier: GPL-2.0 */
/* A burst: readings back to back, interrupts off. */
#ifndef TSCOPE_BURST_H
#define TSCOPE_BURST_H

#include "cpu.h"

/**
 * struct tscope_burst_plan - what a burst is to do
 * @peer: the partner's mailbox, NULL for none; else the CPU's own session has begun
 * @length_cyc: length, cycles
 * @until: the burst ends once this word differs from @value; NULL: by its length
 * @value: see @until
 * @keep: this CPU keeps the pair: warps go into its histogram
 */
struct tscope_burst_plan {
	const struct tscope_mailbox *peer;
	u64 length_cyc;
	const u64 *until;
	u64 value;
	bool keep;
};

/**
 * struct tscope_burst - what one burst measured
 * @low: highest lower limit of partner's clock - own clock, by lane: cycles (TSC), ns (time page)
 * @high: lowest upper limit
 * @warp: own readings below what the partner had published
 * @peer_warp: the partner's readings below what this CPU had published
 * @partner_id: the partner's first nonce in the burst; 0: it did not exchange
 * @readings: readings taken
 * @echoes: upper limits that counted
 * @whole: the limits are of one moment; else they do not hold
 * @page_whole: the time page did not change in the burst; else its limits do not hold
 */
struct tscope_burst {
	s64 low[TSCOPE_MAILBOX_LANES];
	s64 high[TSCOPE_MAILBOX_LANES];
	struct tscope_finding warp[TSCOPE_LANES];
	struct tscope_finding peer_warp[TSCOPE_LANES];
	u64 partner_id;
	u32 readings;
	u32 echoes;
	bool whole;
	bool page_whole;
};

/* Begin a new session of a CPU, which must be the one that runs this; interrupts are off. */
static inline void tscope_session_begin(struct tscope_cpu *c)
{
	tscope_mailbox_begin(&c->box, tscope_nonce(c->cpu, c->life, ++c->session));
}

void tscope_burst(struct tscope_cpu *c, const struct tscope_burst_plan *plan,
		  struct tscope_burst *b);

#endif /* TSCOPE_BURST_H */
