/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TSCOPE_LINUX_RANDOM_H
#define TSCOPE_LINUX_RANDOM_H

#include <linux/services.h>

#endif /* TSCOPE_LINUX_RANDOM_H */
