/* SPDX-License-Identifier: GPL-2.0 */
/* rules.h: a rule for each kind of finding, and what rules build findings with */
#ifndef TSCOPE_RULES_H
#define TSCOPE_RULES_H

#include "finding.h"
#include "moment.h"

struct judgement;

/**
 * struct rule - a row of the table in rules.c
 * @id: of the finding
 * @event: it judges what happened, which is over; else the state during the observation
 * @module: it looks at files of the module
 * @debug: all that it looks at takes debugfs
 * @severity: of the finding, unless the rule lowers it
 * @looks_at: files, for people
 * @limit: from where on it is a finding, and why, for people
 * @cause: what usually causes it
 * @advice: the first lines of the advice; the rule adds those that depend on figures
 * @explains: ids of findings that are only evidence of this one, if matches() says so
 * @see: section of the documentation
 * @judge: looks, and adds its findings by finding_new()
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

/* The table, to an id of NULL: what explains comes before what it explains. */
extern const struct rule rules[];

/* What is judged. */
const struct observation *observed(const struct judgement *j);

/**
 * finding_new() - add a finding with the table's severity, cause, advice and section
 *
 * Return: it, to be filled in until the next call of finding_new().
 */
__attribute__((format(printf, 3, 4)))
struct finding *finding_new(struct judgement *j, const struct rule *rule, const char *title, ...);

/* A line of evidence, one of advice, and a cause in place of the table's. */
__attribute__((format(printf, 2, 3)))
void finding_evidence(struct finding *f, const char *format, ...);
__attribute__((format(printf, 2, 3)))
void finding_advice(struct finding *f, const char *format, ...);
__attribute__((format(printf, 2, 3)))
void finding_cause(struct finding *f, const char *format, ...);

/* What was measured, and the half-width of the interval that holds the truth, or ERROR_UNKNOWN. */
void finding_size(struct finding *f, __int128_t size, uint64_t error, const char *unit);

/* The same in thousandths of the unit. */
void finding_thousandths(struct finding *f, __int128_t size, uint64_t error, const char *unit);

/* A CPU that it is about; one that is there already is not added again. */
void finding_cpu(struct finding *f, unsigned int cpu);

/* rules_tsc.c */
void judge_tsc_frequency(const struct rule *rule, struct judgement *j);
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
void judge_time_service(const struct rule *rule, struct judgement *j);

/* rules_domain.c */
void judge_timer_policy(const struct rule *rule, struct judgement *j);

#endif /* TSCOPE_RULES_H */
