// SPDX-License-Identifier: GPL-2.0
/* words.c: figures as people read them */
#include <inttypes.h>
#include <stdio.h>

#include "words.h"

#define TEXTS	16
#define SIZE	48

static char *next_text(void)
{
	static char texts[TEXTS][SIZE];
	static unsigned int n;

	return texts[n++ % TEXTS];
}

static const char *with_unit(const char *sign, uint64_t x)
{
	static const struct { uint64_t below, unit; int places; const char *name; } units[] = {
		{ 10000, 1, 0, "ns" }, { 10000000, 1000, 3, "us" },
		{ 1000000000, 1000000, 6, "ms" }, { UINT64_MAX, 1000000000, 9, "s" },
	};
	char *to = next_text();
	int i = 0;

	while (i < 3 && x >= units[i].below)
		i++;
	if (!units[i].places)
		snprintf(to, SIZE, "%s%" PRIu64 " ns", sign, x);
	else
		snprintf(to, SIZE, "%s%" PRIu64 ".%0*" PRIu64 " %s", sign, x / units[i].unit,
			 units[i].places, x % units[i].unit, units[i].name);
	return to;
}

const char *ns_text(int64_t ns)
{
	return with_unit(ns < 0 ? "-" : "", ns < 0 ? -(uint64_t)ns : (uint64_t)ns);
}

const char *step_text(int64_t ns)
{
	return with_unit(ns < 0 ? "-" : "+", ns < 0 ? -(uint64_t)ns : (uint64_t)ns);
}

const char *rate_text(int64_t ppt)
{
	uint64_t x = ppt < 0 ? -(uint64_t)ppt : (uint64_t)ppt;
	const char *unit = "ppb";
	char *to = next_text();

	if (x >= 10000000) {
		x = x / 1000 + (x % 1000 >= 500);
		unit = "ppm";
	}
	snprintf(to, SIZE, "%s%" PRIu64 ".%03" PRIu64 " %s", ppt < 0 ? "-" : "+", x / 1000,
		 x % 1000, unit);
	return to;
}

const char *age_text(uint64_t ns)
{
	uint64_t s = ns / 1000000000;
	char *to = next_text();

	if (s < 120)
		snprintf(to, SIZE, "%" PRIu64 " s", s);
	else if (s < 7200)
		snprintf(to, SIZE, "%" PRIu64 " min", s / 60);
	else
		snprintf(to, SIZE, "%" PRIu64 " h", s / 3600);
	return to;
}
