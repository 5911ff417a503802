/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The mailbox: how two CPUs exchange timestamps without a lock.
 *
 * A CPU publishes its newest reading (pub), together with the newest reading that it saw of its
 * partner (echo) and its own clock at that instant (seen). With o = partner's clock - own clock:
 *
 *	o >= pub - now		the partner had published pub before now
 *	o <= seen - echo	the partner saw echo after this CPU had read it
 *
 * An echo counts only if the partner's "of" is the nonce of this CPU's session, and if the
 * partner's "id" is the same before and after echo and seen were loaded: within a session a CPU
 * looks at one mailbox only. x86 keeps the order of loads and of stores, so an echo and a seen of
 * two exchanges only widen the limit.
 */
#ifndef TSCOPE_MAILBOX_H
#define TSCOPE_MAILBOX_H

#include "pure.h"

/* Lanes that carry limits: the TSC, in cycles, and the time page's clock, in ns. */
#define TSCOPE_MAILBOX_LANES	2

/* A nonce has the session in its low bits, the life from this bit on, and CPU + 1 above. */
#define TSCOPE_NONCE_LIFE_SHIFT	32

/*
 * What a CPU publishes. All that an exchange needs is in one cache line. The alignment is two
 * lines, because a processor may fetch the neighbour of a line together with the line.
 */
struct tscope_mailbox {
	u64 id;				/* nonce of the session; 0: it does not exchange */
	u64 of;				/* the partner's nonce that echo and seen belong to */
	u64 pub[TSCOPE_MAILBOX_LANES];	/* newest reading in this session; 0: none yet */
	u64 echo[TSCOPE_MAILBOX_LANES];	/* newest reading of the partner; 0: none yet */
	u64 seen[TSCOPE_MAILBOX_LANES];	/* own reading right after echo was seen */
	u64 raw_ns;			/* newest reading of CLOCK_MONOTONIC_RAW */
	u64 raw_id;			/* the call that it answers (struct tscope_call) */
} __aligned(128);

/* What a CPU loaded from its partner's mailbox. An echo of 0: there is none of this session. */
struct tscope_look {
	u64 id;
	u64 pub[TSCOPE_MAILBOX_LANES];
	u64 echo[TSCOPE_MAILBOX_LANES];
	u64 seen[TSCOPE_MAILBOX_LANES];
};

/* The nonce of a session, never 0. */
static __always_inline u64 tscope_nonce(u32 cpu, u16 life, u32 session)
{
	return (u64)(cpu + 1) << 48 | (u64)life << TSCOPE_NONCE_LIFE_SHIFT | session;
}

/*
 * Begin a session; a nonce of 0 ends exchanging. The new nonce was never used before. A CPU that
 * sees it sees no reading of the old session. Context: nobody else begins a session of this mailbox
 * meanwhile.
 */
static __always_inline void tscope_mailbox_begin(struct tscope_mailbox *box, u64 nonce)
{
	int lane;

	for (lane = 0; lane < TSCOPE_MAILBOX_LANES; lane++) {
		WRITE_ONCE(box->pub[lane], 0);
		WRITE_ONCE(box->echo[lane], 0);
	}
	WRITE_ONCE(box->of, 0);
	/* pairs with the acquire of id in tscope_mailbox_look() */
	smp_store_release(&box->id, nonce);
}

/*
 * Look into the partner's mailbox in this CPU's session @nonce. Context: a burst, which reads its
 * clock right after this by an ordered read.
 */
static __always_inline void tscope_mailbox_look(const struct tscope_mailbox *peer, u64 nonce,
						int lanes, struct tscope_look *look)
{
	bool ours;
	int lane;

	/*
	 * id before pub: this CPU may echo a new session's reading under the old id, which the
	 * partner rejects. In the other order it could echo an old session's reading under the new
	 * id, which the partner would accept.
	 */
	look->id = smp_load_acquire(&peer->id);
	for (lane = 0; lane < lanes; lane++)
		look->pub[lane] = READ_ONCE(peer->pub[lane]);

	/* pairs with the release in tscope_mailbox_turn() */
	ours = smp_load_acquire(&peer->of) == nonce;
	for (lane = 0; lane < lanes; lane++) {
		/* echo before seen: if the two are of different exchanges, seen is the later one */
		look->echo[lane] = smp_load_acquire(&peer->echo[lane]);
		look->seen[lane] = READ_ONCE(peer->seen[lane]);
	}
	/* id again: what was loaded in between is of one session */
	smp_rmb();
	ours &= READ_ONCE(peer->id) == look->id;
	if (!ours)
		for (lane = 0; lane < lanes; lane++)
			look->echo[lane] = 0;
}

/*
 * Turn the echoes to the partner's present session; @of is the caller's copy of @box->of. Context:
 * a burst, after the clock was read and before tscope_mailbox_answer().
 */
static __always_inline void tscope_mailbox_turn(struct tscope_mailbox *box,
						const struct tscope_look *look, u64 *of)
{
	int lane;

	if (likely(look->id == *of))
		return;
	for (lane = 0; lane < TSCOPE_MAILBOX_LANES; lane++)
		WRITE_ONCE(box->echo[lane], 0);
	/* pairs with the acquire in tscope_mailbox_look() */
	smp_store_release(&box->of, look->id);
	*of = look->id;
}

/* Publish a reading, which is not 0, and echo the partner's. Context: a burst. */
static __always_inline void tscope_mailbox_answer(struct tscope_mailbox *box,
						  const struct tscope_look *look, int lane, u64 now)
{
	if (look->pub[lane]) {
		WRITE_ONCE(box->seen[lane], now);
		/* pairs with the acquire of echo in tscope_mailbox_look() */
		smp_store_release(&box->echo[lane], look->pub[lane]);
	}
	/* after seen and echo: a CPU that sees this pub sees those too */
	smp_store_release(&box->pub[lane], now);
}

#endif /* TSCOPE_MAILBOX_H */
