// SPDX-License-Identifier: GPL-2.0
/* pvti.c against the kernel's own pvclock, and against rates that are known. */
#include <linux/cache.h>
#include <linux/math64.h>

#include "../pvti.h"
#include "tests.h"

/* after the others: it does not include what it needs */
#include <asm/pvclock.h>

#define ROUNDS	2000

static void random_pvti(u64 *state, struct tscope_pvti *p,
			struct pvclock_vcpu_time_info *page)
{
	*p = (struct tscope_pvti){
		.tsc = tscope_test_rnd_bits(state),
		.ns = tscope_test_rnd_bits(state),
		.mul = tscope_test_rnd(state) >> 32,
		.shift = (int)(tscope_test_rnd(state) % 64) - 32,
	};
	*page = (struct pvclock_vcpu_time_info){
		.tsc_timestamp = p->tsc,
		.system_time = p->ns,
		.tsc_to_system_mul = p->mul,
		.tsc_shift = p->shift,
	};
}

/* What the guest's kernel makes of the same page, from the page's TSC on. */
static void pvti_as_the_kernel(struct kunit *test)
{
	struct pvclock_vcpu_time_info page;
	struct tscope_pvti p;
	u64 state = 9, tsc;
	u32 i;

	for (i = 0; i < ROUNDS; i++) {
		random_pvti(&state, &p, &page);
		tsc = p.tsc + (tscope_test_rnd_bits(&state) >> 1);
		KUNIT_EXPECT_EQ_MSG(test, tscope_pvti_eval(&p, tsc),
				    __pvclock_read_cycles(&page, tsc),
				    "mul %u shift %d", p.mul, p.shift);
	}
}

/* Before the page's TSC time runs back at the same rate. */
static void pvti_before(struct kunit *test)
{
	struct pvclock_vcpu_time_info page;
	struct tscope_pvti p;
	u64 state = 10, cyc;
	u32 i;

	for (i = 0; i < ROUNDS; i++) {
		random_pvti(&state, &p, &page);
		cyc = tscope_test_rnd_bits(&state) >> 1;
		KUNIT_EXPECT_EQ_MSG(test, p.ns - tscope_pvti_eval(&p, p.tsc - cyc),
				    tscope_pvti_eval(&p, p.tsc + cyc) - p.ns,
				    "mul %u shift %d", p.mul, p.shift);
	}
}

static void pvti_shifts(struct kunit *test)
{
	static const struct {
		u64 cyc;
		u32 mul;
		s8 shift;
		u64 ns;
	} cases[] = {
		{ 1000, 1U << 31, 0, 500 },
		{ 1000, 1U << 31, 1, 1000 },
		{ 1000, 1U << 31, -1, 250 },
		{ U64_MAX, U32_MAX, -63, 0 },
		{ U64_MAX, U32_MAX, -64, 0 },
		{ U64_MAX, U32_MAX, S8_MIN, 0 },
		{ 1, U32_MAX, 63, 0x7fffffff80000000ULL },
		{ U64_MAX, U32_MAX, 64, 0 },
		{ U64_MAX, U32_MAX, S8_MAX, 0 },
		{ U64_MAX, 0, 0, 0 },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, tscope_pvti_scale(cases[i].cyc,
							    cases[i].mul,
							    cases[i].shift),
				    cases[i].ns, "case %u", i);
}

static void pvti_khz(struct kunit *test)
{
	static const struct {
		u32 mul;
		s8 shift;
		u32 khz;
	} cases[] = {
		{ 1U << 31, 1, 1000000 }, { 1U << 31, 0, 2000000 },
		{ 1U << 31, -1, 4000000 }, { 4090445043U, -1, 2100000 },
		{ 1U << 31, 20, 2 }, { 0, 0, 0 },
		{ U32_MAX, 64, 0 }, { U32_MAX, -64, 0 },
		{ 1, -30, 0 }, { U32_MAX, 63, 0 },
	};
	u64 state = 11, khz;
	u32 i, mul;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, tscope_pvti_khz(cases[i].mul,
							  cases[i].shift),
				    cases[i].khz, "case %u", i);
	/* the kernel's own way, which rounds down */
	for (i = 0; i < ROUNDS; i++) {
		mul = (tscope_test_rnd(&state) >> 32) | 1U << 31;
		khz = div64_u64(1000000ULL << 32, mul) << 1;
		KUNIT_EXPECT_LE(test, abs((s64)(tscope_pvti_khz(mul, -1) - khz)),
				2LL);
	}
}

static void pvti_steps(struct kunit *test)
{
	struct tscope_pvti old = { .tsc = 1000, .ns = 5000, .mul = 1U << 31 };
	struct tscope_pvti new = old;

	KUNIT_EXPECT_EQ(test, tscope_pvti_step(&old, &new, 9000), 0LL);
	new.ns += 42;
	KUNIT_EXPECT_EQ(test, tscope_pvti_step(&old, &new, 9000), 42LL);
	KUNIT_EXPECT_EQ(test, tscope_pvti_step(&new, &old, 9000), -42LL);
	/* another reference of the same line is no step */
	new = old;
	new.tsc += 4000;
	new.ns += 2000;
	KUNIT_EXPECT_EQ(test, tscope_pvti_step(&old, &new, 9000), 0LL);
	KUNIT_EXPECT_EQ(test, tscope_pvti_step(&old, &new, 200), 0LL);
	/* one that stands before the clock's zero */
	new.ns = 0;
	KUNIT_EXPECT_EQ(test, tscope_pvti_step(&old, &new, 1000), -7000LL);
}

static struct kunit_case pvti_cases[] = {
	KUNIT_CASE(pvti_as_the_kernel),
	KUNIT_CASE(pvti_before),
	KUNIT_CASE(pvti_shifts),
	KUNIT_CASE(pvti_khz),
	KUNIT_CASE(pvti_steps),
	{}
};

static struct kunit_suite pvti_suite = {
	.name = "tscope_pvti",
	.test_cases = pvti_cases,
};

kunit_test_suite(pvti_suite);
