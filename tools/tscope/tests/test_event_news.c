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

/* Expect that so many events are new since a list, which is replaced, and how many of a jump. */
static void expect_news(struct event_list *before, uint64_t want, uint64_t want_jump)
{
	struct event_list now = look();
	uint64_t count = 0, jump = 0, n;
	size_t i;

	events_index(before);
	for (i = 0; i < now.n; i++) {
		if (event_is_rest(&now.events[i]))
			continue;
		n = event_news(before, &now, &now.events[i]);
		count += n;
		jump += event_is_jump(&now.events[i]) ? n : 0;
	}
	EXPECT(count == want && jump == want_jump, "%zu lines: %llu are new, %llu of a jump",
	       o.after.n_violations, (unsigned long long)count, (unsigned long long)jump);
	events_free(before);
	*before = now;
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
	struct event_list before = { };
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		add_jump(20 + 70 * rnd_unit(), size(1e8, 2e9));
		expect_news(&before, 4, 4);
		while (o.after.n_violations) {
			drop_line();
			expect_news(&before, 0, 0);
		}
	}
	events_free(&before);
}

/* A line that comes later is one more of the jump, even if it changes the jump's CPU. */
static void test_line_comes_later(void)
{
	struct event_list before = { };
	unsigned int i;
	double at, ns;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		at = 20 + 70 * rnd_unit();
		ns = fabs(size(1e8, 2e9));
		add(at, "backward", TSC, 0, ns * 0.999);
		add_jump(at + 0.01, -ns);
		expect_news(&before, 5, 5);
		add(at + 2 * rnd_unit(), "backward", TSC, 1, ns * 0.998);
		expect_news(&before, 1, 1);
	}
	events_free(&before);
}

/* A step that was printed alone turns out to be part of a jump: the jump is new. */
static void test_step_becomes_jump(void)
{
	struct event_list before = { };
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		quiet();
		add_jump(20 + 70 * rnd_unit(), size(1e8, 2e9));
		o.after.n_violations = 1;
		expect_news(&before, 1, 0);
		o.after.n_violations = 4;
		expect_news(&before, 4, 4);
	}
	events_free(&before);
}

static const struct tap_test tests[] = {
	{ "lines of a jump are dropped", test_lines_are_dropped },
	{ "a line of a jump comes later", test_line_comes_later },
	{ "a step becomes a jump", test_step_becomes_jump },
};

TAP_MAIN(tests)
