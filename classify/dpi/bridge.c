/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bridge: the one file that knows libndpi.
 *
 * Written against 4.2 (Debian 12 and 13). What differs in later versions is chosen by
 * macros that a compile probe of the Makefile sets; versions are not compared, because
 * the library's release macros are strings:
 *   DPI_PROCESS_6ARGS    ndpi_detection_process_packet takes flow input info (4.6 on)
 *   DPI_GIVEUP_3ARGS     ndpi_detection_giveup has no enable_guess (4.10 on)
 *   DPI_INIT_CONTEXT     ndpi_init_detection_module takes a global context (4.10 on)
 *   DPI_PROTO_NESTED     struct ndpi_protocol has .proto.master_protocol (4.11 on)
 *   DPI_NO_BITMASK       all protocols are on without
 *   ndpi_set_protocol_detection_bitmask2 DPI_RISK_TYPE        the type of ndpi_risk2str's
 *   argument, when it is not ndpi_risk_enum
 *
 * Nothing of the library's memory leaves: names, a host and risk bits are copied out.
 * Only fields outside the flow's unions are read. A flow is answered once and then freed.
 *
 * TCP flows come without their empty packets, and libndpi gives a flow up whose first
 * packet is not a SYN: the handshake is written here and fed first, unless the flow is
 * known to have begun before the capture.
 */
#include "classify/dpi/bridge.h"

#include "classify/dpi/vocabulary.h"
#include "classify/dpi/warmup.h"

#include <ndpi/ndpi_api.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef DPI_RISK_TYPE
#define DPI_RISK_TYPE ndpi_risk_enum
#endif

#define RTP_PACKETS 4	/* one datagram that begins 80 00 is RTP to the library */
#define TLS_PACKETS 12	/* patience for a name in a long hello */
#define STUN_PACKETS 6	/* which application a STUN exchange belongs to comes late */
#define HTTP_PACKETS 4
#define RISKS 64

struct bridge {
	struct ndpi_detection_module_struct *module;
	int risk[RISKS];		/* library's bit -> ours, -1 */
};

struct bridge_flow {
	struct ndpi_flow_struct *flow;
	uint64_t ms;
	unsigned packets;		/* with payload, as fed */
	bool begun, answered;		/* answered: the server has spoken */
};

static void *bridge_create(struct fault *why);
static void bridge_destroy(void *c);
static void *bridge_open(void *c);
static bool bridge_feed(void *c, void *flow, const uint8_t *l3, size_t len, uint64_t ms,
    unsigned flags, struct cell_result *out);
static void bridge_giveup(void *c, void *flow, struct cell_result *out);
static void bridge_close(void *c, void *flow);

const struct classifier_ops bridge_ops = {
	.create = bridge_create,
	.destroy = bridge_destroy,
	.open = bridge_open,
	.feed = bridge_feed,
	.giveup = bridge_giveup,
	.close = bridge_close,
};

static unsigned
app_of(const ndpi_protocol *p)
{
#ifdef DPI_PROTO_NESTED
	return p->proto.app_protocol;
#else
	return p->app_protocol;
#endif
}

static unsigned
master_of(const ndpi_protocol *p)
{
#ifdef DPI_PROTO_NESTED
	return p->proto.master_protocol;
#else
	return p->master_protocol;
#endif
}

static void *
bridge_create(struct fault *why)
{
	struct bridge *b = calloc(1, sizeof(*b));
#ifndef DPI_NO_BITMASK
	NDPI_PROTOCOL_BITMASK all;
#endif

	if (b == NULL) {
		fault_set(why, NULL, "no memory for the classifier");
		return NULL;
	}
	/* Files that the C library opens at their first use are opened now. */
	tzset();
	if (ndpi_detection_get_sizeof_ndpi_flow_struct() !=
	    sizeof(struct ndpi_flow_struct)) {
		fault_set(why, "build earshot against the libndpi that is installed",
		    "libndpi %s keeps flows of %u bytes, its headers say %zu",
		    ndpi_revision(),
		    (unsigned)ndpi_detection_get_sizeof_ndpi_flow_struct(),
		    sizeof(struct ndpi_flow_struct));
		goto fail;
	}
#ifdef DPI_INIT_CONTEXT
	b->module = ndpi_init_detection_module(NULL);
#else
	b->module = ndpi_init_detection_module(ndpi_no_prefs);
#endif
	if (b->module == NULL) {
		fault_set(why, NULL, "libndpi %s does not start", ndpi_revision());
		goto fail;
	}
#ifndef DPI_NO_BITMASK
	NDPI_BITMASK_SET_ALL(all);
	(void)ndpi_set_protocol_detection_bitmask2(b->module, &all);
#endif
	ndpi_finalize_initialization(b->module);
	for (unsigned i = 0; i < RISKS; i++)
		b->risk[i] = i > 0 && i < NDPI_MAX_RISK ?
		    risk_from_library_name(ndpi_risk2str((DPI_RISK_TYPE)i)) : -1;
	warmup_run(&bridge_ops, b);
	return b;
fail:
	bridge_destroy(b);
	return NULL;
}

static void
bridge_destroy(void *c)
{
	struct bridge *b = c;

	if (b == NULL)
		return;
	if (b->module != NULL)
		ndpi_exit_detection_module(b->module);
	free(b);
}

static void *
bridge_open(void *c)
{
	struct bridge_flow *f = calloc(1, sizeof(*f));

	(void)c;
	if (f == NULL)
		return NULL;
	f->flow = ndpi_flow_malloc(sizeof(*f->flow));
	if (f->flow == NULL) {
		free(f);
		return NULL;
	}
	memset(f->flow, 0, sizeof(*f->flow));
	return f;
}

static void
bridge_close(void *c, void *flow)
{
	struct bridge_flow *f = flow;

	(void)c;
	if (f == NULL)
		return;
	if (f->flow != NULL)
		ndpi_free_flow(f->flow);
	free(f);
}

static ndpi_protocol
process(struct bridge *b, struct bridge_flow *f, const uint8_t *l3, size_t len)
{
#ifdef DPI_PROCESS_6ARGS
	return ndpi_detection_process_packet(b->module, f->flow, l3, (unsigned short)len,
	    f->ms, NULL);
#else
	return ndpi_detection_process_packet(b->module, f->flow, l3, (unsigned short)len,
	    f->ms);
#endif
}

static void
put16(uint8_t *at, size_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static void
put32(uint8_t *at, uint32_t v)
{
	put16(at, v >> 16);
	put16(at + 2, v & 0xffff);
}

/* One packet of the handshake before `l3`: back to the sender of l3, or along with it. */
static void
handshake_packet(struct bridge *b, struct bridge_flow *f, const uint8_t *l3, size_t ip,
    bool back, uint8_t tcp_flags, uint32_t seq, uint32_t ack)
{
	uint8_t p[60 + CELL_PADDING] = { 0 };
	const uint8_t *tcp;
	size_t head = l3[0] >> 4 == 4 ? 20 : 40;	/* without options */
	size_t at = head == 20 ? 12 : 8, n = head == 20 ? 4 : 16;	/* addresses */

	tcp = l3 + ip;
	memcpy(p, l3, head);
	if (head == 20) {
		p[0] = 0x45;
		put16(p + 2, 40);
		put16(p + 6, 0);
	} else {
		put16(p + 4, 20);
		p[6] = 6;
	}
	memcpy(p + at, l3 + at + (back ? n : 0), n);
	memcpy(p + at + n, l3 + at + (back ? 0 : n), n);
	memcpy(p + head, tcp + (back ? 2 : 0), 2);
	memcpy(p + head + 2, tcp + (back ? 0 : 2), 2);
	put32(p + head + 4, seq);
	put32(p + head + 8, ack);
	p[head + 12] = 0x50;
	p[head + 13] = tcp_flags;
	p[head + 14] = 0xff;
	(void)process(b, f, p, head + 20);
}

static void
handshake(struct bridge *b, struct bridge_flow *f, const uint8_t *l3, size_t len,
    bool client)
{
	size_t ip = l3[0] >> 4 == 4 ? (size_t)(l3[0] & 15) * 4 : 40;
	uint32_t seq = 0, ack = 0;
	struct span s = { l3, len };

	/* IPv6 with extension headers goes without: its TCP header is further on. */
	if (len < ip + 20 || l3[ip == 40 && l3[0] >> 4 == 6 ? 6 : 9] != 6)
		return;
	(void)span_skip(&s, ip + 4);
	(void)span_u32(&s, &seq);
	(void)span_u32(&s, &ack);
	if (client) {
		handshake_packet(b, f, l3, ip, false, 0x02, seq - 1, 0);
		handshake_packet(b, f, l3, ip, true, 0x12, ack - 1, seq);
		handshake_packet(b, f, l3, ip, false, 0x10, seq, ack);
	} else {
		handshake_packet(b, f, l3, ip, true, 0x02, ack - 1, 0);
		handshake_packet(b, f, l3, ip, false, 0x12, seq - 1, ack);
		handshake_packet(b, f, l3, ip, true, 0x10, ack, seq);
	}
}

static void
copy_name(char *out, size_t size, const char *from)
{
	size_t n = from == NULL ? 0 : strlen(from);

	if (n >= size)
		n = size - 1;
	if (n > 0)
		memcpy(out, from, n);
	memset(out + n, 0, size - n);
}

static enum confidence_word
confidence_of(const struct bridge_flow *f)
{
	const char *name = ndpi_confidence_get_name(f->flow->confidence);

	/* By name: later versions put new values between the old. */
	if (strncmp(name, "DPI", 3) == 0)
		return strstr(name, "aggressive") != NULL ? CONFIDENCE_GUESS :
		    CONFIDENCE_DPI;
	if (strcmp(name, "Match by port") == 0)
		return CONFIDENCE_PORT;
	return strcmp(name, "Unknown") == 0 ? CONFIDENCE_NONE : CONFIDENCE_GUESS;
}

static void
answer(struct bridge *b, struct bridge_flow *f, const ndpi_protocol *p,
    struct cell_result *out)
{
	unsigned app = app_of(p), master = master_of(p);
	uint64_t risks = f->flow->risk;

	memset(out, 0, sizeof(*out));
	if (app == NDPI_PROTOCOL_UNKNOWN) {
		app = master;
		master = NDPI_PROTOCOL_UNKNOWN;
	}
	if (app == NDPI_PROTOCOL_RTP && f->packets < RTP_PACKETS)
		app = NDPI_PROTOCOL_UNKNOWN;
	if (app == NDPI_PROTOCOL_UNKNOWN)
		return;
	copy_name(out->app, sizeof(out->app),
	    ndpi_get_proto_name(b->module, (u_int16_t)app));
	if (master != NDPI_PROTOCOL_UNKNOWN && master != app)
		copy_name(out->master, sizeof(out->master),
		    ndpi_get_proto_name(b->module, (u_int16_t)master));
	copy_name(out->category, sizeof(out->category),
	    ndpi_category_get_name(b->module, p->category));
	copy_name(out->host, sizeof(out->host), (const char *)f->flow->host_server_name);
	out->confidence = (uint8_t)confidence_of(f);
	if (out->confidence == CONFIDENCE_NONE)
		out->confidence = CONFIDENCE_GUESS;	/* it named something */
	out->quic = app == NDPI_PROTOCOL_QUIC || master == NDPI_PROTOCOL_QUIC;
	for (unsigned i = 0; i < RISKS; i++)
		if ((risks >> i & 1) != 0 && b->risk[i] >= 0)
			out->risks |= UINT64_C(1) << b->risk[i];
}

/* Is there anything worth waiting for? */
static bool
decided(const struct bridge_flow *f, const ndpi_protocol *p)
{
	unsigned app = app_of(p), master = master_of(p);
	unsigned base = master != NDPI_PROTOCOL_UNKNOWN ? master : app;
	bool named = f->flow->host_server_name[0] != '\0';

	if (base == NDPI_PROTOCOL_UNKNOWN)
		return false;
	if (app == NDPI_PROTOCOL_UNKNOWN)
		app = base;
	switch (base) {
	case NDPI_PROTOCOL_RTP:
		return f->packets >= RTP_PACKETS;
	case NDPI_PROTOCOL_TLS:
	case NDPI_PROTOCOL_QUIC:
		return named || f->answered || f->packets >= TLS_PACKETS;
	case NDPI_PROTOCOL_HTTP:
		return named || f->packets >= HTTP_PACKETS;
	case NDPI_PROTOCOL_STUN:
		return app != base || f->packets >= STUN_PACKETS;
	default:
		return true;
	}
}

static bool
bridge_feed(void *c, void *flow, const uint8_t *l3, size_t len, uint64_t ms,
    unsigned flags, struct cell_result *out)
{
	struct bridge *b = c;
	struct bridge_flow *f = flow;
	ndpi_protocol p;

	f->ms = ms;
	if (!f->begun && len > 0 && (flags & CELL_MIDSTREAM) == 0)
		handshake(b, f, l3, len, (flags & CELL_FROM_CLIENT) != 0);
	f->begun = true;
	p = process(b, f, l3, len);
	f->packets++;
	if ((flags & CELL_FROM_CLIENT) == 0)
		f->answered = true;
	if (decided(f, &p)) {
		answer(b, f, &p, out);
		return true;
	}
	if (f->packets < DPI_PACKETS)
		return false;
	bridge_giveup(c, flow, out);
	return true;
}

static void
bridge_giveup(void *c, void *flow, struct cell_result *out)
{
	struct bridge *b = c;
	struct bridge_flow *f = flow;
	ndpi_protocol p;
	u_int8_t guessed = 0;

#ifdef DPI_GIVEUP_3ARGS
	p = ndpi_detection_giveup(b->module, f->flow, &guessed);
#else
	p = ndpi_detection_giveup(b->module, f->flow, 1, &guessed);
#endif
	answer(b, f, &p, out);
	if (guessed != 0 && out->confidence == CONFIDENCE_DPI)
		out->confidence = CONFIDENCE_GUESS;
}
