// SPDX-License-Identifier: GPL-2.0
/* Which events are new when lines of violations come, and when violations drops the oldest. */
#include "made.h"
#include "event_news.h"

/* The events of the machine's violations. */
static struct event_list look(void)
{
	struct event_list list;

	events_of(&o.after, &list);
	return list;
}

/* How many events are new since a list, which is replaced; @jump: how many of them are a jump's. */
static uint64_t news(struct event_list *before, uint64_t *jump)
{
	struct event_list now = look();
	uint64_t count = 0, n;
	size_t i;

	events_index(before);
	*jump = 0;
	for (i = 0; i < now.n; i++) {
		if (event_is_rest(&now.events[i]))
			continue;
		n = event_news(before, &now, &now.events[i]);
		count += n;
		if (event_is_jump(&now.events[i]))
			*jump += n;
	}
	events_free(before);
	*before = now;
	return count;
}

/* Four clocks step alike: the TSC jumped. */
static void add_jump(double at, double ns)
{
	add(at, "step", KVM, 0, -ns);
	add(at + 0.1, "step", PTP, 0, -ns + jitter());
	add(at + 0.2, "step", PM, 0, device(-ns, PM_WRAP_NS));
	add(at + 0.3, "step", HPET, 0, device(-ns, HPET_WRAP_NS));
}

static void drop_line(void)
{
	memmove(lines, lines + 1, --o.after.n_violations * sizeof(*lines));
}

/* What was printed as a jump is not printed again, as a jump or as steps, while its lines go. */
static void test_lines_are_dropped(void)
{
	struct event_list before;
	uint64_t count, jump;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		add_jump(20 + 70 * rnd_unit(), size(1e8, 2e9));
		before = (struct event_list){ };
		count = news(&before, &jump);
		EXPECT(count == 4 && jump == 4, "a jump of 4 lines: %llu, of it %llu",
		       (unsigned long long)count, (unsigned long long)jump);
		while (o.after.n_violations) {
			drop_line();
			count = news(&before, &jump);
			EXPECT(!count, "%zu lines left: %llu are new", o.after.n_violations,
			       (unsigned long long)count);
		}
		events_free(&before);
	}
}

/* A line that comes later is one more of the jump, even if it changes the jump's CPU. */
static void test_line_comes_later(void)
{
	struct event_list before;
	uint64_t count, jump;
	unsigned int i;
	double at, ns;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		at = 20 + 70 * rnd_unit();
		ns = fabs(size(1e8, 2e9));
		add(at, "backward", TSC, 0, ns * 0.999);
		add_jump(at + 0.01, -ns);
		before = (struct event_list){ };
		count = news(&before, &jump);
		EXPECT(count == 5 && jump == 5, "a jump of 5 lines: %llu, of it %llu",
		       (unsigned long long)count, (unsigned long long)jump);
		add(at + 2 * rnd_unit(), "backward", TSC, 1, ns * 0.998);
		count = news(&before, &jump);
		EXPECT(count == 1 && jump == 1, "one more line: %llu, of it %llu",
		       (unsigned long long)count, (unsigned long long)jump);
		events_free(&before);
	}
}

/* A step that was printed alone turns out to be part of a jump: the jump is new. */
static void test_step_becomes_jump(void)
{
	struct event_list before;
	uint64_t count, jump;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		add_jump(20 + 70 * rnd_unit(), size(1e8, 2e9));
		o.after.n_violations = 1;
		before = (struct event_list){ };
		count = news(&before, &jump);
		EXPECT(count == 1 && !jump, "a step: %llu, of it %llu",
		       (unsigned long long)count, (unsigned long long)jump);
		o.after.n_violations = 4;
		count = news(&before, &jump);
		EXPECT(count == 4 && jump == 4, "the others: %llu, of it %llu",
		       (unsigned long long)count, (unsigned long long)jump);
		events_free(&before);
	}
}

static const struct tap_test tests[] = {
	{ "lines of a jump are dropped", test_lines_are_dropped },
	{ "a line of a jump comes later", test_line_comes_later },
	{ "a step becomes a jump", test_step_becomes_jump },
};

TAP_MAIN(tests)
