// SPDX-License-Identifier: GPL-2.0
/*
 * sysfs_fuzz: random use of /sys/kernel/tscope and its debugfs files: valid and invalid
 * writes, partial reads, seeks, many open files. After each write all controls must have
 * the values of an independent model, and text that is read must be printable and
 * without kernel addresses. See usage().
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "sysfs_fuzz_writes.h"

#define OPEN_MAX_	200

static struct { int fd, file; } held[OPEN_MAX_];
static int holding;

/*
 * Reads
 */

static void op_open(void)
{
	int i = rnd(files), fd, at;

	fd = open(file[i].path, O_RDONLY | (rnd(4) ? 0 : O_NONBLOCK));
	if (fd < 0) {
		if (!file[i].write_only || errno != EACCES)
			bad("%s does not open: %s", file[i].path,
			    strerror(errno));
		return;
	}
	if (holding < OPEN_MAX_) {
		at = holding++;
	} else {
		at = rnd(holding);
		close(held[at].fd);
	}
	held[at].fd = fd;
	held[at].file = i;
}

static bool read_errno(int err)
{
	switch (err) {
	case ENODATA:
	case EAGAIN:
		return true;
	case EINVAL:	/* a seek past what there is */
		return true;
	}
	return false;
}

static void op_read(void)
{
	static const size_t size[] = { 0, 1, 2, 3, 7, 64, 511, 4095, 4096, 4097,
		65536, TEXT_MAX };
	struct pollfd pfd;
	struct file *f;
	off_t to;
	ssize_t n;
	int at;

	if (!holding) {
		op_open();
		return;
	}
	at = rnd(holding);
	f = &file[held[at].file];
	switch (rnd(9)) {
	case 0:
		to = rnd(2) ? rnd(100) : (off_t)(rnd64() >> rnd(64));
		lseek(held[at].fd, to, rnd(3));
		return;
	case 1:
		n = pread(held[at].fd, text, size[rnd(12)], rnd(2) ? rnd(100) : 0);
		break;
	case 2:
		pfd = (struct pollfd){ held[at].fd, POLLIN | POLLPRI, 0 };
		poll(&pfd, 1, 0);
		return;
	case 3:
		close(held[at].fd);
		held[at] = held[--holding];
		return;
	case 4:
	case 5:
	case 6:
		lseek(held[at].fd, 0, SEEK_SET);
		/* fall through */
	default:
		n = read(held[at].fd, text, size[rnd(12)]);
	}
	if (n >= 0)
		check_text(f->path, text, n);
	else if (!read_errno(errno))
		bad("%s: %s", f->path, strerror(errno));
}

/* A control's text must be the same if it is read in pieces or as a whole. */
static void op_piecemeal(void)
{
	struct control *c = &control[rnd(controls)];
	char want[32], got[64];
	int fd = open(c->path, O_RDONLY), n = 0;
	ssize_t r;

	while (n < 63 && (r = read(fd, got + n, 1 + rnd(3))) > 0)
		n += r;
	got[n] = 0;
	close(fd);
	sprintf(want, "%llu\n", (unsigned long long)c->value);
	if (strcmp(got, want))
		bad("%s in pieces is '%s', not '%s'", c->path, got, want);
}

static void op_look(void)
{
	if (rnd(4))
		op_read();
	else
		op_open();
}

/* A process that reads until the parent has ended. */
static void __attribute__((noreturn)) reader(uint64_t seed)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	random_state = seed;
	while (!*failures) {
		operation++;
		op_look();
	}
	exit(1);
}

/* Operations that change nothing, while other processes change controls. */
static void one_harmless_op(void)
{
	unsigned int kind = rnd(100);

	if (kind < 70)
		op_look();
	else if (kind < 90)
		op_refused();
	else
		op_forbidden();
}

static void one_op(void)
{
	unsigned int kind = rnd(100);

	if (kind < 35)
		op_read();
	else if (kind < 45)
		op_open();
	else if (kind < 70)
		op_bad();
	else if (kind < 80)
		op_good();
	else if (kind < 88)
		op_cpus();
	else if (kind < 91)
		op_reset();
	else if (kind < 95)
		op_piecemeal();
	else
		op_forbidden();
}

static void usage(void)
{
	printf("usage: sysfs_fuzz [-s SEED] [-n OPERATIONS] [-t SECONDS] [-r READERS] [-R]\n"
	       "Random use of %s and %s, checked against a model.\n"
	       "  -s  seed of the random operations (default: the time)\n"
	       "  -n  how many operations (20000)\n"
	       "  -t  end after this many seconds, even with fewer operations (none)\n"
	       "  -r  number of other processes that read meanwhile (2)\n"
	       "  -R  change nothing: read, and write what must be refused\n",
	       SYSFS, DEBUGFS);
	exit(2);
}

int main(int argc, char **argv)
{
	uint64_t seed = time(NULL), operations = 20000, i;
	unsigned int readers = 2, r;
	double start, seconds = 1e9, said;
	pid_t pid[64];
	int c, status;

	while ((c = getopt(argc, argv, "s:n:t:r:R")) != -1) {
		switch (c) {
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			operations = strtoull(optarg, NULL, 0);
			break;
		case 't':
			seconds = strtod(optarg, NULL);
			break;
		case 'r':
			readers = atoi(optarg);
			break;
		case 'R':
			others_change = true;
			break;
		default:
			usage();
		}
	}
	if (optind < argc || readers > 64)
		usage();
	failures = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (failures == MAP_FAILED)
		die("mmap");
	setvbuf(stdout, NULL, _IOLBF, 0);
	find(SYSFS);
	find(DEBUGFS);
	if (!files)
		die(SYSFS);
	qsort(file, files, sizeof(*file), by_path);
	add_limits();
	if (others_change) {
		/* so that each of the two can have any value of its range */
		control[PERIOD].value = control[PERIOD].high;
		control[WIDTH].value = control[WIDTH].low;
	}
	random_state = seed;
	printf("# seed %llu, %llu operations, %d files, %d numbers, %u readers\n",
	       (unsigned long long)seed, (unsigned long long)operations, files,
	       controls, readers);
	fflush(stdout);
	for (r = 0; r < readers; r++) {
		pid[r] = fork();
		if (!pid[r])
			reader(seed + 1 + r);
	}
	start = now_s();
	said = start;
	for (i = 0; i < operations && *failures < 10; i++) {
		operation = i;
		if (others_change)
			one_harmless_op();
		else
			one_op();
		if (now_s() - start >= seconds)
			break;
		if (now_s() - said >= 10) {
			said = now_s();
			printf("# %llu operations\n", (unsigned long long)i);
		}
	}
	check_state("all", true);
	for (r = 0; r < readers; r++) {
		if (!*failures && waitpid(pid[r], &status, WNOHANG))
			bad("reader %u ended by itself", r);
		kill(pid[r], SIGKILL);
		waitpid(pid[r], &status, 0);
	}
	printf("# %llu operations in %.1f s, %.0f a second: %llu writes taken, %llu refused, %llu bytes read, %d files held open\n",
	       (unsigned long long)i, now_s() - start,
	       i / (now_s() - start + 1e-9),
	       (unsigned long long)writes_taken,
	       (unsigned long long)writes_refused,
	       (unsigned long long)bytes_read, holding);
	if (!*failures)
		return 0;
	printf("# %u things were wrong; again: sysfs_fuzz -s %llu\n", *failures,
	       (unsigned long long)seed);
	return 1;
}
