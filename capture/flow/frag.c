/* SPDX-License-Identifier: GPL-3.0-or-later */
/* frag: a table from (source, destination, VLAN, protocol, id) to the two ports. */
#include "capture/flow/frag.h"

#include "capture/base/table.h"

#include <stdlib.h>

/* Datagrams in pieces at the same time. Eight kB datagrams at 1 Gbit/s are 15,000 a
 * second, their fragments back to back; an office has a handful. A flood of first
 * fragments pushes the honest ones out, which then count to a flow without ports: nothing
 * is lost but the port. */
#define FRAG_MAX 4096
#define FRAG_NS (30 * NS_PER_S)

struct frag {
	struct table *table;
};

struct frag_key {
	struct addr src, dst;
	uint32_t id;
	uint16_t vlan;
	uint8_t proto, zero;
};

struct frag_value {
	int64_t seen;
	struct frag_ports ports;
};

struct frag *
frag_create(const struct siphash_key *key)
{
	struct table_options o = { .hash = *key, .key_size = sizeof(struct frag_key),
		.value_size = sizeof(struct frag_value), .max = FRAG_MAX };
	struct frag *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->table = table_create(&o);
	if (f->table == NULL) {
		free(f);
		return NULL;
	}
	return f;
}

void
frag_destroy(struct frag *f)
{
	if (f == NULL)
		return;
	table_destroy(f->table);
	free(f);
}

static struct frag_key
key_of(const struct packet *pkt, uint16_t vlan)
{
	return (struct frag_key){ pkt->src, pkt->dst, pkt->frag_id, vlan, pkt->proto, 0 };
}

void
frag_first(struct frag *f, const struct packet *pkt, uint16_t vlan, struct pkt_time now)
{
	struct frag_key key = key_of(pkt, vlan);
	bool is_new;
	struct frag_value *v = table_use(f->table, &key, &is_new);

	/* An id that comes round again names the newest datagram. */
	v->seen = now.ns;
	v->ports = (struct frag_ports){ pkt->sport, pkt->dport };
}

bool
frag_later(struct frag *f, const struct packet *pkt, uint16_t vlan, struct pkt_time now,
    struct frag_ports *out)
{
	struct frag_key key = key_of(pkt, vlan);
	struct frag_value *v = table_find(f->table, &key);

	if (v == NULL)
		return false;
	if (now.ns - v->seen > FRAG_NS) {
		table_remove(f->table, v);
		return false;
	}
	*out = v->ports;
	return true;
}

size_t
frag_bytes(void)
{
	/* An entry of the table, its links and two slots. */
	return FRAG_MAX * (sizeof(struct frag_key) + sizeof(struct frag_value) + 64);
}
