/* SPDX-License-Identifier: GPL-2.0 */
/* json.h: the structs as JSON; tscope.schema.json describes it */
#ifndef TSCOPE_JSON_H
#define TSCOPE_JSON_H

#include <json-c/json.h>
#include <stdio.h>

#include "event.h"
#include "finding.h"
#include "snapshot.h"

/* Create an entry of clocks[], pairs[], cpus[]...; the caller drops it by json_object_put(). */
struct json_object *json_clock(const struct clock_figures *clock);
struct json_object *json_pair(const struct pair_line *pair);
struct json_object *json_cpu(const struct cpu_line *cpu);
struct json_object *json_event(const struct event *event);
struct json_object *json_finding(const struct finding *finding);
struct json_object *json_histogram(const struct histogram *histogram);
struct json_object *json_point(const struct point_line *point);

/* Add a member; its key is a constant, and not there yet. An empty or NULL text becomes null. */
void json_add(struct json_object *to, const char *key, struct json_object *value);
void json_add_u64(struct json_object *to, const char *key, uint64_t value);
void json_add_string(struct json_object *to, const char *key, const char *value);

/**
 * json_print() - print the whole object and a newline
 * @findings: NULL if nothing was judged: findings is []
 * @system: its notes are added to errors; NULL: the rest of the machine was not looked at
 * @one_line: without newlines in between, else with a line for each entry of a list
 *
 * Entries are created one at a time: 100,000 pairs take no more memory than one.
 */
void json_print(FILE *to, const struct snapshot *s, const struct event_list *events,
		const struct finding_list *findings, const struct system_facts *system,
		bool one_line);

/* Print an object in one line, with a newline, and drop it. */
void json_print_line(FILE *to, struct json_object *object);

#endif /* TSCOPE_JSON_H */
