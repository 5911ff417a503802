// SPDX-License-Identifier: GPL-2.0
/* html.c: HTML pages without a script or another file */
#include <err.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "files.h"
#include "html.h"
#include "plot.h"

/* A table of this many characters, with gaps of two between columns, fits a window. */
#define TABLE_COLUMNS	88

/* CSS of a table each of whose rows is shown as a list of heads and cells. */
#define AS_LIST(table) \
	table "," table " :is(tbody,tr,th,td,caption){display:block;width:auto;" \
	"overflow-wrap:anywhere}" table " thead{display:none}\n" \
	table " tr{border-bottom:1px solid var(--c2);padding:.4rem 0}\n" \
	table " :is(th,td,.left){border:0;padding:.1rem 0;text-align:left}\n" \
	table " td{display:flex;gap:1rem;justify-content:space-between}\n" \
	table " td::before{content:attr(data-head);color:var(--c3)}" \
	table " td:empty{display:none}\n"

static const char style[] =
	"*{box-sizing:border-box}\n"
	"body{margin:0 auto;max-width:60rem;padding:1rem;background:var(--c0);color:var(--c1);"
	"font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}\n"
	"h1{font-size:1.6rem;line-height:1.25;margin:.5rem 0}\n"
	"h2{font-size:1.3rem;margin:2.2rem 0 .6rem;padding-top:.6rem;border-top:1px solid var(--c2)}\n"
	"h3{font-size:1.05rem;margin:1.2rem 0 .4rem;line-height:1.35}\n"
	"p,ul{margin:.4rem 0}\n"
	"ul{padding-left:1.2rem}\n"
	"code{font-family:ui-monospace,monospace;font-size:.95em}\n"
	".note,caption,th,dt{color:var(--c3)}\n"
	".verdict{font-size:1.2rem;font-weight:600}\n"
	"dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.2rem 1rem;margin:.5rem 0}\n"
	"dd{margin:0}dd ul{margin:0}\n"
	".finding{border:1px solid var(--c2);border-left:.4rem solid var(--s);border-radius:.3rem;"
	"padding:.2rem 1rem .6rem;margin:1rem 0}\n"
	".finding h3{margin-top:.6rem}\n"
	".severity{display:inline-block;background:var(--s);color:var(--c0);border-radius:.2rem;"
	"padding:0 .5rem;margin-right:.4rem;text-transform:uppercase;font-size:.85rem}\n"
	".fault{--s:var(--fault)}.warning{--s:var(--warning)}.info{--s:var(--info)}\n"
	"table{border-collapse:collapse;width:100%;margin:.8rem 0 1.4rem;"
	"font-variant-numeric:tabular-nums;font-size:.95em;overflow-wrap:normal}\n"
	"caption{text-align:left;padding-bottom:.3rem}\n"
	"th,td{padding:.25rem .5rem;border-bottom:1px solid var(--c2);text-align:right;"
	"vertical-align:top}\n"
	"tbody th{color:var(--c1)}\n"
	"th{font-weight:600}.left{text-align:left}\n"
	"figure{margin:.6rem 0 1.6rem}\n"
	"svg{display:block;width:100%;height:auto}\n"
	".narrow{display:none}\n"
	AS_LIST(".list")
	"@media screen and (max-width:52rem){\n"
	"dl{grid-template-columns:minmax(0,1fr);gap:0}dd{margin-bottom:.5rem}\n"
	AS_LIST("table")
	".wide{display:none}.narrow{display:block;max-width:30rem}\n"
	"}\n"
	"@media print{\n"
	"body{max-width:none;font-size:9.5pt;padding:0}table{font-size:.9em}\n"
	".finding,figure,tr{break-inside:avoid}h2,h3,caption{break-after:avoid}\n"
	".finding,.severity{print-color-adjust:exact;-webkit-print-color-adjust:exact}\n"
	"}\n";

static void write_colours(FILE *to, bool dark)
{
	fputs(":root{", to);
	for (int i = 0; i < COLOURS; i++)
		fprintf(to, "--c%d:#%06x;", i, plot_colour(i, dark));
	fputs(dark ? "--fault:#ff8a80;--warning:#f0b429;--info:#5cb8f2}" :
	      "--fault:#b3261e;--warning:#8a5a00;--info:#0067a6}", to);
}

void html_begin(FILE *to, const char *title)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n"
	      /* otherwise a browser asks for an icon */
	      "<link rel=\"icon\" href=\"data:,\">\n", to);
	html_tagged(to, "title", "%s", title);
	fputs("<style>\n", to);
	write_colours(to, false);
	/* paper stays light */
	fputs("\n@media screen and (prefers-color-scheme:dark){", to);
	write_colours(to, true);
	fprintf(to, "}\n%s</style>\n</head>\n<body>\n<main>\n", style);
	html_tagged(to, "h1", "%s", title);
}

void html_end(FILE *to)
{
	fputs("</main>\n</body>\n</html>\n", to);
}

void html_text(FILE *to, const char *text)
{
	size_t n;

	for (; *text; text += n) {
		n = text_character(text);
		if (*text == '<')
			fputs("&lt;", to);
		else if (*text == '>')
			fputs("&gt;", to);
		else if (*text == '&')
			fputs("&amp;", to);
		else if (*text == '"')
			fputs("&quot;", to);
		else if (*text == '\'')
			fputs("&#39;", to);
		else if (text[0] == '+' && text[1] == '-')
			fputs("&plusmn;", to);
		else if (!n || (n == 1 && (*text < ' ' || *text == 0x7f) && *text != '\n'))
			fputc('?', to);
		else
			fwrite(text, 1, n, to);
		if (!n || (text[0] == '+' && text[1] == '-'))
			n = n ? 2 : 1;
	}
}

void html_tagged(FILE *to, const char *tag, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		err(STATUS_NO_FIGURE, "no memory");
	va_end(args);
	fprintf(to, "<%s>", tag);
	html_text(to, text);
	/* the end tag has no attributes */
	fprintf(to, "</%.*s>\n", (int)strcspn(tag, " "), tag);
	free(text);
}

/* A column without a head has remarks. */
static const char *head_of(const struct text_table *t, size_t column)
{
	const char *head = table_head(t, column);

	return *head ? head : "remark";
}

static bool fits(const struct text_table *t)
{
	size_t all = 0, widest;

	for (size_t c = 0; c < t->n_heads; c++) {
		widest = strlen(head_of(t, c));
		for (size_t i = c; i < t->n_cells; i += t->n_heads)
			widest = strlen(t->cells[i]) > widest ? strlen(t->cells[i]) : widest;
		all += widest + 2;
	}
	return all <= TABLE_COLUMNS;
}

void html_table(FILE *to, struct text_table *t, const char *caption)
{
	/* roles: for a screen reader, a table that is shown as a list stays a table */
	fprintf(to, "<table role=\"table\"%s>\n", fits(t) ? "" : " class=\"list\"");
	html_tagged(to, "caption", "%s", caption);
	fputs("<thead role=\"rowgroup\"><tr role=\"row\">\n", to);
	for (size_t c = 0; c < t->n_heads; c++) {
		fprintf(to, "<th role=\"columnheader\" scope=\"col\"%s>",
			table_left(t, c) ? " class=\"left\"" : "");
		html_text(to, head_of(t, c));
		fputs("</th>\n", to);
	}
	fputs("</tr></thead>\n<tbody role=\"rowgroup\">\n", to);
	for (size_t i = 0; i < t->n_cells; i++) {
		size_t c = i % t->n_heads;

		if (!c) {
			fputs("<tr role=\"row\">", to);
			html_tagged(to, "th role=\"rowheader\" scope=\"row\" class=\"left\"", "%s",
				    t->cells[i]);
		} else {
			fprintf(to, "<td role=\"cell\"%s data-head=\"",
				table_left(t, c) ? " class=\"left\"" : "");
			html_text(to, head_of(t, c));
			fputs("\">", to);
			html_text(to, t->cells[i]);
			fputs("</td>", to);
		}
		if (c + 1 == t->n_heads)
			fputs("</tr>\n", to);
	}
	fputs("</tbody>\n</table>\n", to);
	table_free(t);
}
