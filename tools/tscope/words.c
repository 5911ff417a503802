// SPDX-License-Identifier: GPL-2.0
/* words.c: figures in sentences */
#include <stdio.h>

#include "text.h"
#include "words.h"

#define TEXTS	16
/* From 10000 ppb on a rate is printed in ppm. */
#define PPM_FROM_PPT	10000000

static struct shown *next_text(void)
{
	static struct shown texts[TEXTS];
	static unsigned int n;

	return &texts[n++ % TEXTS];
}

const char *ns_text(__int128_t ns)
{
	struct shown *to = next_text();

	*to = text_ns(ns);
	return to->s;
}

const char *step_text(int64_t ns)
{
	struct shown *to = next_text();

	snprintf(to->s, sizeof(to->s), "%s%.46s", ns < 0 ? "" : "+", text_ns(ns).s);
	return to->s;
}

const char *age_text(uint64_t ns)
{
	struct shown *to = next_text();

	*to = text_age(ns / 1000000);
	return to->s;
}

const char *rate_text(int64_t ppt)
{
	struct shown *to = next_text();
	const char *unit = "ppb";
	__int128_t x = ppt;

	if (ppt >= PPM_FROM_PPT || ppt <= -PPM_FROM_PPT) {
		x = (x + (ppt < 0 ? -500 : 500)) / 1000;
		unit = "ppm";
	}
	snprintf(to->s, sizeof(to->s), "%s%.40s %s", ppt < 0 ? "" : "+", text_decimal(x, 3).s,
		 unit);
	return to->s;
}
