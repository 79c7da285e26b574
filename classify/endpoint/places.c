/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * places: a MaxMind database in memory. Behind a binary tree over the bits of an address,
 * with two records a node, lie values of maps, texts and numbers; at the end a map says how
 * large the tree is. A record below the number of nodes is a node, that number is "not
 * here", above it is a value.
 */
#include "classify/endpoint/places.h"

#include <string.h>

#define META_LAST (128U * 1024)		/* it lies in the last so many bytes */
#define SEPARATOR 16U			/* zero bytes between tree and values */
#define NODES_MOST (1U << 27)
#define VALUES_MOST 4096U		/* looked at for one answer */

enum { T_EXTENDED, T_POINTER, T_TEXT, T_DOUBLE, T_BYTES, T_U16, T_U32, T_MAP, T_I32,
	T_U64, T_U128, T_ARRAY, T_CONTAINER, T_END, T_BOOL, T_FLOAT };

/* One value: its type, how many entries or bytes, and where what it holds begins. */
struct value {
	unsigned type;
	uint32_t size;
	uint32_t to;			/* of a pointer: into the data */
};

struct walk {
	struct span data;
	unsigned budget;
};

static const uint8_t marker[] = "\xab\xcd\xefMaxMind.com";

static bool
take_number(struct span *s, unsigned n, uint32_t *out)
{
	uint8_t b;

	*out = 0;
	while (n-- > 0) {
		if (!span_u8(s, &b))
			return false;
		*out = *out << 8 | b;
	}
	return true;
}

static bool
take_pointer(struct span *s, uint8_t control, uint32_t *to)
{
	static const uint32_t base[4] = { 0, 2048, 526336, 0 };
	unsigned form = control >> 3 & 3;
	uint32_t low;

	if (!take_number(s, form + 1, &low))
		return false;
	*to = form == 3 ? low : ((control & 7U) << 8 * (form + 1) | low) + base[form];
	return true;
}

/* The head of the value that s begins with; s stands behind it. */
static bool
take_head(struct walk *w, struct span *s, struct value *v)
{
	static const uint32_t base[3] = { 29, 285, 65821 };
	uint8_t control, more;
	uint32_t n;

	if (w->budget == 0 || !span_u8(s, &control))
		return false;
	w->budget--;
	v->type = control >> 5;
	if (v->type == T_POINTER) {
		v->size = 0;
		return take_pointer(s, control, &v->to);
	}
	if (v->type == T_EXTENDED) {
		if (!span_u8(s, &more) || more == 0 || more > T_FLOAT - 7)
			return false;
		v->type = more + 7U;
	}
	v->size = control & 31;
	if (v->size > 28) {
		unsigned extra = v->size - 28;

		if (!take_number(s, extra, &n))
			return false;
		v->size = base[extra - 1] + n;
	}
	return true;
}

/* Behind the value whose head was taken: values within it are counted, not entered. */
static bool
skip_rest(struct walk *w, struct span *s, struct value v)
{
	uint64_t left = 1;

	for (;;) {
		left--;
		if (v.type == T_MAP)
			left += 2ULL * v.size;
		else if (v.type == T_ARRAY)
			left += v.size;
		else if (v.type != T_POINTER && v.type != T_BOOL && v.type != T_END &&
		    !span_skip(s, v.size))
			return false;
		if (left == 0)
			return true;
		if (!take_head(w, s, &v))
			return false;
	}
}

/* As take_head; where it is a pointer, of what it points at (a pointer to a pointer is
 * none), and s stands there. */
static bool
take_value(struct walk *w, struct span *s, struct value *v)
{
	if (!take_head(w, s, v))
		return false;
	if (v->type != T_POINTER)
		return true;
	*s = w->data;
	return span_skip(s, v->to) && take_head(w, s, v) && v->type != T_POINTER;
}

static bool
is(const struct span *s, const struct value *v, const char *word)
{
	return v->type == T_TEXT && v->size == strlen(word) && v->size <= s->left &&
	    memcmp(s->at, word, v->size) == 0;
}

/* The value of a key among the members of a map; s stands at the first of them, and then
 * behind that value's head. */
static bool
among(struct walk *w, struct span *s, uint32_t members, const char *word, struct value *v)
{
	struct span at = *s;

	for (uint32_t i = 0; i < members; i++) {
		struct value key, head;
		struct span text = at;
		bool found;

		if (!take_value(w, &text, &key))
			return false;
		found = is(&text, &key, word);
		if (!take_head(w, &at, &head) || !skip_rest(w, &at, head))
			return false;
		if (found) {
			*s = at;
			return take_value(w, s, v);
		}
		if (!take_head(w, &at, &head) || !skip_rest(w, &at, head))
			return false;
	}
	return false;
}

/* The same, of the map that s begins with. */
static bool
member(struct walk *w, struct span *s, const char *word, struct value *v)
{
	struct value map;

	return take_value(w, s, &map) && map.type == T_MAP &&
	    among(w, s, map.size, word, v);
}

static bool
member_number(struct walk *w, struct span s, const char *word, uint32_t *out)
{
	struct value v;

	return member(w, &s, word, &v) && (v.type == T_U16 || v.type == T_U32) &&
	    v.size <= 4 && take_number(&s, v.size, out);
}

static bool
member_text(struct walk *w, struct span s, const char *word, struct span *out)
{
	struct value v;

	return member(w, &s, word, &v) && v.type == T_TEXT && v.size > 0 &&
	    span_take(&s, v.size, out);
}

static uint32_t
record(const struct place_file *f, uint32_t node, unsigned right)
{
	size_t wide = f->bits / 4;
	const uint8_t *b = f->tree.at + (size_t)node * wide;
	uint32_t high;

	switch (f->bits) {
	case 24:
		b += 3 * right;
		return (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2];
	case 28:
		/* the byte in the middle has the high bits of both */
		high = right ? b[3] & 15U : (uint32_t)b[3] >> 4;
		b += 4 * right;
		return high << 24 | (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2];
	default:
		b += 4 * right;
		return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
		    (uint32_t)b[2] << 8 | b[3];
	}
}

static bool
bad(struct fault *why, const char *what)
{
	(void)fault_set(why, "get it again from where it is published: a file that ends in "
	    ".mmdb, unpacked", "%s", what);
	return false;
}

bool
place_file_open(struct place_file *f, struct span bytes, struct fault *why)
{
	struct span last = bytes, meta;
	struct walk w;
	size_t at, tree;
	uint32_t version = 0, bits = 0;

	memset(f, 0, sizeof(*f));
	if (last.left > META_LAST)
		(void)span_skip(&last, last.left - META_LAST);
	for (at = last.left; at >= sizeof(marker) - 1; at--)
		if (memcmp(last.at + at - (sizeof(marker) - 1), marker,
		    sizeof(marker) - 1) == 0)
			break;
	if (at < sizeof(marker) - 1)
		return bad(why, "not a database in MaxMind's format");
	meta = span_of(last.at + at, last.left - at);
	w = (struct walk){ meta, VALUES_MOST };
	if (!member_number(&w, meta, "node_count", &f->nodes) ||
	    !member_number(&w, meta, "record_size", &bits) ||
	    !member_number(&w, meta, "ip_version", &version))
		return bad(why, "a database that does not say how large it is");
	if ((bits != 24 && bits != 28 && bits != 32) || (version != 4 && version != 6) ||
	    f->nodes == 0 || f->nodes > NODES_MOST)
		return bad(why, "a database of a kind that is not known");
	f->bits = bits;
	f->six = version == 6;
	tree = (size_t)f->nodes * (bits / 4);
	f->data = span_of(bytes.at, (size_t)(meta.at - bytes.at) - (sizeof(marker) - 1));
	if (!span_take(&f->data, tree, &f->tree) || !span_skip(&f->data, SEPARATOR))
		return bad(why, "a database that is not whole");
	/* in a tree of IPv6 an IPv4 address is one behind 96 zero bits */
	for (int i = 0; f->six && i < 96 && f->v4 < f->nodes; i++)
		f->v4 = record(f, f->v4, 0);
	return true;
}

static bool
country_of(struct walk *w, struct span s, struct span *out)
{
	static const char *const where[] = { "country", "registered_country" };

	for (int i = 0; i < 2; i++) {
		struct span at = s;
		struct value v;

		if (!member(w, &at, where[i], &v))
			continue;
		if (v.type == T_MAP && !among(w, &at, v.size, "iso_code", &v))
			continue;
		if (v.type == T_TEXT && v.size == 2)
			return span_take(&at, 2, out);
	}
	return member_text(w, s, "country_code", out) && out->left == 2;
}

/* IPinfo writes "AS64500". */
static bool
asn_of(struct walk *w, struct span s, uint32_t *out)
{
	struct span text;
	uint64_t n = 0;

	if (member_number(w, s, "autonomous_system_number", out))
		return true;
	if (!member_text(w, s, "asn", &text) || text.left < 3 || text.at[0] != 'A' ||
	    text.at[1] != 'S')
		return false;
	for (size_t i = 2; i < text.left && n <= UINT32_MAX; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		n = n * 10 + (text.at[i] - '0');
	}
	*out = (uint32_t)n;
	return n <= UINT32_MAX;
}

bool
place_find(const struct place_file *f, const struct addr *a, struct location *out)
{
	bool four = addr_is_v4(a);
	uint32_t node = four ? f->v4 : 0;
	struct span at = f->data, got;
	struct walk w = { f->data, VALUES_MOST };
	uint32_t asn;
	bool any = false;

	if (!four && !f->six)
		return false;
	for (unsigned bit = four ? 96 : 0; bit < 128 && node < f->nodes; bit++)
		node = record(f, node, a->b[bit / 8] >> (7 - bit % 8) & 1);
	if (node <= f->nodes || node - f->nodes < SEPARATOR ||
	    !span_skip(&at, node - f->nodes - SEPARATOR))
		return false;
	if (asn_of(&w, at, &asn) && asn != 0) {
		out->asn = asn;
		any = true;
	}
	if (member_text(&w, at, "autonomous_system_organization", &got) ||
	    member_text(&w, at, "as_name", &got)) {
		out->as_org = got;
		any = true;
	}
	if (country_of(&w, at, &got)) {
		out->country = got;
		any = true;
	}
	return any;
}
