// SPDX-License-Identifier: GPL-2.0
/*
 * A host that sets kvm-clock wrongly: QEMU on the lab's host is started with this
 * in LD_PRELOAD. A KVM_SET_CLOCK, which QEMU issues when a guest continues ("cont"),
 * adds the number of ns in /run/kvmclock_delta, and removes the file.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include <linux/kvm.h>

#define DELTA_FILE "/run/kvmclock_delta"

static void add_delta(struct kvm_clock_data *data)
{
	FILE *file = fopen(DELTA_FILE, "r");
	long long delta_ns;

	if (!file)
		return;
	if (fscanf(file, "%lld", &delta_ns) == 1)
		data->clock += delta_ns;
	fclose(file);
	unlink(DELTA_FILE);
}

int ioctl(int fd, unsigned long request, ...)
{
	static int (*next)(int fd, unsigned long request, ...);
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (!next)
		next = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
	if (request == KVM_SET_CLOCK)
		add_delta(arg);
	return next(fd, request, arg);
}
