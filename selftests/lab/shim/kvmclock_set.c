// SPDX-License-Identifier: GPL-2.0
/*
 * A host that sets kvm-clock wrongly: QEMU on the lab's host is started with this library in
 * LD_PRELOAD. It changes KVM_SET_CLOCK, which QEMU calls when a guest continues ("cont"): the
 * number of ns in /run/kvmclock_delta is added to the clock, and the file is removed. If there
 * is a file /run/kvmclock_late, the call is made as many ms later as it says, while the vCPUs
 * run already, and the file is then removed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include <linux/kvm.h>

#define DELTA_FILE "/run/kvmclock_delta"
#define LATE_FILE "/run/kvmclock_late"

static int (*next)(int fd, unsigned long request, ...);

/* The call that is made late: one at a time. */
static struct {
	int fd;
	struct kvm_clock_data data;
	long long ms;
} late;

/* The number in a file, 0 if there is none. */
static long long number_in(const char *name)
{
	FILE *file = fopen(name, "r");
	long long number;

	if (!file)
		return 0;
	if (fscanf(file, "%lld", &number) != 1)
		number = 0;
	fclose(file);
	return number;
}

static void add_delta(struct kvm_clock_data *data)
{
	data->clock += number_in(DELTA_FILE);
	unlink(DELTA_FILE);
}

static void *set_late(void *unused)
{
	usleep(late.ms * 1000);
	if (next(late.fd, KVM_SET_CLOCK, &late.data))
		perror(LATE_FILE);
	else
		unlink(LATE_FILE);
	return unused;
}

/* Returns whether a thread will set the clock late. */
static int is_late(int fd, const struct kvm_clock_data *data)
{
	pthread_t thread;

	late.ms = number_in(LATE_FILE);
	late.fd = fd;
	late.data = *data;
	return late.ms > 0 && !pthread_create(&thread, NULL, set_late, NULL) &&
	       !pthread_detach(thread);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (!next)
		next = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
	if (request == KVM_SET_CLOCK) {
		add_delta(arg);
		if (is_late(fd, arg))
			return 0;
	}
	return next(fd, request, arg);
}
