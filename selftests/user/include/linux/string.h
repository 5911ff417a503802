/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TSCOPE_LINUX_STRING_H
#define TSCOPE_LINUX_STRING_H

#include <string.h>

#endif /* TSCOPE_LINUX_STRING_H */
