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
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/slab.h>

#include "cpu.h"
#include "exchange.h"
#include "wide.h"

#define SLOT_NONE U64_MAX

static void row_empty(s64 (*min)[TSCOPE_PEERS_MAX])
{
	int lane, i;

	for (lane = 0; lane < TSCOPE_PAIR_LANES; lane++)
		for (i = 0; i < TSCOPE_PEERS_MAX; i++)
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
 * tscope_row_forget() - empty a row, but for its warps
 * @row: row
 *
 * Of a CPU that goes: two that go together would have their last slot in
 * common for good. Context: process; no sampler may be at work, readers may.
 */
void tscope_row_forget(struct tscope_row *row)
{
	row->slot = SLOT_NONE;
	row->windows = 0;
	row_empty(row->now);
	past_empty(row);
}

/**
 * tscope_row_init() - empty a row
 * @row: row
 *
 * Context: process; no sampler may be at work, readers may.
 */
void tscope_row_init(struct tscope_row *row)
{
	int lane, i;

	for (lane = 0; lane < TSCOPE_PAIR_LANES; lane++)
		for (i = 0; i < TSCOPE_PEERS_MAX; i++)
			WRITE_ONCE(row->warps[lane][i], 0);
	tscope_row_forget(row);
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

/* Smallest transit from a peer in a slot of time, if the row still has it. */
static s64 past_min(const struct tscope_row *row, u64 slot, int lane, int peer)
{
	unsigned int seq;
	s64 min;

	do {
		seq = read_seqcount_begin(&row->past[slot & 1].seq);
		min = row->past[slot & 1].slot == slot ?
		      row->past[slot & 1].min[lane][peer] :
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

/* The slot of a peer in a CPU's row, or -1. */
static int slot_of(const struct tscope_cpu *c, int peer)
{
	u32 slot;

	lockdep_assert_held(&tscope_graph_lock);
	for (slot = 0; c && slot < c->peers; slot++)
		if (c->peer[slot] == peer)
			return slot;
	return -1;
}

/**
 * tscope_exchange_pair() - how far CPU j's clock is ahead of CPU i's
 * @i: a CPU
 * @j: another
 * @lane: TSCOPE_LANE_TSC or TSCOPE_LANE_KVM
 * @pair: result, of the newest slot of time that both CPUs have finished
 *
 * Context: process, tscope_graph_lock held; never waits for a sampler.
 *
 * Return: 0; -ENODATA where the two don't watch each other, or did not see
 * each other in one slot; -ESTALE where the offset changed within the slot.
 */
int tscope_exchange_pair(int i, int j, enum tscope_lane lane,
			 struct tscope_pair *pair)
{
	u32 khz = lane == TSCOPE_LANE_TSC ? tscope_tsc_khz : 0;
	const struct tscope_cpu *ci = tscope_cpu_of(i), *cj = tscope_cpu_of(j);
	int at_i = slot_of(ci, j), at_j = slot_of(cj, i);
	int err = -ENODATA, k;
	u64 a, b, slot;

	if (at_i < 0 || at_j < 0)
		return -ENODATA;
	a = past_slot(&cj->row, 0);
	b = past_slot(&cj->row, 1);

	/* the newer of the two first; SLOT_NONE + 1 is the oldest of all */
	slot = a + 1 > b + 1 ? a : b;
	for (k = 0; k < 2 && err == -ENODATA; k++) {
		if (slot != SLOT_NONE)
			err = tscope_pair_offset(past_min(&cj->row, slot, lane,
							  at_j),
						 past_min(&ci->row, slot, lane,
							  at_i),
						 khz, pair);
		slot = slot == a ? b : a;
	}
	return err;
}

static int mesh_largest(enum tscope_lane lane, struct tscope_pair *pair)
{
	struct tscope_pair p;
	int err = -ENODATA;
	u32 i, j;

	for (i = 0; i < tscope_rank_count; i++) {
		for (j = i + 1; j < tscope_rank_count; j++) {
			if (tscope_exchange_pair(tscope_ranks[i],
						 tscope_ranks[j], lane, &p))
				continue;
			if (err || tscope_abs64(p.offset_ns) >
				   tscope_abs64(pair->offset_ns))
				*pair = p;
			err = 0;
		}
	}
	return err;
}

static int tsc_edge(u32 from, u32 to, struct tscope_pair *pair)
{
	return tscope_exchange_pair(tscope_ranks[from], tscope_ranks[to],
				    TSCOPE_LANE_TSC, pair);
}

static int kvm_edge(u32 from, u32 to, struct tscope_pair *pair)
{
	return tscope_exchange_pair(tscope_ranks[from], tscope_ranks[to],
				    TSCOPE_LANE_KVM, pair);
}

/**
 * tscope_exchange_tree() - each CPU's offset against the first, along pairs
 * @lane: TSCOPE_LANE_TSC or TSCOPE_LANE_KVM
 * @node: result, by rank; to be freed by kvfree()
 *
 * Context: process, tscope_graph_lock held; may sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int tscope_exchange_tree(enum tscope_lane lane, struct tscope_node **node)
{
	*node = kvcalloc(max(tscope_rank_count, 1U), sizeof(**node),
			 GFP_KERNEL);
	if (!*node)
		return -ENOMEM;
	tscope_graph_tree(tscope_rank_count,
			  lane == TSCOPE_LANE_TSC ? tsc_edge : kvm_edge,
			  *node);
	return 0;
}

/**
 * tscope_exchange_largest() - the largest pair offset
 * @lane: TSCOPE_LANE_TSC or TSCOPE_LANE_KVM
 * @pair: result: the largest offset by magnitude, and its bound
 *
 * Of CPUs that all watch each other it is measured, of more than
 * TSCOPE_MESH_CPUS composed along the graph. Context: process, may sleep;
 * never waits for a sampler.
 *
 * Return: 0, -ENODATA where no pair has an offset, or -ENOMEM.
 */
int tscope_exchange_largest(enum tscope_lane lane, struct tscope_pair *pair)
{
	struct tscope_node *node;
	int err;

	mutex_lock(&tscope_graph_lock);
	if (tscope_rank_count <= TSCOPE_MESH_CPUS) {
		err = mesh_largest(lane, pair);
	} else {
		err = tscope_exchange_tree(lane, &node);
		if (!err) {
			err = tscope_graph_largest(tscope_rank_count, node,
						   pair);
			kvfree(node);
		}
	}
	mutex_unlock(&tscope_graph_lock);
	return err;
}

/**
 * tscope_exchange_warps() - warps between two CPUs
 * @i: a CPU
 * @j: another
 * @lane: TSCOPE_LANE_TSC or TSCOPE_LANE_KVM
 *
 * Context: process, tscope_graph_lock held.
 *
 * Return: how many readings of either were lower than what the other had
 * published.
 */
u64 tscope_exchange_warps(int i, int j, enum tscope_lane lane)
{
	const struct tscope_cpu *ci = tscope_cpu_of(i), *cj = tscope_cpu_of(j);
	int at_i = slot_of(ci, j), at_j = slot_of(cj, i);
	u64 n = 0;

	if (at_i >= 0)
		n += READ_ONCE(ci->row.warps[lane][at_i]);
	if (at_j >= 0)
		n += READ_ONCE(cj->row.warps[lane][at_j]);
	return n;
}
