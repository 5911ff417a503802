// SPDX-License-Identifier: GPL-2.0
/* master.c: what several CPUs see of one clock's steps is told once, whoever looks first. */
#include "../master.h"
#include "tests.h"

#define REFS	8
#define CPUS	3

/* References 1 ms apart, each a step ahead of what the one before says. */
static const s64 truth[REFS] = { 0, 100, 1, -3000000000LL, 0, 3000000000LL, -1, 7 };
static s64 tsc_off[CPUS];
static struct tscope_master m;
static s64 told_ns;
static u32 told;

static struct tscope_pvti reference(u32 i, u32 cpu)
{
	struct tscope_pvti p = {
		.ns = 5000000000ULL, .tsc = 1000000ULL * i + tsc_off[cpu],
		.flags = TSCOPE_PVTI_STABLE,
	};

	do
		p.ns += truth[i] + 1000000;
	while (i--);
	return p;
}

/* One CPU sees the update from one reference to another. */
static bool sees(u32 cpu, u32 from, u32 to)
{
	struct tscope_pvti old = reference(from, cpu), new = reference(to, cpu);
	struct tscope_step step = { .error_ns = 1 };

	while (from < to)
		step.ns += truth[++from];
	if (!tscope_master_step(&m, &old, &new, &step))
		return false;
	told_ns += step.ns;
	told++;
	return true;
}

static int master_init(struct kunit *test)
{
	memset(&m, 0, sizeof(m));
	memset(tsc_off, 0, sizeof(tsc_off));
	told_ns = 0;
	told = 0;
	return 0;
}

static void master_each_sees_all(struct kunit *test)
{
	u32 i, cpu;

	for (i = 1; i < REFS; i++)
		for (cpu = 0; cpu < CPUS; cpu++)
			KUNIT_EXPECT_EQ(test, sees(cpu, i - 1, i),
					!cpu && abs(truth[i]) > 1);
	KUNIT_EXPECT_EQ(test, told, 4U);
	KUNIT_EXPECT_EQ(test, told_ns, 107LL);
}

/* Two updates are one for a CPU that missed the first. */
static void master_one_missed(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, sees(0, 0, 1));
	/* it is late, and what is new of it is the second step */
	KUNIT_EXPECT_TRUE(test, sees(1, 0, 3));
	KUNIT_EXPECT_EQ(test, told_ns, -3000000000LL + 101);
	KUNIT_EXPECT_FALSE(test, sees(0, 1, 2));
	KUNIT_EXPECT_FALSE(test, sees(0, 2, 3));
	KUNIT_EXPECT_TRUE(test, sees(0, 3, 5));
	KUNIT_EXPECT_FALSE(test, sees(1, 3, 4));
	KUNIT_EXPECT_FALSE(test, sees(1, 4, 5));
	KUNIT_EXPECT_EQ(test, told, 3U);
	KUNIT_EXPECT_EQ(test, told_ns, 101LL);
}

/* One that was offline for long, and its TSC is far behind or ahead. */
static void master_tsc_differs(struct kunit *test)
{
	static const s64 off[] = { -10000000000LL, 10000000000LL };
	u32 i, k;

	for (i = 0; i < ARRAY_SIZE(off); i++) {
		master_init(test);
		tsc_off[1] = off[i];
		for (k = 1; k < REFS; k++) {
			sees(0, k - 1, k);
			if (k == 3)
				sees(1, 0, 3);
			if (k == 6)
				sees(1, 3, 6);
		}
		KUNIT_EXPECT_EQ(test, told_ns, 107LL);
		KUNIT_EXPECT_EQ(test, told, 4U);
	}
	/* one that is behind or ahead sees it first, and not from the newest */
	for (i = 0; i < ARRAY_SIZE(off); i++) {
		master_init(test);
		tsc_off[1] = off[i];
		KUNIT_EXPECT_TRUE(test, sees(0, 0, 1));
		KUNIT_EXPECT_TRUE(test, sees(1, 0, 3));
		KUNIT_EXPECT_FALSE(test, sees(0, 1, 3));
		KUNIT_EXPECT_EQ(test, told_ns, -3000000000LL + 101);
		/* then it samples no more, and the other is told on */
		KUNIT_EXPECT_TRUE(test, sees(0, 3, 5));
		KUNIT_EXPECT_EQ(test, told_ns, 101LL);
	}
}

/* Its TSC was moved: the host's reference stays, and no other CPU saw that. */
static void master_own_tsc(struct kunit *test)
{
	struct tscope_pvti old = reference(0, 0), new = old;
	struct tscope_step step = { .ns = 700, .error_ns = 1 };

	new.tsc -= 700;
	KUNIT_EXPECT_TRUE(test, tscope_master_step(&m, &old, &new, &step));
	KUNIT_EXPECT_EQ(test, step.ns, 700LL);
	step.ns = 1;
	KUNIT_EXPECT_FALSE(test, tscope_master_step(&m, &old, &new, &step));
	/* and the next step of all is told as before */
	KUNIT_EXPECT_TRUE(test, sees(0, 0, 1));
	KUNIT_EXPECT_FALSE(test, sees(1, 0, 1));
	step.ns = -700;
	old = reference(1, 1);
	new = old;
	KUNIT_EXPECT_TRUE(test, tscope_master_step(&m, &old, &new, &step));
	KUNIT_EXPECT_EQ(test, step.ns, -700LL);
	KUNIT_EXPECT_TRUE(test, sees(1, 1, 3));
}

/* Without a master clock each CPU's step is its own; when it comes there is one. */
static void master_comes_and_goes(struct kunit *test)
{
	struct tscope_pvti old = reference(1, 0), new = reference(3, 0);
	struct tscope_step step = { .ns = 40, .error_ns = 1 };
	u32 cpu;

	for (cpu = 0; cpu < CPUS; cpu++)
		sees(cpu, 0, 1);
	new.flags = 0;
	for (cpu = 0; cpu < CPUS; cpu++)
		KUNIT_EXPECT_TRUE(test, tscope_master_step(&m, &old, &new, &step));
	swap(old.flags, new.flags);
	KUNIT_EXPECT_TRUE(test, tscope_master_step(&m, &old, &new, &step));
	KUNIT_EXPECT_FALSE(test, tscope_master_step(&m, &old, &new, &step));
	KUNIT_EXPECT_EQ(test, step.ns, 40LL);
	told = 0;
	told_ns = 0;
	for (cpu = 0; cpu < CPUS; cpu++)
		sees(cpu, 3, 5);
	KUNIT_EXPECT_EQ(test, told, 1U);
	KUNIT_EXPECT_EQ(test, told_ns, 3000000000LL);
}

/* What rounding makes of two steps of one size is none. */
static void master_rounding(struct kunit *test)
{
	struct tscope_pvti a = reference(0, 0), b = reference(1, 0);
	struct tscope_pvti c = reference(3, 0);
	struct tscope_step step = { .ns = 5000, .error_ns = 1 };

	KUNIT_EXPECT_TRUE(test, tscope_master_step(&m, &a, &b, &step));
	step.ns = 4998;
	KUNIT_EXPECT_FALSE(test, tscope_master_step(&m, &a, &c, &step));
	KUNIT_EXPECT_EQ(test, m.newest.ns, c.ns);
	KUNIT_EXPECT_EQ(test, m.newest.sum_ns, 5000LL);
	b = reference(5, 0);
	step = (struct tscope_step){ .ns = 5003, .error_ns = 1 };
	KUNIT_EXPECT_TRUE(test, tscope_master_step(&m, &a, &b, &step));
	KUNIT_EXPECT_EQ(test, step.ns, 3LL);
	KUNIT_EXPECT_EQ(test, step.error_ns, 2ULL);
}

/* Of many updates that are one for a CPU each was rounded off. */
static void master_rounds_each(struct kunit *test)
{
	struct tscope_pvti old = { .flags = TSCOPE_PVTI_STABLE }, new = old;
	struct tscope_step step = { .error_ns = 1 };
	u32 i;

	for (i = 1; i <= 5; i++) {
		new.ns = i * 1000;
		new.tsc = i * 1000;
		step = (struct tscope_step){ .ns = 9, .error_ns = 1 };
		KUNIT_EXPECT_TRUE(test, tscope_master_step(&m, &old, &new, &step));
		KUNIT_EXPECT_EQ(test, step.ns, 9LL);
		KUNIT_EXPECT_EQ(test, step.error_ns, 1ULL);
		old = new;
	}
	new.ns = i * 1000;
	new.tsc = i * 1000;
	old.ns = 0;
	old.tsc = 0;
	step = (struct tscope_step){ .ns = 50, .error_ns = 1 };
	KUNIT_EXPECT_FALSE(test, tscope_master_step(&m, &old, &new, &step));
	new.ns += 1000;
	new.tsc += 1000;
	step = (struct tscope_step){ .ns = 350, .error_ns = 1 };
	KUNIT_EXPECT_TRUE(test, tscope_master_step(&m, &old, &new, &step));
	KUNIT_EXPECT_LE(test, abs(step.ns - 300), (s64)step.error_ns);
}

static bool updates(u64 from, u64 to, s64 step_ns, struct tscope_step *step)
{
	struct tscope_pvti old = {
		.ns = 1000 + from, .tsc = 1000 + from, .flags = TSCOPE_PVTI_STABLE,
	}, new = {
		.ns = 1000 + to, .tsc = 1000 + to, .flags = TSCOPE_PVTI_STABLE,
	};

	*step = (struct tscope_step){ .ns = step_ns, .error_ns = 1 };
	return tscope_master_step(&m, &old, &new, step);
}

/* True steps are 9.9, 9.9, 99.6 and 0: each sum has other roundings in it. */
static void master_rounds_branches(struct kunit *test)
{
	struct tscope_step step;

	KUNIT_EXPECT_TRUE(test, updates(0, 1, 9, &step));
	KUNIT_EXPECT_TRUE(test, updates(1, 2, 9, &step));
	KUNIT_EXPECT_TRUE(test, updates(0, 3, 120, &step));
	KUNIT_EXPECT_EQ(test, step.ns, 102LL);
	KUNIT_EXPECT_EQ(test, step.error_ns, 3ULL);
	KUNIT_EXPECT_FALSE(test, updates(2, 4, 99, &step));
}

/* A CPU that missed more than is remembered says what it sees. */
static void master_forgets(struct kunit *test)
{
	struct tscope_pvti old = { .flags = TSCOPE_PVTI_STABLE }, new = old;
	struct tscope_step step = { .error_ns = 1 };
	u32 i;

	for (i = 0; i <= TSCOPE_MASTER_REFERENCES; i++) {
		new.ns = old.ns + 1000;
		new.tsc = old.tsc + 1000;
		KUNIT_EXPECT_FALSE(test, tscope_master_step(&m, &old, &new, &step));
		old = new;
	}
	old.ns = 0;
	new.ns += 1000;
	step.ns = 50;
	KUNIT_EXPECT_TRUE(test, tscope_master_step(&m, &old, &new, &step));
	KUNIT_EXPECT_EQ(test, step.ns, 50LL);
}

static struct kunit_case master_cases[] = {
	KUNIT_CASE(master_each_sees_all),
	KUNIT_CASE(master_one_missed),
	KUNIT_CASE(master_tsc_differs),
	KUNIT_CASE(master_own_tsc),
	KUNIT_CASE(master_comes_and_goes),
	KUNIT_CASE(master_rounding),
	KUNIT_CASE(master_rounds_each),
	KUNIT_CASE(master_rounds_branches),
	KUNIT_CASE(master_forgets),
	{}
};

static struct kunit_suite master_suite = {
	.name = "tscope_master",
	.init = master_init,
	.test_cases = master_cases,
};

kunit_test_suite(master_suite);
