/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * speech: what the shipped rules say of invented senders, by tables for contrib/docs.
 *
 *	talk	microphones that fall silent with their speaker: codec, lateness, loss
 *	quiet	ordinary programs that send at a pace: false alarms in an hour of use
 *	within	a microphone in a tunnel beside other traffic, and tunnels without one
 *
 * usage: speech talk|quiet|within [RUNS] [WORD]; the dice are the same every time.
 *
 * `talk` and `quiet` send packets through observer and rules as a capture would, without
 * the classifier (what it names is in no rule that is counted) and with an empty list of
 * destinations. `within` plays the packets of tests/unit/classify/tunnels.h to the meter.
 */
#include "classify/observer/observer.h"
#include "classify/shape/within.h"
#include "rules/cli/rulefiles.h"
#include "rules/eval/eval.h"
#include "tests/unit/capture/packets.h"
#include "tests/unit/classify/tunnels.h"

#include <stdio.h>

#define SENDERS 256
#define SEGMENT 1448
#define HOUR 3600.0
#define ELSEWHERE 9		/* a port that leads to another destination */

/* ---- a wire with many senders, each with a destination of its own ---- */

struct event {
	double t;
	uint32_t size, seq, ack;
	uint16_t who, port;		/* port: of the inside socket */
	uint8_t flags;			/* of TCP; 0: UDP */
	bool up;
};

struct wire {
	struct event *e;
	size_t n, room;
	struct dice d;
	uint16_t who;			/* is sending now */
	uint32_t sent, got;		/* sequence numbers of the one TCP connection */
};

/* What was told of a sender. */
struct told {
	double first, suspect, alert;	/* first packet; 0: never */
	unsigned alerts, suspects;
};

struct hall {
	struct rule_files *files;
	struct program *program;
	struct eval *eval;
	struct told told[SENDERS];
	char rules[160];		/* names of those that spoke */
};

static void
put(struct wire *w, struct event e)
{
	if (w->n == w->room) {
		w->room = w->room == 0 ? 65536 : 2 * w->room;
		w->e = realloc(w->e, w->room * sizeof(*w->e));
		if (w->e == NULL)
			abort();
	}
	e.who = w->who;
	w->e[w->n++] = e;
}

static void
udp(struct wire *w, double t, double size, bool up)
{
	put(w, (struct event){ .t = t, .size = size < 1 ? 1 : (uint32_t)size, .up = up });
}

static void
tcp(struct wire *w, double t, uint32_t size, bool up, uint8_t flags)
{
	put(w, (struct event){ .t = t, .size = size, .up = up, .flags = flags | TCP_ACK,
		.seq = up ? w->sent : w->got, .ack = up ? w->got : w->sent });
	*(up ? &w->sent : &w->got) += size;
}

static void
tcp_open(struct wire *w, double t)
{
	w->sent = 1000;
	w->got = 5000;
	put(w, (struct event){ .t = t, .up = true, .flags = TCP_SYN, .seq = w->sent++ });
	put(w, (struct event){ .t = t + 0.02, .flags = TCP_SYN | TCP_ACK, .seq = w->got++,
		.ack = w->sent });
	tcp(w, t + 0.02, 0, true, 0);
	tcp(w, t + 0.021, 517, true, TCP_PSH);		/* TLS opens */
	for (unsigned i = 0; i < 3; i++)
		tcp(w, t + 0.042 + i * 1e-4, i < 2 ? SEGMENT : 900, false, 0);
	tcp(w, t + 0.043, 64, true, TCP_PSH);
}

/* `bytes` written at once; acknowledged after `trip`. */
static void
tcp_write(struct wire *w, double t, uint32_t bytes, double trip)
{
	for (unsigned i = 0; bytes > 0; i++) {
		uint32_t one = bytes < SEGMENT ? bytes : SEGMENT;

		tcp(w, t + i * 2e-5, one, true, one < SEGMENT ? TCP_PSH : 0);
		bytes -= one;
		if (i % 2 == 1 || bytes == 0)
			tcp(w, t + trip + i * 2e-5, 0, false, 0);
	}
}

/* What else the host does is answered, elsewhere: a tap that shows both sides of it. */
static void
elsewhere(struct wire *w, double until)
{
	uint32_t seq = 1, ack = 1;

	for (double t = 0; t < until; t += 15) {
		put(w, (struct event){ .t = t, .size = t > 0 ? 200 : 0, .seq = seq, .ack = ack, .up = true,
			.port = ELSEWHERE, .flags = t > 0 ? TCP_ACK : TCP_SYN });
		seq += t > 0 ? 200 : 1;
		put(w, (struct event){ .t = t + 0.02, .size = t > 0 ? 900 : 0, .seq = ack, .ack = seq,
			.port = ELSEWHERE, .flags = t > 0 ? TCP_ACK : TCP_SYN | TCP_ACK });
		ack += t > 0 ? 900 : 1;
	}
}

static double
range(struct wire *w, double a, double b)
{
	return a + (b - a) * dice_uniform(&w->d);
}

static double
spread(struct wire *w, double mean, double cv)
{
	return mean * exp(dice_normal(&w->d, -cv * cv / 2, cv));
}

/* ---- the sensor ---- */

static struct event_ref
on_verdict(void *arg, const struct verdict *v)
{
	struct hall *h = arg;
	const uint8_t *b = v->o->src_ip.b + 12;
	unsigned who = b[2] * 256U + b[3];
	double t = (double)(v->o->time - START) / 1e9;
	struct told *s = &h->told[who % SENDERS];

	if (v->update || b[0] != 10 || (v->rule->kind != EVENT_LIVE_AUDIO &&
	    v->rule->kind != EVENT_CHUNKED_AUDIO && v->rule->kind != EVENT_TUNNEL))
		return (struct event_ref){ 0 };
	if (v->rule->suspect) {
		s->suspects++;
		if (s->suspect <= 0)
			s->suspect = t - s->first;
	} else {
		s->alerts++;
		if (s->alert <= 0)
			s->alert = t - s->first;
	}
	if (strstr(h->rules, v->rule->name) == NULL &&
	    strlen(h->rules) + strlen(v->rule->name) + 3 < sizeof(h->rules)) {
		if (h->rules[0] != '\0')
			strcat(h->rules, ", ");
		strcat(h->rules, v->rule->name);
	}
	return (struct event_ref){ 0 };
}

static void
on_record(void *arg, const struct observation *o, const struct intern *strings)
{
	eval_observe(((struct hall *)arg)->eval, o, strings);
}

static void
on_step(void *arg, struct pkt_time now, const struct intern *strings)
{
	eval_step(((struct hall *)arg)->eval, now, strings);
}

static int
earlier(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	return x->t < y->t ? -1 : x->t > y->t;
}

/* Plays the wire and empties it. */
static void
play(struct hall *h, struct wire *w)
{
	static const struct siphash_key key = { 1, 2 };
	static uint8_t noise[4096];
	struct observer *o;
	struct dice d = { 97 };
	struct crate c;

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)(256 * dice_uniform(&d));
	h->eval = eval_create(&(struct eval_options){ .hash = key, .program = h->program,
	    .keys = 4096, .arg = h, .on_verdict = on_verdict }, NULL);
	o = observer_create(&(struct observer_options){ .hash = key,
	    .zone = { zone_default_home }, .hearing = &h->program->hearing,
	    .max_flows = 4096, .arg = h, .on_record = on_record, .on_step = on_step }, NULL);
	if (o == NULL || h->eval == NULL)
		abort();
	memset(h->told, 0, sizeof(h->told));
	qsort(w->e, w->n, sizeof(*w->e), earlier);
	for (size_t i = 0; i < w->n; i++) {
		const struct event *e = &w->e[i];
		uint8_t hi = (uint8_t)(e->who >> 8), lo = (uint8_t)e->who;
		struct addr in = v4(10, 20, hi, lo), out = e->port == ELSEWHERE ?
		    v4(198, 51, 100, 9) : v4(203, 0, (uint8_t)(100 + hi), lo);
		uint16_t near = (uint16_t)(40000 + e->port), far = (uint16_t)(7000 + e->port);
		struct addr src = e->up ? in : out, dst = e->up ? out : in;
		uint16_t sport = e->up ? near : far, dport = e->up ? far : near;
		struct packet *p = e->flags != 0 ?
		    crate_tcp(&c, at(e->t).ns, src, sport, dst, dport, e->flags, e->seq,
		    e->ack, e->size) :
		    crate_udp(&c, at(e->t).ns, src, sport, dst, dport, e->size);

		if (e->up && e->port != ELSEWHERE && h->told[e->who].first <= 0)
			h->told[e->who].first = e->t;
		c.frame.ordinal = i + 1;
		p->payload = span_of(noise + i * 61 % 2048, e->size < 2000 ? e->size : 2000);
		(void)observer_packet(o, p);
	}
	observer_finish(o);
	observer_destroy(o);
	eval_destroy(h->eval);
	w->n = 0;
}

/* ---- talk ---- */

struct codec {
	const char *name;
	double frame;			/* s */
	double mean, cv;		/* bytes while somebody speaks */
	double hang;			/* s it goes on after the last word */
	double soon, noise_least, noise_most;	/* s to the first frame of noise, then
						 * between them; 0: none */
	double noise_size;
};

#define OVER_RTP 22			/* its header and SRTP's tag */

static const struct codec codecs[] = {
	{ "Opus DTX 20 ms, 24 kbit/s", 0.02, 60, 0.20, 0.20, 0.4, 0.4, 0.4, 1 },
	{ "Opus DTX 60 ms, 16 kbit/s", 0.06, 120, 0.20, 0.18, 0.42, 0.42, 0.42, 1 },
	{ "AMR-WB 12.65, SID every 160 ms", 0.02, 33, 0, 0.14, 0.06, 0.16, 0.16, 7 },
	{ "G.711, comfort noise at 0.1-1 s", 0.02, 160, 0, 0.10, 0.02, 0.1, 1, 11 },
	{ "Speex VAD, 6 bytes in silence", 0.02, 38, 0.25, 0.10, 0.02, 0.02, 0.02, 6 },
	{ "noise gate, nothing in silence", 0.02, 60, 0, 0.30, 0, 0, 0, 0 },
};

/* Spells of speech and silence, exponential; ITU-T P.59 has 1.0 and 1.6 s in the mean. */
static void
talk(struct wire *w, const struct codec *c, double late, double loss, double speech,
    double silence, double until)
{
	double start = dice_uniform(&w->d), turn = dice_exponential(&w->d, speech);
	double quiet = 1e9, next = 0;
	bool on = true;

	for (double k = 0; k * c->frame < until; k++) {
		double s = k * c->frame, size;

		while (s >= turn) {
			on = !on;
			if (!on) {
				quiet = turn + c->hang;
				next = quiet + c->soon;
			}
			turn += dice_exponential(&w->d, on ? speech : silence);
		}
		if (on || s < quiet) {
			size = spread(w, c->mean, c->cv);
		} else {
			if (c->noise_least <= 0 || s < next - 1e-9)
				continue;
			next = s + range(w, c->noise_least, c->noise_most);
			size = c->noise_size;
		}
		if (dice_uniform(&w->d) >= loss)
			udp(w, start + s + late * dice_uniform(&w->d), size + OVER_RTP, true);
	}
	elsewhere(w, start + until);
	for (double t = start + 5; t < start + until; t += 5)	/* reports */
		put(w, (struct event){ .t = t, .size = 80, .port = 1 });
}

static void
table_of_talk(struct hall *h, struct wire *w, unsigned runs, const char *word)
{
	static const double late[] = { 0, 0.005, 0.010, 0.020, 0.040 };
	static const double loss[] = { 0, 0.01, 0.05 };
	static const struct {
		const char *name;
		double speech, silence;
	} who[] = { { "one talker", 1.0, 1.6 }, { "a room", 4, 1.5 } };

	for (unsigned p = 0; p < 2; p++) {
		printf("| %s (speech %.1f s, silence %.1f s) | late by | 0 %% lost | 1 %% | 5 %% "
		    "|\n|---|---|---|---|---|\n", who[p].name, who[p].speech, who[p].silence);
		for (unsigned k = 0; k < sizeof(codecs) / sizeof(codecs[0]); k++) {
			if (strstr(codecs[k].name, word) == NULL)
				continue;
			for (unsigned j = 0; j < 5; j++) {
				printf("| %s | %.0f ms |", j == 0 ? codecs[k].name : "",
				    late[j] * 1e3);
				for (unsigned l = 0; l < 3; l++) {
					unsigned in[3] = { 0 };

					w->d.state = 7919 * (k + 1) + 101 * j + l + 13 * p + 1;
					for (w->who = 0; w->who < runs; w->who++)
						talk(w, &codecs[k], late[j], loss[l],
						    who[p].speech, who[p].silence, 125);
					play(h, w);
					for (unsigned i = 0; i < runs; i++) {
						double a = h->told[i].alert;

						in[0] += a > 0 && a <= 45;
						in[1] += a > 0 && a <= 60;
						in[2] += a > 0 && a <= 120;
					}
					printf(" %u / %u / %u |", in[0], in[1], in[2]);
				}
				printf("\n");
				(void)fflush(stdout);
			}
		}
	}
}

/* ---- quiet ---- */

struct use {
	const char *name;
	void (*send)(struct wire *w, const struct use *u, double until);
	double a, b, c, d;
};

/* a: a second up, b: down; c: bytes up, d: their spread. */
static void
game(struct wire *w, const struct use *u, double until)
{
	for (double k = 0; k / u->a < until; k++)
		udp(w, k / u->a + 0.002 * dice_uniform(&w->d), spread(w, u->c, u->d), true);
	for (double k = 0; k / u->b < until; k++)
		udp(w, 0.013 + k / u->b + 0.008 * dice_uniform(&w->d), spread(w, 300, 0.4),
		    false);
}

/* Every a seconds b bytes, answered. */
static void
keepalive(struct wire *w, const struct use *u, double until)
{
	for (double t = 0; t < until; t += u->a) {
		udp(w, t, u->b, true);
		udp(w, t + 0.03, u->b, false);
	}
}

/* Input: a mouse, a seconds at a time and c a second, rests of b; pictures come back with
 * a chance of d for each. */
static void
remote(struct wire *w, const struct use *u, double until)
{
	tcp_open(w, 0);
	for (double t = 1; t < until; t += dice_exponential(&w->d, u->b)) {
		double end = t + dice_exponential(&w->d, u->a);

		for (; t < end; t += 1 / u->c) {
			tcp(w, t + 0.001 * dice_uniform(&w->d),
			    (uint32_t)range(w, 45, 90), true, TCP_PSH);
			if (dice_uniform(&w->d) < u->d)
				tcp(w, t + 0.0301, (uint32_t)range(w, 100, SEGMENT), false,
				    TCP_PSH);
			else if (dice_uniform(&w->d) < 0.5)
				tcp(w, t + 0.0301, 0, false, 0);
		}
	}
}

/* Every a seconds b bytes, spread c, late by d of the time; nothing comes back. */
static void
telemetry(struct wire *w, const struct use *u, double until)
{
	for (double k = 0; k * u->a < until; k++)
		udp(w, k * u->a + u->d * u->a * dice_uniform(&w->d), spread(w, u->b, u->c),
		    true);
}

/* Every a seconds, b datagrams of c bytes, spread d. */
static void
monitoring(struct wire *w, const struct use *u, double until)
{
	for (double t = 0; t < until; t += u->a)
		for (unsigned i = 0; i < (unsigned)u->b; i++)
			udp(w, t + i * 1e-4, spread(w, u->c, u->d), true);
}

/* Every a seconds as many datagrams as chance wants, b in the mean, of c bytes, spread d. */
static void
exports(struct wire *w, const struct use *u, double until)
{
	for (double t = 0; t < until; t += u->a)
		for (double i = dice_exponential(&w->d, u->b); i > 0; i--)
			udp(w, t + i * 1e-4, spread(w, u->c, u->d), true);
}

/* By chance, a a second, of b bytes, spread c; d: heaps of so many. */
static void
logs(struct wire *w, const struct use *u, double until)
{
	for (double t = 0; t < until; t += dice_exponential(&w->d, 1 / u->a))
		for (double i = 0; i < 1 || i < u->d * dice_uniform(&w->d); i++)
			udp(w, t + i * 1e-4, spread(w, u->b, u->c), true);
}

/* Sound and b kbit/s of pictures down, reports up every a seconds; c: the muted
 * microphone's own thin stream, every so many seconds 30 bytes. */
static void
listener(struct wire *w, const struct use *u, double until)
{
	for (double t = 0; t < until; t += 0.02)
		udp(w, t + 0.004 * dice_uniform(&w->d), spread(w, 100, 0.2), false);
	for (double t = 0; t < until && u->b > 0; t += 1 / 25.0) {
		double left = spread(w, u->b * 125 / 25, 0.5);

		for (unsigned i = 0; left > 0; i++, left -= 1100)
			put(w, (struct event){ .t = t + i * 3e-4, .port = 2,
				.size = left > 1100 ? 1100 : 60 + (uint32_t)left });
	}
	for (double t = 0; t < until; t += u->a)
		put(w, (struct event){ .t = t + 0.1 * u->a * dice_uniform(&w->d), .up = true,
			.port = u->b > 0 ? 2 : 0, .size = (uint32_t)range(w, 56, 110) });
	for (double t = 0; t < until && u->c > 0; t += u->c)
		udp(w, t, 30, true);
}

/* Blocks of b bytes at a bit/s, each when the ones before allow it: --bwlimit. c: time
 * within which a block is late, d: and a rest between files of so many seconds. */
static void
sync_tcp(struct wire *w, const struct use *u, double until)
{
	double t = 1;

	tcp_open(w, 0);
	while (t < until) {
		double left = exp(dice_normal(&w->d, log(3e6), 1.2));

		for (; left > 0 && t < until; left -= u->b, t += u->b * 8 / u->a)
			tcp_write(w, t + u->c * dice_uniform(&w->d), (uint32_t)(left < u->b ?
			    left + 1 : u->b), 0.025);
		t += u->d > 0 ? dice_exponential(&w->d, u->d) : 0;
		tcp(w, t, 300, true, TCP_PSH);
		tcp(w, t + 0.03, 200, false, TCP_PSH);
		t += 0.05;
	}
}

/* The same by datagrams of 1,350 bytes, acknowledged in pairs. */
static void
sync_quic(struct wire *w, const struct use *u, double until)
{
	double each = 1350 * 8 / u->a, t = 0;
	unsigned i = 0;

	while (t < until) {
		double left = exp(dice_normal(&w->d, log(3e6), 1.2));

		for (; left > 0 && t < until; left -= 1350, t += each) {
			udp(w, t + 0.1 * each * dice_uniform(&w->d),
			    left < 1350 ? left + 40 : 1350, true);
			if (++i % 2 == 0)
				udp(w, t + 0.03, 35, false);
		}
		t += dice_exponential(&w->d, u->d);
	}
}

/* A link of a bit/s with a queue of b bytes, which is always full but after a loss: the
 * sender has so much under way and is woken by acknowledgements, c segments at a time. */
static void
uplink(struct wire *w, const struct use *u, double until)
{
	double one = SEGMENT * 8 / u->a, t = 1, window = u->b;
	unsigned waves = (unsigned)u->c;

	tcp_open(w, 0);
	for (uint32_t out = 0; t < until;) {
		for (; out < window; out += SEGMENT)
			tcp(w, t, SEGMENT, true, 0);
		t += waves * one * range(w, 0.98, 1.02);
		/* the acknowledgement of what left the queue */
		put(w, (struct event){ .t = t, .flags = TCP_ACK, .seq = w->got,
			.ack = w->sent - out + waves * SEGMENT });
		out = out > waves * SEGMENT ? out - waves * SEGMENT : 0;
		t += 1e-4;
		window = dice_uniform(&w->d) < 0.002 ? window / 2 :
		    window < u->b ? window + SEGMENT / 20.0 : u->b;
	}
}

static const struct use uses[] = {
	{ "game, 20 up and 20 down a second", game, 20, 20, 60, 0.3 },
	{ "game, 30 up, 30 down", game, 30, 30, 60, 0.3 },
	{ "game, 60 up, 60 down", game, 60, 60, 60, 0.3 },
	{ "game, 60 up, 20 down", game, 60, 20, 60, 0.3 },
	{ "game, 60 up, 10 down", game, 60, 10, 60, 0.3 },
	{ "game, 60 up, 5 down", game, 60, 5, 100, 0.3 },
	{ "game, 50 up of one size, 30 down", game, 50, 30, 52, 0 },
	{ "VPN keepalives: 25 s, 32 bytes", keepalive, 25, 32, 0, 0 },
	{ "VPN keepalives: 10 s, 60 bytes", keepalive, 10, 60, 0, 0 },
	{ "VPN keepalives: 1 s, 40 bytes", keepalive, 1, 40, 0, 0 },
	{ "remote desktop, 60 events a second", remote, 2, 3, 60, 0.4 },
	{ "remote desktop, 125, little comes back", remote, 4, 1, 125, 0.05 },
	{ "remote desktop, 30, without rest", remote, 60, 0.2, 30, 0.1 },
	{ "telemetry every 10 ms, one size", telemetry, 0.01, 48, 0, 0.05 },
	{ "telemetry every 20 ms, one size", telemetry, 0.02, 80, 0, 0.05 },
	{ "telemetry every 50 ms, one size", telemetry, 0.05, 120, 0, 0.05 },
	{ "telemetry every 100 ms, one size", telemetry, 0.1, 200, 0, 0.05 },
	{ "telemetry every 10 ms, sizes vary by 20 %", telemetry, 0.01, 48, 0.2, 0.05 },
	{ "telemetry every 20 ms, sizes vary by 20 %", telemetry, 0.02, 80, 0.2, 0.05 },
	{ "telemetry every 50 ms, sizes vary by 20 %", telemetry, 0.05, 120, 0.2, 0.05 },
	{ "telemetry every 100 ms, sizes vary by 20 %", telemetry, 0.1, 200, 0.2, 0.05 },
	{ "telemetry every 100 ms, 30 bytes", telemetry, 0.1, 30, 0, 0.05 },
	{ "telemetry every second, 400 bytes, vary", telemetry, 1, 400, 0.2, 0.01 },
	{ "metrics, 5 datagrams every 10 s", monitoring, 10, 5, 1200, 0.1 },
	{ "metrics, one datagram a second", monitoring, 1, 1, 600, 0.3 },
	{ "NetFlow, always 3 datagrams every 2 s", monitoring, 2, 3, 1400, 0.05 },
	{ "NetFlow, 3 in the mean every 2 s", exports, 2, 3, 1400, 0.05 },
	{ "statsd, 20 a second by chance", logs, 20, 60, 0.3, 0 },
	{ "syslog, 5 a second by chance, heaps", logs, 5, 220, 0.4, 4 },
	{ "syslog, 40 a second by chance", logs, 40, 220, 0.4, 0 },
	{ "meeting listened to, reports every 50 ms", listener, 0.05, 1500, 0, 0 },
	{ "meeting listened to, reports every 100 ms", listener, 0.1, 600, 0, 0 },
	{ "the same, muted stream every 20 ms", listener, 0.1, 600, 0.02, 0 },
	{ "sound alone listened to, reports every 1 s", listener, 1, 0, 0, 0 },
	{ "sync at 64 kbit/s, blocks of 4 kB", sync_tcp, 64e3, 4096, 0.01, 2 },
	{ "sync at 64 kbit/s, blocks of 32 kB", sync_tcp, 64e3, 32768, 0.01, 2 },
	{ "sync at 128 kbit/s, blocks of 4 kB", sync_tcp, 128e3, 4096, 0.01, 2 },
	{ "sync at 128 kbit/s, blocks of 16 kB", sync_tcp, 128e3, 16384, 0.01, 2 },
	{ "sync at 256 kbit/s, blocks of 16 kB", sync_tcp, 256e3, 16384, 0.01, 2 },
	{ "sync at 256 kbit/s, blocks of 32 kB", sync_tcp, 256e3, 32768, 0.01, 2 },
	{ "sync at 400 kbit/s, blocks of 16 kB", sync_tcp, 400e3, 16384, 0.01, 2 },
	{ "sync at 400 kbit/s, blocks of 64 kB", sync_tcp, 400e3, 65536, 0.01, 2 },
	{ "sync at 128 kbit/s, segment by segment", sync_tcp, 128e3, 1448, 0.005, 2 },
	{ "sync over QUIC at 64 kbit/s", sync_quic, 64e3, 0, 0, 2 },
	{ "sync over QUIC at 256 kbit/s", sync_quic, 256e3, 0, 0, 2 },
	{ "sync over QUIC at 400 kbit/s", sync_quic, 400e3, 0, 0, 2 },
	{ "backup over 300 kbit/s, 64 kB under way", uplink, 300e3, 65536, 2, 0 },
	{ "backup over 300 kbit/s, 16 kB under way", uplink, 300e3, 16384, 2, 0 },
	{ "backup over 128 kbit/s, 32 kB under way", uplink, 128e3, 32768, 1, 0 },
};

static void
table_of_uses(struct hall *h, struct wire *w, unsigned hours, const char *word)
{
	printf("| %u h each | alerts an hour | suspects an hour | hours with an alert | "
	    "by |\n|---|---|---|---|---|\n", hours);
	for (unsigned k = 0; k < sizeof(uses) / sizeof(uses[0]); k++) {
		unsigned alerts = 0, suspects = 0, with = 0;

		if (strstr(uses[k].name, word) == NULL)
			continue;
		h->rules[0] = '\0';
		for (unsigned r = 0; r < hours; r++) {
			w->d.state = 1000003 * (k + 1) + 7919 * (r + 1);
			w->who = (uint16_t)r;
			uses[k].send(w, &uses[k], HOUR);
			elsewhere(w, HOUR);
			play(h, w);
			alerts += h->told[r].alerts;
			suspects += h->told[r].suspects;
			with += h->told[r].alerts > 0;
		}
		printf("| %s | %.1f | %.1f | %u of %u | %s |\n", uses[k].name,
		    (double)alerts / hours, (double)suspects / hours, with, hours,
		    h->rules[0] != '\0' ? h->rules : "-");
		(void)fflush(stdout);
	}
}

/* ---- within ---- */

static double
hear_within(struct traffic *x, enum framing f)
{
	static struct within within;
	struct within_verdict v;

	memset(&within, 0, sizeof(within));
	within.streams = f == FRAME_SSH || f == FRAME_TOR;
	in_order(x);
	for (size_t i = 0; i < x->n; i++) {
		const struct moment_of_it *m = &x->at[i];

		while (within_step(&within, &limits, at(m->t), &v))
			if (v.w.score >= 9.16 && v.w.pass && !v.two &&
			    ((v.w.steady_known && v.w.steady <= limits.steady_max) ||
			    (v.w.clocked_known && v.w.clocked >= 0.5)))
				return (double)(v.w.end.ns - START) / 1e9;
		within_packet(&within, at(m->t), framed(f, m->size), m->up);
	}
	return 0;
}

static void
beside(struct traffic *x, unsigned what, double to)
{
	switch (what) {
	case 0: break;
	case 1: pages(x, 0, to, 15); break;
	case 2: camera(x, 0, to); break;
	case 3: (void)copy(x, 10, 150e6, 5e6, 20, 2, false); break;
	case 4: film(x, 0, to, 4); break;
	case 5:
		pages(x, 0, to, 20);
		film(x, 0, to, 4);
		typing(x, 0, to);
		break;
	case 6: desktop(x, 0, to); break;
	case 7: (void)copy(x, 10, 120e6, 4e6, 10, 2, true); break;
	case 8: even_download(x, 0, to, 3e6, 2); break;
	case 9: even_quic(x, 0, to, 4e6); break;
	default: listening(x, 0, to); break;
	}
}

static void
alone(struct traffic *x, unsigned use, double to)
{
	switch (use) {
	case 0: pages(x, 0, to, 15); break;
	case 1: (void)copy(x, 5, 100e6, 4e6, 10, 2, true); break;
	case 2: (void)copy(x, 5, 400e6, 20e6, 20, 2, false); break;
	case 3: film(x, 0, to, 4); break;
	case 4: even_download(x, 5, to, 3e6, 2); break;
	case 5: even_download(x, 5, to, 128e3, 1); break;
	case 6: even_quic(x, 5, to, 4e6); break;
	case 7: desktop(x, 0, to); break;
	case 8: camera(x, 0, to); break;
	case 9: typing(x, 0, to); break;
	case 10: listening(x, 0, to); break;
	default:
		voice(x, 0, to, 0.02, 60, 0.1, 0.005, 1, 1.5, 1.5, true);
		voice(x, 0.007, to, 0.02, 60, 0.1, 0.02, 1, 1.5, 1.5, false);
		break;
	}
}

static void
seeded(struct traffic *x, uint64_t seed)
{
	x->n = 0;
	x->d.state = seed;
	for (unsigned i = 0; i < 10; i++)
		(void)dice_uniform(&x->d);
}

static void
table_of_tunnels(unsigned runs, const char *word)
{
	static const struct {
		double tick, mean, cv;
	} sound[] = {
		{ 0.02, 160, 0 }, { 0.02, 60, 0.15 }, { 0.02, 31, 0.05 }, { 0.04, 120, 0.2 },
		{ 0.06, 90, 0.15 }, { 0.02, 120, 0.3 }, { 0.01, 80, 0.1 }, { 0.02, 33, 0 },
	};
	static const char *const besides[] = { "nothing", "web pages", "a camera",
		"a download", "film in pieces", "pages, film and typing", "remote desktop",
		"an upload", "a download at an even pace", "the same over QUIC",
		"a meeting that is listened to" };
	static const char *const use[] = { "web pages", "an upload", "a download",
		"film in pieces", "a download at an even pace", "the same at 128 kbit/s",
		"the same over QUIC", "remote desktop", "a camera", "typing",
		"a meeting that is listened to", "a call" };
	struct traffic x = { 0 };

	printf("| beside a microphone | found of %u | median s | without Tor |\n|---|---|---|---|\n",
	    FRAME_COUNT * 8 * runs);
	for (unsigned b = 0; b < sizeof(besides) / sizeof(besides[0]); b++) {
		double after[1024];
		unsigned n = 0, tor = 0;

		if (strstr(besides[b], word) == NULL)
			continue;
		for (unsigned f = 0; f < FRAME_COUNT; f++)
			for (unsigned c = 0; c < 8 * runs; c++) {
				double t;

				seeded(&x, 1 + f * 7919 + c * 31 + b * 1009);
				voice(&x, 33, 240, sound[c % 8].tick, sound[c % 8].mean,
				    sound[c % 8].cv, 0.005, 1, 0, 0, true);
				beside(&x, b, 240);
				alive(&x, 0, 240, 10, 60);
				t = hear_within(&x, (enum framing)f);
				if (t <= 0)
					continue;
				tor += f == FRAME_TOR;
				if (n < 1024)
					after[n++] = t - 33;
			}
		for (unsigned i = 1; i < n; i++)
			for (unsigned j = i; j > 0 && after[j] < after[j - 1]; j--) {
				double v = after[j];

				after[j] = after[j - 1];
				after[j - 1] = v;
			}
		printf("| %s | %u | %.0f | %u of %u |\n", besides[b], n,
		    n > 0 ? after[n / 2] : 0, n - tor, (FRAME_COUNT - 1) * 8 * runs);
		(void)fflush(stdout);
	}
	printf("\n| without a microphone, 15 min | alerts of %u |\n|---|---|\n",
	    FRAME_COUNT * runs);
	for (unsigned u = 0; u < sizeof(use) / sizeof(use[0]); u++) {
		unsigned n = 0;

		if (strstr(use[u], word) == NULL)
			continue;
		for (unsigned f = 0; f < FRAME_COUNT; f++)
			for (unsigned r = 0; r < runs; r++) {
				seeded(&x, 17 + f * 7919 + u + r * 100003);
				alone(&x, u, 900);
				alive(&x, 0, 900, 10, 60);
				n += hear_within(&x, (enum framing)f) > 0;
			}
		printf("| %s | %u |\n", use[u], n);
		(void)fflush(stdout);
	}
	free(x.at);
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *word = argc > 3 ? argv[3] : "";
	unsigned runs = argc > 2 ? (unsigned)atoi(argv[2]) : 0, errors = 0;
	struct rule_choice choice = { .replace = { "rules/std" }, .replaces = 1 };
	struct hall h = { 0 };
	struct wire w = { 0 };
	struct fault why = { 0 };

	if (runs > SENDERS) {
		fprintf(stderr, "speech: at most %u runs\n", SENDERS);
		return 1;
	}
	if (strcmp(what, "within") == 0) {
		table_of_tunnels(runs > 0 ? runs : 2, word);
		return 0;
	}
	if (strcmp(what, "talk") != 0 && strcmp(what, "quiet") != 0) {
		fprintf(stderr, "usage: speech talk|quiet|within [RUNS] [WORD], from the top "
		    "of the tree\n");
		return 2;
	}
	h.files = rule_files_read(&choice, &why);
	h.program = h.files == NULL ? NULL : rule_files_compile(h.files, false, &errors);
	if (h.program == NULL) {
		fprintf(stderr, "speech: cannot read rules/std: %s\n", why.what);
		return 1;
	}
	if (what[0] == 't')
		table_of_talk(&h, &w, runs > 0 ? runs : 100, word);
	else
		table_of_uses(&h, &w, runs > 0 ? runs : 10, word);
	free(w.e);
	program_destroy(h.program);
	rule_files_free(h.files);
	return 0;
}
