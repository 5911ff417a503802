// SPDX-License-Identifier: GPL-2.0
/* clock_xen.c without Xen: pages that the hypervisor takes or refuses, and what CPUID says. */
#include <linux/mm.h>

#include <asm/pvclock.h>

#include "../clock.h"
#include "../clock_xen.h"
#include "../pvclock.h"
#include "tests.h"

/* The hypervisor's answer to a page, and to none; what it writes; how often it was asked. */
static int answer, answer_none;
static struct pvclock_vcpu_time_info *registered;
static unsigned int asked;

static int set_area(struct pvclock_vcpu_time_info *page)
{
	int err = page ? answer : answer_none;

	asked++;
	if (err)
		return err;
	registered = page;
	if (page) {
		page->tsc_to_system_mul = BIT(31);
		page->tsc_shift = 1;
		page->version = 2 * asked;
	}
	return 0;
}

static struct tscope_xen_area area;

static int xen_init(struct kunit *test)
{
	area = (struct tscope_xen_area){ .set = set_area };
	answer = 0;
	answer_none = 0;
	registered = NULL;
	asked = 0;
	return 0;
}

/* Free what a test leaves. */
static void xen_exit(struct kunit *test)
{
	free_page((unsigned long)area.page);
}

static void xen_page_is_taken(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, tscope_xen_take(&area), 0);
	KUNIT_EXPECT_TRUE(test, area.in_use);
	KUNIT_EXPECT_PTR_EQ(test, registered, area.page);
	/* the hypervisor takes no area that crosses a page boundary */
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(area.page));
	KUNIT_EXPECT_NULL(test, tscope_pvclock_fault(&area.page->version));
	tscope_xen_give_back(&area);
	KUNIT_EXPECT_FALSE(test, area.in_use);
	KUNIT_EXPECT_NULL(test, registered);
	/* only once: a second time might remove a page that somebody registered meanwhile */
	tscope_xen_give_back(&area);
	KUNIT_EXPECT_EQ(test, asked, 2U);
	KUNIT_EXPECT_TRUE(test, tscope_xen_free(&area));
	KUNIT_EXPECT_NULL(test, area.page);
}

static void xen_page_is_refused(struct kunit *test)
{
	answer = -EPERM;
	KUNIT_EXPECT_EQ(test, tscope_xen_take(&area), -EPERM);
	KUNIT_EXPECT_FALSE(test, area.in_use);
	/* there is nothing to give back, or to register again */
	tscope_xen_give_back(&area);
	tscope_xen_renew(&area);
	KUNIT_EXPECT_EQ(test, asked, 1U);
	KUNIT_EXPECT_TRUE(test, tscope_xen_free(&area));
}

/* A page that the hypervisor does not give back is still written, so it is not freed. */
static void xen_page_is_kept(struct kunit *test)
{
	struct pvclock_vcpu_time_info *page;

	answer_none = -EFAULT;
	KUNIT_ASSERT_EQ(test, tscope_xen_take(&area), 0);
	page = area.page;
	tscope_xen_give_back(&area);
	KUNIT_EXPECT_TRUE(test, area.in_use);
	/* the CPU comes online again, with the same page */
	KUNIT_ASSERT_EQ(test, tscope_xen_take(&area), 0);
	KUNIT_EXPECT_PTR_EQ(test, area.page, page);
	tscope_xen_give_back(&area);
	KUNIT_EXPECT_FALSE(test, tscope_xen_free(&area));
	KUNIT_EXPECT_NULL(test, area.page);
	KUNIT_EXPECT_FALSE(test, area.in_use);
	KUNIT_EXPECT_PTR_EQ(test, registered, page);
	/* here no hypervisor writes it */
	free_page((unsigned long)page);
}

/* A CPU goes offline and comes back. */
static void xen_page_is_taken_again(struct kunit *test)
{
	struct pvclock_vcpu_time_info *page;

	KUNIT_ASSERT_EQ(test, tscope_xen_take(&area), 0);
	page = area.page;
	tscope_xen_give_back(&area);
	answer = -EINVAL;
	KUNIT_EXPECT_EQ(test, tscope_xen_take(&area), -EINVAL);
	KUNIT_EXPECT_FALSE(test, area.in_use);
	answer = 0;
	KUNIT_EXPECT_EQ(test, tscope_xen_take(&area), 0);
	KUNIT_EXPECT_TRUE(test, area.in_use);
	KUNIT_EXPECT_PTR_EQ(test, area.page, page);
	tscope_xen_give_back(&area);
}

static void xen_guest_resumes(struct kunit *test)
{
	struct tscope_timepage p;

	KUNIT_ASSERT_EQ(test, tscope_xen_take(&area), 0);
	/* another hypervisor, which knows of no page */
	registered = NULL;
	tscope_xen_renew(&area);
	KUNIT_EXPECT_PTR_EQ(test, registered, area.page);
	KUNIT_ASSERT_TRUE(test, tscope_pvclock_copy(&area.page->version, &p));
	KUNIT_EXPECT_EQ(test, p.sequence, 4U);
	/* one that refuses the page: the time of the former one in it is not valid any more */
	answer = -EPERM;
	tscope_xen_renew(&area);
	KUNIT_EXPECT_FALSE(test, tscope_pvclock_copy(&area.page->version, &p));
	/* the former hypervisor may still be the present one */
	KUNIT_EXPECT_TRUE(test, area.in_use);
	answer = 0;
	tscope_xen_renew(&area);
	KUNIT_EXPECT_TRUE(test, tscope_pvclock_copy(&area.page->version, &p));
	tscope_xen_give_back(&area);
}

static void xen_cpuid(struct kunit *test)
{
	static const struct {
		u32 base, last;
		struct tscope_xen_leaf leaf[2];
		bool says;
		struct tscope_xen_tsc tsc;
	} cases[] = {
		/* as Xen 4.17 gives it to a dom0, and to a guest that was migrated twice */
		{ 0x40000000, 0x40000005, { { 4 } }, true, { 0, 0, false } },
		{ 0x40000000, 0x40000005, { }, true, { 0, 0, false } },
		{ 0x40000000, 0x40000005, { { 7, 1, 2100000, 2 }, { 0, 0, BIT(31) } }, true,
		  { 1, 2, true } },
		{ 0x40000100, 0x40000103, { { 6, 2, 1, U32_MAX } }, true, { 2, U32_MAX, false } },
		/* no Xen, no such leaf */
		{ 0, 0x40000005, { { 1, 1, 2100000, 1 } }, false },
		{ 0x40000000, 0x40000002, { { 1, 1, 2100000, 1 } }, false },
		{ 0x40000100, 0x40000005, { { 1, 1, 2100000, 1 } }, false },
		/* as KVM emulates Xen: sub-leaf 1 twice */
		{ 0x40000000, 0x40000004, { { 1, 0, 4090443095, U32_MAX },
		  { 1, 0, 4090443095, U32_MAX } }, false },
	};
	struct tscope_xen_tsc tsc;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		tsc = (struct tscope_xen_tsc){ };
		KUNIT_EXPECT_EQ_MSG(test, tscope_xen_tsc_of(cases[i].base, cases[i].last,
							    cases[i].leaf, &tsc),
				    cases[i].says, "case %u", i);
		if (!cases[i].says)
			continue;
		KUNIT_EXPECT_EQ_MSG(test, tsc.mode, cases[i].tsc.mode, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, tsc.incarnation, cases[i].tsc.incarnation, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, tsc.emulated, cases[i].tsc.emulated, "case %u", i);
	}
}

/* Without Xen the clock is absent, and a reason is given. */
static void xen_absent(struct kunit *test)
{
	const struct tscope_clock *clk = tscope_clock_of_lane(TSCOPE_LANE_PAGE);

	if (clk && clk->ops == &tscope_clock_xen)
		kunit_skip(test, "a Xen guest");
	KUNIT_EXPECT_STREQ(test, tscope_clock_xen.probe(),
			   IS_ENABLED(CONFIG_XEN) ? "not a Xen guest" :
						    "the kernel is built without XEN");
}

static struct kunit_case xen_cases[] = {
	KUNIT_CASE(xen_page_is_taken),
	KUNIT_CASE(xen_page_is_refused),
	KUNIT_CASE(xen_page_is_kept),
	KUNIT_CASE(xen_page_is_taken_again),
	KUNIT_CASE(xen_guest_resumes),
	KUNIT_CASE(xen_cpuid),
	KUNIT_CASE(xen_absent),
	{}
};

static struct kunit_suite xen_suite = {
	.name = "tscope_xen",
	.init = xen_init,
	.exit = xen_exit,
	.test_cases = xen_cases,
};

kunit_test_suite(xen_suite);
