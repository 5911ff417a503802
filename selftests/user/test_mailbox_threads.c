// SPDX-License-Identifier: GPL-2.0
/*
 * mailbox.h, unchanged, on real threads and the real TSC: three threads with
 * random partners, one of which adds a constant to the TSC. The scheduler may
 * preempt them anywhere. No limit may be false. Limits from the same words
 * without the check of the nonce must sometimes be false.
 * MAILBOX_LONG=1: more limits. COVERAGE=1: fewer.
 */
#include <pthread.h>
#include <stdlib.h>
#include <x86intrin.h>

#include "mailbox.h"
#include "tap.h"

#define THREADS		3
#define BURST_CYC	30000
#define BURST_MOST	2000

static struct tscope_mailbox boxes[THREADS];
static s64 offset_cyc[THREADS];
static u64 end_cyc;
static u64 seed;

/**
 * struct found - limits that a thread found
 * @uppers: upper limits, one per echo that counted
 * @lowers: lower limits
 * @wrong: limits of both kinds that were false
 * @worst_cyc: largest distance of a false limit from the offset, in cycles
 * @unchecked: upper limits without the check of the nonce
 * @unchecked_wrong: upper limits of these that were false
 */
static struct found {
	u64 uppers;
	u64 lowers;
	u64 wrong;
	s64 worst_cyc;
	u64 unchecked;
	u64 unchecked_wrong;
} found[THREADS];

static u64 read_tsc(void)
{
	u32 aux;

	return __rdtscp(&aux);
}

static u64 next(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void judge(struct found *f, s64 too_far_cyc)
{
	f->wrong += too_far_cyc > 0;
	f->worst_cyc = max(f->worst_cyc, too_far_cyc);
}

static void exchange(u32 me, u32 peer, u64 nonce, u64 *of)
{
	const struct tscope_mailbox *box = &boxes[peer];
	s64 truth = offset_cyc[peer] - offset_cyc[me];
	struct found *f = &found[me];
	struct tscope_look look;
	u64 echo, seen, now;

	tscope_mailbox_look(box, nonce, 1, &look);
	echo = smp_load_acquire(&box->echo[0]);
	seen = READ_ONCE(box->seen[0]);
	now = read_tsc() + offset_cyc[me];
	tscope_mailbox_turn(&boxes[me], &look, of);
	tscope_mailbox_answer(&boxes[me], &look, 0, now);
	if (look.echo[0]) {
		f->uppers++;
		judge(f, truth - (s64)(look.seen[0] - look.echo[0]));
	}
	if (look.pub[0]) {
		f->lowers++;
		judge(f, (s64)(look.pub[0] - now) - truth);
	}
	if (echo) {
		f->unchecked++;
		f->unchecked_wrong += (s64)(seen - echo) < truth;
	}
}

static void *thread(void *arg)
{
	u32 me = (u32)(uintptr_t)arg, session = 0, readings, peer;
	u64 state = seed * THREADS + me + 1, nonce, of, begin, now;

	do {
		peer = (me + 1 + next(&state) % (THREADS - 1)) % THREADS;
		nonce = tscope_nonce(me, 1, ++session);
		tscope_mailbox_begin(&boxes[me], nonce);
		of = 0;
		begin = read_tsc();
		for (readings = 0; readings < BURST_MOST; readings++) {
			/* each eighth reading is an exchange, on average */
			if (next(&state) % 8 == 0)
				exchange(me, peer, nonce, &of);
			now = read_tsc();
			if (now - begin > BURST_CYC)
				break;
		}
	} while (now < end_cyc);
	tscope_mailbox_begin(&boxes[me], 0);
	return NULL;
}

/* The TSC's frequency does not matter: 10^8 cycles are 50 ms or so. */
static void run(struct found *sum)
{
	pthread_t threads[THREADS];
	u32 i;

	memset(found, 0, sizeof(found));
	memset(boxes, 0, sizeof(boxes));
	seed = rnd64() >> 8;
	end_cyc = read_tsc() + 100000000;
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, thread,
				   (void *)(uintptr_t)i))
			exit(1);
	for (i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		sum->uppers += found[i].uppers;
		sum->lowers += found[i].lowers;
		sum->wrong += found[i].wrong;
		sum->worst_cyc = max(sum->worst_cyc, found[i].worst_cyc);
		sum->unchecked += found[i].unchecked;
		sum->unchecked_wrong += found[i].unchecked_wrong;
	}
}

/* On a busy machine threads meet seldom, and more runs are needed. */
static void check(s64 third_cyc)
{
	u64 wanted = getenv("MAILBOX_LONG") ? 10000000 : getenv("COVERAGE") ? 10000 : 100000;
	u64 most_runs = max(wanted / 200, 500ULL);
	bool is_far = third_cyc > 1000000;
	struct found sum = { };
	u32 runs = 0;

	offset_cyc[2] = third_cyc;
	while ((sum.uppers < wanted || (is_far && !sum.unchecked_wrong)) &&
	       runs++ < most_runs)
		run(&sum);
	tap_note("third clock %+lld cycles: %llu upper and %llu lower limits; unchecked, %llu of %llu are false",
		 (long long)third_cyc, (unsigned long long)sum.uppers,
		 (unsigned long long)sum.lowers,
		 (unsigned long long)sum.unchecked_wrong,
		 (unsigned long long)sum.unchecked);
	EXPECT(!sum.wrong, "%llu limits are false, by %lld cycles",
	       (unsigned long long)sum.wrong, (long long)sum.worst_cyc);
	EXPECT(sum.uppers >= 1000, "few limits");
	/* slow code may take longer than 300 ns for a look */
	EXPECT(!is_far || sum.unchecked_wrong, "no limit is false unchecked");
}

static void test_near(void)
{
	/* 300 ns at 2 to 4 GHz, and as far behind */
	check(900);
	check(-900);
}

static void test_far(void)
{
	check(3000000);
}

static const struct tap_test tests[] = {
	{ "a clock 300 ns off: no limit is false", test_near },
	{ "a clock 1 ms off: no limit is false", test_far },
};

TAP_MAIN(tests)
