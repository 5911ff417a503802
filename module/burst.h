/* SPDX-License-Identifier: GPL-2.0 */
/* A burst: readings back to back, interrupts off. */
#ifndef TSCOPE_BURST_H
#define TSCOPE_BURST_H

#include "cpu.h"

/* What a burst is to do. If there is a partner, the caller has begun this CPU's session. */
struct tscope_burst_plan {
	const struct tscope_mailbox *peer;	/* NULL: none */
	u64 length_cyc;
	const u64 *until;	/* the burst ends once it is not @value; NULL: by its length */
	u64 value;		/* what @until is when the burst begins */
	bool keep;		/* this CPU keeps the pair: warps go into its histogram */
};

/*
 * What a burst measured: by lane, in cycles (TSC) or ns (time page). Warps are added up, also those
 * of a burst that was not one moment.
 */
struct tscope_burst {
	s64 low[TSCOPE_MAILBOX_LANES];	/* highest lower limit of partner's clock - own clock */
	s64 high[TSCOPE_MAILBOX_LANES];	/* lowest upper limit */
	struct tscope_finding warp[TSCOPE_LANES];	/* own readings below the partner's */
	struct tscope_finding peer_warp[TSCOPE_LANES];	/* the partner's below own ones */
	u64 jiffies;		/* as the burst began; see tscope_jiffies_ms() */
	u64 partner_id;		/* first nonce that the partner showed; 0: it did not exchange */
	u32 readings;
	u32 echoes;		/* upper limits that counted */
	bool whole;		/* the limits are of one moment; else they are not valid */
	bool page_whole;	/* the time page did not change; else its limits are not valid */
};

/* Begin a new session of a CPU, which must be the one that runs this; interrupts are off. */
static inline void tscope_session_begin(struct tscope_cpu *c)
{
	tscope_mailbox_begin(&c->box, tscope_nonce(c->cpu, c->life, ++c->session));
}

void tscope_burst(struct tscope_cpu *c, const struct tscope_burst_plan *plan,
		  struct tscope_burst *b);

#endif /* TSCOPE_BURST_H */
