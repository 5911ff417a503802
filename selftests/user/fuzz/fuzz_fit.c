// SPDX-License-Identifier: GPL-2.0
/*
 * fit.c against least squares in numbers of 113 bits, within the largest error of
 * cutting times to 31 bits and phases to a unit.
 */
#include <math.h>

#include "fuzz.h"
#include "fit.h"
#include "hides.h"

#define MOST	200

typedef __float128 real;

static struct tscope_point pt[MOST];

/* The true sums, and the limits of an integer sum's error. */
struct truth {
	real sxx, sxy, ssr;
	real sum_x, sum_y;		/* of magnitudes */
	real max_x;
	real slope, slope_error;	/* units a cycle */
	real unit;			/* of time: cycles */
	bool known;			/* the error has a limit */
};

static real mag(real x)
{
	return x < 0 ? -x : x;
}

static void solve(u32 n, struct truth *t)
{
	real mean_x = 0, mean_y = 0, x, y, span, error, den;
	u32 i;

	memset(t, 0, sizeof(*t));
	for (i = 0; i < n; i++) {
		mean_x += pt[i].tsc - pt[0].tsc;
		mean_y += pt[i].phase;
	}
	mean_x /= n;
	mean_y /= n;
	for (i = 0; i < n; i++) {
		x = pt[i].tsc - pt[0].tsc - mean_x;
		y = pt[i].phase - mean_y;
		t->sxx += x * x;
		t->sxy += x * y;
		t->sum_x += mag(x);
		t->sum_y += mag(y);
		t->max_x = mag(x) > t->max_x ? mag(x) : t->max_x;
	}
	t->slope = t->sxy / t->sxx;
	for (i = 0; i < n; i++) {
		x = pt[i].tsc - pt[0].tsc - mean_x;
		y = pt[i].phase - mean_y - t->slope * x;
		t->ssr += y * y;
	}
	/* a time is off by two units at most, a phase by one */
	span = pt[n - 1].tsc - pt[0].tsc;
	t->unit = 1;
	while (t->unit * 0x1p31 <= span)
		t->unit *= 2;
	error = 2 * t->unit;
	den = t->sxx - 2 * error * t->sum_x - n * error * error;
	t->known = den > 0;
	if (t->known)
		t->slope_error = (error * t->sum_y + t->sum_x + n * error +
				  mag(t->slope) * (2 * error * t->sum_x +
						   n * error * error)) / den;
}

/* Limits of the half-width: by the largest correlation, and without correlation. */
static void check_error(u32 n, u32 khz, u32 resolution,
			const struct tscope_fit *fit, const struct truth *t)
{
	long double mppb = khz * 1e6L / 65536, hidden, low, high, off, ssr;
	u64 span = pt[n - 1].tsc - pt[0].tsc;
	u64 span_ns = (u64)((u128)span * 1000000 / khz);

	if ((u128)span * 1000000 / khz >> 64)
		span_ns = U64_MAX;
	hidden = resolution * 1e12L / (span_ns ? span_ns : 1);
	/* largest error of a residual */
	off = 3 + 3 * (long double)(mag(t->slope) * t->unit) +
	      (long double)(t->slope_error * (t->max_x + 2 * t->unit));
	ssr = sqrtl(t->ssr);
	low = ssr > sqrtl(n) * off ? ssr - sqrtl(n) * off : 0;
	low *= 1.95L / sqrtl((n - 2.0L) * t->sxx) * mppb;
	high = 12.71L * (ssr + sqrtl(n) * off) / sqrtl(t->sxx) * mppb;
	low = hypotl(low, hidden);
	high = hypotl(high, hidden);
	if (low * 1020 < 0x1p63L)
		EXPECT(fit->error_mppb >= low * 0.98L - 1,
		       "%u points, %u kHz: half-width %s, least %.1Lf", n, khz,
		       tap_udec(fit->error_mppb), low);
	else
		EXPECT(fit->error_mppb >= S64_MAX / 1050, "half-width %s",
		       tap_udec(fit->error_mppb));
	EXPECT(fit->error_mppb <= high * 1.02L + 8 ||
	       fit->error_mppb == S64_MAX,
	       "%u points, %u kHz: half-width %s, most %.1Lf", n, khz,
	       tap_udec(fit->error_mppb), high);
	/* before it is divided by 1000 it must fit 62 bits */
	if (fit->error_mppb == S64_MAX)
		EXPECT(high * 1020 > 0x1p62L, "no half-width, most %.1Lf", high);
}

static void check(u32 n, u32 khz, u32 resolution)
{
	long double mppb = khz * 1e6L / 65536, want, slack;
	struct tscope_fit fit;
	struct truth t;
	int err;

	err = tscope_fit_line(pt, n, khz, HIDES(resolution), &fit);
	if (pt[n - 1].tsc == pt[0].tsc) {
		EXPECT_EQ(err, -ENODATA, "all at one time");
		return;
	}
	solve(n, &t);
	want = (long double)t.slope * mppb;
	if (err) {
		EXPECT_EQ(err, -ERANGE, "%u points, %u kHz", n, khz);
		EXPECT(fabsl(want) > 0x1p58L || !t.known,
		       "%u points, %u kHz: no skew, truth %.1Lf", n, khz, want);
		return;
	}
	EXPECT_EQ(fit.points, n, "points");
	if (!t.known)
		return;
	slack = (long double)t.slope_error * mppb + 1 +
		mppb * ldexpl(1, -fit.line.slope_bits - fit.line.tsc_shift) +
		fabsl(want) * 0x1p-60L;
	EXPECT(fabsl(fit.skew_mppb - want) <= slack,
	       "%u points, %u kHz: truth %.1Lf, figure %s, bound %.1Lf", n, khz,
	       want, tap_dec(fit.skew_mppb), slack);
	check_error(n, khz, resolution, &fit, &t);
}

static void fuzz_one(struct fuzz_in *in)
{
	u32 n = TSCOPE_FIT_MIN_POINTS + fuzz_u8(in) % (MOST - 8), i;
	u32 khz = fuzz_khz(in), resolution = (u32)fuzz_bits(in, 10);
	s64 rate = fuzz_signed(in, 40), least = S64_MAX, most = S64_MIN, x = 0;
	unsigned int gap = fuzz_u8(in) % 50, bits = fuzz_u8(in) % 50;
	u64 tsc = fuzz_bits(in, 63), base = fuzz_bits(in, 40);
	struct tscope_fit fit;

	for (i = 0; i < n; i++) {
		tsc += base + fuzz_bits(in, gap);
		x += rate;
		pt[i] = (struct tscope_point){
			.tsc = tsc,
			.phase = x + fuzz_signed(in, bits),
		};
		least = pt[i].phase < least ? pt[i].phase : least;
		most = pt[i].phase > most ? pt[i].phase : most;
	}
	if (most - least < 1LL << 50)
		check(n, khz, resolution);
	else
		EXPECT(tscope_fit_line(pt, n, khz, HIDES(resolution), &fit),
		       "phases %s apart", tap_dec(most - least));

	/* any points: a result or an error, and no undefined behaviour */
	for (i = 0; i < n && in->left; i++) {
		pt[i].tsc = fuzz_u64(in);
		pt[i].phase = (s64)fuzz_u64(in);
	}
	tscope_fit_line(pt, n, khz, HIDES(resolution), &fit);
}
