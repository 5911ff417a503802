// SPDX-License-Identifier: GPL-2.0
/* domain_xml.c and rules_domain.c: domains of libvirt, and texts that are no domain */
#include <stdio.h>
#include <stdlib.h>

#include "domain_xml.h"
#include "expect.h"

static struct domain d;
static char error[128];

static bool read_file(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/domains/%s.xml", getenv("TSCOPE_TESTS") ?: "tests", name);
	return domain_read(path, &d, error);
}

static bool parse(const char *xml)
{
	return domain_parse(xml, strlen(xml), &d, error);
}

static void expect_error(const char *xml, const char *want)
{
	EXPECT(!parse(xml), "'%.60s' was taken", xml);
	EXPECT_TEXT(error, want);
}

static void test_fields(void)
{
	EXPECT(read_file("linux-good"), "%s", error);
	EXPECT_TEXT(d.name, "web1");
	EXPECT_TEXT(d.type, "kvm");
	EXPECT_TEXT(d.os_type, "hvm");
	EXPECT_TEXT(d.os_id, "http://debian.org/debian/12");
	EXPECT_TEXT(d.clock_offset, "utc");
	EXPECT(d.invtsc.known && d.invtsc.value == 1, "invtsc");
	EXPECT(!d.hyperv && !d.stimer, "hyperv");
	EXPECT_TEXT(d.timers[TIMER_RTC].tickpolicy, "catchup");
	EXPECT_TEXT(d.timers[TIMER_PIT].tickpolicy, "delay");
	EXPECT_TEXT(d.timers[TIMER_HPET].present, "no");
	EXPECT_TEXT(d.timers[TIMER_KVMCLOCK].present, "yes");
	EXPECT_TEXT(d.timers[TIMER_TSC].mode, "native");
	EXPECT(d.timers[TIMER_TSC].frequency_hz.known, "frequency");
	EXPECT_EQ(d.timers[TIMER_TSC].frequency_hz.value, 2893437000, "frequency");
	EXPECT(!d.timers[TIMER_HYPERVCLOCK].there, "hypervclock");

	EXPECT(read_file("windows-good"), "%s", error);
	EXPECT(d.hyperv && d.vpindex && d.synic && d.stimer, "hyperv");
	EXPECT(read_file("windows-bad"), "%s", error);
	EXPECT(d.hyperv && !d.vpindex && !d.synic && !d.stimer, "hyperv");
	EXPECT(!d.invtsc.known, "no <cpu>");
	EXPECT(parse("<domain><features><hyperv mode='passthrough'/></features></domain>"), "%s",
	       error);
	EXPECT(d.hyperv && d.vpindex && d.synic && d.stimer, "passthrough");
	EXPECT(parse("<domain><cpu><feature policy='forbid' name='invtsc'/></cpu></domain>"), "%s",
	       error);
	EXPECT(d.invtsc.known && !d.invtsc.value, "forbid");
}

/* Characters that a terminal might obey, and texts that are too long. */
static void test_texts(void)
{
	char xml[4096];
	int i, n;

	EXPECT(parse("<domain type='kvm\xc2\x9b'><name>a&#x9;b\xc3\xa9</name></domain>"), "%s",
	       error);
	EXPECT_TEXT(d.type, "kvm??");
	EXPECT_TEXT(d.name, "a?b??");
	n = snprintf(xml, sizeof(xml), "<domain><name>");
	for (i = 0; i < 200; i++)
		xml[n++] = 'n';
	snprintf(xml + n, sizeof(xml) - n, "</name></domain>");
	EXPECT(parse(xml), "%s", error);
	EXPECT_EQ(strlen(d.name), sizeof(d.name) - 1, "cut");

	/* an element whose name is longer than the reader's path can be */
	n = snprintf(xml, sizeof(xml), "<domain><");
	for (i = 0; i < 1000; i++)
		xml[n++] = 'x';
	n += snprintf(xml + n, sizeof(xml) - n, "><clock offset='utc'/></");
	for (i = 0; i < 1000; i++)
		xml[n++] = 'x';
	snprintf(xml + n, sizeof(xml) - n, "><name>after</name></domain>");
	EXPECT(parse(xml), "%s", error);
	EXPECT_TEXT(d.clock_offset, "");
	EXPECT_TEXT(d.name, "after");
}

static struct count frequency(const char *text)
{
	char xml[256];

	snprintf(xml, sizeof(xml),
		 "<domain><clock><timer name='tsc' frequency='%s'/></clock></domain>", text);
	EXPECT(parse(xml), "%s", error);
	return d.timers[TIMER_TSC].frequency_hz;
}

static void test_frequencies(void)
{
	EXPECT_EQ(frequency("18446744073709551615").value, U64_MAX, "the largest");
	EXPECT(frequency("18446744073709551615").known, "the largest");
	EXPECT(!frequency("18446744073709551616").known, "past 64 bits");
	EXPECT(!frequency("-1").known && !frequency("").known && !frequency("1x").known, "no number");
}

/* Elements in other places do not count. */
static void test_places(void)
{
	EXPECT(parse("<domain><name>a</name><devices><name>b</name></devices></domain>"), "%s",
	       error);
	EXPECT_TEXT(d.name, "a");
	EXPECT(parse("<domain><devices><clock offset='utc'/></devices></domain>"), "%s", error);
	EXPECT_TEXT(d.clock_offset, "");
	EXPECT(parse("<domain><devices><timer name='hpet'/></devices></domain>"), "%s", error);
	EXPECT(!d.timers[TIMER_HPET].there, "timer of devices");
	EXPECT(parse("<domain><metadata><os id='http://microsoft.com/win/10'/></metadata></domain>"),
	       "%s", error);
	EXPECT_TEXT(d.os_id, "");
	EXPECT(parse("<domain><name>a<b>inner</b>c</name></domain>"), "%s", error);
	EXPECT_TEXT(d.name, "a");
}

static void test_broken(void)
{
	expect_error("", "line 1: no element found");
	expect_error("<domain>", "line 1: no element found");
	expect_error("<domain>\n<clock>\n</domain>", "line 3: mismatched tag");
	expect_error("<domain/><domain/>", "line 1: junk after document element");
	expect_error("<domain type='kvm' type='qemu'/>", "line 1: duplicate attribute");
	expect_error("<domain>\xff</domain>", "line 1: not well-formed (invalid token)");
	expect_error("<domain>&amp;&nbsp;</domain>", "line 1: undefined entity");
	expect_error("<network/>",
		     "line 1: it is no libvirt domain, whose XML begins with <domain>");
	expect_error("not XML", "line 1: syntax error");
	EXPECT(!domain_parse("<domain/>\0", 10, &d, error), "a zero byte");
	EXPECT(!read_file("absent"), "a file that is absent");
	EXPECT_TEXT(error, "No such file or directory");
	EXPECT(!domain_read("/", &d, error), "a directory");
	EXPECT_TEXT(error, "Is a directory");
}

static void test_encodings(void)
{
	static const char utf16[] =
		"\xff\xfe<\0d\0o\0m\0a\0i\0n\0 \0t\0y\0p\0e\0=\0'\0x\0e\0n\0'\0/\0>\0";

	expect_error("<?xml version='1.0' encoding='KOI8-R'?><domain/>", "line 1: unknown encoding");
	expect_error("<?xml version='1.0' encoding='utf-16'?><domain/>",
		     "line 1: encoding specified in XML declaration is incorrect");
	EXPECT(parse("<?xml version='1.0' encoding='ISO-8859-1'?><domain type='\xe9'/>"), "%s",
	       error);
	EXPECT_TEXT(d.type, "??");
	EXPECT(domain_parse(utf16, sizeof(utf16) - 1, &d, error), "%s", error);
	EXPECT_TEXT(d.type, "xen");
}

static void test_entities(void)
{
	static const char laughs[] =
		"<?xml version='1.0'?>\n<!DOCTYPE lolz [\n<!ENTITY lol 'lol'>\n"
		"<!ENTITY lol1 '&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;'>\n"
		"<!ENTITY lol2 '&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;&lol1;'>\n"
		"<!ENTITY lol3 '&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;'>\n"
		"]>\n<domain><name>&lol3;</name></domain>";
	static const char refused[] = "line 2: it has a DOCTYPE, and libvirt writes none";

	expect_error(laughs, refused);
	EXPECT_TEXT(d.name, "");
	expect_error("\n<!DOCTYPE d SYSTEM 'file:///etc/passwd'><domain/>", refused);
	expect_error("\n<!DOCTYPE domain [<!ENTITY % a SYSTEM '/etc/passwd'> %a;]><domain/>",
		     refused);
}

static void test_limits(void)
{
	size_t size = 1048576, i, n;
	char *xml = malloc(size + 2);

	/* the largest, and one byte more */
	n = sprintf(xml, "<domain><name>large</name><!--");
	memset(xml + n, 'c', size + 1 - n);
	memcpy(xml + size - 12, "--></domain>", 12);
	EXPECT(domain_parse(xml, size, &d, error), "%s", error);
	EXPECT_TEXT(d.name, "large");
	EXPECT(!domain_parse(xml, size + 1, &d, error), "too large");
	EXPECT_TEXT(error, "it has over 1048576 bytes");

	for (n = 31; n <= 32; n++) {
		xml[0] = 0;
		strcat(xml, "<domain>");
		for (i = 0; i < n; i++)
			strcat(xml, "<a>");
		for (i = 0; i < n; i++)
			strcat(xml, "</a>");
		strcat(xml, "</domain>");
		EXPECT_EQ(parse(xml), n == 31, "depth %zu", n);
	}
	EXPECT_TEXT(error, "line 1: its elements are nested too deep");
	free(xml);
}

/* The finding about the domain of a file. */
static const struct finding *judge(const char *name, struct finding_list *list)
{
	struct observation o = { .domain = &d };

	EXPECT(read_file(name), "%s: %s", name, error);
	findings_of(&o, list);
	return the_finding(list, "timer-policy");
}

static void test_good(void)
{
	static const char *const names[] = {
		"linux-good", "linux-policies", "windows-good", "windows-usual"
	};
	struct finding_list list;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT(!judge(names[i], &list), "%s has a finding", names[i]);
		findings_free(&list);
	}
}

static void test_linux(void)
{
	struct finding_list list;
	const struct finding *f = judge("linux-bad", &list);

	EXPECT(f, "no finding");
	if (!f)
		return;
	EXPECT_TEXT(f->title, "Timers of domain db 2 do not suit a Linux guest");
	EXPECT_EQ(f->severity, SEVERITY_INFO, "severity");
	EXPECT(!f->size.known && !f->ended && !f->n_cpus, "state without a size");
	EXPECT_LINES(f->evidence.lines, f->evidence.n,
		     "<timer name='hpet' present='yes'/>",
		     "<timer name='tsc' mode='emulate'/>",
		     "the CPU feature invtsc is on, and <timer name='tsc'> has no frequency",
		     "<timer name='kvmclock' present='no'/>",
		     "<timer name='pit' tickpolicy='catchup'/>",
		     "<clock offset='localtime'>",
		     "taken for a Linux guest: nothing in the XML says otherwise");
	EXPECT_LINES(f->advice.lines, f->advice.n,
		     "virsh edit db 2: <timer name='hpet' present='no'/> (each reading of it leaves the guest, and the guest has better clocks)",
		     "virsh edit db 2: <timer name='tsc'> without mode='emulate' (each reading of the TSC leaves the guest)",
		     "virsh edit db 2: <timer name='tsc' frequency='N'/> with the host's tsc/khz times 1000 (else QEMU refuses to migrate the guest)",
		     "virsh edit db 2: <timer name='kvmclock' present='yes'/> (Linux keeps time by it, and ptp_kvm needs it)",
		     "virsh edit db 2: <timer name='pit' tickpolicy='delay'/> (Linux reads a counter, and needs no ticks that come late)",
		     "virsh edit db 2: <clock offset='utc'> (Linux takes the RTC for UTC)");
	findings_free(&list);
}

static void test_windows(void)
{
	struct finding_list list;
	const struct finding *f = judge("windows-bad", &list);

	EXPECT(f, "no finding");
	if (!f)
		return;
	EXPECT_TEXT(f->title, "Timers of domain desk2 do not suit a Windows guest");
	EXPECT_EQ(f->severity, SEVERITY_INFO, "severity");
	EXPECT_LINES(f->evidence.lines, f->evidence.n,
		     "<clock> has no <timer name='hpet'>",
		     "<timer name='hypervclock' present='no'/>",
		     "<timer name='rtc' tickpolicy='delay'/>",
		     "<timer name='pit' tickpolicy='catchup'/>",
		     "<clock offset='utc'>",
		     "<hyperv> has not all of vpindex, synic and stimer",
		     "taken for a Windows guest: it has features of Hyper-V");
	EXPECT_LINES(f->advice.lines, f->advice.n,
		     "virsh edit desk2: <timer name='hpet' present='no'/> (each reading of it leaves the guest, and the guest has better clocks)",
		     "virsh edit desk2: <timer name='hypervclock' present='yes'/> (Windows then reads the time without leaving the guest)",
		     "virsh edit desk2: <timer name='rtc' tickpolicy='catchup'/> (Windows counts the RTC's ticks, and loses those that it does not get)",
		     "virsh edit desk2: <timer name='pit' tickpolicy='delay'/> (Windows counts the RTC's ticks, and needs no ticks of the PIT that come late)",
		     "virsh edit desk2: <clock offset='localtime'> (Windows takes the RTC for local time)",
		     "virsh edit desk2: <vpindex state='on'/> <synic state='on'/> <stimer state='on'/> in <features><hyperv> (without Hyper-V's timers some versions of Windows use HPET or RTC)");
	findings_free(&list);
}

static const struct tap_test tests[] = {
	{ "domain: all fields", test_fields },
	{ "domain: long and strange texts", test_texts },
	{ "domain: frequencies", test_frequencies },
	{ "domain: elements elsewhere", test_places },
	{ "domain: broken XML", test_broken },
	{ "domain: encodings", test_encodings },
	{ "domain: entities are refused", test_entities },
	{ "domain: size and depth", test_limits },
	{ "timer-policy: nothing to say", test_good },
	{ "timer-policy: Linux", test_linux },
	{ "timer-policy: Windows", test_windows },
};

TAP_MAIN(tests)
