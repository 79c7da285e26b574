/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hostlist: names in a hash table asked once per label, networks in one asked once per
 * prefix length in use; only globs with a '*' elsewhere than in front are tried one by
 * one. Owns the look-up. The tables hold what the operator wrote, so their hash needs no
 * secret key: whoever asks for hostile names cannot add an entry.
 */
#include "classify/endpoint/hostlist.h"

#include <stdio.h>
#include <string.h>

#define NAME_LONGEST 253
#define LINE_MAX_TEXT 320

enum { MATCH_SELF = 1, MATCH_BELOW = 2 };

enum entry_kind { ENTRY_DOMAIN, ENTRY_HOST, ENTRY_NET, ENTRY_AS };

/* One line of the list, in order. Domain and host: the text; net: the prefix. */
struct entry {
	const char *text;
	uint8_t n, kind;
	struct prefix net;
	uint32_t as;
};

struct name {
	const char *text;	/* lower case; NULL: free */
	uint8_t n, match;
};

struct hostlist {
	struct entry *entry;
	size_t n, cap;
	struct name *name;	/* open addressing, a power of two of them */
	size_t names, name_cap;
	struct prefix *net;	/* the same; bits 255: free */
	size_t nets, net_cap;
	bool bits_used[129];
	uint32_t *glob;		/* entries that need a walk */
	size_t globs, glob_cap;
	uint32_t *as;		/* in rising order */
	size_t systems, as_cap;
};

enum add { ADDED, ADD_BAD, ADD_FULL };

static enum add add_line(struct arena *a, struct hostlist *l, enum entry_kind kind,
    const char *text, size_t n);

/* FNV-1a, fed from the end of a name to its start:
 * the hashes of all its suffixes come up on the way. */
#define HASH_START 0xcbf29ce484222325U
static inline uint64_t
hash_step(uint64_t h, uint8_t c)
{
	return (h ^ c) * 0x100000001b3U;
}

static uint8_t
lower_of(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static uint64_t
mixed(uint64_t h)
{
	return h ^ h >> 29;
}

/* ---- building ---- */

/* Room for one more in an array of the arena: the old one stays behind, so at most half
 * of what an arena holds is waste. */
static bool
grow(struct arena *a, void *array, size_t size, size_t n, size_t *cap)
{
	size_t more = *cap == 0 ? 16 : *cap * 2;
	void *old, *new;

	if (n < *cap)
		return true;
	new = arena_alloc(a, more * size);
	if (new == NULL)
		return false;
	memcpy(&old, array, sizeof(old));
	if (n > 0)
		memcpy(new, old, n * size);
	memcpy(array, &new, sizeof(new));
	*cap = more;
	return true;
}

static struct name *
name_slot(const struct hostlist *l, const char *text, size_t n, uint64_t hash)
{
	size_t i = mixed(hash) & (l->name_cap - 1);

	while (l->name[i].text != NULL &&
	    (l->name[i].n != n || memcmp(l->name[i].text, text, n) != 0))
		i = (i + 1) & (l->name_cap - 1);
	return &l->name[i];
}

static uint64_t
name_hash(const char *text, size_t n)
{
	uint64_t h = HASH_START;

	while (n > 0)
		h = hash_step(h, (uint8_t)text[--n]);
	return h;
}

static bool
name_add(struct arena *a, struct hostlist *l, const char *text, size_t n, uint8_t match)
{
	struct name *s;

	if (l->names * 2 >= l->name_cap) {
		struct hostlist bigger = *l;

		bigger.name_cap = l->name_cap == 0 ? 32 : l->name_cap * 2;
		bigger.name = arena_alloc(a, bigger.name_cap * sizeof(*l->name));
		if (bigger.name == NULL)
			return false;
		for (size_t i = 0; i < l->name_cap; i++)
			if (l->name[i].text != NULL)
				*name_slot(&bigger, l->name[i].text, l->name[i].n,
				    name_hash(l->name[i].text, l->name[i].n)) =
				    l->name[i];
		*l = bigger;
	}
	s = name_slot(l, text, n, name_hash(text, n));
	if (s->text == NULL) {
		s->text = text;
		s->n = (uint8_t)n;
		l->names++;
	}
	s->match |= match;
	return true;
}

static uint64_t
net_hash(const struct prefix *p)
{
	uint64_t h = hash_step(HASH_START, p->bits);

	for (int i = 0; i < 16; i++)
		h = hash_step(h, p->net.b[i]);
	return h;
}

static struct prefix *
net_slot(const struct hostlist *l, const struct prefix *p)
{
	size_t i = mixed(net_hash(p)) & (l->net_cap - 1);

	while (l->net[i].bits != 255 &&
	    (l->net[i].bits != p->bits || !addr_eq(&l->net[i].net, &p->net)))
		i = (i + 1) & (l->net_cap - 1);
	return &l->net[i];
}

static bool
net_add(struct arena *a, struct hostlist *l, const struct prefix *p)
{
	struct prefix *s;

	if (l->nets * 2 >= l->net_cap) {
		struct hostlist bigger = *l;

		bigger.net_cap = l->net_cap == 0 ? 32 : l->net_cap * 2;
		bigger.net = arena_alloc(a, bigger.net_cap * sizeof(*l->net));
		if (bigger.net == NULL)
			return false;
		for (size_t i = 0; i < bigger.net_cap; i++)
			bigger.net[i].bits = 255;
		for (size_t i = 0; i < l->net_cap; i++)
			if (l->net[i].bits != 255)
				*net_slot(&bigger, &l->net[i]) = l->net[i];
		*l = bigger;
	}
	s = net_slot(l, p);
	if (s->bits == 255)
		l->nets++;
	*s = *p;
	l->bits_used[p->bits] = true;
	return true;
}

/* Letters, digits, '-', '_', bytes of UTF-8, single dots between labels; '*' in globs. */
static bool
name_valid(const char *text, size_t n, bool glob)
{
	if (n == 0 || n > NAME_LONGEST || text[n - 1] == '.')
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || c == '-' || c == '_' || c >= 0x80;

		if (letter || (glob && c == '*'))
			continue;
		if (c != '.' || i == 0 || text[i - 1] == '.')
			return false;
	}
	return true;
}

/* 64500, AS64500 */
static bool
as_parse(const char *text, size_t n, uint32_t *out)
{
	uint64_t v = 0;

	if (n > 2 && lower_of((uint8_t)text[0]) == 'a' && lower_of((uint8_t)text[1]) == 's') {
		text += 2;
		n -= 2;
	}
	if (n == 0 || n > 10)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		v = v * 10 + (unsigned)(text[i] - '0');
	}
	*out = (uint32_t)v;
	return v > 0 && v <= UINT32_MAX;
}

static bool
as_add(struct arena *a, struct hostlist *l, uint32_t as)
{
	size_t i;

	if (!grow(a, &l->as, sizeof(*l->as), l->systems, &l->as_cap))
		return false;
	for (i = l->systems; i > 0 && l->as[i - 1] > as; i--)
		l->as[i] = l->as[i - 1];
	l->as[i] = as;
	l->systems++;
	return true;
}

static enum add
add_line(struct arena *a, struct hostlist *l, enum entry_kind kind, const char *text,
    size_t n)
{
	struct entry e = { .kind = (uint8_t)kind };
	char *lower;

	if (kind == ENTRY_AS) {
		if (!as_parse(text, n, &e.as))
			return ADD_BAD;
	} else if (kind != ENTRY_DOMAIN && prefix_parse(text, n, &e.net)) {
		e.kind = ENTRY_NET;
	} else if (kind == ENTRY_NET) {
		return ADD_BAD;
	} else {
		if (n > 1 && text[n - 1] == '.')
			n--;
		if (!name_valid(text, n, kind == ENTRY_HOST))
			return ADD_BAD;
		lower = arena_text(a, text, n);
		if (lower == NULL)
			return ADD_FULL;
		for (size_t i = 0; i < n; i++)
			lower[i] = (char)lower_of((uint8_t)lower[i]);
		e.text = lower;
		e.n = (uint8_t)n;
	}
	if (!grow(a, &l->entry, sizeof(e), l->n, &l->cap))
		return ADD_FULL;
	if (e.kind == ENTRY_AS) {
		if (!as_add(a, l, e.as))
			return ADD_FULL;
	} else if (e.kind == ENTRY_NET) {
		if (!net_add(a, l, &e.net))
			return ADD_FULL;
	} else if (e.kind == ENTRY_DOMAIN) {
		if (!name_add(a, l, e.text, e.n, MATCH_SELF | MATCH_BELOW))
			return ADD_FULL;
	} else if (memchr(e.text, '*', e.n) == NULL) {
		if (!name_add(a, l, e.text, e.n, MATCH_SELF))
			return ADD_FULL;
	} else if (e.n > 2 && e.text[0] == '*' && e.text[1] == '.' &&
	    memchr(e.text + 1, '*', e.n - 1U) == NULL) {
		if (!name_add(a, l, e.text + 2, e.n - 2U, MATCH_BELOW))
			return ADD_FULL;
	} else {
		if (!grow(a, &l->glob, sizeof(*l->glob), l->globs, &l->glob_cap))
			return ADD_FULL;
		l->glob[l->globs++] = (uint32_t)l->n;
	}
	l->entry[l->n++] = e;
	return ADDED;
}

/* The next word of a line, NULL at its end. */
static const char *
word(const char **at, const char *end, size_t *n)
{
	const char *p = *at, *start;

	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	start = p;
	while (p < end && *p != ' ' && *p != '\t' && *p != '\r')
		p++;
	*at = p;
	*n = (size_t)(p - start);
	return *n == 0 ? NULL : start;
}

static bool
is(const char *text, size_t n, const char *what)
{
	return n == strlen(what) && memcmp(text, what, n) == 0;
}

/* One line of the file. True, or the arena is full. */
static bool
parse_line(struct arena *a, struct hostlist *l, const char *line, const char *end,
    unsigned number, inventory_fault_fn *fn, void *arg)
{
	static const char form[] = "a line is 'domain NAME', 'host GLOB', 'net CIDR' or "
	    "'as NUMBER'";
	const char *at = line, *kind, *what, *more;
	const char *wrong = NULL, *remedy = form, *where;
	size_t kind_n, n, more_n;

	kind = word(&at, end, &kind_n);
	if (kind == NULL)
		return true;
	where = kind;
	what = word(&at, end, &n);
	more = what == NULL ? NULL : word(&at, end, &more_n);
	if (!is(kind, kind_n, "domain") && !is(kind, kind_n, "host") &&
	    !is(kind, kind_n, "net") && !is(kind, kind_n, "as")) {
		wrong = "unknown kind of entry";
	} else if (what == NULL) {
		wrong = "nothing behind the kind of entry";
	} else if (more != NULL) {
		where = more;
		wrong = "more than one entry on a line";
	} else {
		enum entry_kind k = kind[0] == 'd' ? ENTRY_DOMAIN : kind[0] == 'h' ?
		    ENTRY_HOST : kind[0] == 'n' ? ENTRY_NET : ENTRY_AS;

		switch (add_line(a, l, k, what, n)) {
		case ADDED:
			return true;
		case ADD_FULL:
			return false;
		case ADD_BAD:
			break;
		}
		where = what;
		wrong = k == ENTRY_NET ? "not a network" : k == ENTRY_AS ?
		    "not the number of an autonomous system" : "not a name";
		remedy = k == ENTRY_AS ? "write it as 64500 or AS64500" : k == ENTRY_NET ?
		    "write it as 198.51.100.0/24, the bits behind the prefix zero" :
		    k == ENTRY_DOMAIN ?
		    "write it as cloud.example, without '*' and without URL" :
		    "write it as *.cloud.example, without URL and port";
	}
	if (fn != NULL)
		fn(arg, number, (unsigned)(where - line) + 1, wrong, remedy);
	return true;
}

struct hostlist *
hostlist_parse(struct arena *a, struct span bytes, inventory_fault_fn *fn, void *arg)
{
	struct hostlist *l = arena_alloc(a, sizeof(*l));
	unsigned number = 0;

	if (l == NULL)
		return NULL;
	if (bytes.left >= 3 && memcmp(bytes.at, "\xef\xbb\xbf", 3) == 0)
		(void)span_skip(&bytes, 3);
	while (bytes.left > 0) {
		const char *line = (const char *)bytes.at, *end, *hash;
		const uint8_t *lf = memchr(bytes.at, '\n', bytes.left);
		size_t n = lf == NULL ? bytes.left : (size_t)(lf - bytes.at);

		number++;
		(void)span_skip(&bytes, lf == NULL ? n : n + 1);
		hash = n == 0 ? NULL : memchr(line, '#', n);
		end = hash == NULL ? line + n : hash;
		if (!parse_line(a, l, line, end, number, fn, arg))
			return NULL;
	}
	return l;
}

int
hostlist_add(struct arena *a, struct hostlist *l, const char *text, size_t n)
{
	bool glob = n > 0 && memchr(text, '*', n) != NULL;
	struct prefix p;
	uint32_t as;

	if (n > 2 && lower_of((uint8_t)text[0]) == 'a' && as_parse(text, n, &as))
		return add_line(a, l, ENTRY_AS, text, n) == ADDED ? 0 : -1;
	if (prefix_parse(text, n, &p))
		return add_line(a, l, ENTRY_NET, text, n) == ADDED ? 0 : -1;
	return add_line(a, l, glob ? ENTRY_HOST : ENTRY_DOMAIN, text, n) == ADDED ?
	    0 : -1;
}

/* ---- asking ---- */

bool
hostlist_has_addr(const struct hostlist *l, const struct addr *a)
{
	struct prefix p = { *a, 128 };

	if (l->nets == 0)
		return false;
	for (int bits = 128; bits >= 0; bits--) {
		if (bits < 128)		/* each step takes one more bit off */
			p.net.b[bits / 8] = (uint8_t)(p.net.b[bits / 8] &
			    ~(0x80U >> (bits % 8)));
		p.bits = (uint8_t)bits;
		if (l->bits_used[bits] && net_slot(l, &p)->bits != 255)
			return true;
	}
	return false;
}

bool
hostlist_has_name(const struct hostlist *l, struct span name)
{
	char lower[NAME_LONGEST + 1];
	uint64_t h = HASH_START;
	size_t n;

	if (name.left > 0 && name.at[name.left - 1] == '.')
		name.left--;
	n = name.left;
	if (n == 0 || n > NAME_LONGEST)
		return false;
	for (size_t i = 0; i < n; i++)
		lower[i] = (char)lower_of(name.at[i]);
	for (size_t i = n; l->names > 0 && i > 0; i--) {
		const struct name *s;

		h = hash_step(h, (uint8_t)lower[i - 1]);
		if (i > 1 && lower[i - 2] != '.')
			continue;
		s = name_slot(l, lower + i - 1, n - (i - 1), h);
		if (s->text != NULL && (s->match & (i == 1 ? MATCH_SELF : MATCH_BELOW)))
			return true;
	}
	for (size_t i = 0; i < l->globs; i++) {
		const struct entry *e = &l->entry[l->glob[i]];

		if (host_glob(e->text, e->n, name))
			return true;
	}
	return false;
}

bool
hostlist_has_as(const struct hostlist *l, uint64_t asn)
{
	size_t lo = 0, hi = l->systems;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (l->as[mid] < asn)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < l->systems && l->as[lo] == asn;
}

size_t
hostlist_systems(const struct hostlist *l)
{
	return l->systems;
}

size_t
hostlist_size(const struct hostlist *l)
{
	return l->n;
}

void
hostlist_each(const struct hostlist *l, void (*fn)(void *arg, const char *line),
    void *arg)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct entry *e = &l->entry[i];
		char line[LINE_MAX_TEXT], net[PREFIX_TEXT];
		const char *kind = e->kind == ENTRY_NET ? "net " : e->kind == ENTRY_HOST ?
		    "host " : e->kind == ENTRY_AS ? "as " : "domain ";
		const char *text = e->kind == ENTRY_NET ? prefix_print(&e->net, net) :
		    e->kind == ENTRY_AS ? net : e->text;
		size_t k = strlen(kind), n;

		if (e->kind == ENTRY_AS)
			(void)snprintf(net, sizeof(net), "%u", e->as);
		n = strlen(text);
		memcpy(line, kind, k);
		memcpy(line + k, text, n + 1);
		fn(arg, line);
	}
}

/* Remembers the last '*' only: what an earlier one took need never be given back. */
bool
host_glob(const char *glob, size_t n, struct span name)
{
	size_t g = 0, i = 0, star = SIZE_MAX, from = 0;

	if (name.left > 0 && name.at[name.left - 1] == '.')
		name.left--;
	if (n > 1 && glob[n - 1] == '.')
		n--;
	while (i < name.left) {
		if (g < n && glob[g] == '*') {
			star = g++;
			from = i;
		} else if (g < n && lower_of((uint8_t)glob[g]) == lower_of(name.at[i])) {
			g++;
			i++;
		} else if (star != SIZE_MAX) {
			g = star + 1;
			i = ++from;
		} else {
			return false;
		}
	}
	while (g < n && glob[g] == '*')
		g++;
	return g == n;
}
