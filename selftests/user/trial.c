// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "trial.h"

static u64 bursts;

u32 trial_number;

bool trial_begins(void)
{
	const char *only = getenv("INTERVAL_TRIAL");

	rnd_restart(++trial_number);
	return !only || trial_number == strtoul(only, NULL, 0);
}

bool all_trials_run(void)
{
	return !getenv("INTERVAL_TRIAL");
}

static void look(const struct tscope_tracker *t, double at_s, u64 now_ms,
		 struct trial *trial)
{
	struct tscope_interval iv;
	enum held held;
	s64 offset_ns;
	u64 bound_ns;

	if (tscope_tracker_interval(t, now_ms, &iv))
		return;
	EXPECT(iv.low <= iv.high && iv.hull.low <= iv.low &&
	       iv.high <= iv.hull.high && iv.at_ms <= iv.met_ms &&
	       iv.met_ms == now_ms && iv.meetings == bursts, "at %.3f s", at_s);
	trial->looks++;
	trial->false_narrowest += !moments_narrowest_held(now_ms);
	tscope_interval_ns(iv.low, iv.high, LINK_KHZ, &offset_ns, &bound_ns);
	held = iv.moving ? moments_hull_held(&iv, now_ms, LINK_WIDEST_CYC) : moments_held(&iv);
	trial->cut += held == HELD_SOME;
	if (!iv.moving) {
		trial->bound_ns += bound_ns;
		trial->false_rests += !held;
		return;
	}
	if (!trial->moving++)
		trial->first_s = at_s;
	if (bound_ns > trial->widest_ns)
		trial->widest_ns = bound_ns;
	trial->false_hulls += !held;
}

void run_trial(struct link *l, double rate, double seconds, double place_s,
	       struct trial *trial)
{
	double now_ns = rnd_unit() * 1e9, start_ns = now_ns, look_ns = now_ns;
	double move_ns = now_ns + place_s * 1e9;
	double forth_ns = l->forth_ns, back_ns = l->back_ns;
	struct tscope_tracker t;
	struct moment b;
	bool near = false;
	u64 now_ms;

	memset(trial, 0, sizeof(*trial));
	trial->first_s = seconds;
	tscope_tracker_init(&t);
	bursts = 0;
	moments_clear();
	while (now_ns < start_ns + seconds * 1e9) {
		now_ns += 1e9 / rate * (rate > 1000 ? 1 : 0.5 + rnd_unit());
		if (place_s && now_ns > move_ns) {
			near = !near;
			l->forth_ns = near ? 30 : forth_ns;
			l->back_ns = near ? 30 : back_ns;
			move_ns = now_ns + place_s * 1e9 *
				  (near ? 0.1 : 2) * rnd_unit();
		}
		link_turn(l, now_ns);
		link_burst(l, now_ns, &b);
		now_ms = now_ns / 1e6;
		tscope_tracker_add(&t, b.low, b.high, LINK_STEP_CYC, now_ms);
		moments_add(&b, now_ms);
		bursts++;
		if (now_ns < look_ns)
			continue;
		look_ns = now_ns + 0.4e9 * rnd_unit();
		look(&t, (now_ns - start_ns) / 1e9, now_ms, trial);
	}
	l->forth_ns = forth_ns;
	l->back_ns = back_ns;
}

bool trials_are_long(void)
{
	return getenv("INTERVAL_LONG");
}

double trial_s(double rate)
{
	double seconds = rate > 5000 ? 8 : rate > 100 ? 40 : 600;

	return trials_are_long() ? 20 * seconds : seconds;
}
