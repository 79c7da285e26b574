/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hot: the pieces that every packet, flow or record meets, one after the other over one
 * capture in memory, for callgrind to count: each in a function piece_NAME of its own
 * (tests/system/test_instructions.sh). Prints how often each was done, to divide by, and
 * the nanoseconds of CPU that each time took.
 *
 * usage: hot CAPTURE RULES
 */
#include "capture/decode/decode.h"
#include "capture/flow/flow.h"
#include "classify/dpi/bridge.h"
#include "classify/observer/observer.h"
#include "rules/cli/rulefiles.h"
#include "rules/event/event.h"
#include "tests/tools/film.h"

#include <stdlib.h>
#include <time.h>

#define RECORDS_MAX 65536

static const struct siphash_key hash = { 1, 2 };

struct sent {			/* a packet that the classifier reads */
	uint32_t packet, flow;
	bool from_client;
};

struct bench {
	struct film film;
	struct packet *packet;		/* of the film's frames that are packets */
	size_t packets;
	const struct program *program;
	struct flowtab *flows;
	struct observer *observer;
	const struct intern *strings;
	struct eval *eval;
	struct emitter *emitter;
	struct observation *record;	/* what the observer said */
	size_t records, closes, bytes;
	double begun;			/* the piece; ns of CPU */
	struct sent *sent;
	size_t sents, flows_seen, verdicts;
	void *classifier, **flow;	/* flow: of the classifier's, by number */
	bool *decided;
};

/* ---- the pieces ---- */

#define PIECE __attribute__((noinline)) static void

PIECE
piece_decode(struct bench *b)
{
	for (size_t i = 0; i < b->film.n; i++)
		b->packets += decode_frame(&b->film.frame[i], &b->packet[b->packets]) ==
		    DROP_NONE;
}

PIECE
piece_flows(struct bench *b)
{
	for (size_t i = 0; i < b->packets; i++)
		if (b->packet[i].class == PACKET_FLOW)
			flowtab_packet(b->flows, &b->packet[i]);
}

/* Flow table, names, content, meters: all but the classifier, which is another process. */
PIECE
piece_observe(struct bench *b)
{
	struct observer_glance glance[OBSERVER_AHEAD];

	for (size_t i = 0; i < b->packets; i++) {
		if (i % OBSERVER_AHEAD == 0) {
			size_t n = b->packets - i < OBSERVER_AHEAD ? b->packets - i :
			    OBSERVER_AHEAD;

			for (size_t k = 0; k < n; k++)
				observer_glance(b->observer, &b->packet[i + k], &glance[k]);
			observer_ahead(b->observer, &b->packet[i], glance, n);
		}
		(void)observer_packet(b->observer, &b->packet[i]);
	}
	observer_finish(b->observer);
}

/* What the cell does with a packet: nDPI and the bridge, without the rings. */
PIECE
piece_classify(struct bench *b)
{
	static uint8_t bytes[CELL_PACKET_MAX + CELL_PADDING];
	const struct classifier_ops *ops = &bridge_ops;
	struct cell_result r;

	for (size_t i = 0; i < b->sents; i++) {
		const struct sent *s = &b->sent[i];
		const struct packet *p = &b->packet[s->packet];
		size_t n;

		if (b->decided[s->flow])
			continue;
		if (b->flow[s->flow] == NULL)
			b->flow[s->flow] = ops->open(b->classifier);
		n = cell_packet_rebuild(p, bytes);
		memset(bytes + n, 0, CELL_PADDING);
		if (!ops->feed(b->classifier, b->flow[s->flow], bytes, n,
		    (uint64_t)(p->frame->time.ns / NS_PER_MS),
		    s->from_client ? CELL_FROM_CLIENT : 0, &r))
			continue;
		ops->close(b->classifier, b->flow[s->flow]);
		b->decided[s->flow] = true;
		b->verdicts++;
	}
}

PIECE
piece_evaluate(struct bench *b)
{
	for (size_t i = 0; i < b->records; i++)
		eval_observe(b->eval, &b->record[i], b->strings);
}

PIECE
piece_encode(struct bench *b)
{
	for (size_t i = 0; i < b->records; i++)
		if (b->record[i].kind == OBSERVATION_CLOSE) {
			emitter_flow(b->emitter, &b->record[i], b->strings);
			b->closes++;
		}
}

/* ---- what they need ---- */

static void
on_hit(void *arg, const struct flow_hit *hit)
{
	struct bench *b = arg;
	size_t *number = flow_user(hit->flow);

	b->bytes += hit->fresh;
	if (hit->is_new)
		*number = b->flows_seen++;
	if (hit->pkt->payload.left > 0)
		b->sent[b->sents++] = (struct sent){
			(uint32_t)(hit->pkt - b->packet), (uint32_t)*number,
			hit->dir == FLOW_TO_SERVER };
}

static void
on_end(void *arg, struct flow *f, enum flow_end why)
{
	(void)arg;
	(void)f;
	(void)why;
}

static void
on_pair_end(void *arg, struct pair *p)
{
	(void)arg;
	(void)p;
}

static void
on_record(void *arg, const struct observation *o, const struct intern *strings)
{
	struct bench *b = arg;

	b->strings = strings;
	if (b->records < RECORDS_MAX && o->kind != OBSERVATION_NAME)
		b->record[b->records++] = *o;
}

static void
on_step(void *arg, struct pkt_time now, const struct intern *strings)
{
	(void)arg;
	(void)now;
	(void)strings;
}

static struct event_ref
on_verdict(void *arg, const struct verdict *v)
{
	(void)arg;
	(void)v;
	return (struct event_ref){ 0 };
}

static bool
put(void *arg, const struct event_head *h, const char *json, const char *text)
{
	struct bench *b = arg;

	(void)json;
	(void)text;
	b->bytes += h->json_len;
	return true;
}

static bool
make(struct bench *b, struct fault *why)
{
	const struct flow_options fo = { .key = hash, .zone = { zone_default_home },
		.max_flows = 16384, .ignore_vlan = true, .flow_user = sizeof(size_t),
		.on = { b, on_hit, on_end, on_pair_end, NULL } };
	struct observer_options oo = { .hash = hash, .zone = { zone_default_home },
		.hearing = &b->program->hearing, .max_flows = 16384, .arg = b,
		.on_record = on_record, .on_step = on_step };
	struct eval_options eo = { .hash = hash, .program = b->program, .arg = b,
		.on_verdict = on_verdict };
	struct emitter_options mo = { .sensor = "bench", .boot = "bench", .version = "0",
		.rules_version = "0", .flows = true, .arg = b, .put = put };

	b->packet = calloc(b->film.n, sizeof(*b->packet));
	b->record = calloc(RECORDS_MAX, sizeof(*b->record));
	b->sent = calloc(b->film.n, sizeof(*b->sent));
	b->flow = calloc(b->film.n, sizeof(*b->flow));
	b->decided = calloc(b->film.n, sizeof(*b->decided));
	return b->packet != NULL && b->record != NULL && b->sent != NULL &&
	    b->flow != NULL && b->decided != NULL &&
	    (b->classifier = bridge_ops.create(why)) != NULL &&
	    (b->flows = flowtab_create(&fo, why)) != NULL &&
	    (b->observer = observer_create(&oo, why)) != NULL &&
	    (b->eval = eval_create(&eo, why)) != NULL &&
	    (b->emitter = emitter_create(&mo, why)) != NULL;
}

static double
cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void
told(struct bench *b, const char *piece, size_t n)
{
	printf("%s %zu %.0f\n", piece, n, n == 0 ? 0 : (cpu_ns() - b->begun) / (double)n);
	b->begun = cpu_ns();
}

int
main(int argc, char **argv)
{
	struct bench b = { 0 };
	struct rule_choice choice = { .replaces = 1 };
	struct fault why = { "usage: hot CAPTURE RULES", "" };
	struct rule_files *files = NULL;

	if (argc == 3) {
		choice.replace[0] = argv[2];
		b.film = read_film(argv[1]);
		files = rule_files_read(&choice, &why);
	}
	if (files != NULL)
		b.program = rule_files_compile(files, false, NULL);
	if (b.program == NULL || !make(&b, &why)) {
		fprintf(stderr, "hot: %s\n", why.what);
		return 1;
	}
	b.begun = cpu_ns();
	piece_decode(&b);
	told(&b, "decode", b.film.n);
	piece_flows(&b);
	told(&b, "flows", b.packets);
	piece_classify(&b);
	told(&b, "classify", b.verdicts);
	piece_observe(&b);
	told(&b, "observe", b.packets);
	piece_evaluate(&b);
	told(&b, "evaluate", b.records);
	piece_encode(&b);
	told(&b, "encode", b.closes);
	return 0;
}
