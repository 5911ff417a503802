/* SPDX-License-Identifier: GPL-2.0 */
/* metrics.h: a snapshot as Prometheus' text format */
#ifndef TSCOPE_METRICS_H
#define TSCOPE_METRICS_H

#include <stdio.h>

#include "snapshot.h"

/* The large files that metrics_print() needs. */
#define METRICS_PARTS (SNAPSHOT_CPUS | SNAPSHOT_VIOLATIONS | SNAPSHOT_HISTOGRAMS)

/**
 * metrics_print() - print all metrics
 * @s: with METRICS_PARTS
 *
 * Values are in seconds, ratios and hertz, and exact: integers with a decimal point inserted. A
 * value that is not known has no series. Without the module there are only tscope_sampling, which
 * is 0, and tscope_unread_files.
 */
void metrics_print(FILE *out, const struct snapshot *s);

#endif /* TSCOPE_METRICS_H */
