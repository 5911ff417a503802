/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TSCOPE_LINUX_GCD_H
#define TSCOPE_LINUX_GCD_H

static inline unsigned long gcd(unsigned long a, unsigned long b)
{
	unsigned long rest;

	while (b) {
		rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

#endif /* TSCOPE_LINUX_GCD_H */
