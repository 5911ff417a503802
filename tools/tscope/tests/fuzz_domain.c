// SPDX-License-Identifier: GPL-2.0
/*
 * domain_xml.c: a domain that is written with known values, in any order and with any quotes, white
 * space and elements that do not count, is read as these values; of any other bytes nothing is read
 * that a terminal would obey.
 */
#include "domain_xml.h"
#include "fuzz.h"

static const char *const words[] = {
	"", "yes", "no", "on", "off", "utc", "localtime", "catchup", "delay", "native", "require",
	"host-passthrough",
};

static FILE *xml;

static const char *word(struct fuzz_in *in)
{
	return words[fuzz_u8(in) % ARRAY_SIZE(words)];
}

/* What may stand between elements. */
static void print_noise(struct fuzz_in *in)
{
	static const char *const noise[8] = {
		"\n  ",
		"<!-- <timer name='tsc' mode='emulate'/> <!DOCTYPE> -->",
		"<devices><timer name='hpet'/><clock offset='x'/></devices>",
		"<?pi <clock?>",
		"<a xmlns='http://x.example/'><clock offset='x'/></a>",
	};
	const char *text = noise[fuzz_u8(in) % 8];

	fputs(text ?: "", xml);
}

static void print_attribute(struct fuzz_in *in, const char *name, const char *value)
{
	char quote = fuzz_u8(in) & 1 ? '"' : '\'';
	bool reference = fuzz_u8(in) & 1;

	if (!*value && fuzz_u8(in) & 1)
		return;
	fprintf(xml, " %s=%c", name, quote);
	for (; *value; value++) {
		if (reference)
			fprintf(xml, "&#x%x;", *value);
		else
			fputc(*value, xml);
	}
	fputc(quote, xml);
}

static void set(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%.*s", (int)size - 1, from);
}

static void print_timer(struct fuzz_in *in, struct domain *want)
{
	enum domain_timer_name name = fuzz_u8(in) % TIMER_COUNT;
	struct domain_timer *t = &want->timers[name];
	const char *present = word(in), *policy = word(in), *mode = word(in);
	char frequency[24] = "";

	*t = (struct domain_timer){ .there = true };
	set(t->present, sizeof(t->present), present);
	set(t->tickpolicy, sizeof(t->tickpolicy), policy);
	set(t->mode, sizeof(t->mode), mode);
	if (fuzz_u8(in) & 1) {
		t->frequency_hz = (struct count){ true, fuzz_bits(in, 64) };
		snprintf(frequency, sizeof(frequency), "%llu",
			 (unsigned long long)t->frequency_hz.value);
	}
	fputs("<timer", xml);
	print_attribute(in, "mode", mode);
	print_attribute(in, "tickpolicy", policy);
	print_attribute(in, "name", domain_timer_name(name));
	print_attribute(in, "present", present);
	print_attribute(in, "frequency", frequency);
	fputs(fuzz_u8(in) & 1 ? "/>" : "><catchup slew='1'/></timer>", xml);
}

static void print_clock(struct fuzz_in *in, struct domain *want)
{
	const char *offset = word(in);

	set(want->clock_offset, sizeof(want->clock_offset), offset);
	fputs("<clock", xml);
	print_attribute(in, "offset", offset);
	fputs(">", xml);
	while (in->left && fuzz_u8(in) % 4) {
		print_noise(in);
		print_timer(in, want);
	}
	fputs("</clock>", xml);
}

static void print_cpu(struct fuzz_in *in, struct domain *want)
{
	const char *mode = word(in), *policy = word(in);

	want->invtsc = (struct figure){ true, !*policy || !strcmp(policy, "require") };
	fputs("<cpu", xml);
	print_attribute(in, "mode", mode);
	fputs("><feature name='svm' policy='disable'/><feature", xml);
	print_attribute(in, "policy", policy);
	fputs(" name='invtsc'/></cpu>", xml);
}

static void expect_same(const struct domain *got, const struct domain *want)
{
	int i;

	EXPECT(!strcmp(got->clock_offset, want->clock_offset), "offset %s", got->clock_offset);
	EXPECT(!strcmp(got->type, want->type) && !strcmp(got->name, want->name), "head");
	EXPECT(got->invtsc.known == want->invtsc.known &&
	       got->invtsc.value == want->invtsc.value, "invtsc");
	for (i = 0; i < TIMER_COUNT; i++) {
		const struct domain_timer *g = &got->timers[i], *w = &want->timers[i];

		EXPECT(g->there == w->there && !strcmp(g->present, w->present) &&
		       !strcmp(g->tickpolicy, w->tickpolicy) && !strcmp(g->mode, w->mode),
		       "timer %s", domain_timer_name(i));
		EXPECT(g->frequency_hz.known == w->frequency_hz.known, "timer %d", i);
		EXPECT(!w->frequency_hz.known || g->frequency_hz.value == w->frequency_hz.value,
		       "timer %d", i);
	}
}

static void check_written(struct fuzz_in *in)
{
	struct domain want = { .type = "kvm", .name = "a" }, got;
	char error[128], *text;
	size_t size;

	xml = open_memstream(&text, &size);
	fputs("<domain type='kvm'>", xml);
	print_noise(in);
	fputs("<name>a</name>", xml);
	if (fuzz_u8(in) & 1)
		print_cpu(in, &want);
	print_noise(in);
	if (fuzz_u8(in) & 7)
		print_clock(in, &want);
	print_noise(in);
	fputs("</domain>\n", xml);
	fclose(xml);
	EXPECT(domain_parse(text, size, &got, error), "%s:\n%s", error, text);
	expect_same(&got, &want);
	free(text);
}

static void expect_printable(const char *text, size_t size)
{
	size_t length = strnlen(text, size), i;

	EXPECT(length < size, "no end");
	for (i = 0; i < length; i++)
		EXPECT(text[i] >= ' ' && text[i] <= '~', "byte %u", (u8)text[i]);
}

#define PRINTABLE(text) expect_printable(text, sizeof(text))

static void check_any(struct fuzz_in *in)
{
	char error[128] = "", *text = malloc(in->left ?: 1);
	struct domain d;
	int i;

	/* memory that ends with the text, so that a read beyond it is found */
	if (in->left)
		memcpy(text, in->at, in->left);
	if (!domain_parse(text, in->left, &d, error))
		EXPECT(error[0], "no error");
	free(text);
	PRINTABLE(error);
	PRINTABLE(d.name);
	PRINTABLE(d.type);
	PRINTABLE(d.os_type);
	PRINTABLE(d.os_id);
	PRINTABLE(d.clock_offset);
	for (i = 0; i < TIMER_COUNT; i++) {
		PRINTABLE(d.timers[i].present);
		PRINTABLE(d.timers[i].tickpolicy);
		PRINTABLE(d.timers[i].mode);
	}
}

static void fuzz_one(struct fuzz_in *in)
{
	if (fuzz_u8(in) & 1)
		check_written(in);
	else
		check_any(in);
}
