/* SPDX-License-Identifier: GPL-3.0-or-later */
/* learn: see learn.h. Names are bytes of the wire: what is proposed holds letters, digits and a
 * few signs; anything else is shown and not proposed. */
#include "rules/bench/learn.h"

#include "capture/base/table.h"
#include "rules/bench/rows.h"
#include "rules/event/human.h"

#include <stdlib.h>
#include <string.h>

#define DEVICES 16384
#define DESTS 65536
#define WHO 8				/* devices of a destination, counted exactly so far */
#define NAME 80
#define DAY (86400 * NS_PER_S)
#define MUCH 100000			/* bytes, more than came back: half a minute of speech
					 * at 24 kbit/s, and above what asking takes */

struct seen {
	int64_t first, last, day;
	unsigned days;
	uint64_t flows, up, down;
};

struct device {
	char key[NAME], name[NAME], vendor[NAME], ip[ADDR_TEXT];
	uint64_t mac;
	bool known, random, listed;	/* listed: there is an inventory, and it has it */
	struct seen s;
};

struct dest {
	char key[NAME], ip[ADDR_TEXT];
	uint64_t who[WHO];
	char first_who[NAME];
	unsigned devices;
	bool named, looked_up, known, sound, pieces, cut;
	struct seen s;
	const char *odd;		/* why it is not proposed; NULL: it is */
};

struct hash_key {
	uint64_t hi;
};

struct learn {
	const struct program *p;
	struct siphash_key hash;
	struct table *devices, *dests;
	struct device **device;		/* sorted */
	struct dest **dest;
	unsigned device_n, dest_n;
	int64_t first, last, from;
	int known_list;			/* index of 'known'; -1: none */
};

struct learn *
learn_create(const struct program *p, const struct siphash_key *hash)
{
	struct table_options to = { .hash = *hash, .key_size = sizeof(struct hash_key),
		.value_size = sizeof(struct device), .max = DEVICES };
	struct learn *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->p = p;
	l->hash = *hash;
	l->known_list = -1;
	for (unsigned i = 0; i < p->lists; i++)
		if (strcmp(p->list[i].name, "known") == 0)
			l->known_list = (int)i;
	l->devices = table_create(&to);
	to.value_size = sizeof(struct dest);
	to.max = DESTS;
	l->dests = table_create(&to);
	if (l->devices == NULL || l->dests == NULL) {
		learn_destroy(l);
		return NULL;
	}
	return l;
}

void
learn_destroy(struct learn *l)
{
	if (l == NULL)
		return;
	table_destroy(l->devices);
	table_destroy(l->dests);
	free(l->device);
	free(l->dest);
	free(l);
}

/* False: it was cut. */
static bool
keep(char out[NAME], const struct observation *o, enum field f, uint32_t id,
    const struct intern *strings)
{
	struct span s = observation_known(o, f) ? intern_get(strings, id) : span_of("", 0);
	size_t n = s.left < NAME - 1 ? s.left : NAME - 1;

	if (n == 0)
		return true;
	memcpy(out, s.at, n);
	out[n] = '\0';
	return n == s.left;
}

static void
count(struct seen *s, const struct observation *o)
{
	int64_t day = o->time / DAY;

	if (s->first == 0 || o->time < s->first)
		s->first = o->time;
	if (o->time > s->last)
		s->last = o->time;
	s->days += day != s->day;
	s->day = day;
	if (o->kind != OBSERVATION_CLOSE && o->kind != OBSERVATION_SUM)
		return;
	s->flows++;
	if (observation_known(o, FIELD_upload))
		s->up += o->upload;
	if (observation_known(o, FIELD_download))
		s->down += o->download;
}

static struct device *
device_of(struct learn *l, const struct observation *o, const struct intern *strings,
    uint64_t *hash)
{
	struct span s = intern_get(strings, o->device_key);
	struct hash_key k = { siphash13(&l->hash, s.at, s.left) };
	struct device *d = table_use(l->devices, &k, NULL);

	*hash = k.hi;
	(void)keep(d->key, o, FIELD_device_key, o->device_key, strings);
	(void)keep(d->name, o, FIELD_device_name, o->device_name, strings);
	(void)keep(d->vendor, o, FIELD_device_vendor, o->device_vendor, strings);
	if (observation_known(o, FIELD_device_mac))
		d->mac = o->device_mac;
	d->random = d->random || (observation_known(o, FIELD_device_random) &&
	    o->device_random);
	d->known = d->known || (observation_known(o, FIELD_device_known) && o->device_known);
	if (observation_known(o, FIELD_src_ip))
		(void)addr_print(&o->src_ip, d->ip);
	return d;
}

static void
take_dest(struct learn *l, const struct observation *o, const struct intern *strings,
    const struct device *d, uint64_t who)
{
	struct span s = intern_get(strings, o->dest_key);
	struct hash_key k = { siphash13(&l->hash, s.at, s.left) };
	struct dest *t = table_use(l->dests, &k, NULL);
	struct expr in = { .op = EXPR_DEST_IN_LIST };
	unsigned i = 0;

	t->cut = !keep(t->key, o, FIELD_dest_key, o->dest_key, strings);
	if (observation_known(o, FIELD_dest_ip))
		(void)addr_print(&o->dest_ip, t->ip);
	t->named = t->named || observation_known(o, FIELD_dest_name);
	t->looked_up = t->looked_up || (observation_known(o, FIELD_dest_looked_up) &&
	    o->dest_looked_up);
	t->sound = t->sound || (observation_known(o, FIELD_voice_score) &&
	    o->voice_score > l->p->hearing.score_pass);	/* more than one window */
	t->pieces = t->pieces || (observation_known(o, FIELD_chunks_regular) &&
	    o->chunks_regular);
	if (l->known_list >= 0) {
		in.list = (unsigned)l->known_list;
		t->known = t->known || eval_expr(l->p, &in, o, strings) == TRUTH_TRUE;
	}
	/* Windows, and queries for its name, are no talk with it. */
	if (o->kind != OBSERVATION_CLOSE && o->kind != OBSERVATION_PART &&
	    o->kind != OBSERVATION_SUM)
		return;
	count(&t->s, o);
	while (i < WHO && i < t->devices && t->who[i] != who)
		i++;
	if (i < WHO && i == t->devices) {
		if (i == 0)
			(void)snprintf(t->first_who, NAME, "%s", d->name[0] != '\0' ? d->name :
			    d->key);
		t->who[t->devices++] = who;
	}
}

void
learn_take(struct learn *l, const struct observation *o, const struct intern *strings)
{
	struct device *d;
	uint64_t who;

	if (!observation_known(o, FIELD_device_key) || !observation_known(o, FIELD_outbound) ||
	    !o->outbound)
		return;
	if (l->first == 0 || o->time < l->first)
		l->first = o->time;
	if (o->time > l->last)
		l->last = o->time;
	d = device_of(l, o, strings, &who);
	count(&d->s, o);
	if (observation_known(o, FIELD_dest_key) && o->kind != OBSERVATION_OPEN)
		take_dest(l, o, strings, d, who);
}

/* ---- what is proposed ---- */

static bool
is_address(const char *s)
{
	struct addr a;

	return addr_parse(s, strlen(s), &a);
}

static bool
is_clean(const char *s)
{
	return s[0] != '\0' && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789._-: ") == strlen(s);
}

static const char *
odd_of(const struct dest *t)
{
	if (t->sound)
		return "what goes there keeps time as sound does";
	if (t->pieces)
		return "what goes there comes in pieces, at a recorder's pace";
	if (t->s.up > MUCH && t->s.up > 2 * t->s.down)
		return "it is sent much, and gives little back";
	if (!t->named || is_address(t->key))
		return "it has no name";
	if (!t->looked_up)
		return "nobody looked its name up";
	if (!is_clean(t->key) || strchr(t->key, ' ') != NULL)
		return "its name holds what no name of a host does";
	if (t->cut)		/* what is left may be another's */
		return "its name is too long to be proposed";
	if (t->devices < 2 && t->s.days < 2)
		return "one device, on one day";
	return NULL;
}

static int
by_use(const struct seen *a, const struct seen *b)
{
	if (a->days != b->days)
		return a->days > b->days ? -1 : 1;
	return a->flows != b->flows ? (a->flows > b->flows ? -1 : 1) : 0;
}

static int
by_device(const void *va, const void *vb)
{
	const struct device *a = *(struct device *const *)va, *b = *(struct device *const *)vb;

	return strcmp(a->key, b->key);
}

static int
by_dest(const void *va, const void *vb)
{
	const struct dest *a = *(struct dest *const *)va, *b = *(struct dest *const *)vb;
	int c = a->devices != b->devices ? (a->devices > b->devices ? -1 : 1) :
	    by_use(&a->s, &b->s);

	return c != 0 ? c : strcmp(a->key, b->key);
}

void
learn_finish(struct learn *l, unsigned days, struct learn_counts *out)
{
	*out = (struct learn_counts){ .first = l->first, .last = l->last,
		.forgotten = table_evicted(l->devices) + table_evicted(l->dests) };
	l->from = days == 0 ? 0 : l->last - days * DAY;
	l->device = calloc(table_used(l->devices) + 1, sizeof(*l->device));
	l->dest = calloc(table_used(l->dests) + 1, sizeof(*l->dest));
	if (l->device == NULL || l->dest == NULL)
		return;
	for (struct device *d = table_oldest(l->devices); d != NULL;
	    d = table_next(l->devices, d))
		if (d->s.last >= l->from && strcmp(d->ip, "::") != 0)
			l->device[l->device_n++] = d;
	for (struct dest *t = table_oldest(l->dests); t != NULL; t = table_next(l->dests, t)) {
		if (t->s.last < l->from || t->known || t->devices == 0)
			continue;
		t->odd = odd_of(t);
		out->proposed_dests += t->odd == NULL;
		l->dest[l->dest_n++] = t;
	}
	qsort(l->device, l->device_n, sizeof(*l->device), by_device);
	qsort(l->dest, l->dest_n, sizeof(*l->dest), by_dest);
	out->devices = l->device_n;
	out->dests = l->dest_n;
	for (unsigned i = 0; i < l->device_n; i++)
		out->proposed_devices += !l->device[i]->known && !l->device[i]->random;
}

static const char *
mac_text(uint64_t mac, char buf[24])
{
	(void)snprintf(buf, 24, "%02x:%02x:%02x:%02x:%02x:%02x", (unsigned)(mac >> 40) & 255,
	    (unsigned)(mac >> 32) & 255, (unsigned)(mac >> 24) & 255,
	    (unsigned)(mac >> 16) & 255, (unsigned)(mac >> 8) & 255, (unsigned)mac & 255);
	return buf;
}

static const char *
use_text(const struct seen *s, char *buf, size_t size)
{
	char when[PKT_TIME_TEXT], up[24], down[24];

	(void)snprintf(buf, size, "%llu flow%s on %u day%s since %.10s, %s up, %s down",
	    (unsigned long long)s->flows, s->flows == 1 ? "" : "s", s->days,
	    s->days == 1 ? "" : "s", moment_text(s->first, when), human_bytes(s->up, up),
	    human_bytes(s->down, down));
	return buf;
}

void
learn_inventory(const struct learn *l, FILE *out)
{
	char mac[24], use[160], name[NAME];

	/* A csv has no comments: what would be one stands in a column that nobody reads. */
	fputs("mac,ip,name,owner,role,note\n", out);
	for (unsigned i = 0; i < l->device_n; i++) {
		const struct device *d = l->device[i];

		if (d->known || d->random)
			continue;
		(void)plain_text(d->vendor, name, sizeof(name));
		for (char *at = name; (at = strchr(at, '"')) != NULL;)
			*at = '?';
		fprintf(out, "%s,%s,%s,,,\"%s%s%s\"\n", d->mac != 0 ? mac_text(d->mac, mac) :
		    "", d->ip, is_clean(d->name) ? d->name : "",
		    use_text(&d->s, use, sizeof(use)),
		    name[0] != '\0' ? "; made by " : "", name);
	}
}

void
learn_known(const struct learn *l, FILE *out)
{
	char use[160], who[NAME];

	for (unsigned i = 0; i < l->dest_n; i++) {
		const struct dest *t = l->dest[i];

		if (t->odd != NULL)
			continue;
		fprintf(out, "# %s%u device%s, %s the first; %s\n",
		    t->devices == WHO ? "at least " : "", t->devices,
		    t->devices == 1 ? "" : "s", plain_text(t->first_who, who, sizeof(who)),
		    use_text(&t->s, use, sizeof(use)));
		fprintf(out, "domain %s\n", t->key);
	}
}

void
learn_odd(const struct learn *l, FILE *out)
{
	char use[160], name[NAME], who[NAME], mac[24];

	for (unsigned i = 0; i < l->dest_n; i++)
		if (l->dest[i]->odd != NULL)
			fprintf(out, "# not proposed: %s (%s): %s; %u device%s, %s the first; %s\n",
			    plain_text(l->dest[i]->key, name, sizeof(name)), l->dest[i]->ip,
			    l->dest[i]->odd, l->dest[i]->devices,
			    l->dest[i]->devices == 1 ? "" : "s",
			    plain_text(l->dest[i]->first_who, who, sizeof(who)),
			    use_text(&l->dest[i]->s, use, sizeof(use)));
	for (unsigned i = 0; i < l->device_n; i++)
		if (!l->device[i]->known && l->device[i]->random)
			fprintf(out, "# not proposed: device %s (%s, %s): its MAC was drawn by "
			    "lot, or is a virtual machine's; %s\n",
			    plain_text(l->device[i]->key, name, sizeof(name)),
			    l->device[i]->ip, mac_text(l->device[i]->mac, mac),
			    use_text(&l->device[i]->s, use, sizeof(use)));
}
