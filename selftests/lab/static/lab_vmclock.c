// SPDX-License-Identifier: GPL-2.0
/*
 * lab_vmclock: writes a vmclock page as a hypervisor does, for the lab's host.
 *
 *	lab_vmclock FILE PAGE TSC_OFFSET VERB NAME=VALUE...
 *
 * The guest's memory is FILE, the page begins there at PAGE, and the guest's TSC is this machine's
 * TSC plus TSC_OFFSET. VERB is
 *
 *	fill	write the whole page, which then gives no time, except with khz
 *	update	one update of the fields that are named, and of the page's line of time, if it
 *		has one: the line then begins at the guest's TSC now
 *	begin	begin an update and leave it unfinished; "end" ends it
 *
 * NAME is a field of the page, or one of: khz and ppb, the line's new rate, which is that of a TSC
 * of khz, plus ppb; step, by how many ns the line steps. Prints the page's counter and period.
 */
#include <err.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <x86intrin.h>

#define SHIFT		28
#define NSEC_PER_SEC	1000000000

/* Offset and size in bytes of each field, from the specification's table. */
static const struct field {
	const char *name;
	unsigned int at, bytes;
} fields[] = {
	{ "magic", 0x00, 4 }, { "size", 0x04, 4 }, { "version", 0x08, 2 },
	{ "counter_id", 0x0a, 1 }, { "time_type", 0x0b, 1 }, { "seq_count", 0x0c, 4 },
	{ "marker", 0x10, 8 }, { "flags", 0x18, 8 }, { "status", 0x22, 1 },
	{ "tai_offset", 0x24, 2 }, { "shift", 0x27, 1 }, { "counter", 0x28, 8 },
	{ "period", 0x30, 8 }, { "period_maxerror", 0x40, 8 }, { "sec", 0x48, 8 },
	{ "frac", 0x50, 8 }, { "esterror", 0x58, 8 }, { "maxerror", 0x60, 8 },
	{ "generation", 0x68, 8 },
};

#define N_FIELDS	(sizeof(fields) / sizeof(*fields))

static uint8_t *page;

static const struct field *find(const char *name)
{
	size_t i;

	for (i = 0; i < N_FIELDS; i++)
		if (!strcmp(fields[i].name, name))
			return &fields[i];
	errx(2, "no field %s", name);
}

static uint64_t get(const char *name)
{
	const struct field *f = find(name);
	uint64_t value = 0;

	memcpy(&value, page + f->at, f->bytes);
	return value;
}

/* Writes are in program order for the compiler, too; x86 keeps this order. */
static void set(const char *name, uint64_t value)
{
	const struct field *f = find(name);

	atomic_signal_fence(memory_order_seq_cst);
	memcpy(page + f->at, &value, f->bytes);
	atomic_signal_fence(memory_order_seq_cst);
}

static long long number(const char *text)
{
	char *end;
	long long value = strtoll(text, &end, 0);

	if (!*text || *end)
		errx(2, "%s is no number", text);
	return value;
}

/* The period of khz, in 2^-(64 + SHIFT) s, longer by ppb; rounded down. */
static uint64_t period_of(uint64_t khz, long long ppb)
{
	/* 2^92 / (khz 1000) */
	unsigned __int128 period = ((unsigned __int128)1 << (64 + SHIFT)) / (khz * 1000);

	return period * (NSEC_PER_SEC + ppb) / NSEC_PER_SEC;
}

/* Lets the line begin at tsc, where it continues the old line, except for a step. */
static void turn_line(uint64_t tsc, long long step_ns)
{
	uint64_t passed = tsc - get("counter");
	unsigned __int128 time = (unsigned __int128)get("sec") << 64 | get("frac");

	time += (unsigned __int128)passed * get("period") >> get("shift");
	time += ((__int128)step_ns << 64) / NSEC_PER_SEC;
	set("counter", tsc);
	set("sec", time >> 64);
	set("frac", time);
}

static void write_page(int n, char **pairs, uint64_t tsc)
{
	long long step_ns = 0, ppb = 0, khz = 0;
	char *value;
	int i;

	for (i = 0; i < n; i++) {
		value = strchr(pairs[i], '=');
		if (!value)
			errx(2, "%s is no NAME=VALUE", pairs[i]);
		*value++ = 0;
		if (!strcmp(pairs[i], "step"))
			step_ns = number(value);
		else if (!strcmp(pairs[i], "khz"))
			khz = number(value);
		else if (!strcmp(pairs[i], "ppb"))
			ppb = number(value);
		else
			set(pairs[i], number(value));
	}
	if (get("period"))
		turn_line(tsc, step_ns);
	else
		set("counter", tsc);
	if (khz)
		set("period", period_of(khz, ppb));
}

int main(int argc, char **argv)
{
	uint64_t at, tsc, sequence;
	int fd;

	if (argc < 5)
		errx(2, "usage: lab_vmclock FILE PAGE TSC_OFFSET VERB NAME=VALUE...");
	at = number(argv[2]);
	fd = open(argv[1], O_RDWR);
	if (fd < 0)
		err(1, "%s", argv[1]);
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, at);
	if (page == MAP_FAILED)
		err(1, "%s", argv[1]);
	tsc = __rdtsc() + number(argv[3]);

	if (!strcmp(argv[4], "fill")) {
		memset(page, 0, 4096);
		set("magic", 0x4b4c4356);
		set("size", 4096);
		set("version", 1);
		set("counter_id", 0xff);
		set("time_type", 1);
		set("shift", SHIFT);
		set("sec", 1800000000);
	}
	sequence = get("seq_count");
	if (strcmp(argv[4], "end"))
		set("seq_count", ++sequence);
	if (strcmp(argv[4], "begin") && strcmp(argv[4], "end"))
		write_page(argc - 5, argv + 5, tsc);
	if (strcmp(argv[4], "begin"))
		set("seq_count", sequence + 1);
	printf("%llu %llu\n", (unsigned long long)get("counter"),
	       (unsigned long long)get("period"));
	return 0;
}
