// SPDX-License-Identifier: GPL-2.0
/*
 * A burst: readings of the TSC and kvm-clock back to back, interrupts off.
 *
 * Each reading is one ordered TSC read and, with kvm-clock, the CPU's own
 * pvti evaluated at it. Every EXCHANGE_EVERY readings a peer's mailbox is
 * looked at first, and the reading is published: what is read after a peer's
 * value was seen must not be lower. Once a burst monotonic-raw is read and
 * exchanged in the same way.
 *
 * No lock, no division. What is found is left in struct tscope_cpu for the
 * sampler to tell once interrupts are on.
 */
#include <linux/irqflags.h>
#include <linux/ktime.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>

#include <asm/pvclock.h>

#include "cpu.h"

/*
 * A contended mailbox costs more than a reading. Natively, a reading and the
 * pair bound are 75, 59, 52, 43 and 34 ns, and 92, 91, 93, 94 and 95 ns, when
 * every 1st, 2nd, 4th, 8th and 16th reading is exchanged (make -C
 * selftests/user bench); in an emulated guest the bound grows from 119 to
 * 158 ns between the 8th and the 16th.
 */
#define EXCHANGE_EVERY	8

/* Stands in where there is no peer: nothing was ever published. */
static const struct tscope_mailbox no_mailbox;

/* By a product, not a division: 1 ns in 4 s short, which is plenty. */
static __always_inline u64 to_ns(u64 cyc)
{
	return (u64)(((tscope_u128)cyc * tscope_ns_mult) >> 32);
}

static noinline void found(struct tscope_finding *f, u64 size, u64 tsc,
			   int peer)
{
	f->count++;
	if (size > f->max) {
		f->max = size;
		f->tsc = tsc;
		f->peer = peer;
	}
}

static noinline void warped(struct tscope_cpu *c, enum tscope_lane lane,
			    u64 size, u64 ns, u64 tsc, int slot)
{
	found(&c->warp[lane], size, tsc, c->peer[slot]);
	tscope_hist_add(&c->warp_hist[lane], ns);
	if (lane < TSCOPE_PAIR_LANES)
		WRITE_ONCE(c->row.warps[lane][slot],
			   c->row.warps[lane][slot] + 1);
}

/*
 * The host has rewritten the pvti. False: there is no room to tell it, or it
 * is not whole.
 */
static noinline bool pvti_changed(struct tscope_cpu *c,
				  const struct pvclock_vcpu_time_info *page,
				  u64 tsc)
{
	struct tscope_pvti_event *e;

	if (c->events == TSCOPE_PVTI_EVENTS)
		return false;
	e = &c->event[c->events];
	e->old = c->pvti;
	e->tsc = tsc;
	if (!tscope_kvm_copy(page, &e->new))
		return false;
	c->pvti = e->new;
	if (e->old.version)
		c->events++;
	return true;
}

/*
 * The burst's first look at the pvti, before anything makes the kernel read
 * kvm-clock: that clears GUEST_STOPPED in the page, and the copy must follow,
 * or the next pause would not be seen.
 */
static __always_inline bool pvti_look(struct tscope_cpu *c,
				      const struct pvclock_vcpu_time_info *page,
				      u64 tsc)
{
	u8 flags = READ_ONCE(page->flags);

	/* the flags of another version are not this copy's */
	virt_rmb();
	if (unlikely(READ_ONCE(page->version) != c->pvti.version))
		return pvti_changed(c, page, tsc);
	c->pvti.flags = flags;
	return true;
}

static __always_inline void read_raw(struct tscope_cpu *c,
				     struct tscope_mailbox *box,
				     const struct tscope_mailbox *peer_box,
				     u64 tsc, int slot)
{
	u64 peer_ns = READ_ONCE(peer_box->seen[TSCOPE_LANE_RAW]);
	u64 ns = ktime_get_raw_ns();

	if (unlikely(ns < c->last[TSCOPE_LANE_RAW]))
		found(&c->back[TSCOPE_LANE_RAW],
		      c->last[TSCOPE_LANE_RAW] - ns, tsc, -1);
	if (unlikely(ns < peer_ns))
		warped(c, TSCOPE_LANE_RAW, peer_ns - ns, peer_ns - ns, tsc,
		       slot);
	c->last[TSCOPE_LANE_RAW] = ns;
	WRITE_ONCE(c->lane[TSCOPE_LANE_RAW].readings,
		   c->lane[TSCOPE_LANE_RAW].readings + 1);
	WRITE_ONCE(box->seen[TSCOPE_LANE_RAW], ns);
}

/* The loop, once with kvm-clock and once without. Returns readings taken. */
static __always_inline u64 readings(struct tscope_cpu *c, int slot,
				    u64 burst_cyc,
				    const struct pvclock_vcpu_time_info *page)
{
	struct tscope_mailbox *box = &tscope_mailboxes[c->cpu];
	const struct tscope_mailbox *peer_box;
	u64 tsc_last = c->last[TSCOPE_LANE_TSC];
	u64 kvm_last = c->last[TSCOPE_LANE_KVM];
	s64 tsc_min = TSCOPE_TRANSIT_NONE, kvm_min = TSCOPE_TRANSIT_NONE, d;
	u64 start, tsc, ns = 0, n = 0, fresh, since = 0;
	u64 peer_tsc = 0, peer_ns = 0;
	struct tscope_pvti pvti;
	const u64 *peer_kvm;

	peer_box = slot < 0 ? &no_mailbox :
			      &tscope_mailboxes[c->peer[slot]];
	peer_kvm = &peer_box->seen[TSCOPE_LANE_KVM];
	fresh = slot < 0 ? 0 : c->fresh[slot];
	start = rdtsc_ordered();
	c->current_pvti = false;
	if (page && !pvti_look(c, page, start))
		return 0;
	pvti = c->pvti;
	read_raw(c, box, peer_box, start, slot);

	do {
		bool exchange = n % EXCHANGE_EVERY == 0;

		if (exchange) {
			peer_tsc = READ_ONCE(peer_box->seen[TSCOPE_LANE_TSC]);
			if (page)
				peer_ns = READ_ONCE(*peer_kvm);
		}
		tsc = rdtsc_ordered();
		/* at once: what comes between widens the peer's bound */
		if (exchange)
			WRITE_ONCE(box->seen[TSCOPE_LANE_TSC], tsc);

		if (page) {
			/*
			 * The host rewrites this CPU's pvti only while the CPU
			 * is out of the guest, so one look after the TSC read
			 * tells whether the copy still held at it.
			 */
			if (unlikely(READ_ONCE(page->version) !=
				     pvti.version)) {
				if (!pvti_changed(c, page, tsc))
					break;
				pvti = c->pvti;
				since = n;
				continue;
			}
			ns = tscope_pvti_eval(&pvti, tsc);
			if (exchange)
				WRITE_ONCE(box->seen[TSCOPE_LANE_KVM], ns);
			if (unlikely(ns < kvm_last))
				found(&c->back[TSCOPE_LANE_KVM],
				      kvm_last - ns, tsc, -1);
			kvm_last = ns;
		}
		if (unlikely(tsc < tsc_last))
			found(&c->back[TSCOPE_LANE_TSC], tsc_last - tsc, tsc,
			      -1);
		tsc_last = tsc;
		n++;
		if (!exchange || !peer_tsc)
			continue;
		d = tsc - peer_tsc;
		if (d < tsc_min)
			tsc_min = d;
		if (unlikely(d < 0))
			warped(c, TSCOPE_LANE_TSC, -d, to_ns(-d), tsc, slot);
		else if (peer_tsc != fresh)
			tscope_hist_add(&c->transit, to_ns(d));
		fresh = peer_tsc;
		if (!page || !peer_ns)
			continue;
		d = ns - peer_ns;
		if (d < kvm_min)
			kvm_min = d;
		if (unlikely(d < 0))
			warped(c, TSCOPE_LANE_KVM, -d, -d, tsc, slot);
		/* unsigned: a TSC set back ends the burst as well */
	} while (tsc - start < burst_cyc);

	c->last[TSCOPE_LANE_TSC] = tsc_last;
	c->last[TSCOPE_LANE_KVM] = kvm_last;
	c->current_pvti = n > since;
	if (slot >= 0) {
		c->fresh[slot] = fresh;
		if (tsc_min < c->row.now[TSCOPE_LANE_TSC][slot])
			c->row.now[TSCOPE_LANE_TSC][slot] = tsc_min;
		if (kvm_min < c->row.now[TSCOPE_LANE_KVM][slot])
			c->row.now[TSCOPE_LANE_KVM][slot] = kvm_min;
	}
	return n;
}

/**
 * tscope_burst() - take readings back to back
 * @c: the CPU, which must be the one that runs this
 * @slot: which of its peers to exchange with, -1 for none
 * @burst_cyc: length, cycles
 *
 * Context: process. Interrupts are off for @burst_cyc and one reading, at
 * most.
 *
 * Return: false where the thread was pushed to another CPU, and nothing done.
 */
bool tscope_burst(struct tscope_cpu *c, int slot, u64 burst_cyc)
{
	const struct pvclock_vcpu_time_info *page = tscope_kvm_page(c->cpu);
	unsigned long flags;
	bool here;
	u64 n = 0;

	local_irq_save(flags);
	here = smp_processor_id() == c->cpu;
	if (here) {
		if (page)
			n = readings(c, slot, burst_cyc, page);
		else
			n = readings(c, slot, burst_cyc, NULL);
	}
	local_irq_restore(flags);
	if (!here)
		return false;

	WRITE_ONCE(c->lane[TSCOPE_LANE_TSC].readings,
		   c->lane[TSCOPE_LANE_TSC].readings + n);
	if (page)
		WRITE_ONCE(c->lane[TSCOPE_LANE_KVM].readings,
			   c->lane[TSCOPE_LANE_KVM].readings + n);
	return true;
}
