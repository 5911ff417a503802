# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# rows.sh: prints the table of "make bench" and "make peers", from the rows that their scenarios
# print, see row() in measure.sh.

# table: of the rows of standard input; the last one counts if a row was measured again because the
# lab restarted
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
