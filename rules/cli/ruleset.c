/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ruleset: maps a pack, compiles it, counts what is in it, tries it out. Opens nothing. */
#define _GNU_SOURCE	/* seals */
#include "rules/cli/ruleset.h"

#include "rules/cli/rulefiles.h"
#include "rules/event/event.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define TRY_KEYS 64

struct said {
	char *text;			/* RULE_SET_ERRORS; may be NULL */
	size_t n;
	unsigned errors;
};

static void on_diag(void *arg, const struct diag *d);

struct rule_set *
rule_set_load(int fd, char *errors, struct rule_counts *counts, struct fault *why)
{
	struct rule_set *s = calloc(1, sizeof(*s));
	struct said said = { errors, 0, 0 };
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	*counts = (struct rule_counts){ .errors = 0 };
	if (errors != NULL)
		errors[0] = '\0';
	if (s == NULL) {
		(void)fault_set(why, NULL, "cannot take the rules: not enough memory");
		return NULL;
	}
	/* Bytes that may change under us would be another program than was checked. */
	if (seals == -1 || (seals & RULE_SEALS) != RULE_SEALS || fstat(fd, &st) == -1 ||
	    st.st_size <= 0 || (size_t)st.st_size > RULE_PACK_BYTES) {
		(void)fault_set(why, NULL, "cannot take the rules: they came unsealed");
		goto fail;
	}
	s->len = (size_t)st.st_size;
	s->map = mmap(NULL, s->len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (s->map == MAP_FAILED) {
		s->map = NULL;
		(void)fault_set(why, NULL, "cannot take the rules: %s", strerror(errno));
		goto fail;
	}
	s->pack = rule_pack_open(span_of(s->map, s->len), why);
	if (s->pack == NULL)
		goto fail;
	s->program = rule_pack_compile(s->pack, on_diag, &said);
	counts->errors = said.errors;
	if (s->program == NULL) {
		(void)fault_set(why,
		    "'earshot rules check' checks them without a sensor",
		    "cannot use the rules: %u error%s", said.errors,
		    said.errors == 1 ? "" : "s");
		goto fail;
	}
	rule_counts_of(s->program, counts);
	return s;
fail:
	rule_set_free(s);
	return NULL;
}

void
rule_set_free(struct rule_set *s)
{
	if (s == NULL)
		return;
	program_destroy(s->program);
	rule_pack_close(s->pack);
	if (s->map != NULL)
		(void)munmap(s->map, s->len);
	free(s);
}

void
rule_counts_of(const struct program *p, struct rule_counts *out)
{
	*out = (struct rule_counts){ .rules = p->rules, .lists = p->lists,
		.exceptions = p->exceptions, .inventory = p->inventory != NULL,
		.devices = p->inventory == NULL ? 0 : p->inventory->n };
	memcpy(out->version, p->version, sizeof(out->version));
	for (unsigned i = 0; i < p->lists; i++)
		if (p->list[i].hosts != NULL)
			out->hosts += hostlist_size(p->list[i].hosts);
}

/* Errors only, as many as there is room for, each whole. */
static void
on_diag(void *arg, const struct diag *d)
{
	struct said *s = arg;
	char text[4096];
	size_t n;

	if (d->level != DIAG_ERROR)
		return;
	s->errors++;
	if (s->text == NULL)
		return;
	n = diag_print(d, text, sizeof(text));
	if (n >= sizeof(text) || s->n + n >= RULE_SET_ERRORS)
		return;
	memcpy(s->text + s->n, text, n);
	s->n += n;
	s->text[s->n] = '\0';
}

/* ---- trying it out ---- */

struct trial {
	struct emitter *emitter;
	uint64_t written, verdicts;
};

static bool
on_put(void *arg, const struct event_head *h, const char *json, const char *text)
{
	struct trial *t = arg;

	(void)text;
	t->written += h->json_len > 0 && h->json_len <= EVENT_BYTES && json[0] == '{';
	return true;
}

static struct event_ref
on_verdict(void *arg, const struct verdict *v)
{
	struct trial *t = arg;

	t->verdicts++;
	return emitter_verdict(t->emitter, v);
}

/* Every field known: texts are a name, addresses an inside one, numbers large. */
static void
make_known(struct observation *o, uint32_t text)
{
	struct addr ip;

	(void)addr_parse("10.0.0.1", 8, &ip);
	for (unsigned f = 0; f < FIELD_COUNT_ALL; f++) {
		uint8_t *at = (uint8_t *)o + observation_field[f].offset;

		o->known[f / 64] |= UINT64_C(1) << (f % 64);
		switch (observation_field[f].type) {
		case FIELD_TEXT:
			memcpy(at, &text, sizeof(text));
			break;
		case FIELD_ADDRESS:
			memcpy(at, &ip, sizeof(ip));
			break;
		case FIELD_BOOL:
			*at = 1;
			break;
		case FIELD_COUNT:
		case FIELD_BYTES:
			memcpy(at, &(uint64_t){ UINT32_MAX }, sizeof(uint64_t));
			break;
		case FIELD_NUMBER:
		case FIELD_RATE:
			memcpy(at, &(double){ 1e6 }, sizeof(double));
			break;
		case FIELD_DURATION:
		case FIELD_MOMENT:
			memcpy(at, &o->time, sizeof(o->time));
			break;
		default:
			break;		/* ports, MACs, first words: 0 */
		}
	}
}

int
rule_set_try(const struct program *p, struct fault *why)
{
	static const struct siphash_key key = { 1, 2 };
	struct trial t = { 0 };
	struct emitter_options eo = { .sensor = "trial", .boot = "trial", .version = "0",
		.rules_version = p->version, .text = true, .arg = &t, .put = on_put };
	struct eval_options o = { .hash = key, .program = p, .keys = TRY_KEYS,
		.arg = &t, .on_verdict = on_verdict };
	struct intern *strings = intern_create(&key, TRY_KEYS);
	struct eval *e = eval_create(&o, why);
	struct pkt_time now = { INT64_C(1000000000) * NS_PER_S };
	uint32_t text;
	int rc = -1;

	t.emitter = emitter_create(&eo, why);
	if (strings == NULL || e == NULL || t.emitter == NULL)
		goto out;
	text = intern_put(strings, "trial.example.org", 17);
	intern_hold(strings, text);
	for (unsigned i = 0; i < 2 * OBSERVATION_KIND_COUNT; i++) {
		struct observation r = { .size = sizeof(r), .ordinal = i + 1,
			.version = OBSERVATION_VERSION, .kind = (uint8_t)(i / 2),
			.time = now.ns, .flow_id = i + 1, .pair_id = i + 1 };

		if (i % 2 != 0)
			make_known(&r, text);
		eval_observe(e, &r, strings);
	}
	eval_step(e, pkt_time_add(now, NS_PER_S), strings);
	eval_finish(e, pkt_time_add(now, 2 * NS_PER_S), strings);
	if (t.written != t.verdicts)
		(void)fault_set(why, "please report it with the rules",
		    "cannot use the rules: what they tell is no event");
	else
		rc = 0;
out:
	emitter_destroy(t.emitter);
	eval_destroy(e);
	intern_destroy(strings);
	return rc;
}
