/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * records: observations filled, put in order, handed on.
 *
 * A step's records wait here until its end, are put in (time, ordinal) order (a stable
 * insertion sort: they come almost sorted) and are handed on, each string's `name` record
 * before the first record that uses it.
 * Ids that flows let go of during the step stay held until then.
 */
#include "classify/observer/state.h"

#include <string.h>

#define HIDDEN_FOR (86400 * NS_PER_S)

/* What dest_names knows of DNS. */
struct asked {
	uint32_t name;			/* 0: none */
	bool looked_up;
	bool unsure;			/* it may have been, before we listened */
	enum claim claim;		/* of the name the client says */
	uint32_t certificate;		/* a name the server says; 0: none */
};

static bool addr_is_name(const struct observer *o, uint32_t name);
static enum claim flow_claim(struct observer *o, struct flow *f, uint32_t name);
static struct asked flow_asked(struct observer *o, struct flow *f,
    const struct addr *client, const struct addr *outside);
static void dest_names(struct observer *o, struct observation *r, uint32_t name,
    enum name_source_word source, uint32_t logical, const struct addr *outside,
    struct asked by_dns);
static void record_place(struct observer *o, struct observation *r,
    const struct addr *outside);
static void device_record(struct observer *o, const struct observation *from,
    const struct addr *ip, uint32_t was);
static void by_port(struct observer *o, struct flow *f);
static bool host_set_up(const struct observer *o, const struct addr *inside,
    struct pkt_time since);
static void announce(struct observer *o, const struct observation *r);
static void record_device(struct observer *o, struct observation *r,
    const struct addr *ip, uint64_t mac, struct pkt_time then);
static struct observation *at(struct observer *o, unsigned i);

struct observation *
record_new(struct observer *o, enum observation_kind kind, struct pkt_time time,
    uint64_t ordinal)
{
	struct observation *r;

	if (o->records == RECORDS)
		records_flush(o);
	r = &o->record[o->records];
	memset(r, 0, sizeof(*r));
	o->order[o->records] = (uint16_t)o->records;
	o->records++;
	r->size = sizeof(*r);
	r->version = OBSERVATION_VERSION;
	r->kind = (uint8_t)kind;
	r->time = time.ns;
	r->ordinal = ordinal;
	if (o->lost_known) {
		OBSERVATION_SET(r, loss_packets, o->lost);
		if (time.ns <= o->loss_until.ns)
			r->seen |= SEEN_LOSS;
	}
	return r;
}

void
records_flush(struct observer *o)
{
	/* Insertion sort over indices: nearly sorted already,
	 * and it allocates nothing. */
	for (unsigned i = 1; i < o->records; i++) {
		uint16_t x = o->order[i];
		unsigned j = i;

		while (j > 0) {
			const struct observation *p = at(o, j - 1), *q = &o->record[x];

			if (p->time < q->time ||
			    (p->time == q->time && p->ordinal <= q->ordinal))
				break;
			o->order[j] = o->order[j - 1];
			j--;
		}
		o->order[j] = x;
	}
	for (unsigned i = 0; i < o->records; i++) {
		announce(o, at(o, i));
		o->told++;
		o->o.on_record(o->o.arg, at(o, i), o->strings);
	}
	o->records = 0;
	for (unsigned i = 0; i < o->drops; i++)
		intern_drop(o->strings, o->drop[i]);
	o->drops = 0;
}

void
name_set(struct observer *o, uint32_t *id, struct span bytes)
{
	uint32_t fresh = intern_put(o->strings, bytes.at, bytes.left);

	if (fresh == *id)
		return;
	intern_hold(o->strings, fresh);
	name_drop(o, id);
	*id = fresh;
}

void
name_drop(struct observer *o, uint32_t *id)
{
	if (*id == 0)
		return;
	/* Sixteen for every record of a step. Beyond that a string of this step may be
	 * gone when its record is read, and the record then says it has no such name. */
	if (o->drops == DROPS_HELD)
		intern_drop(o->strings, *id);
	else
		o->drop[o->drops++] = *id;
	*id = 0;
}

/* Most names are asked about several times in a row, and the public suffix list is slow
 * to ask. An id is never another string's, so what is kept needs no forgetting. */
struct span
domain_of(struct observer *o, struct span name)
{
	uint64_t hash = siphash13(&o->o.hash, name.at, name.left);
	struct suffixed *kept = &o->suffixed[hash % OWNED_KEPT];
	struct span domain = name;

	if (name.left > 0 && kept->hash == hash && hash != 0) {
		if (name.at[name.left - 1] == '.')
			domain.left--;
		(void)span_skip(&domain, kept->skip);
		return domain;
	}
	domain = registrable_domain(name);
	if (name.left > 0)
		*kept = (struct suffixed){ hash, (uint32_t)(domain.at - name.at) };
	return domain;
}

bool
name_domain(struct observer *o, uint32_t name, uint32_t *domain)
{
	struct owned *kept = &o->owned[name % OWNED_KEPT];
	struct span from;
	char copy[INTERN_MAX];

	*domain = 0;
	if (name != 0 && kept->name == name &&
	    intern_get(o->strings, kept->domain).left > 0) {
		*domain = kept->domain;
		return true;
	}
	from = domain_of(o, intern_get(o->strings, name));
	if (from.left == 0 || from.left > sizeof(copy))
		return false;
	/* The span lies in the table that intern_put may move things in: copy first. */
	memcpy(copy, from.at, from.left);
	*domain = intern_put(o->strings, copy, from.left);
	if (*domain != 0)
		*kept = (struct owned){ name, *domain };
	return true;
}

/* Long enough, over restarts, that what was not seen is new. */
static bool
has_learned(const struct observer *o, const struct observation *r)
{
	return o->o.learn_for > 0 &&
	    r->time - endpoint_since(o->endpoint).ns >= o->o.learn_for;
}

/* A moment ahead: the clock went back since. */
static bool
is_new(const struct observation *r, struct pkt_time since)
{
	return r->time - since.ns < NEW_FOR && since.ns - r->time < NEW_FOR;
}

static void
record_device(struct observer *o, struct observation *r, const struct addr *ip,
    uint64_t mac, struct pkt_time then)
{
	struct pkt_time when = { r->time };
	const struct device *d = endpoint_device(o->endpoint, ip, mac, then, when);

	OBSERVATION_SET(r, device_key, d->key);
	if (d->identity != 0 && d->identity != d->key)
		OBSERVATION_SET(r, device_identity, d->identity);
	if (d->name != 0)
		OBSERVATION_SET(r, device_name, d->name);
	if (d->owner != 0)
		OBSERVATION_SET(r, device_owner, d->owner);
	if (d->role != 0)
		OBSERVATION_SET(r, device_role, d->role);
	if (d->room != 0)
		OBSERVATION_SET(r, device_room, d->room);
	if (d->vendor != 0)
		OBSERVATION_SET(r, device_vendor, d->vendor);
	if (d->mac != 0) {
		OBSERVATION_SET(r, device_mac, d->mac);
		OBSERVATION_SET(r, device_random, mac_is_random(d->mac));
		if (d->first_mac != d->mac)
			OBSERVATION_SET(r, device_first_mac, d->first_mac);
	}
	if (d->system != 0)
		OBSERVATION_SET(r, device_system, d->system);
	if (d->known_valid)
		OBSERVATION_SET(r, device_known, d->known);
	OBSERVATION_SET(r, device_seen, d->since.ns);
	if (has_learned(o, r))
		OBSERVATION_SET(r, device_new, is_new(r, d->since));
	if ((d->is_new || d->moved || d->was != 0) && o->records < RECORDS)
		device_record(o, r, ip, d->was);
}

/* A device was seen for the first time, or is now known by another key: its own record,
 * beside the one that is being filled (there is room: no flush may come between). */
static void
device_record(struct observer *o, const struct observation *from, const struct addr *ip,
    uint32_t was)
{
	struct observation *r = record_new(o, OBSERVATION_DEVICE,
	    (struct pkt_time){ from->time }, from->ordinal);

	OBSERVATION_SET(r, outbound, false);
	OBSERVATION_SET(r, src_ip, *ip);
	OBSERVATION_SET(r, quarantined, false);
	r->source = from->source;
	r->device_key = from->device_key;
	r->device_name = from->device_name;
	r->device_identity = from->device_identity;
	r->device_owner = from->device_owner;
	r->device_role = from->device_role;
	r->device_room = from->device_room;
	r->device_vendor = from->device_vendor;
	r->device_random = from->device_random;
	r->device_mac = from->device_mac;
	r->device_first_mac = from->device_first_mac;
	r->device_system = from->device_system;
	r->device_known = from->device_known;
	r->device_seen = from->device_seen;
	if (was != 0) {
		/* The record is read when the step is over. */
		intern_hold(o->strings, was);
		OBSERVATION_SET(r, device_was, was);
		name_drop(o, &was);
	}
	for (unsigned f = FIELD_device_key; f <= FIELD_device_seen; f++)
		r->known[f / 64] |= from->known[f / 64] & UINT64_C(1) << (f % 64);
}

void
record_flow(struct observer *o, struct observation *r, struct flow *f)
{
	struct flow_ext *x = flow_user(f);
	const struct flow_more *m = more_of(o, x);
	const struct pair_ext *px = f->pair == NULL ? NULL : pair_user(f->pair);
	enum flow_dir up = f->up >= 0 ? (enum flow_dir)f->up : FLOW_TO_SERVER;
	bool client_up = up == FLOW_TO_SERVER;
	const struct flow_count *u = &f->count[up];
	const struct flow_count *d = &f->count[client_up ? FLOW_TO_CLIENT :
	    FLOW_TO_SERVER];
	const struct addr *src = client_up ? &f->client : &f->server;
	const struct addr *dst = client_up ? &f->server : &f->client;
	enum name_source_word source = NAME_SOURCE_NONE;
	struct asked asked;
	uint32_t name = 0;

	r->flow_id = flow_id(f);
	r->pair_id = f->pair == NULL ? 0 : pair_id(f->pair);
	r->source = f->iface;
	OBSERVATION_SET(r, outbound, f->up >= 0);
	OBSERVATION_SET(r, src_ip, *src);
	OBSERVATION_SET(r, dest_ip, *dst);
	OBSERVATION_SET(r, src_port, client_up ? f->client_port : f->server_port);
	OBSERVATION_SET(r, dest_port, client_up ? f->server_port : f->client_port);
	OBSERVATION_SET(r, transport, f->proto == IPPROTO_IS_TCP ? TRANSPORT_TCP :
	    f->proto == IPPROTO_IS_UDP ? TRANSPORT_UDP :
	    f->proto == IPPROTO_IS_ICMP || f->proto == IPPROTO_IS_ICMP6 ?
	    TRANSPORT_ICMP : TRANSPORT_OTHER);
	if (f->vlan[up] != VLAN_NONE || f->vlan[!up] != VLAN_NONE)
		OBSERVATION_SET(r, vlan, f->vlan[up] != VLAN_NONE ? f->vlan[up] :
		    f->vlan[!up]);
	record_device(o, r, src, flow_mac(f, up), f->first);

	if (x->sni != 0) {
		name = x->sni;
		source = NAME_SOURCE_SNI;
		OBSERVATION_SET(r, tls_sni, x->sni);
	}
	if (x->quic != 0) {
		name = x->quic;
		source = NAME_SOURCE_QUIC;
		OBSERVATION_SET(r, quic_sni, x->quic);
	}
	if (x->host != 0) {
		if (name == 0) {
			name = x->host;
			source = NAME_SOURCE_HTTP;
		}
		OBSERVATION_SET(r, http_host, x->host);
	}
	if (m->method != 0)
		OBSERVATION_SET(r, http_method, m->method);
	if (m->certificate != 0)
		OBSERVATION_SET(r, tls_certificate, m->certificate);
	OBSERVATION_SET(r, dest_settled, flow_packets(f) >= SETTLED_PACKETS || x->ended);
	asked = flow_asked(o, f, src, dst);
	if (f->pair != NULL && name != 0 && addr_is_name(o, name))
		asked.claim = flow_claim(o, f, name);
	asked.certificate = m->certificate;
	dest_names(o, r, name, source, m->target, dst, asked);

	by_port(o, f);
	if (x->app != 0)
		OBSERVATION_SET(r, app, x->app);
	if (x->category != 0)
		OBSERVATION_SET(r, app_category, x->category);
	OBSERVATION_SET(r, app_confidence, x->confidence);
	if (x->confidence != CONFIDENCE_NONE)
		OBSERVATION_SET(r, app_risks, x->risks);
	if (x->tunnel != TUNNEL_NONE || x->confidence != CONFIDENCE_NONE ||
	    !dpi_wants(&x->dpi))
		OBSERVATION_SET(r, tunnel, x->tunnel);

	OBSERVATION_SET(r, flow_start, f->first.ns);
	OBSERVATION_SET(r, flow_last, f->last.ns);
	OBSERVATION_SET(r, upload, flow_true_bytes(u));
	body_record(o, r, f);
	OBSERVATION_SET(r, download, flow_true_bytes(d));
	OBSERVATION_SET(r, captured_up, u->captured);
	OBSERVATION_SET(r, captured_down, d->captured);
	OBSERVATION_SET(r, wire_up, u->wire);
	OBSERVATION_SET(r, wire_down, d->wire);
	OBSERVATION_SET(r, pkts_up, u->pkts);
	OBSERVATION_SET(r, pkts_down, d->pkts);
	OBSERVATION_SET(r, retrans_up, u->retrans);
	OBSERVATION_SET(r, gaps_up, u->gaps);
	if (f->pair != NULL) {
		uint64_t pu = 0, pd = 0;

		for (int i = 0; i < 3; i++) {
			pu += f->pair->up[i];
			pd += f->pair->down[i];
		}
		OBSERVATION_SET(r, pair_up, pu);
		OBSERVATION_SET(r, pair_down, pd);
		OBSERVATION_SET(r, way_setup, px->setup ||
		    host_set_up(o, &f->pair->inside, f->pair->first));
		sides_record(o, r, f->pair, f);
		way_flow(f, r);
	}
	if (m->rtp) {
		OBSERVATION_SET(r, rtp_type, m->rtp_type);
		OBSERVATION_SET(r, rtp_ssrc, m->rtp_ssrc);
		if (m->rtp_codec != CODED_UNKNOWN)
			OBSERVATION_SET(r, rtp_codec, m->rtp_codec);
	}
	OBSERVATION_SET(r, quarantined, x->quarantined);
	if (x->quarantined)
		r->seen |= SEEN_QUARANTINED;
	if ((f->flags & FLOW_TRUNCATED) != 0)
		r->seen |= SEEN_TRUNCATED;
	if ((f->flags & FLOW_MIDSTREAM) != 0)
		r->seen |= SEEN_MIDSTREAM;
}

void
record_live(struct observer *o, struct flow *f)
{
	struct observation r;

	memset(&r, 0, sizeof(r));
	r.size = sizeof(r);
	r.version = OBSERVATION_VERSION;
	r.kind = OBSERVATION_PART;
	r.time = o->now.ns;
	r.ordinal = o->ordinal;
	record_flow(o, &r, f);
	o->o.on_live(o->o.arg, &r, o->strings);
}

void
record_pair(struct observer *o, struct observation *r, struct pair *p)
{
	struct pair_ext *px = pair_user(p);
	uint64_t up = 0, down = 0;

	r->pair_id = pair_id(p);
	for (int i = 0; i < 3; i++) {
		up += p->up[i];
		down += p->down[i];
	}
	OBSERVATION_SET(r, outbound, true);
	OBSERVATION_SET(r, src_ip, p->inside);
	OBSERVATION_SET(r, dest_ip, p->outside);
	OBSERVATION_SET(r, scope, SCOPE_PAIR);
	OBSERVATION_SET(r, window_start, p->first.ns);
	OBSERVATION_SET(r, window_length, r->time - p->first.ns);
	OBSERVATION_SET(r, pair_up, up);
	OBSERVATION_SET(r, pair_down, down);
	record_device(o, r, &p->inside, mac_from_bytes(px->mac), (struct pkt_time){ r->time });
	OBSERVATION_SET(r, dest_settled, px->settled);
	OBSERVATION_SET(r, way_setup, px->setup || host_set_up(o, &p->inside, p->first));
	OBSERVATION_SET(r, tunnel, px->tunnel);
	OBSERVATION_SET(r, quarantined, px->quarantined);
	if (px->quarantined)
		r->seen |= SEEN_QUARANTINED;
	if (px->truncated)
		r->seen |= SEEN_TRUNCATED;
	sides_record(o, r, p, NULL);
	dest_names(o, r, px->name, (enum name_source_word)px->name_source, px->logical,
	    &p->outside, (struct asked){ .name = px->dns,
	    .looked_up = px->looked_up, .unsure = px->unsure });
}

void
record_domain(struct observer *o, struct observation *r, const struct domain_key *k,
    struct domain_ext *d)
{
	r->flow_id = d->flow_id;
	OBSERVATION_SET(r, outbound, true);
	OBSERVATION_SET(r, src_ip, k->inside);
	OBSERVATION_SET(r, dest_ip, d->resolver);
	OBSERVATION_SET(r, dest_port, d->resolver_port);
	OBSERVATION_SET(r, scope, SCOPE_DOMAIN);
	OBSERVATION_SET(r, window_start, d->told.ns);
	OBSERVATION_SET(r, window_length, r->time - d->told.ns);
	OBSERVATION_SET(r, dest_settled, true);
	OBSERVATION_SET(r, quarantined, false);
	OBSERVATION_SET(r, tunnel, d->tunnel);
	record_device(o, r, &k->inside, d->mac, (struct pkt_time){ r->time });
	dest_names(o, r, k->domain, NAME_SOURCE_QUERY, k->domain, &d->resolver,
	    (struct asked){ 0 });
	queries_observe(&d->q, (struct pkt_time){ r->time }, r);
}

/* A flow keeps the name it began under: another's later answer about a shared address
 * does not rename it. */
static struct asked
flow_asked(struct observer *o, struct flow *f, const struct addr *client,
    const struct addr *outside)
{
	struct flow_ext *x = flow_user(f);
	struct pair_ext *px = f->pair == NULL ? NULL : pair_user(f->pair);
	bool unsure = x->turned || (f->flags & FLOW_MIDSTREAM) != 0;

	if (!x->looked_up && (x->turned || o->now.ns - f->first.ns <= ASKED_WITHIN)) {
		struct dest_name n = endpoint_name(o->endpoint, client, outside, o->now);

		x->looked_up = n.looked_up;
		x->dns = n.name;
		intern_hold(o->strings, n.name);
	}
	if (px != NULL && unsure)
		px->unsure = true;
	if (px != NULL && x->looked_up) {
		px->looked_up = true;
		if (x->dns != 0 && px->dns != x->dns) {
			intern_hold(o->strings, x->dns);
			name_drop(o, &px->dns);
			px->dns = x->dns;
		}
	}
	return (struct asked){ .name = x->dns, .looked_up = x->looked_up,
		.unsure = unsure };
}

/* An address in place of a name claims nothing. */
static bool
addr_is_name(const struct observer *o, uint32_t name)
{
	struct span s = intern_get(o->strings, name);
	struct addr a;

	return s.left > 0 && !addr_parse((const char *)s.at, s.left, &a);
}

/*
 * Is the name that this client says backed by DNS? It is its word alone when its questions
 * are heard, have been for a while, and no answer to anyone inside gave that name this
 * address. Who also asks where we cannot hear may have asked there.
 */
static enum claim
flow_claim(struct observer *o, struct flow *f, uint32_t name)
{
	struct flow_ext *x = flow_user(f);
	const struct addr *inside = &f->pair->inside;
	const struct host_ext *h = table_find(o->hosts, inside);

	if (x->claim != CLAIM_OPEN)
		return (enum claim)x->claim;
	switch (endpoint_claim(o->endpoint, inside, &f->pair->outside,
	    intern_get(o->strings, name), o->now)) {
	case ENDPOINT_BACKED:
		x->claim = CLAIM_BACKED;
		break;
	case ENDPOINT_CUT:
		x->claim = x->others ? CLAIM_ALONE : CLAIM_UNKNOWN;
		break;
	case ENDPOINT_OTHER:
	case ENDPOINT_UNHEARD:
		/* the answer may reach us after the flow */
		if (!x->ended && o->now.ns - f->first.ns <= ASKED_WITHIN)
			break;
		x->claim = x->others ? CLAIM_ALONE : h == NULL || h->told.ns == 0 || x->turned ||
		    (f->flags & FLOW_MIDSTREAM) != 0 ||
		    f->first.ns - h->told.ns < o->o.hearing->claim_after ||
		    (h->hidden.ns != 0 && o->now.ns - h->hidden.ns <= HIDDEN_FOR) ?
		    CLAIM_UNKNOWN : CLAIM_ALONE;
		break;
	}
	return (enum claim)x->claim;
}

static void
dest_names(struct observer *o, struct observation *r, uint32_t name,
    enum name_source_word source, uint32_t logical, const struct addr *outside,
    struct asked by_dns)
{
	char text[ADDR_TEXT];
	uint32_t key;
	const struct inventory_device *row;
	struct dest_seen seen;

	if (name == 0 && by_dns.name != 0) {
		name = by_dns.name;
		source = NAME_SOURCE_DNS;
	}
	if (logical != 0)
		OBSERVATION_SET(r, dest_logical, logical);
	if (by_dns.claim == CLAIM_ALONE)	/* the client says so; nobody looked it up */
		OBSERVATION_SET(r, dest_looked_up, by_dns.looked_up);
	else if (by_dns.looked_up || name != 0 || !by_dns.unsure)
		OBSERVATION_SET(r, dest_looked_up, by_dns.looked_up || name != 0);
	if (by_dns.claim == CLAIM_ALONE || by_dns.claim == CLAIM_BACKED)
		OBSERVATION_SET(r, dest_claimed, by_dns.claim == CLAIM_ALONE);
	/* An address that the site itself has named needs nobody to look it up. */
	row = name != 0 || o->o.inventory == NULL ? NULL :
	    inventory_by_ip(o->o.inventory, outside);
	if (row != NULL) {
		uint32_t own = 0;

		OBSERVATION_SET(r, dest_looked_up, true);
		name_set(o, &own, span_of(row->name, strlen(row->name)));
		if (own != 0)
			OBSERVATION_SET(r, dest_name, own);
		name_drop(o, &own);
		source = NAME_SOURCE_INVENTORY;
		by_dns.certificate = 0;
	}
	/* For people to read: no sum and no list goes by what a server says of itself. */
	if (name == 0 && by_dns.certificate != 0) {
		OBSERVATION_SET(r, dest_name, by_dns.certificate);
		source = NAME_SOURCE_CERTIFICATE;
	}
	OBSERVATION_SET(r, dest_name_source, (uint16_t)source);
	if (name != 0)
		OBSERVATION_SET(r, dest_name, name);
	/* What its client alone says is counted for whom it goes to. */
	if ((by_dns.claim == CLAIM_ALONE && logical == 0) ||
	    !name_domain(o, logical != 0 ? logical : name, &key)) {
		addr_print(outside, text);
		key = intern_put(o->strings, text, strlen(text));
	}
	/* Held until the step is over, so that the record can be read then. */
	intern_hold(o->strings, key);
	OBSERVATION_SET(r, dest_key, key);
	seen = endpoint_dest(o->endpoint, key, r->device_key,
	    (struct pkt_time){ r->time });
	OBSERVATION_SET(r, dest_devices, seen.devices);
	OBSERVATION_SET(r, dest_since, seen.since.ns);
	if (has_learned(o, r))
		OBSERVATION_SET(r, dest_new, is_new(r, seen.since));
	if (has_learned(o, r) && seen.own_known)
		OBSERVATION_SET(r, dest_new_to_device, is_new(r, seen.own));
	name_drop(o, &key);
	record_place(o, r, outside);
}

/* Where the address on the wire lies. Text that the databases hold lives as long as they
 * do; a record's until its step is over. */
static void
record_place(struct observer *o, struct observation *r, const struct addr *outside)
{
	struct placed *p;
	uint32_t id;

	if ((o->o.asn == NULL && o->o.country == NULL) ||
	    zone_inside(&o->o.zone, outside))
		return;
	p = &o->place[siphash13(&o->o.hash, outside->b, sizeof(outside->b)) % PLACES];
	if (!p->used || !addr_eq(&p->addr, outside)) {
		memset(p, 0, sizeof(*p));
		p->used = true;
		p->addr = *outside;
		if (o->o.asn != NULL)
			(void)place_find(o->o.asn, outside, &p->place);
		if (o->o.country != NULL)
			(void)place_find(o->o.country, outside, &p->place);
	}
	if (p->place.asn != 0)
		OBSERVATION_SET(r, dest_asn, p->place.asn);
	id = 0;
	name_set(o, &id, p->place.as_org);
	if (id != 0)
		OBSERVATION_SET(r, dest_as_org, id);
	name_drop(o, &id);
	name_set(o, &id, p->place.country);
	if (id != 0)
		OBSERVATION_SET(r, dest_country, id);
	name_drop(o, &id);
}

/* Without a classifier (none, dead, resting) a flow is called what its port says. */
static void
by_port(struct observer *o, struct flow *f)
{
	struct flow_ext *x = flow_user(f);
	const char *app;

	if (x->app != 0 || (o->dpi != NULL && x->dpi.state != DPI_GIVEN_UP))
		return;
	app = app_by_port(f->proto, f->server_port);
	if (app[0] == '\0')
		return;
	name_set(o, &x->app, span_of(app, strlen(app)));
	x->confidence = CONFIDENCE_PORT;
}

/* Did this host set a call up, with anyone, not long before the pair began? */
static bool
host_set_up(const struct observer *o, const struct addr *inside, struct pkt_time since)
{
	const struct host_ext *h = table_find(o->hosts, inside);

	return h != NULL && h->setup.ns != 0 && h->setup.ns >= since.ns - SETUP_LASTS;
}

static void
announce_one(struct observer *o, const struct observation *r, uint32_t id)
{
	union {
		struct observation o;
		struct observation_name n;
	} u;
	struct span s = intern_get(o->strings, id);

	memset(&u, 0, sizeof(u));
	u.n.size = sizeof(struct observation);
	u.n.version = OBSERVATION_VERSION;
	u.n.kind = OBSERVATION_NAME;
	u.n.time = r->time;
	u.n.ordinal = r->ordinal;
	u.n.id = id;
	u.n.len = (uint16_t)s.left;
	memcpy(u.n.bytes, s.at, s.left);
	o->told++;
	o->o.on_record(o->o.arg, &u.o, o->strings);
}

/* `name` records for every string this record is the first to use. */
static void
announce(struct observer *o, const struct observation *r)
{
	for (unsigned w = 0; w < sizeof(r->known) / sizeof(r->known[0]); w++) {
		uint64_t bits = r->known[w] & observation_texts[w];

		for (; bits != 0; bits &= bits - 1) {
			unsigned i = w * 64 + (unsigned)__builtin_ctzll(bits);
			uint32_t id;

			memcpy(&id, (const uint8_t *)r + observation_field[i].offset,
			    sizeof(id));
			if (intern_announce(o->strings, id))
				announce_one(o, r, id);
		}
	}
}

static struct observation *
at(struct observer *o, unsigned i)
{
	return &o->record[o->order[i]];
}
