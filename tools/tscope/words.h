/* SPDX-License-Identifier: GPL-2.0 */
/* words.h: figures in sentences; a text is valid until sixteen more were created */
#ifndef TSCOPE_WORDS_H
#define TSCOPE_WORDS_H

#include <stdint.h>

/* text_ns() and text_age() of text.h */
const char *ns_text(__int128_t ns);
const char *age_text(uint64_t ns);

/* ns_text(), with a + if it is not negative */
const char *step_text(int64_t ns);

/* A rate in 0.001 ppb as "+0.198 ppb", "-59.609 ppb", "+30000.000 ppm", always with a sign */
const char *rate_text(int64_t ppt);

#endif /* TSCOPE_WORDS_H */
