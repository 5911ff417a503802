# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# rows.sh: the table that the scenarios of "make bench" and "make peers" print rows of, see row() in
# measure.sh.

# table: the rows of standard input; the last of those that were measured again because the lab
# restarted
table() {
	awk -F'|' '
		function cells(a, n, line, i) {
			for (i = 2; i <= 8; i++)
				line = line sprintf(i == 2 ? "%-" w[i] "s" : "  %-" w[i] "s", a[i])
			sub(/ +$/, "", line)
			return line
		}
		{ text[NR] = $0 }
		/^row\|/ { newest[$2] = NR; for (i = 2; i <= 8; i++) if (length($i) > w[i]) w[i] = length($i) }
		END { for (k = 1; k <= NR; k++) {
			if (text[k] !~ /^row\|/) continue
			split(text[k], a, "|")
			if (newest[a[2]] != k) continue
			print cells(a)
		} }'
}
