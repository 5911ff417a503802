// SPDX-License-Identifier: GPL-2.0
/*
 * clock_ptp.c: what its probing says, that it leaves no page, and its files, with a host and
 * pages that are made up. The file is compiled once more, with names of its own.
 */
#define tscope_clock_ptp	ptp_probe_kunit_clock

#include <linux/cc_platform.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/kvm_para.h>
#include <linux/mm.h>
#include <linux/set_memory.h>

#include "../clock.h"
#include "tests.h"

static struct page *fake_alloc(gfp_t gfp);
static int fake_set(bool encrypt, unsigned long addr, int pages);
static long fake_call(unsigned int nr, unsigned long gpa, unsigned long type);

static struct page *page;
static bool is_guest, is_encrypted, no_page;
static u32 freed;

#undef alloc_page
#undef free_page
#define alloc_page(gfp)			fake_alloc(gfp)
#define free_page(addr)			((void)(freed += virt_to_page((void *)(addr)) == page))
#define kvm_para_available()		is_guest
#define cc_platform_has(attr)		((attr) == CC_ATTR_GUEST_MEM_ENCRYPT && is_encrypted)
#define set_memory_decrypted(a, n)	fake_set(false, a, n)
#define set_memory_encrypted(a, n)	fake_set(true, a, n)
#define kvm_hypercall2(nr, a, b)	fake_call(nr, a, b)
#include "../clock_ptp.c"

static u32 calls;
static unsigned long call_gpa;
static long call_err;
static int decrypt_err, encrypt_err;
static bool decrypted;
static char *text;
static struct tscope_clock *clk;

static long fake_call(unsigned int nr, unsigned long gpa, unsigned long type)
{
	calls += nr == KVM_HC_CLOCK_PAIRING && type == KVM_CLOCK_PAIRING_WALLCLOCK;
	call_gpa = gpa;
	return call_err;
}

static struct page *fake_alloc(gfp_t gfp)
{
	memset(page_address(page), gfp & __GFP_ZERO ? 0 : 0xff, PAGE_SIZE);
	return no_page ? NULL : page;
}

static int fake_set(bool encrypt, unsigned long addr, int pages)
{
	int err = encrypt ? encrypt_err : decrypt_err;

	if (addr != (unsigned long)page_address(page) || pages != 1)
		return -EINVAL;
	if (!err)
		decrypted = !encrypt;
	return err;
}

static int ptp_probe_init(struct kunit *test)
{
	page = alloc_pages(GFP_KERNEL, 0);
	text = (char *)get_zeroed_page(GFP_KERNEL);
	clk = kunit_kzalloc(test, sizeof(*clk), GFP_KERNEL);
	if (!page || !text || !clk)
		return -ENOMEM;
	is_guest = true;
	is_encrypted = false;
	no_page = false;
	decrypt_err = 0;
	encrypt_err = 0;
	call_err = 0;
	decrypted = false;
	freed = 0;
	return 0;
}

static void ptp_probe_exit(struct kunit *test)
{
	free_pages((unsigned long)text, 0);
	if (page)
		__free_pages(page, 0);
}

static void ptp_probe_holds_page(struct kunit *test)
{
	/* errors that may pass are none of probing */
	static const long errs[] = { 0, -KVM_EOPNOTSUPP, -KVM_EFAULT, -KVM_E2BIG };
	const char *why = NULL;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(errs); i++) {
		call_err = errs[i];
		calls = 0;
		KUNIT_ASSERT_EQ(test, tscope_clock_ptp.probe(&why), 0);
		KUNIT_EXPECT_NULL(test, why);
		KUNIT_EXPECT_EQ(test, calls, 1U);
		KUNIT_EXPECT_EQ(test, call_gpa,
				(unsigned long)page_to_phys(page));
		KUNIT_EXPECT_PTR_EQ(test, (void *)pairing, page_address(page));
		/* the host's flags and padding are not what was in memory */
		if (errs[i])
			KUNIT_EXPECT_NULL(test, memchr_inv(pairing, 0, PAGE_SIZE));
		KUNIT_EXPECT_EQ(test, freed, i);
		tscope_clock_ptp.remove();
		KUNIT_EXPECT_NULL(test, pairing);
		KUNIT_EXPECT_EQ(test, freed, i + 1);
	}
	KUNIT_EXPECT_STREQ(test, tscope_clock_ptp.name, "ptp-kvm");
	KUNIT_EXPECT_EQ(test, tscope_clock_ptp.kind, TSCOPE_KIND_PAIRING);
}

static void ptp_probe_fails(struct kunit *test)
{
	static const struct {
		bool no_guest, no_page, encrypted;
		int decrypt_err, encrypt_err;
		long call_err;
		int err;
		const char *why;
		u32 calls, freed;
	} cases[] = {
		{ .no_guest = true, .err = -ENODEV, .why = "not a KVM guest" },
		{ .no_page = true, .err = -ENOMEM,
		  .why = "no page for the hypercall" },
		/* of a page in no known state none is made again */
		{ .encrypted = true, .decrypt_err = -EINVAL, .err = -EIO,
		  .why = "no page for the hypercall" },
		{ .call_err = -KVM_ENOSYS, .err = -EOPNOTSUPP,
		  .why = "the host has no clock pairing", .calls = 1, .freed = 1 },
		{ .encrypted = true, .call_err = -KVM_ENOSYS, .err = -EOPNOTSUPP,
		  .why = "the host has no clock pairing", .calls = 1, .freed = 1 },
		{ .encrypted = true, .encrypt_err = -EINVAL,
		  .call_err = -KVM_ENOSYS, .err = -EOPNOTSUPP,
		  .why = "the host has no clock pairing", .calls = 1, .freed = 0 },
		/* nothing to be set where nothing is encrypted */
		{ .decrypt_err = -EINVAL, .encrypt_err = -EINVAL,
		  .call_err = -KVM_ENOSYS, .err = -EOPNOTSUPP,
		  .why = "the host has no clock pairing", .calls = 1, .freed = 1 },
	};
	const char *why;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		is_guest = !cases[i].no_guest;
		no_page = cases[i].no_page;
		is_encrypted = cases[i].encrypted;
		decrypt_err = cases[i].decrypt_err;
		encrypt_err = cases[i].encrypt_err;
		call_err = cases[i].call_err;
		decrypted = false;
		calls = 0;
		freed = 0;
		why = NULL;
		KUNIT_EXPECT_EQ_MSG(test, tscope_clock_ptp.probe(&why),
				    cases[i].err, "case %u", i);
		KUNIT_EXPECT_STREQ(test, why, cases[i].why);
		KUNIT_EXPECT_EQ_MSG(test, calls, cases[i].calls, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, freed, cases[i].freed, "case %u", i);
		KUNIT_EXPECT_NULL(test, pairing);
		/* what is given away is not the host's to write */
		KUNIT_EXPECT_EQ_MSG(test, decrypted, !!encrypt_err && is_encrypted,
				    "case %u", i);
	}
}

/* A page that the host may write is none to give away. */
static void ptp_probe_encrypted(struct kunit *test)
{
	const char *why;

	is_encrypted = true;
	KUNIT_ASSERT_EQ(test, tscope_clock_ptp.probe(&why), 0);
	KUNIT_EXPECT_TRUE(test, decrypted);
	tscope_clock_ptp.remove();
	KUNIT_EXPECT_FALSE(test, decrypted);
	KUNIT_EXPECT_EQ(test, freed, 1U);
	encrypt_err = -EINVAL;
	KUNIT_ASSERT_EQ(test, tscope_clock_ptp.probe(&why), 0);
	tscope_clock_ptp.remove();
	KUNIT_EXPECT_EQ(test, freed, 1U);
	KUNIT_EXPECT_NULL(test, pairing);
}

/* What a file of the clock's own shows. */
static ssize_t shows(const char *name)
{
	struct attribute **attr = tscope_clock_ptp.group->attrs;
	struct kobj_attribute *file;

	memset(text, 0, PAGE_SIZE);
	for (; *attr; attr++) {
		file = container_of(*attr, struct kobj_attribute, attr);
		if (!strcmp((*attr)->name, name) && (*attr)->mode == 0444)
			return file->show(&clk->dir, file, text);
	}
	return -ENOENT;
}

static void ptp_probe_shows(struct kunit *test)
{
	const char *why;

	KUNIT_ASSERT_EQ(test, tscope_clock_ptp.probe(&why), 0);
	tscope_clock_ptp.reset();
	KUNIT_EXPECT_EQ(test, shows("offset_ns"), (ssize_t)-ENODATA);
	KUNIT_EXPECT_EQ(test, shows("offset_error_ns"), (ssize_t)-ENODATA);
	KUNIT_EXPECT_EQ(test, shows("offset"), (ssize_t)-ENODATA);
	KUNIT_EXPECT_EQ(test, shows("exact"), (ssize_t)-ENODATA);
	KUNIT_EXPECT_EQ(test, shows("errors"), (ssize_t)2);
	KUNIT_EXPECT_STREQ(test, text, "0\n");
	offset.valid = true;
	offset.ns = -1234;
	offset.error_ns = 56;
	KUNIT_EXPECT_EQ(test, shows("offset_ns"), (ssize_t)6);
	KUNIT_EXPECT_STREQ(test, text, "-1234\n");
	KUNIT_EXPECT_EQ(test, shows("offset_error_ns"), (ssize_t)3);
	KUNIT_EXPECT_STREQ(test, text, "56\n");
	shows("offset");
	KUNIT_EXPECT_EQ(test, strncmp(text, "-1234 56 ", 9), 0);
	offset.exact = true;
	KUNIT_EXPECT_EQ(test, shows("exact"), (ssize_t)2);
	KUNIT_EXPECT_STREQ(test, text, "1\n");
	offset.ns = S64_MIN;
	offset.error_ns = U64_MAX;
	clk->errors = U64_MAX;
	shows("offset_ns");
	KUNIT_EXPECT_STREQ(test, text, "-9223372036854775808\n");
	shows("offset_error_ns");
	KUNIT_EXPECT_STREQ(test, text, "18446744073709551615\n");
	shows("errors");
	KUNIT_EXPECT_STREQ(test, text, "18446744073709551615\n");
}

static struct kunit_case ptp_probe_cases[] = {
	KUNIT_CASE(ptp_probe_holds_page),
	KUNIT_CASE(ptp_probe_fails),
	KUNIT_CASE(ptp_probe_encrypted),
	KUNIT_CASE(ptp_probe_shows),
	{}
};

static struct kunit_suite ptp_probe_suite = {
	.name = "tscope_ptp_probe",
	.init = ptp_probe_init,
	.exit = ptp_probe_exit,
	.test_cases = ptp_probe_cases,
};

kunit_test_suite(ptp_probe_suite);
