// SPDX-License-Identifier: GPL-2.0
/*
 * lab_wall: prints how far the guest's wall clock is ahead of the host's, by tscope and
 * by the kernel's own ptp_kvm; and by how much the clock was moved between two such
 * series.
 *
 *   lab_wall COUNT MS [/dev/ptpN]
 *	Reads ptp-kvm/offset COUNT times, MS apart, and prints a line for each: its moment by
 *	CLOCK_MONOTONIC_RAW; offset, error, age in ms; then the moment and the offset of
 *	PTP_SYS_OFFSET_PRECISE, or - -. All except the age is in ns.
 *   lab_wall --step BEFORE AFTER
 *	Fits two lines of the same slope to two such files, and prints STEP_NS, RATE_PPB,
 *	the median ERROR_NS, STEP_NS by PTP_SYS_OFFSET_PRECISE, and the mean difference of
 *	the latter's offsets from the line through tscope's, in ns (- -: no such device).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lab_ptp.h"

#define OFFSET_FILE "/sys/kernel/tscope/ptp-kvm/offset"
#define LOOKS_MAX 4096

struct look {
	long long moment, offset, error, age_ms, ptp_moment, ptp_offset;
	int has_ptp;
};

struct series {
	int n;
	struct look look[LOOKS_MAX];
};

static struct series before, after;

static int look_at(struct look *look, int ptp)
{
	FILE *file = fopen(OFFSET_FILE, "r");
	int n;

	if (!file)
		return -1;
	n = fscanf(file, "%lld %lld %lld", &look->offset, &look->error, &look->age_ms);
	fclose(file);
	if (n != 3)
		return -1;
	look->moment = lab_now_raw() - look->age_ms * 1000000;
	look->has_ptp = !lab_ptp_look(ptp, &look->ptp_moment, &look->ptp_offset);
	return 0;
}

static int look(int count, int ms, const char *device)
{
	struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	int ptp = device ? open(device, O_RDWR) : -1, i, failed = 0;
	struct look l;

	if (device && ptp < 0) {
		perror(device);
		return 1;
	}
	for (i = 0; i < count; i++) {
		if (i)
			nanosleep(&pause, NULL);
		if (look_at(&l, ptp)) {
			failed++;
			continue;
		}
		printf("%lld %lld %lld %lld ", l.moment, l.offset, l.error, l.age_ms);
		if (l.has_ptp)
			printf("%lld %lld\n", l.ptp_moment, l.ptp_offset);
		else
			printf("- -\n");
	}
	if (failed)
		fprintf(stderr, "lab_wall: %d looks found no offset\n", failed);
	return failed == count;
}

static int series_read(struct series *s, const char *path)
{
	char line[256];
	FILE *file = fopen(path, "r");

	if (!file) {
		perror(path);
		return -1;
	}
	while (s->n < LOOKS_MAX && fgets(line, sizeof(line), file)) {
		struct look *l = &s->look[s->n];
		int fields = sscanf(line, "%lld %lld %lld %lld %lld %lld", &l->moment,
				    &l->offset, &l->error, &l->age_ms, &l->ptp_moment,
				    &l->ptp_offset);

		if (fields < 4)
			continue;
		l->has_ptp = fields == 6;
		s->n++;
	}
	fclose(file);
	return s->n < 2 ? -1 : 0;
}

/* a line through two series that differ by a step; all less the first look's values */
struct line {
	double slope, at[2], mean_t[2], n[2];
};

static void line_add(struct line *line, const struct series *s, int which, long long t0,
		     long long o0, int ptp, double *sxx, double *sxy)
{
	double t, o, mt = 0, mo = 0, n = 0;
	int i, turn;

	for (turn = 0; turn < 2; turn++) {
		for (i = 0; i < s->n; i++) {
			const struct look *l = &s->look[i];

			if (ptp && !l->has_ptp)
				continue;
			t = (ptp ? l->ptp_moment : l->moment) - t0;
			o = (ptp ? l->ptp_offset : l->offset) - o0;
			if (turn) {
				*sxx += (t - mt) * (t - mt);
				*sxy += (t - mt) * (o - mo);
				continue;
			}
			mt += t;
			mo += o;
			n++;
		}
		if (!turn && n) {
			mt /= n;
			mo /= n;
		}
	}
	line->mean_t[which] = mt;
	line->at[which] = mo;
	line->n[which] = n;
}

static struct line fit(int ptp, long long t0, long long o0)
{
	struct line line = { .slope = 0 };
	double sxx = 0, sxy = 0;

	line_add(&line, &before, 0, t0, o0, ptp, &sxx, &sxy);
	line_add(&line, &after, 1, t0, o0, ptp, &sxx, &sxy);
	if (sxx)
		line.slope = sxy / sxx;
	return line;
}

static int compare(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return (x > y) - (x < y);
}

static long long median_error(void)
{
	static long long error[2 * LOOKS_MAX];
	int i, n = 0;

	for (i = 0; i < before.n; i++)
		error[n++] = before.look[i].error;
	for (i = 0; i < after.n; i++)
		error[n++] = after.look[i].error;
	qsort(error, n, sizeof(*error), compare);
	return error[n / 2];
}

static double step_of(const struct line *line)
{
	return line->at[1] - line->at[0] - line->slope * (line->mean_t[1] - line->mean_t[0]);
}

static int step(const char *before_path, const char *after_path)
{
	long long t0, o0;
	struct line own, ptp;
	double off = 0;
	int i;

	if (series_read(&before, before_path) || series_read(&after, after_path)) {
		fprintf(stderr, "lab_wall: too few looks\n");
		return 1;
	}
	t0 = before.look[0].moment;
	o0 = before.look[0].offset;
	own = fit(0, t0, o0);
	printf("%.3f %.3f %lld ", step_of(&own), own.slope * 1e9, median_error());
	ptp = fit(1, t0, o0);
	if (!ptp.n[0] || !ptp.n[1]) {
		printf("- -\n");
		return 0;
	}
	for (i = 0; i < 2; i++)
		off += (ptp.at[i] - own.at[i] -
			own.slope * (ptp.mean_t[i] - own.mean_t[i])) / 2;
	printf("%.3f %.3f\n", step_of(&ptp), off);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "--step"))
		return step(argv[2], argv[3]);
	if ((argc == 3 || argc == 4) && atoi(argv[1]) > 0 && atoi(argv[2]) > 0)
		return look(atoi(argv[1]), atoi(argv[2]), argc == 4 ? argv[3] : NULL);
	fprintf(stderr, "usage: lab_wall COUNT MS [/dev/ptpN]\n"
			"       lab_wall --step BEFORE AFTER\n");
	return 2;
}
