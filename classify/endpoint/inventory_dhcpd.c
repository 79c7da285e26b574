/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inventory_dhcpd: the lease file of ISC dhcpd (dhcpd.leases(5)), IPv4 and IPv6.
 *
 *	lease ADDRESS { ... hardware ethernet MAC; client-hostname "NAME"; }
 *	ia-na "IAID and DUID" { iaaddr ADDRESS { ... } }
 *
 * The file is a log: a later lease of an address replaces the earlier ones, and one whose
 * binding state is not active ends it. Statements are words up to ';' and blocks between
 * braces; only the ones above are read. Braces are counted, not followed.
 */
#include "classify/endpoint/rows.h"

#include <string.h>

#define WORDS 4		/* of a statement; the rest of it is passed over */

enum token { TOKEN_END, TOKEN_WORD, TOKEN_STOP, TOKEN_OPEN, TOKEN_CLOSE };

struct statement {
	struct cell word[WORDS];
	unsigned words;
};

struct lease {
	struct inventory_device d;
	unsigned line, column;
	unsigned depth;			/* of its braces; 0: no lease is open */
	bool active, bad;
};

static enum token token(struct rows *r, struct cell *out);
static void begin(struct rows *r, const struct statement *s, unsigned depth,
    struct lease *l);
static void tell(struct rows *r, const struct statement *s, struct lease *l);
static bool is(const struct statement *s, unsigned i, const char *word);
static bool top_level(const struct statement *s);

void
inventory_read_dhcpd(struct rows *r)
{
	struct statement s = { .words = 0 };
	struct lease l = { .depth = 0 };
	unsigned depth = 0, line = 1, column = 1;
	struct cell c;

	for (enum token t; !r->full && (t = token(r, &c)) != TOKEN_END;) {
		if (t == TOKEN_WORD) {
			if (s.words < WORDS)
				s.word[s.words] = c;
			s.words += s.words < WORDS;
			continue;
		}
		if (depth == 0 && (t == TOKEN_CLOSE || !top_level(&s))) {
			const struct cell *at = s.words > 0 ? &s.word[0] : &c;

			rows_fault(r, at->line, at->column, "not a lease of dhcpd",
			    "give the file dhcpd.leases; devices with fixed addresses "
			    "go into a csv");
			return;
		}
		if (t == TOKEN_OPEN) {
			depth++;
			if (depth == 1) {
				line = c.line;
				column = c.column;
			}
			if (l.depth == 0)
				begin(r, &s, depth, &l);
		} else if (t == TOKEN_STOP && depth > 0 && l.depth == depth) {
			tell(r, &s, &l);
		} else if (t == TOKEN_CLOSE) {
			if (l.depth == depth && !l.bad &&
			    rows_add(r, &l.d, l.line))
				r->row[r->n - 1].over = !l.active;
			if (l.depth == depth)
				l.depth = 0;
			depth--;
		}
		s.words = 0;
	}
	if (depth > 0)
		rows_fault(r, line, column, "this '{' is never closed",
		    "copy the file again: it ends in the middle of a lease");
	else if (s.words > 0)
		rows_fault(r, s.word[0].line, s.word[0].column, "not a lease of dhcpd",
		    "give the file dhcpd.leases");
}

static bool
top_level(const struct statement *s)
{
	static const char *const words[] = { "lease", "ia-na", "ia-ta", "ia-pd",
		"server-duid", "authoring-byte-order", "failover", "host", "group",
		"class", "subclass" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (is(s, 0, words[i]))
			return true;
	return false;
}

static bool
is(const struct statement *s, unsigned i, const char *word)
{
	return i < s->words && strcmp(s->word[i].text, word) == 0;
}

static void
begin(struct rows *r, const struct statement *s, unsigned depth, struct lease *l)
{
	if (!(depth == 1 && is(s, 0, "lease")) && !is(s, 0, "iaaddr"))
		return;
	*l = (struct lease){ .d = rows_nobody(), .line = s->word[0].line,
		.column = s->word[0].column, .depth = depth, .active = true };
	l->d.has_ip = s->words > 1 && addr_parse(s->word[1].text, s->word[1].n, &l->d.ip);
	l->bad = !l->d.has_ip;
	if (l->bad)
		rows_fault(r, l->line, s->words > 1 ? s->word[1].column : l->column,
		    "not an IP address", "a lease is: lease 10.20.0.11 { ... }");
}

static void
tell(struct rows *r, const struct statement *s, struct lease *l)
{
	const struct cell *mac = &s->word[2];

	if (is(s, 0, "binding") && is(s, 1, "state")) {
		l->active = is(s, 2, "active");
	} else if (is(s, 0, "client-hostname") && s->words > 1) {
		l->d.name = rows_name(r, &s->word[1]);
	} else if (is(s, 0, "hardware") && is(s, 1, "ethernet") && s->words > 2 &&
	    !cell_mac(mac, &l->d.mac)) {
		l->bad = true;
		rows_fault(r, mac->line, mac->column, "not a MAC address",
		    "dhcpd writes: hardware ethernet 3c:52:82:11:0a:11;");
	}
}

static int
octal(char c)
{
	return c >= '0' && c <= '7' ? c - '0' : -1;
}

/* Between quotes: \" \\ and \ooo. */
static void
quoted(struct rows *r, struct cell *out)
{
	char c;

	rows_step(r);
	while (rows_peek(r, &c) && c != '"' && c != '\n' && c != '\r') {
		rows_step(r);
		if (c != '\\') {
			cell_add(out, c);
			continue;
		}
		if (!rows_peek(r, &c) || c == '\n' || c == '\r')
			break;
		if (octal(c) >= 0) {
			unsigned v = 0;

			for (int i = 0; i < 3 && rows_peek(r, &c) && octal(c) >= 0; i++) {
				v = v << 3 | (unsigned)octal(c);
				rows_step(r);
			}
			c = (char)(v & 0xff);
		} else {
			rows_step(r);
		}
		cell_add(out, c);
	}
	if (rows_peek(r, &c) && c == '"')
		rows_step(r);
}

static bool
ends_word(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ';' || c == '{' ||
	    c == '}' || c == '"' || c == '#';
}

static enum token
token(struct rows *r, struct cell *out)
{
	char c;

	while (rows_peek(r, &c) &&
	    (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '#')) {
		if (c == '#')
			rows_skip_line(r);
		else
			rows_step(r);
	}
	*out = (struct cell){ .line = r->line, .column = r->column };
	if (!rows_peek(r, &c))
		return TOKEN_END;
	if (c == '"') {
		quoted(r, out);
		cell_end(out);
		return TOKEN_WORD;
	}
	if (ends_word(c)) {
		rows_step(r);
		return c == ';' ? TOKEN_STOP : c == '{' ? TOKEN_OPEN : TOKEN_CLOSE;
	}
	while (rows_peek(r, &c) && !ends_word(c)) {
		cell_add(out, c);
		rows_step(r);
	}
	cell_end(out);
	return TOKEN_WORD;
}
