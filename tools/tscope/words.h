/* SPDX-License-Identifier: GPL-2.0 */
/* words.h: figures as people read them; each text stays until sixteen more were made */
#ifndef TSCOPE_WORDS_H
#define TSCOPE_WORDS_H

#include <stdint.h>

/* "12 ns", "83.989 us", "3.314000 ms", "-3.314000000 s": all digits, in a unit that is read easily */
const char *ns_text(int64_t ns);

/* The same with a sign. */
const char *step_text(int64_t ns);

/* "0.198 ppb", "-59.609 ppb", "+30000.000 ppm", with a sign; of thousandths of a ppb */
const char *rate_text(int64_t ppt);

/* How long ago, or until now: "7 s", "12 min", "3 h" */
const char *age_text(uint64_t ns);

#endif /* TSCOPE_WORDS_H */
