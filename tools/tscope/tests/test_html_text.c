// SPDX-License-Identifier: GPL-2.0
/* How any text is written to a page, and to a script of gnuplot. */
#include <stdlib.h>

#include "expect.h"
#include "html.h"
#include "plot_parts.h"

static void expect_text(const char *text, const char *want)
{
	char *got;
	size_t len;
	FILE *to = open_memstream(&got, &len);

	html_text(to, text);
	fclose(to);
	EXPECT_TEXT(got, want);
	free(got);
}

static void test_escaped(void)
{
	expect_text("", "");
	expect_text("<b title=\"x\" lang='y'>&amp;</b>",
		    "&lt;b title=&quot;x&quot; lang=&#39;y&#39;&gt;&amp;amp;&lt;/b&gt;");
	expect_text("3 +- 1 ns, +5, +-", "3 &plusmn; 1 ns, +5, &plusmn;");
	expect_text("a\nb\tc\033[1m\177", "a\nb?c?[1m?");
}

static void test_utf8(void)
{
	/* the first and the last of each length */
	expect_text("\xc2\x80\u07ff\u0800\uffff\U00010000\U0010ffff",
		    "\xc2\x80\u07ff\u0800\uffff\U00010000\U0010ffff");
	/* not the shortest form, a surrogate, beyond the last, a continuation, cut off */
	expect_text("\xc0\x80", "??");
	expect_text("\xe0\x80\x80", "???");
	expect_text("\xed\xa0\x80", "???");
	expect_text("\xf0\x80\x80\x80", "????");
	expect_text("\xf4\x90\x80\x80", "????");
	expect_text("\xff\x80", "??");
	expect_text("\xe2\x82", "??");
	expect_text("\xe2<\xf0", "?&lt;?");
}

static void test_name(void)
{
	EXPECT_TEXT(plot_name("kvm-clock/step").s, "kvm-clock/step");
	EXPECT_TEXT(plot_name("x';system(\"y\")`\\\n$").s, "x??system??y??????");
	EXPECT_TEXT(plot_name("0123456789012345678901234567890123456789").s,
		    "012345678901234567890123456789012345678");
}

static void test_short(void)
{
	EXPECT_TEXT(plot_short(0).s, "0 ns");
	EXPECT_TEXT(plot_short(-999).s, "-999 ns");
	EXPECT_TEXT(plot_short(1000).s, "1 us");
	EXPECT_TEXT(plot_short(999499).s, "999 us");
	EXPECT_TEXT(plot_short(999500).s, "1 ms");
	EXPECT_TEXT(plot_short(-12345678).s, "-12.3 ms");
	EXPECT_TEXT(plot_short(1000000000).s, "1 s");
	EXPECT_TEXT(plot_short(INT64_MIN).s, "-9.22337e+09 s");
}

static const struct tap_test tests[] = {
	{ "marks of HTML, and control characters", test_escaped },
	{ "what is UTF-8, and what is not", test_utf8 },
	{ "names in quotes", test_name },
	{ "short times", test_short },
};

TAP_MAIN(tests)
