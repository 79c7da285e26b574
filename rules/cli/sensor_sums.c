/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sensor_sums: sums, and who was first seen when, outlive the sensor. What was kept is restored before the first record
 * is judged; what changes goes to the outlet every ten seconds of packet time, a slice of
 * places at each step, and everything once in a while (sumlog.h).
 *
 * A reading that was given a state folder sums on as well, capture after capture; one that
 * was read before is judged by itself, or it would count twice.
 */
#include "rules/cli/sensor_state.h"

#include "rules/event/sumlog.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define EVERY (10 * NS_PER_S)
#define SLICE 4096			/* places of one sum in a step: 0.1 ms when few changed */
#define ROUND_BYTES (32ULL << 20)	/* changes after which everything is said again */
#define ROUND_EVERY (6 * 3600 * NS_PER_S)
#define SEEN_MOST 4096			/* captures that are remembered */
#define ROOM_WAIT_MS 200

struct sensor_sums {
	struct span kept;		/* mapped; empty: nothing, or let go */
	bool ready;			/* restored; from here on it is saved */
	bool saving, whole;		/* a pass is under way; it says everything */
	enum sumlog_what what;		/* of the items in message: sums, then first-seen */
	struct eval_cursor cursor;
	struct endpoint_cursor firsts;
	struct pkt_time next, next_round;
	uint64_t said;			/* bytes since everything was said */
	size_t n;			/* bytes of items in message */
	uint8_t message[SUMLOG_MESSAGE];
	uint64_t seen[SEEN_MOST];
	size_t seens;
	uint64_t restored, refused;
};

void
sensor_sums_open(struct sensor *s)
{
	struct sensor_sums *m;
	struct stat st;
	void *map;

	if (s->o->sums_fd == -1 || s->o->observations == NULL)
		return;
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return;			/* it hears, and starts from nothing each time */
	s->sums = m;
	if (fstat(s->o->sums_fd, &st) == -1 || st.st_size == 0)
		return;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, s->o->sums_fd, 0);
	if (map != MAP_FAILED)
		m->kept = span_of(map, (size_t)st.st_size);
}

static void
let_go(struct sensor_sums *m)
{
	if (m->kept.left > 0)
		(void)munmap((void *)(uintptr_t)m->kept.at, m->kept.left);
	m->kept = (struct span){ NULL, 0 };
}

void
sensor_sums_close(struct sensor *s)
{
	if (s->sums == NULL)
		return;
	let_go(s->sums);
	free(s->sums);
	s->sums = NULL;
}

static void
on_seen(void *arg, enum sumlog_what what, struct span bytes)
{
	struct sensor_sums *m = arg;
	uint64_t id;

	if (what == SUMLOG_SEEN && m->seens < SEEN_MOST && span_le64(&bytes, &id))
		m->seen[m->seens++] = id;
}

static void
on_item(void *arg, enum sumlog_what what, struct span bytes)
{
	struct sensor *s = arg;

	if (what == SUMLOG_SEEN)
		return;
	if (what == SUMLOG_FIRSTS ? pipe_restore_first(s->pipe, bytes) :
	    pipe_restore(s->pipe, bytes))
		s->sums->restored++;
	else
		s->sums->refused++;	/* of a rule that is no more */
}

/* ---- on the way out ---- */

static bool
send(struct sensor *s, enum sumlog_what what, const void *bytes, size_t n)
{
	struct ring *r = s->o->observations;
	size_t size = SUMLOG_HEAD + n;
	uint8_t *at;

	while ((at = ring_reserve(r, size)) == NULL) {
		if (!sensor_may_wait(s) || ring_closed(r))
			return false;
		(void)ring_wait_room(r, size, ROOM_WAIT_MS);
	}
	at = put_le(at, SUMLOG_MARK, 4);
	*at++ = (uint8_t)what;
	if (n > 0)
		memcpy(at, bytes, n);
	ring_commit(r, size);
	s->sums->said += size;
	return true;
}

static bool
flush(struct sensor *s)
{
	struct sensor_sums *m = s->sums;

	if (m->n > 0 && !send(s, m->what, m->message, m->n))
		return false;
	m->n = 0;
	return true;
}

static bool
save_item(void *arg, const void *item, size_t n)
{
	struct sensor *s = arg;
	struct sensor_sums *m = s->sums;

	if (m->n + 2 + n > sizeof(m->message) - SUMLOG_HEAD && !flush(s))
		return false;
	(void)put_le(m->message + m->n, n, 2);
	memcpy(m->message + m->n + 2, item, n);
	m->n += 2 + n;
	return true;
}

static bool
say_seen(struct sensor *s, uint64_t id)
{
	uint8_t item[10];

	(void)put_le(put_le(item, 8, 2), id, 8);
	return send(s, SUMLOG_SEEN, item, sizeof(item));
}

static void
starts(struct sensor_sums *m, bool all)
{
	m->saving = true;
	m->what = SUMLOG_ITEMS;
	m->cursor = (struct eval_cursor){ .all = all };
	m->firsts = (struct endpoint_cursor){ .all = all };
}

static bool
begin(struct sensor *s, struct pkt_time now)
{
	struct sensor_sums *m = s->sums;
	bool all = m->said >= ROUND_BYTES || now.ns >= m->next_round.ns;

	if (!flush(s))			/* of a pass that a reload broke off: under its name */
		return false;
	if (all && !send(s, SUMLOG_BEGINS, NULL, 0))
		return false;
	for (size_t i = 0; all && i < m->seens; i++)
		if (!say_seen(s, m->seen[i]))
			return false;
	starts(m, all);
	m->next = pkt_time_add(now, EVERY);
	if (all) {
		m->said = 0;
		m->next_round = pkt_time_add(now, ROUND_EVERY);
	}
	return true;
}

static void
pass(struct sensor *s, size_t slice)
{
	struct sensor_sums *m = s->sums;

	if (m->what == SUMLOG_ITEMS) {
		if (!pipe_save(s->pipe, &m->cursor, slice, save_item, s) || !flush(s))
			return;
		m->what = SUMLOG_FIRSTS;
	}
	if (!pipe_save_firsts(s->pipe, &m->firsts, slice, save_item, s) || !flush(s))
		return;
	if (m->cursor.all && !send(s, SUMLOG_WHOLE, NULL, 0))
		return;			/* what lies before stays a round longer */
	m->saving = false;
}

void
sensor_sums_step(struct sensor *s, struct pkt_time now)
{
	struct sensor_sums *m = s->sums;

	if (m == NULL || !m->ready)
		return;
	/* A clock that went back: the next pass is not a year away. */
	if (now.ns < m->next.ns - EVERY)
		m->next = now;
	if (now.ns < m->next_round.ns - ROUND_EVERY)
		m->next_round = pkt_time_add(now, ROUND_EVERY);
	if (!m->saving && now.ns >= m->next.ns && !begin(s, now))
		return;
	if (m->saving)
		pass(s, SLICE);
}

void
sensor_sums_again(struct sensor *s)
{
	struct sensor_sums *m = s->sums;

	if (m == NULL || !m->saving)
		return;
	m->saving = false;
	m->next = (struct pkt_time){ 0 };
	if (m->cursor.all)
		m->next_round = (struct pkt_time){ 0 };
}

void
sensor_sums_finish(struct sensor *s)
{
	struct sensor_sums *m = s->sums;

	if (m == NULL || !m->ready)
		return;
	/* The pass under way, and one for what changed behind it. */
	for (int i = 0; i < 2; i++) {
		if (m->saving)
			pass(s, SIZE_MAX);
		if (m->saving)
			return;		/* no room: a live sensor waits for nobody */
		starts(m, false);
	}
	pass(s, SIZE_MAX);
}

void
sensor_sums_begin(struct sensor *s, uint64_t capture)
{
	struct sensor_sums *m = s->sums;
	size_t damaged;

	if (m == NULL)
		return;
	(void)sumlog_each(m->kept, on_seen, m);
	for (size_t i = 0; capture != 0 && i < m->seens; i++) {
		if (m->seen[i] != capture)
			continue;
		log_line(s->o->log, LOG_LEVEL_WARN, "this capture was read into this state "
		    "folder before: it is judged by itself and summed no more");
		let_go(m);
		return;
	}
	damaged = sumlog_each(m->kept, on_item, s);
	let_go(m);
	m->ready = true;
	if (capture != 0 && m->seens < SEEN_MOST) {
		m->seen[m->seens++] = capture;
		(void)say_seen(s, capture);
	}
	if (m->restored + m->refused + damaged > 0)
		log_line(s->o->log, LOG_LEVEL_INFO, "the sums of earlier runs go on: %llu "
		    "records read, %llu of rules that are gone, %zu damaged places",
		    (unsigned long long)m->restored, (unsigned long long)m->refused, damaged);
}
