/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TSCOPE_LINUX_ATOMIC_H
#define TSCOPE_LINUX_ATOMIC_H

#include <linux/services.h>

#endif /* TSCOPE_LINUX_ATOMIC_H */
