/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest's wall clock against the host's by the kernel's own ptp_kvm, for programs of the lab.
 */
#ifndef LAB_PTP_H
#define LAB_PTP_H

#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <linux/ptp_clock.h>

static inline long long lab_now_raw(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static inline long long lab_ptp_ns(const struct ptp_clock_time *t)
{
	return t->sec * 1000000000LL + t->nsec;
}

/* PTP_SYS_OFFSET_PRECISE: @moment by CLOCK_MONOTONIC_RAW, @offset of the guest's clock; in ns. */
static inline int lab_ptp_look(int ptp, long long *moment, long long *offset)
{
	struct ptp_sys_offset_precise precise;

	memset(&precise, 0, sizeof(precise));
	if (ptp < 0 || ioctl(ptp, PTP_SYS_OFFSET_PRECISE, &precise))
		return -1;
	*moment = lab_ptp_ns(&precise.sys_monoraw);
	*offset = lab_ptp_ns(&precise.sys_realtime) - lab_ptp_ns(&precise.device);
	return 0;
}

#endif
