// SPDX-License-Identifier: GPL-2.0
/* plot_draw.c: run gnuplot on a script */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plot.h"
#include "program.h"

#define PICTURE_LIMIT	(32 << 20)
#define TIMEOUT_MS	60000

int plot_draw(const char *script, FILE *to)
{
	/* without the user's own settings */
	static const char *const argv[] = { "gnuplot", "--default-settings", NULL };
	size_t len;
	char *picture = program_filter(argv, script, PICTURE_LIMIT, TIMEOUT_MS, &len);
	int error = picture ? 0 : -errno;

	if (error == -ENOENT)
		warnx("gnuplot is not here; it draws pictures (Debian: apt install gnuplot-nox)");
	else if (error == -EIO)
		warnx("gnuplot failed; \"tscope plot --script\" prints what it was to run");
	else if (error)
		warnx("gnuplot: %s", strerror(-error));
	else if (fwrite(picture, 1, len, to) != len)
		error = -errno;
	free(picture);
	return error;
}
