/* SPDX-License-Identifier: GPL-2.0 */
/* The former name of events.h. */
#include "events.h"
