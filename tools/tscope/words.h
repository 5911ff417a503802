/* SPDX-License-Identifier: GPL-2.0 */
/* words.h: figures in sentences; each text stays until sixteen more were made */
#ifndef TSCOPE_WORDS_H
#define TSCOPE_WORDS_H

#include <stdint.h>

/* text_ns() and text_age() of text.h */
const char *ns_text(__int128_t ns);
const char *age_text(uint64_t ns);

/* ns_text() with a sign also where it is positive */
const char *step_text(int64_t ns);

/* "+0.198 ppb", "-59.609 ppb", "+30000.000 ppm", with a sign; of thousandths of a ppb */
const char *rate_text(int64_t ppt);

#endif /* TSCOPE_WORDS_H */
