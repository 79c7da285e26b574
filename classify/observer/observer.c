/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * observer: creation, the packet path, the step, the end. What a record holds is filled
 * in records.c, T5 is in ways.c.
 */
#include "classify/observer/state.h"

#include <stdlib.h>
#include <string.h>

#define STRINGS 262144			/* of hosts and addresses; and one for each flow */
#define TEXT 56				/* bytes for each; most names are shorter */
#define METERS 32768
#define SOCKETS 32768
#define HOSTS 16384
#define DOMAINS 8192
#define OWNERS 8192
#define CALLERS 4096			/* devices and rooms that had a call */
#define TUNNELS 1024
#define ECHOES 4096
/* After so many steps without a packet everything has ended that ends by itself. */
#define QUIET_STEPS 7200

static void on_packet(void *arg, const struct flow_hit *hit);
static void on_end(void *arg, struct flow *f, enum flow_end why);
static void on_pair_end(void *arg, struct pair *p);
static void on_verdict(void *arg, void *cookie, const struct dpi_result *r);
static void on_quarantine(void *arg, void *cookie, uint64_t ordinal);
static void domain_forgotten(void *arg, const void *key, void *value);
static void meter_forgotten(void *arg, const void *key, void *value);
static void host_forgotten(void *arg, const void *key, void *value);
static void steps_until(struct observer *o, struct pkt_time now);
static void step(struct observer *o, struct pkt_time now);
static void frame_seen(struct observer *o, const struct flow_hit *hit);
static void neighbour_seen(struct observer *o, const struct packet *p);
static void went_up(struct observer *o, const struct flow_hit *hit, uint32_t now);
static void came_down(struct observer *o, const struct flow_hit *hit);
static struct meter_ext *meter_for(struct observer *o, const struct flow_hit *hit);
static void meter_windows(struct observer *o, struct meter_ext *m, struct pkt_time now);
static void meter_tell(struct observer *o, struct meter_ext *m,
    const struct meter_window *w);

static struct table *
make_table(struct observer *o, size_t key, size_t value, size_t max,
    void (*evict)(void *, const void *, void *))
{
	struct table_options t = { .hash = o->o.hash, .key_size = key,
		.value_size = value, .max = max, .evict = evict, .arg = o };

	return table_create(&t);
}

struct observer *
observer_create(const struct observer_options *opt, struct fault *why)
{
	struct observer *o = calloc(1, sizeof(*o));
	struct flow_options fo = { 0 };
	struct content_options co = { 0 };
	struct endpoint_options eo = { 0 };
	size_t strings;

	if (o == NULL)
		goto nomem;
	o->o = *opt;
	fo.key = opt->hash;
	fo.zone = opt->zone;
	fo.max_flows = opt->max_flows;
	fo.ignore_vlan = !opt->split_vlans;
	fo.flow_user = sizeof(struct flow_ext);
	fo.pair_user = sizeof(struct pair_ext);
	fo.on = (struct flow_callbacks){ o, on_packet, on_end, on_pair_end, observer_turned };
	o->flows = flowtab_create(&fo, why);
	if (o->flows == NULL)
		goto fail;
	if (opt->cell != NULL) {
		struct dpi_options d = { .cell = opt->cell,
			.pass_killers = opt->pass_killers,
			.arg = o, .on_verdict = on_verdict,
			.on_quarantine = on_quarantine };

		o->dpi = dpi_create(&d, why);
		if (o->dpi == NULL)
			goto fail;
	}
	o->duplicates = duplicates_create(&opt->hash);
	strings = STRINGS + flowtab_room(o->flows);
	o->strings = intern_create_within(&opt->hash, strings, strings * TEXT);
	co.hash = opt->hash;
	co.flows = flowtab_room(o->flows);
	o->content = content_create(&co);
	eo.hash = opt->hash;
	eo.strings = o->strings;
	eo.inventory = opt->inventory;
	eo.vendors = opt->vendors;
	o->endpoint = o->strings == NULL ? NULL : endpoint_create(&eo);
	o->meters = make_table(o, sizeof(struct meter_key), sizeof(struct meter_ext),
	    METERS, meter_forgotten);
	o->sockets = make_table(o, sizeof(struct socket_key), sizeof(struct socket_ext),
	    SOCKETS, socket_forgotten);
	o->hosts = make_table(o, sizeof(struct addr), sizeof(struct host_ext), HOSTS,
	    host_forgotten);
	o->domains = make_table(o, sizeof(struct domain_key), sizeof(struct domain_ext),
	    DOMAINS, domain_forgotten);
	o->owners = make_table(o, sizeof(struct owner_key), sizeof(struct owner_ext),
	    OWNERS, owner_forgotten);
	o->calls = make_table(o, sizeof(struct call_key), sizeof(struct calls_ext), CALLERS,
	    call_forgotten);
	o->legs = make_table(o, sizeof(struct call_key), sizeof(struct legs_ext), CALLERS,
	    call_forgotten);
	o->withins = make_table(o, sizeof(struct meter_key), sizeof(struct within_ext),
	    TUNNELS, NULL);
	o->echoes = make_table(o, sizeof(struct meter_key), sizeof(struct echo_ext),
	    ECHOES, NULL);
	o->more = pool_create(sizeof(struct flow_more), flowtab_room(o->flows));
	if (o->more == NULL || pieces_create(o, flowtab_room(o->flows)) == -1)
		goto nomem;
	o->record = calloc(RECORDS, sizeof(*o->record));
	o->order = calloc(RECORDS, sizeof(*o->order));
	o->drop = calloc(DROPS_HELD, sizeof(*o->drop));
	if (o->duplicates == NULL || o->strings == NULL || o->content == NULL || o->endpoint == NULL ||
	    o->meters == NULL || o->sockets == NULL || o->hosts == NULL ||
	    o->domains == NULL || o->calls == NULL || o->legs == NULL || o->withins == NULL ||
	    o->owners == NULL || o->echoes == NULL ||
	    o->record == NULL || o->order == NULL || o->drop == NULL)
		goto nomem;
	return o;
nomem:
	fault_set(why, "lower 'memory', or give the host more",
	    "cannot set up the flow tables: not enough memory");
fail:
	observer_destroy(o);
	return NULL;
}

void
observer_destroy(struct observer *o)
{
	if (o == NULL)
		return;
	dpi_destroy(o->dpi);
	flowtab_destroy(o->flows);
	content_destroy(o->content);
	duplicates_destroy(o->duplicates);
	endpoint_destroy(o->endpoint);
	intern_destroy(o->strings);
	table_destroy(o->meters);
	table_destroy(o->sockets);
	table_destroy(o->hosts);
	table_destroy(o->domains);
	table_destroy(o->owners);
	table_destroy(o->calls);
	table_destroy(o->legs);
	table_destroy(o->withins);
	table_destroy(o->echoes);
	pieces_destroy(o);
	pool_destroy(o->more);
	free(o->record);
	free(o->order);
	free(o->drop);
	free(o);
}

bool
observer_packet(struct observer *o, const struct packet *pkt)
{
	enum duplicates_word word = DUPLICATES_FIRST;
	const struct observer_glance *ahead = ahead_of(o, pkt);

	if (pkt->class == PACKET_FLOW) {
		word = ahead != NULL ? duplicates_looked(o->duplicates, &ahead->look) :
		    duplicates_packet(o->duplicates, pkt);
		if (word == DUPLICATES_COPY) {
			if (o->copies.n > 0)
				copies_take_back(o);
			return false;
		}
	}
	o->ordinal = pkt->frame->ordinal;
	/* Nearly always neither: the clock went on, and is within the step. */
	if (!o->started || pkt->frame->time.ns < o->now.ns || o->behind > 0)
		clock_look(o, pkt->frame->time);
	if (!o->started || pkt->frame->time.ns >= o->next_step.ns)
		steps_until(o, pkt->frame->time);
	if (pkt->frame->time.ns > o->now.ns)
		o->now = pkt->frame->time;
	if (pkt->class == PACKET_ARP) {
		if (pkt->has_mac && zone_inside(&o->o.zone, &pkt->src))
			endpoint_neighbour(o->endpoint, &pkt->src,
			    mac_from_bytes(pkt->smac), o->now);
		return true;
	}
	if (pkt->class != PACKET_FLOW)
		return true;
	if (word == DUPLICATES_SUSPECT)
		copies_open(o);
	flowtab_packet_ahead(o->flows, pkt, ahead != NULL ? &ahead->flow : NULL);
	copies_close(o);
	return true;
}

void
observer_advance(struct observer *o, struct pkt_time now)
{
	if (!o->started || now.ns <= o->now.ns)
		return;
	steps_until(o, now);
	o->now = now;
}

void
observer_loss(struct observer *o, struct pkt_time now, uint64_t lost)
{
	struct observation *r;

	if (o->lost_known && lost <= o->lost)
		return;
	o->lost_known = true;
	if (lost == o->lost)
		return;
	o->lost = lost;
	o->loss_until = pkt_time_add(now, 10 * NS_PER_S);
	r = record_new(o, OBSERVATION_LOSS, now, o->ordinal);
	r->seen |= SEEN_LOSS;
}

void
observer_finish(struct observer *o)
{
	early_step(o);
	if (o->dpi != NULL)
		(void)dpi_sync(o->dpi, o->now);
	if (o->started) {
		struct meter_ext *m;
		struct domain_ext *d;

		/* Windows that are over by the last packet's time;
		 * an open one is not judged. */
		for (m = table_oldest(o->meters); m != NULL; m = table_next(o->meters, m))
			meter_windows(o, m, o->now);
		tunnels_step(o, o->now);
		/* Queries are counted over a minute, whole or not: what is there is told. */
		for (d = table_oldest(o->domains); d != NULL; d = table_next(o->domains, d))
			if (d->told.ns != 0)
				record_domain(o, record_new(o, OBSERVATION_WINDOW, o->now,
				    d->ordinal), table_key(d), d);
	}
	flowtab_finish(o->flows);
	records_flush(o);
	if (o->started && o->o.on_step != NULL)
		o->o.on_step(o->o.arg, o->now, o->strings);
}

bool
observer_save(struct observer *o, struct endpoint_cursor *c, size_t slice,
    bool (*write)(void *arg, const void *item, size_t n), void *arg)
{
	return endpoint_save(o->endpoint, c, slice, write, arg);
}

bool
observer_restore(struct observer *o, struct span item)
{
	return endpoint_restore(o->endpoint, item);
}

struct pkt_time
observer_since(const struct observer *o)
{
	return endpoint_since(o->endpoint);
}

struct pkt_time
observer_now(const struct observer *o)
{
	return o->now;
}

const struct intern *
observer_strings(const struct observer *o)
{
	return o->strings;
}

void
observer_get_stats(const struct observer *o, struct observer_stats *out)
{
	memset(out, 0, sizeof(*out));
	flowtab_stats(o->flows, &out->flow);
	if (o->dpi != NULL) {
		dpi_get_counters(o->dpi, &out->dpi);
		out->breaker_open = dpi_broken(o->dpi);
	}
	out->records = o->told;
	out->gap_bytes = o->gap_bytes;
	out->quarantined = o->quarantined;
	out->no_head = content_no_head(o->content);
	out->strings_refused = intern_refused(o->strings);
	out->meters = table_used(o->meters);
	out->meters_evicted = table_evicted(o->meters);
	out->calls_evicted = table_evicted(o->calls) + table_evicted(o->legs);
	out->pieces_evicted = o->pieces.evicted;
	out->crossed = o->crossed;
	endpoint_get_stats(o->endpoint, &out->ends);
	duplicates_get_stats(o->duplicates, &out->duplicates);
	out->taken_back = o->copies.taken_back;
	out->copies_told = o->copies.told;
	out->clock_backs = o->backs;
}

/* ---- time ---- */

static void
steps_until(struct observer *o, struct pkt_time now)
{
	unsigned quiet = 0;

	if (!o->started) {
		o->started = true;
		o->first = o->now = now;
		o->next_step = pkt_time_add(now, STEP_NS);
		if (o->o.learn_for > 0)
			endpoint_listens(o->endpoint, now, o->o.learn_for);
		return;
	}
	while (now.ns >= o->next_step.ns) {
		struct pkt_time at = o->next_step;

		/* A gap of months in a capture: two hours of steps,
		 * then straight there. */
		if (++quiet > QUIET_STEPS)
			at.ns += (now.ns - at.ns) / STEP_NS * STEP_NS;
		o->now = at;
		step(o, at);
		o->next_step = pkt_time_add(at, STEP_NS);
	}
}

static void
step(struct observer *o, struct pkt_time now)
{
	struct meter_ext *m;
	struct domain_ext *d, *newer;

	early_step(o);
	if (o->dpi != NULL)
		(void)dpi_sync(o->dpi, now);
	for (m = table_oldest(o->meters); m != NULL; m = table_next(o->meters, m))
		meter_windows(o, m, now);
	tunnels_step(o, now);
	pieces_due(o);
	for (d = table_oldest(o->domains); d != NULL; d = newer) {
		newer = table_next(o->domains, d);
		if (d->told.ns == 0 || now.ns - d->told.ns < 10 * NS_PER_S)
			continue;
		record_domain(o, record_new(o, OBSERVATION_WINDOW, now, d->ordinal),
		    table_key(d), d);
		d->told.ns = 0;
	}
	flowtab_step(o->flows, now);
	records_flush(o);
	if (o->o.on_step != NULL)
		o->o.on_step(o->o.arg, now, o->strings);
}

/* ---- the packet path ---- */

const struct flow_more flow_more_none = { .content_length = UINT64_MAX };

struct flow_more *
more_get(struct observer *o, struct flow_ext *x)
{
	struct flow_more *more;

	if (x->more != 0)
		return pool_at(o->more, x->more);
	more = pool_take(o->more);
	more->content_length = UINT64_MAX;
	x->more = pool_number(o->more, more);
	return more;
}

static void
part_told(struct flow_ext *x, uint32_t now)
{
	x->part_at = x->live_at = now;
	x->lived = true;
}

/* A flow begins. */
static void
flow_opens(struct observer *o, const struct flow_hit *hit)
{
	struct flow_ext *x = flow_user(hit->flow);
	const struct packet *p = hit->pkt;

	x->asked = x->answered = -MICROSECONDS(NS_PER_S);
	/* RFC 7858, 9250: what is asked there, nobody hears */
	if (p->dport == 853 && zone_inside(&o->o.zone, &p->src))
		((struct host_ext *)table_use(o->hosts, &p->src, NULL))->hidden = o->now;
}

/* What a packet that crosses says of its pair. */
static inline void
pair_packet(struct observer *o, const struct flow_hit *hit)
{
	const struct flow *f = hit->flow;
	struct pair_ext *px = pair_user(f->pair);
	const uint8_t *mac = f->mac[hit->dir];

	o->crossed = true;
	if (flow_packets(f) >= SETTLED_PACKETS)
		px->settled = true;
	if ((f->flags & FLOW_TRUNCATED) != 0)
		px->truncated = true;
	if (hit->up && (mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]) != 0)
		memcpy(px->mac, mac, sizeof(px->mac));
}

static void
on_packet(void *arg, const struct flow_hit *hit)
{
	struct observer *o = arg;
	struct flow *f = hit->flow;
	struct flow_ext *x = flow_user(f);
	const struct packet *p = hit->pkt;
	bool other = p->proto != IPPROTO_IS_TCP && p->proto != IPPROTO_IS_UDP;
	uint32_t now;

	if (o->copies.open != NULL) {
		flow_trace_of(hit, &o->copies.open->trace);
		o->copies.open->up = hit->up && hit->fresh > 0;
	}
	if (hit->is_new)
		flow_opens(o, hit);
	now = flow_clock(f, o->now);
	if (f->count[hit->dir].pkts == 1 && p->has_mac)
		frame_seen(o, hit);
	if (other && p->proto == IPPROTO_IS_ICMP6)
		neighbour_seen(o, p);
	/* What was missing and comes late after all is no gap. */
	if ((hit->acked_unseen | hit->late) != 0) {
		o->gap_bytes += hit->acked_unseen;
		o->gap_bytes -= hit->late < o->gap_bytes ? hit->late : o->gap_bytes;
	}
	if (f->pair != NULL) {
		pair_packet(o, hit);
		sides_packet(o, x, hit, now);
	}
	news_of(o, x, hit);
	if (hit->is_new)
		tunnel_by_protocol(f);
	if (other && (p->proto == IPPROTO_IS_ICMP || p->proto == IPPROTO_IS_ICMP6))
		tunnel_by_echo(o, hit);
	if (x->tunnel != TUNNEL_NONE)
		tunnel_packet(o, hit);
	if (hit->is_new)
		record_flow(o, record_new(o, OBSERVATION_OPEN, o->now, o->ordinal), f);
	if (o->dpi != NULL && dpi_wants(&x->dpi))
		early_packet(o, hit);
	if (hit->up && hit->fresh > 0)
		went_up(o, hit, now);
	else if (hit->down && hit->fresh > 0)
		came_down(o, hit);
	if (hit->down && hit->acked_unseen > 0)
		pieces_unseen(o, hit);
	if (hit->fresh == 0)
		return;
	if (now - x->part_at >= MICROSECONDS(PART_EVERY)) {
		record_flow(o, record_new(o, OBSERVATION_PART, o->now, o->ordinal), f);
		part_told(x, now);
	}
	/* Who looks on sees soon what a new flow is. */
	if (o->o.live_every > 0 && (x->lived ?
	    now - x->live_at >= MICROSECONDS(o->o.live_every) :
	    now >= MICROSECONDS(LIVE_FIRST))) {
		x->live_at = now;
		x->lived = true;
		record_live(o, f);
	}
}

/* The first frame of each way says who is at the sensor's side of the wire. Whoever brings
 * what comes from outside is a router. */
static void
frame_seen(struct observer *o, const struct flow_hit *hit)
{
	const struct packet *p = hit->pkt;
	uint64_t mac = mac_from_bytes(p->smac);

	if (hit->down)
		endpoint_outside(o->endpoint, mac, o->now);
	else if (zone_inside(&o->o.zone, &p->src))
		endpoint_inside(o->endpoint, &p->src, mac, o->now);
	if (!hit->down && hit->dir == FLOW_TO_SERVER && !addr_is_group(&p->src) &&
	    !addr_is_group(&p->dst) && p->dport != 67 && p->dport != 547)
		endpoint_speaks(o->endpoint, mac, o->now);
}

/* RFC 4861: who has an IPv6 address answers for it, and says so when he asks. From the
 * same link only: no router passes on a hop limit of 255. */
static void
neighbour_seen(struct observer *o, const struct packet *p)
{
	enum { SOLICITATION = 135 << 8, ADVERTISEMENT = 136 << 8 };	/* type, code */
	struct addr target;

	if (p->ttl != 255 || !p->has_mac)
		return;
	if (p->sport == SOLICITATION && zone_inside(&o->o.zone, &p->src)) {
		endpoint_neighbour(o->endpoint, &p->src, mac_from_bytes(p->smac), o->now);
	} else if (p->sport == ADVERTISEMENT && p->payload.left >= 16) {
		memcpy(target.b, p->payload.at, sizeof(target.b));
		if (zone_inside(&o->o.zone, &target))
			endpoint_neighbour(o->endpoint, &target, mac_from_bytes(p->smac),
			    o->now);
	}
}

/* The meter of its socket. */
static inline struct meter_ext *
meter_of(struct observer *o, const struct flow_ext *x, const struct flow_hit *hit)
{
	return x->meter != NULL && x->meter->serial == x->meter_serial ? x->meter :
	    meter_for(o, hit);
}

static void
went_up(struct observer *o, const struct flow_hit *hit, uint32_t now)
{
	struct flow *f = hit->flow;
	struct flow_ext *x = flow_user(f);
	uint64_t up = flow_true_bytes(&f->count[hit->dir]);
	struct text_head text = { 0, 0, 0 };
	struct meter_ext *m = meter_of(o, x, hit);

	if (m != NULL && !meter_open(&m->m, o->now))
		meter_windows(o, m, o->now);
	/* what a body says it is is asked of every payload (bodies.c) */
	if (m == NULL || m->m.clock_n < METER_LOOKS || more_of(o, x)->plain_text ||
	    pieces_begins(o, f->pair))
		text = text_look(hit->pkt->payload);

	if (m != NULL) {
		m->flow = f;
		m->ordinal = o->ordinal;
		if (f->proto == IPPROTO_IS_TCP)
			meter_segment(&m->m, o->now, hit->fresh, hit->under_way);
		else if (x->stream)
			meter_carried(&m->m, o->now, hit->fresh);
		else
			meter_packet(&m->m, o->now, hit->fresh, true);
		if (o->copies.open != NULL)
			o->copies.open->meter_serial = m->serial;
		text_add(&m->text, text);
	}
	pieces_packet(o, hit, text);
	if (up - more_of(o, x)->part_up >= PART_BYTES &&
	    now - x->part_at >= MICROSECONDS(STEP_NS)) {
		record_flow(o, record_new(o, OBSERVATION_PART, o->now, o->ordinal), f);
		part_told(x, now);
		more_get(o, x)->part_up = up;
	}
}

static inline void
came_down(struct observer *o, const struct flow_hit *hit)
{
	if (o->copies.open != NULL)
		o->copies.open->socket = true;
	socket_packet(o, hit);
}

static struct meter_ext *
meter_for(struct observer *o, const struct flow_hit *hit)
{
	struct flow *f = hit->flow;
	struct flow_ext *x = flow_user(f);
	const struct pair *p = f->pair;
	bool from_client = hit->dir == FLOW_TO_SERVER;
	struct meter_key k;
	struct meter_ext *m;
	bool is_new;
	int tr;

	if (f->count[hit->dir].data_pkts < METER_AFTER ||
	    (f->proto != IPPROTO_IS_TCP && f->proto != IPPROTO_IS_UDP))
		return NULL;
	memset(&k, 0, sizeof(k));
	k.inside = p->inside;
	k.outside = p->outside;
	k.port = from_client ? f->client_port : f->server_port;
	k.transport = f->proto;
	m = table_use(o->meters, &k, &is_new);
	/* of a flow by whoever had the address before */
	if (!is_new && m->m.first.ns < endpoint_handed(o->endpoint, &k.inside).ns) {
		memset(m, 0, sizeof(*m));
		is_new = true;
	}
	if (is_new) {
		tr = pair_transport(k.transport);
		m->serial = serial_next(o);
		m->way.up0 = p->up[tr];
		m->way.down0 = p->down[tr];
	}
	x->meter = m;
	x->meter_serial = m->serial;
	return m;
}

static void
meter_windows(struct observer *o, struct meter_ext *m, struct pkt_time now)
{
	struct meter_window w;

	while (meter_step(&m->m, o->o.hearing, now, &w))
		meter_tell(o, m, &w);
}

static void
meter_tell(struct observer *o, struct meter_ext *m, const struct meter_window *w)
{
	const struct meter_key *k = table_key(m);
	struct pkt_time told = pkt_time_add(o->next_step, -STEP_NS);
	struct observation *r;

	/* A flow that ended closes its windows first (on_end), so there is one here. */
	if (m->flow == NULL)
		return;
	/* What a flow ended with may be over for minutes; no record is older than the step
	 * that was told last. */
	r = record_new(o, OBSERVATION_WINDOW, w->end.ns > told.ns ? w->end : told, m->ordinal);
	record_flow(o, r, m->flow);
	OBSERVATION_SET(r, scope, SCOPE_SOCKET);
	meter_observe(&m->m, w, r);
	text_observe(&m->text, o->o.hearing, r);
	way_window(o, m, k, w, m->flow->pair, r);
	call_heard(o, m, k, w, r);
	shared_window(o, m, k, w, r);
}

/* ---- verdicts and ends ---- */

static void
on_verdict(void *arg, void *cookie, const struct dpi_result *r)
{
	struct observer *o = arg;
	struct flow *f = cookie;
	struct flow_ext *x = flow_user(f);
	enum tunnel_word t;

	name_set(o, &x->app, span_of(r->app, strlen(r->app)));
	if (strcmp(r->app, "dns-encrypted") == 0 && f->up >= 0)
		((struct host_ext *)table_use(o->hosts, &f->pair->inside,
		    NULL))->hidden = o->now;
	name_set(o, &x->category, span_of(r->category, strlen(r->category)));
	x->confidence = (uint8_t)r->confidence;
	x->risks = r->risks;
	t = tunnel_from_app(r->app);
	if (t == TUNNEL_NONE)
		t = tunnel_from_app(r->master);
	if (t != TUNNEL_NONE && r->confidence == CONFIDENCE_DPI)
		x->tunnel = (uint8_t)t;
	if (f->pair != NULL && x->tunnel != TUNNEL_NONE)
		((struct pair_ext *)pair_user(f->pair))->tunnel =
		    (uint8_t)x->tunnel;
	x->stream = r->quic && r->confidence == CONFIDENCE_DPI;	/* no guess by port */
	if (r->quic && r->host[0] != '\0') {
		name_set(o, &x->quic, span_of(r->host, strlen(r->host)));
		best_name(o, f);
	}
}

static void
on_quarantine(void *arg, void *cookie, uint64_t ordinal)
{
	struct observer *o = arg;
	struct flow *f = cookie;
	struct flow_ext *x = flow_user(f);

	(void)ordinal;
	o->quarantined++;
	x->quarantined = true;
	if (f->pair != NULL)
		((struct pair_ext *)pair_user(f->pair))->quarantined = true;
	record_flow(o, record_new(o, OBSERVATION_PART, o->now, o->ordinal), f);
}

static void
on_end(void *arg, struct flow *f, enum flow_end why)
{
	struct observer *o = arg;
	struct flow_ext *x = flow_user(f);
	struct meter_window w;
	struct observation *r;

	if (o->dpi != NULL) {
		early_release(o, f);
		dpi_end(o->dpi, &x->dpi, o->now);
	}
	content_end(o->content, &x->content);
	if (x->meter != NULL && x->meter->serial == x->meter_serial &&
	    x->meter->flow == f) {
		meter_windows(o, x->meter, o->now);
		if (meter_tail(&x->meter->m, o->o.hearing, &w))
			meter_tell(o, x->meter, &w);
		x->meter->flow = NULL;
	}
	tunnel_ended(o, f);
	x->ended = true;
	if (f->pair != NULL)
		((struct pair_ext *)pair_user(f->pair))->settled = true;
	r = record_new(o, OBSERVATION_CLOSE, o->now, o->ordinal);
	record_flow(o, r, f);
	OBSERVATION_SET(r, flow_end, (uint16_t)why);
	call_look(o, f, r);
	name_drop(o, &x->app);
	name_drop(o, &x->category);
	name_drop(o, &x->sni);
	name_drop(o, &x->quic);
	name_drop(o, &x->host);
	name_drop(o, &x->dns);
	if (x->more != 0) {
		struct flow_more *more = more_get(o, x);

		name_drop(o, &more->method);
		name_drop(o, &more->target);
		name_drop(o, &more->certificate);
		name_drop(o, &more->content_type);
		name_drop(o, &more->content_name);
		pool_give(o->more, more);
		x->more = 0;
	}
}

static void
on_pair_end(void *arg, struct pair *p)
{
	struct observer *o = arg;
	struct pair_ext *px = pair_user(p);

	/* The last burst is over when the pair is; one that no longer goes from inside to
	 * outside (a reload) has nothing to tell. */
	if (zone_inside(&o->o.zone, &p->inside) && !zone_inside(&o->o.zone, &p->outside))
		pieces_step(o, p, pkt_time_add(o->now, o->o.hearing->burst_gap));
	pieces_end(o, p);
	name_drop(o, &px->name);
	name_drop(o, &px->dns);
	name_drop(o, &px->logical);
}

static void
domain_forgotten(void *arg, const void *key, void *value)
{
	struct observer *o = arg;
	uint32_t id = ((const struct domain_key *)key)->domain;

	(void)value;
	name_drop(o, &id);
}

static void
meter_forgotten(void *arg, const void *key, void *value)
{
	(void)arg;
	(void)key;
	((struct meter_ext *)value)->serial = 0;
}

static void
host_forgotten(void *arg, const void *key, void *value)
{
	(void)key;
	name_drop(arg, &((struct host_ext *)value)->domain);
}
