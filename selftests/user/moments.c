// SPDX-License-Identifier: GPL-2.0
/* The bursts of the last seconds with their true offsets. */
#include "moments.h"

/* flat out there are 100000 bursts a second */
#define KEPT	262144

static struct {
	u64 at_ms;
	struct moment moment;
} kept[KEPT];

static u64 count;

void moments_clear(void)
{
	count = 0;
}

void moments_add(const struct moment *m, u64 at_ms)
{
	kept[count % KEPT].at_ms = at_ms;
	kept[count % KEPT].moment = *m;
	count++;
}

/* The burst @back before the newest; NULL if there is none since @since_ms. */
static const struct moment *before(u64 back, u64 since_ms, u64 *at_ms)
{
	u64 i = count - 1 - back;

	if (back >= count || back >= KEPT || kept[i % KEPT].at_ms < since_ms)
		return NULL;
	*at_ms = kept[i % KEPT].at_ms;
	return &kept[i % KEPT].moment;
}

static enum held held(s64 low, s64 high, const struct moment *m)
{
	bool least = low <= m->least && m->least <= high;
	bool most = low <= m->most && m->most <= high;

	if (least && most)
		return HELD_ALL;
	if (least || most)
		return HELD_SOME;
	return !m->jumps && low <= m->most && m->least <= high ? HELD_SOME : HELD_NONE;
}

static u64 second_before(u64 now_ms)
{
	return now_ms < TSCOPE_EPOCH_MS ? 0 : now_ms - TSCOPE_EPOCH_MS + 1;
}

enum held moments_held(const struct tscope_interval *iv)
{
	enum held most = HELD_NONE;
	const struct moment *m;
	u64 i, at_ms;

	for (i = 0; (m = before(i, iv->at_ms, &at_ms)); i++) {
		if (at_ms > iv->at_ms)
			continue;
		/* there may be many bursts in one millisecond */
		if (m->low == iv->low && m->high == iv->high)
			return held(iv->low, iv->high, m);
		most = max(most, held(iv->low, iv->high, m));
	}
	return most;
}

enum held moments_hull_held(const struct tscope_interval *iv, u64 now_ms, s64 widest)
{
	enum held one, least = HELD_ALL;
	const struct moment *m;
	bool some = false, missed = false;
	u64 i, at_ms;

	for (i = 0; (m = before(i, second_before(now_ms), &at_ms)); i++) {
		if (at_ms > iv->at_ms || m->high - m->low > widest)
			continue;
		one = held(iv->hull.low, iv->hull.high, m);
		/* the last bursts of this millisecond may not have been used */
		if (!some && !one && at_ms == iv->at_ms) {
			missed = true;
			continue;
		}
		some = true;
		least = min(least, one);
	}
	return missed && !some ? HELD_NONE : least;
}

enum held moments_narrowest_held(u64 now_ms)
{
	const struct moment *m, *narrowest = NULL;
	u64 i, at_ms;

	for (i = 0; (m = before(i, second_before(now_ms), &at_ms)); i++)
		if (!narrowest || m->high - m->low <
				  narrowest->high - narrowest->low)
			narrowest = m;
	return narrowest ? held(narrowest->low, narrowest->high, narrowest) : HELD_NONE;
}
