/* SPDX-License-Identifier: GPL-2.0 */
/* rules.h: a rule for each kind of finding, and the functions by which rules build findings */
#ifndef TSCOPE_RULES_H
#define TSCOPE_RULES_H

#include "finding.h"
#include "moment.h"

struct judgement;

/**
 * struct rule - a row of the table in rules.c
 * @id: of the finding
 * @event: the rule judges events, which are over; else the state during the observation
 * @module: it looks at files of the module
 * @debug: it can find nothing without debugfs
 * @severity: of the finding, unless the rule lowers it
 * @looks_at: files, for people
 * @limit: the limit from which on there is a finding, and why, for people
 * @cause: what usually causes it
 * @advice: the first lines of the advice; the rule adds those that depend on figures
 * @explains: ids of findings that are only evidence of this one, if matches() says so
 * @see: section of the documentation
 * @judge: looks, and adds the rule's findings by finding_new()
 */
struct rule {
	const char *id;
	bool event, module, debug;
	enum severity severity;
	const char *looks_at, *limit, *cause;
	const char *advice[6];
	const char *explains[6];
	const char *see;
	void (*judge)(const struct rule *rule, struct judgement *j);
};

/* The table, which ends with an id of NULL. A rule that explains others comes before them. */
extern const struct rule rules[];

/* The observation that is judged. */
const struct observation *observed(const struct judgement *j);

/**
 * finding_new() - add a finding with the table's severity, cause, advice and section
 *
 * Return: the finding, to be filled in; valid until the next call of finding_new().
 */
__attribute__((format(printf, 3, 4)))
struct finding *finding_new(struct judgement *j, const struct rule *rule, const char *title, ...);

/* Add a line of evidence, or of advice; set a cause in place of the table's. */
__attribute__((format(printf, 2, 3)))
void finding_evidence(struct finding *f, const char *format, ...);
__attribute__((format(printf, 2, 3)))
void finding_advice(struct finding *f, const char *format, ...);
__attribute__((format(printf, 2, 3)))
void finding_cause(struct finding *f, const char *format, ...);

/* Set what was measured, and the half-width of the interval of the truth, or ERROR_UNKNOWN. */
void finding_size(struct finding *f, __int128_t size, uint64_t error, const char *unit);

/* The same in thousandths of the unit. */
void finding_thousandths(struct finding *f, __int128_t size, uint64_t error, const char *unit);

/* Add a CPU that the finding is about, unless it was added before. */
void finding_cpu(struct finding *f, unsigned int cpu);

/* rules_frequency.c */
/* Whether enough clocks have a rate for judge_tsc_frequency(). */
bool frequency_is_known(const struct snapshot *s);
void judge_tsc_frequency(const struct rule *rule, struct judgement *j);

/* rules_tsc.c */
void judge_time_stood_still(const struct rule *rule, struct judgement *j);
void judge_tsc_jumped(const struct rule *rule, struct judgement *j);

/* rules_offset.c */
void judge_tsc_offset(const struct rule *rule, struct judgement *j);

/* rules_moving.c */
void judge_tsc_moving(const struct rule *rule, struct judgement *j);

/* rules_page.c */
void judge_no_master_clock(const struct rule *rule, struct judgement *j);
void judge_clock_off_multiplier(const struct rule *rule, struct judgement *j);

/* rules_clock.c */
void judge_wall_clock_set(const struct rule *rule, struct judgement *j);
void judge_clock_stopped(const struct rule *rule, struct judgement *j);
void judge_clock_stepped(const struct rule *rule, struct judgement *j);

/* rules_backward.c */
void judge_clock_backward(const struct rule *rule, struct judgement *j);
void judge_clock_warped(const struct rule *rule, struct judgement *j);

/* rules_host.c */
void judge_restored(const struct rule *rule, struct judgement *j);
void judge_guest_stopped(const struct rule *rule, struct judgement *j);
void judge_host_wall_stepped(const struct rule *rule, struct judgement *j);
void judge_host_refuses_pairing(const struct rule *rule, struct judgement *j);
void judge_host_drift(const struct rule *rule, struct judgement *j);
void judge_cpu_silent(const struct rule *rule, struct judgement *j);

/* rules_system.c */
void judge_tsc_not_constant(const struct rule *rule, struct judgement *j);
void judge_noisy_host(const struct rule *rule, struct judgement *j);
void judge_clocksource(const struct rule *rule, struct judgement *j);

/* rules_time.c */
void judge_time_service(const struct rule *rule, struct judgement *j);

/* rules_domain.c */
void judge_timer_policy(const struct rule *rule, struct judgement *j);

#endif /* TSCOPE_RULES_H */
