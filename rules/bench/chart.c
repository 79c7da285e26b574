/* SPDX-License-Identifier: GPL-3.0-or-later */
/* chart: see chart.h. */
#include "rules/bench/chart.h"

#include "rules/bench/rows.h"

#include <math.h>
#include <string.h>

#define DAY_LEAST (1.0 / 24)		/* of less input, nothing is said about a day */
#define SVG_W 640
#define SVG_H 360
#define SVG_LEFT 70
#define SVG_TOP 40
#define SVG_RIGHT 20
#define SVG_BOTTOM 60

static unsigned
most(const struct chart *c)
{
	unsigned n = 1;

	for (unsigned i = 0; i < c->rows; i++)
		n = c->row[i].alerts > n ? c->row[i].alerts : n;
	return n;
}

static const char *
per_day(const struct chart *c, unsigned n, char buf[24])
{
	if (c->days < DAY_LEAST)
		return "-";
	(void)snprintf(buf, 24, n / c->days < 9.95 ? "%.2f" : "%.0f", n / c->days);
	return buf;
}

void
chart_text(const struct chart *c, FILE *out)
{
	unsigned top = most(c);
	int name = 5, value = 5;

	for (unsigned i = 0; i < c->rows; i++) {
		int n = (int)strlen(c->row[i].name), v = (int)strlen(c->row[i].value);

		name = n > name ? n : name;
		value = v > value ? v : value;
	}
	if (c->word != NULL)
		fprintf(out, "%s of %s\n\n", c->word, c->rule);
	fprintf(out, "%-*s  %*s  %8s  %8s  %8s  %8s  %8s", name, "rules", value,
	    c->word == NULL ? "" : "limit", "alerts", "a day", "devices", "gained", "lost");
	if (c->labelled)
		fprintf(out, "  %11s  %8s", "found", "false");
	fputc('\n', out);
	for (unsigned i = 0; i < c->rows; i++) {
		const struct chart_row *r = &c->row[i];
		char day[24], bar[16], found[32];

		fprintf(out, "%-*s  %*s  %8u  %8s  %8u", name, r->name, value, r->value,
		    r->alerts, per_day(c, r->alerts, day), r->devices);
		if (r->compared)
			fprintf(out, "  %8u  %8u", r->gained, r->lost);
		else
			fprintf(out, "  %8s  %8s", "-", "-");
		if (c->labelled) {
			(void)snprintf(found, sizeof(found), "%u of %u", r->found, r->expected);
			fprintf(out, "  %11s  %8u", found, r->wrong);
		}
		fprintf(out, "  %s\n", bar_text((double)r->alerts / top, bar));
	}
}

void
chart_json(const struct chart *c, FILE *out)
{
	fprintf(out, "{\"days\":%.6f", c->days);
	if (c->word != NULL) {
		fputs(",\"rule\":", out);
		json_string(out, c->rule);
		fputs(",\"word\":", out);
		json_string(out, c->word);
	}
	fputs(",\"rows\":[", out);
	for (unsigned i = 0; i < c->rows; i++) {
		const struct chart_row *r = &c->row[i];

		fprintf(out, "%s{\"rules\":", i == 0 ? "" : ",");
		json_string(out, r->name);
		if (r->value[0] != '\0') {
			fputs(",\"limit\":", out);
			json_string(out, r->value);
		}
		fprintf(out, ",\"alerts\":%u,\"devices\":%u", r->alerts, r->devices);
		if (c->days >= DAY_LEAST)
			fprintf(out, ",\"a_day\":%.4f", r->alerts / c->days);
		if (r->compared)
			fprintf(out, ",\"gained\":%u,\"lost\":%u", r->gained, r->lost);
		if (c->labelled)
			fprintf(out, ",\"found\":%u,\"expected\":%u,\"false\":%u,"
			    "\"unlabelled\":%u", r->found, r->expected, r->wrong,
			    r->unlabelled);
		fputc('}', out);
	}
	fputs("]}\n", out);
}

static void
svg_text(FILE *out, const char *s)
{
	for (; *s != '\0'; s++)
		if (*s == '<' || *s == '>' || *s == '&')
			fprintf(out, "&#%d;", *s);
		else
			fputc(*s, out);
}

/* One line of points: alerts, or the share that was found. */
static void
svg_line(const struct chart *c, FILE *out, bool found, double top, const char *colour)
{
	unsigned n = 0, i = 0;

	for (unsigned k = 0; k < c->rows; k++)
		n += c->row[k].swept;
	fprintf(out, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"", colour);
	for (unsigned k = 0; k < c->rows; k++) {
		const struct chart_row *r = &c->row[k];
		double y = found ? r->found : r->alerts;

		if (!r->swept)
			continue;
		fprintf(out, "%s%.1f,%.1f", i == 0 ? "" : " ", SVG_LEFT +
		    (SVG_W - SVG_LEFT - SVG_RIGHT) * (n < 2 ? 0.5 : (double)i / (n - 1)),
		    SVG_H - SVG_BOTTOM - (SVG_H - SVG_TOP - SVG_BOTTOM) * (top > 0 ? y / top : 0));
		i++;
	}
	fputs("\"/>\n", out);
}

void
chart_svg(const struct chart *c, FILE *out)
{
	unsigned top = most(c), expected = c->rows > 0 ? c->row[0].expected : 0, n = 0, i = 0;

	for (unsigned k = 0; k < c->rows; k++)
		n += c->row[k].swept;
	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
	    "font-family=\"sans-serif\" font-size=\"11\">\n"
	    "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n<text x=\"%d\" y=\"20\" "
	    "font-size=\"14\">", SVG_W, SVG_H, SVG_LEFT);
	svg_text(out, c->word == NULL ? "" : c->word);
	fputs(" of ", out);
	svg_text(out, c->rule == NULL ? "" : c->rule);
	fprintf(out, "</text>\n<path d=\"M%d %d V%d H%d\" fill=\"none\" stroke=\"black\"/>\n"
	    "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%u</text>\n"
	    "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">0</text>\n"
	    "<text x=\"%d\" y=\"%d\" fill=\"#b03030\">alerts</text>\n", SVG_LEFT, SVG_TOP,
	    SVG_H - SVG_BOTTOM, SVG_W - SVG_RIGHT, SVG_LEFT - 6, SVG_TOP + 4, top,
	    SVG_LEFT - 6, SVG_H - SVG_BOTTOM, SVG_LEFT, SVG_H - 10);
	for (unsigned k = 0; k < c->rows; k++) {
		if (!c->row[k].swept)
			continue;
		fprintf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">",
		    SVG_LEFT + (SVG_W - SVG_LEFT - SVG_RIGHT) *
		    (n < 2 ? 0.5 : (double)i++ / (n - 1)), SVG_H - SVG_BOTTOM + 16);
		svg_text(out, c->row[k].value);
		fputs("</text>\n", out);
	}
	svg_line(c, out, false, top, "#b03030");
	if (c->labelled && expected > 0) {
		svg_line(c, out, true, expected, "#3050b0");
		fprintf(out, "<text x=\"%d\" y=\"%d\" fill=\"#3050b0\">found, of %u</text>\n",
		    SVG_LEFT + 60, SVG_H - 10, expected);
	}
	fputs("</svg>\n", out);
}
