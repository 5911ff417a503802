/* SPDX-License-Identifier: GPL-2.0 */
/* write.h: files that doctor proposes */
#ifndef TSCOPE_WRITE_H
#define TSCOPE_WRITE_H

#include <stdio.h>

#include "finding.h"

/**
 * write_check() - whether files can be written to a directory, or it can be created
 *
 * Return: 0, or a negative errno after a message. Nothing is changed.
 */
int write_check(const char *dir);

/**
 * write_proposals() - write the files that findings call for
 * @dir: the directory, which is created if it is absent; nothing else is changed
 * @out: a line for each file, or a line that there is none, is written to it
 *
 * Each file says where it goes. If one of the files exists already, none is written.
 *
 * Return: how many were written, or a negative errno after a message.
 */
int write_proposals(const char *dir, const struct observation *o, const struct finding_list *list,
		    FILE *out);

#endif /* TSCOPE_WRITE_H */
