// SPDX-License-Identifier: GPL-2.0
/*
 * Mailboxes: what CPUs show each other, and the transits they see.
 *
 * A CPU publishes its newest reading in cache lines of its own and reads one
 * peer's mailbox before a reading of its own (see burst.c). The smallest
 * differences of a slot of time are kept, and those of the last two slots
 * that ended are what offsets are made of. A stale mailbox only makes a
 * difference larger, hence a bound wider.
 */
#include <linux/preempt.h>

#include "cpu.h"
#include "exchange.h"
#include "wide.h"

struct tscope_mailbox tscope_mailboxes[TSCOPE_MAX_CPUS];

#define SLOT_NONE U64_MAX

static void row_empty(s64 (*min)[TSCOPE_MAX_CPUS])
{
	int lane, i;

	for (lane = 0; lane < TSCOPE_PAIR_LANES; lane++)
		for (i = 0; i < TSCOPE_MAX_CPUS; i++)
			min[lane][i] = TSCOPE_TRANSIT_NONE;
}

static void past_empty(struct tscope_row *row)
{
	int i;

	for (i = 0; i < 2; i++) {
		preempt_disable();
		write_seqcount_begin(&row->past[i].seq);
		row->past[i].slot = SLOT_NONE;
		row_empty(row->past[i].min);
		write_seqcount_end(&row->past[i].seq);
		preempt_enable();
	}
}

/**
 * tscope_row_init() - empty a row
 * @row: row
 *
 * Context: process; no sampler may be at work, readers may.
 */
void tscope_row_init(struct tscope_row *row)
{
	memset(row->warps, 0, sizeof(row->warps));
	row->slot = SLOT_NONE;
	row->windows = 0;
	row_empty(row->now);
	past_empty(row);
}

static void row_publish(struct tscope_row *row)
{
	int i = row->slot & 1;

	if (row->slot == SLOT_NONE)
		return;
	preempt_disable();
	write_seqcount_begin(&row->past[i].seq);
	row->past[i].slot = row->slot;
	memcpy(row->past[i].min, row->now, sizeof(row->now));
	write_seqcount_end(&row->past[i].seq);
	preempt_enable();
}

/**
 * tscope_row_slot() - a window begins: end the slot before, if it is over
 * @row: the caller's row
 * @slot: number of the slot that the window lies in; the same on all CPUs
 *
 * Context: process; the row's sampler.
 */
void tscope_row_slot(struct tscope_row *row, u64 slot)
{
	row->windows++;
	if (slot == row->slot)
		return;
	row_publish(row);
	/* slots became longer: the numbers of old ones are of another count */
	if (row->slot != SLOT_NONE && slot < row->slot)
		past_empty(row);
	row_empty(row->now);
	row->slot = slot;
	row->windows = 1;
}

/**
 * tscope_row_close() - sampling ends: let readers see the present slot
 * @row: the caller's row
 * @whole: windows that a whole slot has
 *
 * Unless it has just begun and there is one before: few transits make a wide
 * bound. Context: process; the row's sampler.
 */
void tscope_row_close(struct tscope_row *row, u64 whole)
{
	if (2 * row->windows >= whole ||
	    (row->past[0].slot == SLOT_NONE && row->past[1].slot == SLOT_NONE))
		row_publish(row);
}

/* Smallest transits to j from i of a slot, if the row still has it. */
static s64 past_min(const struct tscope_row *row, u64 slot, int lane, int from)
{
	unsigned int seq;
	s64 min;

	do {
		seq = read_seqcount_begin(&row->past[slot & 1].seq);
		min = row->past[slot & 1].slot == slot ?
		      row->past[slot & 1].min[lane][from] :
		      TSCOPE_TRANSIT_NONE;
	} while (read_seqcount_retry(&row->past[slot & 1].seq, seq));
	return min;
}

static u64 past_slot(const struct tscope_row *row, int i)
{
	unsigned int seq;
	u64 slot;

	do {
		seq = read_seqcount_begin(&row->past[i].seq);
		slot = row->past[i].slot;
	} while (read_seqcount_retry(&row->past[i].seq, seq));
	return slot;
}

/**
 * tscope_exchange_pair() - how far CPU j's clock is ahead of CPU i's
 * @i: a CPU, below TSCOPE_MAX_CPUS
 * @j: another
 * @lane: TSCOPE_LANE_TSC or TSCOPE_LANE_KVM
 * @pair: result, of the newest slot that both CPUs have finished
 *
 * Context: any; never waits for a sampler.
 *
 * Return: 0; -ENODATA where the two did not see each other in one slot;
 * -ESTALE where the offset changed within the slot.
 */
int tscope_exchange_pair(int i, int j, enum tscope_lane lane,
			 struct tscope_pair *pair)
{
	u32 khz = lane == TSCOPE_LANE_TSC ? tscope_tsc_khz : 0;
	const struct tscope_row *ri, *rj;
	u64 a, b, slot;
	int err = -ENODATA, k;

	if (!tscope_cpus[i] || !tscope_cpus[j])
		return -ENODATA;
	ri = &tscope_cpus[i]->row;
	rj = &tscope_cpus[j]->row;
	a = past_slot(rj, 0);
	b = past_slot(rj, 1);

	/* the newer of the two first; SLOT_NONE + 1 is the oldest of all */
	slot = a + 1 > b + 1 ? a : b;
	for (k = 0; k < 2 && err == -ENODATA; k++) {
		if (slot != SLOT_NONE)
			err = tscope_pair_offset(past_min(rj, slot, lane, i),
						 past_min(ri, slot, lane, j),
						 khz, pair);
		slot = slot == a ? b : a;
	}
	return err;
}

/**
 * tscope_exchange_largest() - the largest pair offset
 * @lane: TSCOPE_LANE_TSC or TSCOPE_LANE_KVM
 * @pair: result: the largest offset by magnitude, of i before j, and its bound
 *
 * Context: any; never waits for a sampler.
 *
 * Return: 0, or -ENODATA where no pair has an offset.
 */
int tscope_exchange_largest(enum tscope_lane lane, struct tscope_pair *pair)
{
	struct tscope_pair p;
	int i, j, err = -ENODATA;

	for (i = 0; i < TSCOPE_MAX_CPUS; i++) {
		for (j = i + 1; j < TSCOPE_MAX_CPUS; j++) {
			if (tscope_exchange_pair(i, j, lane, &p))
				continue;
			if (err || tscope_abs64(p.offset_ns) >
				   tscope_abs64(pair->offset_ns))
				*pair = p;
			err = 0;
		}
	}
	return err;
}

/**
 * tscope_exchange_warps() - warps between two CPUs
 * @i: a CPU, below TSCOPE_MAX_CPUS
 * @j: another
 * @lane: TSCOPE_LANE_TSC or TSCOPE_LANE_KVM
 *
 * Return: how many readings of either were lower than what the other had
 * published.
 */
u64 tscope_exchange_warps(int i, int j, enum tscope_lane lane)
{
	u64 n = 0;

	if (tscope_cpus[i])
		n += READ_ONCE(tscope_cpus[i]->row.warps[lane][j]);
	if (tscope_cpus[j])
		n += READ_ONCE(tscope_cpus[j]->row.warps[lane][i]);
	return n;
}
