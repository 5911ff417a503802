/* SPDX-License-Identifier: GPL-2.0 */
/* sysfs_fuzz: its writes, and their expected results; see sysfs_fuzz.c. */
#ifndef SYSFS_FUZZ_WRITES_H
#define SYSFS_FUZZ_WRITES_H

#include <sys/mman.h>
#include <sys/uio.h>

#include "sysfs_fuzz.h"

#define PAGE		4096	/* what one write gives the kernel at most */

static uint64_t writes_taken, writes_refused;

/* One write, by a random method. */
static ssize_t put(const char *path, const char *s, size_t n)
{
	struct iovec part[3];
	size_t cut = n ? rnd(n) : 0;
	int fd = open(path, O_WRONLY | (rnd(4) ? 0 : O_TRUNC));
	ssize_t done;
	int err;

	if (fd < 0)
		return -errno;
	switch (rnd(8)) {
	case 0:
		done = pwrite(fd, s, n, rnd(2) ? rnd(5000) : 0);
		break;
	case 1:
		part[0] = (struct iovec){ (void *)s, cut };
		part[1] = (struct iovec){ (void *)(s + cut), n - cut };
		done = writev(fd, part, 2);
		break;
	default:
		done = write(fd, s, n);
	}
	err = errno;
	close(fd);
	return done < 0 ? -err : done;
}

static void write_control(int i, const char *s, size_t n)
{
	char seen[3 * PAGE], name[200], what[400];
	size_t used = n < PAGE ? n : PAGE;
	uint64_t value = 0;
	ssize_t done;
	int want;

	/* the kernel adds a NUL at the end, and ends the text at the first NUL */
	memcpy(seen, s, used);
	seen[used] = 0;
	want = n < PAGE ? expected(i, seen, &value) : EINVAL;
	shown(name, sizeof(name), s, n);
	snprintf(what, sizeof(what), "writing '%s' to %s", name,
		 control[i].path);
	done = put(control[i].path, s, n);
	if (!n) {
		if (done)
			bad("%s: %zd", what, done);
	} else if (want) {
		writes_refused++;
		if (done >= 0)
			bad("%s was taken", what);
		else if (-done != want)
			bad("%s: errno %zd, not %d", what, -done, want);
	} else {
		writes_taken++;
		if (done != (ssize_t)used)
			bad("%s: %zd", what, done);
		else
			control[i].value = value;
	}
	check_state(what, !rnd(16));
}

static void op_good(void)
{
	int i = rnd(controls);
	uint64_t low, high, value;
	char s[32];

	/* changing the samplers' parameters is expensive: seldom */
	if (i < INTERVAL && rnd(8))
		i = INTERVAL;
	low = control[i].low;
	high = control[i].high;
	if (i == WIDTH)
		high = control[PERIOD].value;
	if (i == PERIOD)
		low = control[WIDTH].value > low ? control[WIDTH].value : low;
	value = low + (high > low ? rnd64() % (high - low + 1) : 0);
	if (!rnd(3))
		value = rnd(2) ? low : high;
	/* with periods of seconds nothing would happen */
	if (i == PERIOD && value > 50000 && low <= 50000 && rnd(16))
		value = low + rnd64() % (50000 - low + 1);
	write_control(i, s, sprintf(s, rnd(2) ? "%llu\n" : "%llu",
				    (unsigned long long)value));
}

static void op_bad(void)
{
	struct control *c = &control[rnd(controls)];
	char s[PAGE * 2];
	size_t n;

	/* just beyond the range, or just within */
	if (!rnd(3))
		n = sprintf(s, "%lld\n", (long long)(rnd(2) ? c->low : c->high) +
			    rnd(200) - 100);
	else
		n = random_text(s, sizeof(s) - 1);
	write_control(c - control, s, n);
}

static void op_cpus(void)
{
	char s[PAGE * 2], seen[PAGE + 1], name[200], what[300];
	size_t n = random_text(s, sizeof(s) - 1), used;
	bool want[CPUS_MAX], now[CPUS_MAX], known;
	ssize_t done;
	int i, some = 0;

	if (!rnd(12)) {
		n = sprintf(s, "%d", rnd(4));
		if (rnd(2))
			n += sprintf(s + n, "-%d", rnd(4));
	}
	used = n < PAGE ? n : PAGE;
	memcpy(seen, s, used);
	seen[used] = 0;
	/* a page or more is refused, even if its text is valid */
	known = used && n < PAGE && parse_list(seen, want);
	for (i = 0; known && i < CPUS_MAX; i++)
		if (want[i] && !possible[i])
			known = false;
	shown(name, sizeof(name), s, n);
	snprintf(what, sizeof(what), "writing '%s' to cpus", name);
	done = put(SYSFS "/cpus", s, n);
	if (done < 0) {
		writes_refused++;
		if (known)
			bad("%s: errno %zd", what, -done);
		if (done != -EINVAL && done != -ERANGE)
			bad("%s: errno %zd", what, -done);
	} else if (n) {
		writes_taken++;
		cpus_now(now);
		for (i = 0; i < CPUS_MAX; i++) {
			some += now[i];
			if (now[i] && !possible[i])
				bad("%s: CPU %d is not possible", what, i);
		}
		if (!some)
			bad("%s: no CPU is left", what);
		if (known && memcmp(now, want, sizeof(now)))
			bad("%s: cpus is '%s'", what, text);
		memcpy(cpus, now, sizeof(now));
	}
	check_state(what, !rnd(16));
}

static void op_reset(void)
{
	char s[PAGE * 2], seen[PAGE + 1];
	size_t n = random_text(s, sizeof(s) - 1), used = n < PAGE ? n : PAGE;
	uint64_t value;
	ssize_t done;
	int want;

	if (!rnd(3)) {
		n = sprintf(s, "1\n");
		used = n;
	}
	memcpy(seen, s, used);
	seen[used] = 0;
	want = n < PAGE ? parse_number(seen, 8, &value) : EINVAL;
	if (!want && value != 1)
		want = ERANGE;
	done = put(SYSFS "/reset", s, n);
	if (n && (want ? -done != want : done != (ssize_t)used))
		bad("reset: %zd, not %d", done, want);
	if (done < 0)
		writes_refused++;
	check_state("reset", !rnd(16));
}

/* Writes that must be refused, whatever the other controls are. */
static void op_refused(void)
{
	int i = rnd(controls);
	char s[PAGE * 2], seen[PAGE + 1];
	size_t n = random_text(s, sizeof(s) - 1), used = n < PAGE ? n : PAGE;
	uint64_t value;

	memcpy(seen, s, used);
	seen[used] = 0;
	if (used && expected(i, seen, &value))
		write_control(i, s, n);
}

/* Operations that no file allows. */
static void op_forbidden(void)
{
	struct file *f = &file[rnd(files)];
	char other[160];
	ssize_t done = -1;
	int fd;

	snprintf(other, sizeof(other), "%s.x", f->path);
	switch (rnd(8)) {
	case 0:
		done = mkdir(other, 0777);
		break;
	case 1:
		done = unlink(f->path);
		break;
	case 2:
		done = rename(f->path, other);
		break;
	case 3:
		done = symlink("/", other);
		break;
	case 4:
		fd = open(other, O_CREAT | O_RDWR, 0666);
		done = fd < 0 ? -1 : 0;
		close(fd);
		break;
	case 5:
		fd = open(f->path, O_RDONLY);
		done = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) ==
		       MAP_FAILED ? -1 : 0;
		close(fd);
		break;
	case 6:
		fd = open(f->path, O_RDONLY);
		done = write(fd, "1", 1);
		close(fd);
		break;
	default:
		if (f->control >= 0 || f->write_only ||
		    !strcmp(f->path, SYSFS "/cpus"))
			return;
		done = put(f->path, "1\n", 2);
	}
	if (done >= 0)
		bad("%s let itself be changed", f->path);
	check_state(f->path, !rnd(16));
}

#endif /* SYSFS_FUZZ_WRITES_H */
