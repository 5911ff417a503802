// SPDX-License-Identifier: GPL-2.0
/* Bare loops of two threads, which show the least possible bound and the most readings. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>

#include <asm/pvclock.h>

#include "native.h"

/* The module's mean gap between exchanges. */
#define GAP	8

/**
 * struct ball - two words that two threads send each other
 * @there: written by the first thread
 * @back: written by the second thread
 */
static struct ball {
	u64 there __aligned(128);
	u64 back __aligned(128);
} ball;

#define ROUNDS	300000

static s64 trips[ROUNDS];

static int by_size(const void *a, const void *b)
{
	s64 x = *(const s64 *)a, y = *(const s64 *)b;

	return (x > y) - (x < y);
}

static void *ball_returns(void *arg)
{
	u64 i;

	(void)arg;
	native_pin(1);
	for (i = 1; i <= ROUNDS; i++) {
		while (READ_ONCE(ball.there) != i)
			;
		WRITE_ONCE(ball.back, i);
	}
	return NULL;
}

/* Half of the median round trip of one word, ns: the least that a bound can be. */
double native_ping_pong_ns(void)
{
	pthread_t thread;
	u64 i, begin;

	memset(&ball, 0, sizeof(ball));
	native_pin(0);
	if (pthread_create(&thread, NULL, ball_returns, NULL))
		exit(1);
	for (i = 1; i <= ROUNDS; i++) {
		begin = native_tsc();
		WRITE_ONCE(ball.there, i);
		while (READ_ONCE(ball.back) != i)
			;
		trips[i - 1] = native_tsc() - begin;
	}
	pthread_join(thread, NULL);
	qsort(trips, ROUNDS, sizeof(*trips), by_size);
	return trips[ROUNDS / 2] * 1e9 / native_hz / 2;
}

static struct bare {
	struct tscope_mailbox box;
	u64 until;		/* TSC */
	u64 readings;
	u64 cyc;
} bare[2];

/* One burst: the module's reads and stores, without its computations. */
static u64 bare_burst(struct bare *own, const struct tscope_mailbox *peer,
		      const struct tscope_timepage *page)
{
	u64 start = rdtsc_ordered(), tsc, ns, of = 0;
	struct tscope_look look;
	u32 n = 0, next = 0;
	bool exchange;

	do {
		exchange = n == next;
		if (exchange)
			tscope_mailbox_look(peer, own->box.id, TSCOPE_MAILBOX_LANES, &look);
		tsc = rdtsc_ordered();
		if (exchange) {
			tscope_mailbox_turn(&own->box, &look, &of);
			tscope_mailbox_answer(&own->box, &look, TSCOPE_LANE_TSC, tsc);
		}
		if (READ_ONCE(native_page->version) != page->sequence)
			break;
		ns = tscope_timepage_ns(page, tsc);
		asm volatile("" : : "r" (ns));
		if (exchange) {
			tscope_mailbox_answer(&own->box, &look, TSCOPE_LANE_PAGE, ns);
			next += GAP;
		}
		n++;
	} while (tsc - start < native_burst_cyc);
	return n;
}

static void *bare_runs(void *arg)
{
	struct bare *own = arg;
	const struct tscope_mailbox *peer = &bare[own == bare].box;
	struct tscope_timepage page;
	u64 start;
	u32 session = 0;

	native_pin(own - bare);
	native_page_ops.copy(&native_page->version, &page);
	start = native_tsc();
	while (native_tsc() < own->until) {
		tscope_mailbox_begin(&own->box, tscope_nonce(own - bare, 1, ++session));
		own->readings += bare_burst(own, peer, &page);
	}
	own->cyc = native_tsc() - start;
	return NULL;
}

/* Readings a second of both threads, each with the time page and the module's exchanges. */
double native_bare_rate(double seconds)
{
	u64 until = native_tsc() + seconds * native_hz;
	pthread_t thread[2];
	double rate = 0;
	int i;

	for (i = 0; i < 2; i++) {
		bare[i] = (struct bare){ .until = until };
		if (pthread_create(&thread[i], NULL, bare_runs, &bare[i]))
			exit(1);
	}
	for (i = 0; i < 2; i++) {
		pthread_join(thread[i], NULL);
		rate += bare[i].readings / (bare[i].cyc / native_hz);
	}
	return rate;
}
