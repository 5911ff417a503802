/* SPDX-License-Identifier: GPL-2.0 */
/* A burst: readings back to back, interrupts off. */
#ifndef TSCOPE_BURST_H
#define TSCOPE_BURST_H

#include "cpu.h"

/**
 * struct tscope_burst_plan - what a burst is to do
 * @peer: the partner's mailbox, NULL for none
 * @nonce: the session's nonce; tscope_mailbox_begin() has published it
 * @length_cyc: how long it lasts, cycles
 * @until: the burst ends once this word differs from @value
 * @value: see @until
 * @keep: this CPU keeps the pair: warps go into its histogram
 */
struct tscope_burst_plan {
	const struct tscope_mailbox *peer;
	u64 nonce;
	u64 length_cyc;
	const u64 *until;
	u64 value;
	bool keep;
};

void tscope_burst(struct tscope_cpu *c, const struct tscope_burst_plan *plan,
		  struct tscope_burst *b);

#endif /* TSCOPE_BURST_H */
