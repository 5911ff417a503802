/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bare bursts of readings, part by part, to compare tscope's speed with.
 *
 * A burst is a rewrite of tscope_burst() (module/burst.c) with some of its parts,
 * chosen at build time, so that the cost of each part is the difference between
 * two bursts. The same source runs in a guest and natively.
 */
#ifndef TSCOPE_BENCH_READINGS_H
#define TSCOPE_BENCH_READINGS_H

#include "hist.h"
#include "timepage.h"

#define BENCH_PVTI	0x01	/* the pvti, looked after and evaluated */
#define BENCH_PEER	0x02	/* a peer's mailbox read, and a publication */
#define BENCH_BACK	0x04	/* each reading compared with the last one */
#define BENCH_JUDGE	0x08	/* compared with the peer's, the least kept */
#define BENCH_HIST	0x10	/* transits counted in a histogram */
#define BENCH_RAW	0x20	/* monotonic-raw, once a burst */
#define BENCH_BOOKS	0x40	/* what tscope does between two bursts */
#define BENCH_EARLY	0x80	/* the TSC is published before the evaluation */
/* The bare loop: what tscope reads, as often, and nothing else. */
#define BENCH_BARE	(BENCH_PVTI | BENCH_PEER)

#define BENCH_NONE	S64_MAX

/**
 * struct bench_box - what a CPU shows its peer
 * @tsc: its newest reading
 * @ns: kvm-clock at it
 * @raw: monotonic-raw of its burst
 */
struct bench_box {
	u64 tsc;
	u64 ns;
	u64 raw;
} __aligned(128);

/**
 * struct bench_spot - what a CPU has of its own
 * @box: what it shows
 * @peer: its peer's, or its own
 * @sequence: the version of its pvti, as the host writes it
 * @timepage: a copy of the pvti
 * @mask: readings for which mailboxes are read once, less one; a power of two
 *	less one
 * @ns_mult: 2^32 ns a cycle
 * @tsc: newest reading
 * @ns: kvm-clock at it
 * @raw: monotonic-raw of the newest burst
 * @tsc_min: least difference from the peer's TSC, cycles
 * @ns_min: least difference from the peer's kvm-clock
 * @lower: readings that were lower than they should be
 * @readings: taken
 * @transit: differences from the peer's TSC, ns
 */
struct bench_spot {
	struct bench_box *box;
	const struct bench_box *peer;
	const u32 *sequence;
	struct tscope_timepage timepage;
	u64 mask;
	u64 ns_mult;

	u64 tsc;
	u64 ns;
	u64 raw;
	s64 tsc_min;
	s64 ns_min;
	u64 lower;
	u64 readings;
	struct tscope_hist transit;
};

static __always_inline void bench_raw(struct bench_spot *s)
{
	u64 peer = READ_ONCE(s->peer->raw);
	u64 ns = bench_raw_ns();

	if (unlikely(ns < s->raw || ns < peer))
		s->lower++;
	s->raw = ns;
	WRITE_ONCE(s->box->raw, ns);
}

static __always_inline u64 bench_ns(const struct bench_spot *s, u64 cyc)
{
	return (u64)(((u128)cyc * s->ns_mult) >> 32);
}

/**
 * bench_burst() - a burst of readings
 * @s: of this CPU
 * @what: BENCH_*, constant where it is called
 * @burst_cyc: length
 *
 * Context: interrupts off, if one may.
 *
 * Return: how many were taken; short when the pvti changed.
 */
static __always_inline u64 bench_burst(struct bench_spot *s,
				       const unsigned int what, u64 burst_cyc)
{
	u64 start, tsc, ns = 0, n = 0, peer_tsc = 0, peer_ns = 0, fresh = 0;
	s64 tsc_min = BENCH_NONE, ns_min = BENCH_NONE, d;
	const struct bench_box *peer = s->peer;
	u64 tsc_last = s->tsc, ns_last = s->ns;
	const u32 *sequence = s->sequence;
	struct tscope_timepage timepage = s->timepage;
	struct bench_box *box = s->box;
	u64 mask = s->mask, lower = 0;

	start = rdtsc_ordered();
	if (what & BENCH_RAW)
		bench_raw(s);
	do {
		bool exchange = what & BENCH_PEER && !(n & mask);

		if (exchange) {
			peer_tsc = READ_ONCE(peer->tsc);
			if (what & BENCH_PVTI)
				peer_ns = READ_ONCE(peer->ns);
		}
		tsc = rdtsc_ordered();
		if (what & BENCH_EARLY && exchange)
			WRITE_ONCE(box->tsc, tsc);

		if (what & BENCH_PVTI) {
			if (unlikely(READ_ONCE(*sequence) != timepage.sequence))
				break;
			ns = tscope_timepage_ns(&timepage, tsc);
			if (what & BENCH_BACK && unlikely(ns < ns_last))
				lower++;
			ns_last = ns;
		}
		if (what & BENCH_BACK && unlikely(tsc < tsc_last))
			lower++;
		tsc_last = tsc;
		/* the compiler must not remove reads whose results are unused */
		asm volatile("" : : "r" (ns), "r" (peer_tsc), "r" (peer_ns));
		n++;
		if (!exchange)
			continue;

		if (!(what & BENCH_EARLY))
			WRITE_ONCE(box->tsc, tsc);
		if (what & BENCH_PVTI)
			WRITE_ONCE(box->ns, ns);
		if (!(what & BENCH_JUDGE) || !peer_tsc)
			continue;
		d = tsc - peer_tsc;
		if (d < tsc_min)
			tsc_min = d;
		if (unlikely(d < 0))
			lower++;
		else if (what & BENCH_HIST && peer_tsc != fresh)
			tscope_hist_add(&s->transit, bench_ns(s, d));
		fresh = peer_tsc;
		if (!(what & BENCH_PVTI) || !peer_ns)
			continue;
		d = ns - peer_ns;
		if (d < ns_min)
			ns_min = d;
		if (unlikely(d < 0))
			lower++;
	} while (tsc - start < burst_cyc);

	s->tsc = tsc_last;
	s->ns = ns_last;
	s->lower += lower;
	if (what & BENCH_JUDGE && tsc_min < s->tsc_min)
		s->tsc_min = tsc_min;
	if (what & BENCH_JUDGE && ns_min < s->ns_min)
		s->ns_min = ns_min;
	return n;
}

#endif /* TSCOPE_BENCH_READINGS_H */
