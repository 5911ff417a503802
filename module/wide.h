/* SPDX-License-Identifier: GPL-2.0 */
/* The former name of math128.h. */
#include "math128.h"
