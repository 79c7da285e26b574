/* SPDX-License-Identifier: GPL-3.0-or-later */
/* request: words and JSON become the same pairs of a key and a text. */
#include "rules/event/request.h"

#include "capture/flow/observation.h"
#include "rules/event/parse.h"

#include <string.h>

#define X(id, word, arg, meaning) word,
const char *const request_command_word[REQUEST_COMMAND_COUNT] = { REQUEST_COMMANDS(X) };
static const char *const key_word[REQUEST_KEY_COUNT] = { REQUEST_KEYS(X) };
#undef X

#define REMEDY "'help' lists commands and words"

static int set_command(struct request *r, const char *word, struct fault *why);
static int set_key(struct request *r, const char *key, const char *text,
    struct fault *why);
static int parse_words(struct span line, struct request *out, struct fault *why);
static int parse_object(const struct json_value *v, struct request *out,
    struct fault *why);

int
request_parse(struct span line, struct request *out, struct fault *why)
{
	struct json_value v;
	size_t start = 0;

	*out = (struct request){ .command = REQUEST_COMMAND_COUNT, .proto = -1, .sort = 'u',
		.limit = 50 };
	if (line.left > REQUEST_BYTES)
		return fault_set(why, REMEDY, "a request of %zu bytes is too long",
		    line.left);
	while (start < line.left && (line.at[start] == ' ' || line.at[start] == '\t'))
		start++;
	if (start < line.left && line.at[start] == '{') {
		if (!parse_document(line, &v))
			return fault_set(why, REMEDY, "the request is no JSON object");
		if (parse_object(&v, out, why) == -1)
			return -1;
	} else if (parse_words(line, out, why) == -1) {
		return -1;
	}
	if (out->command == REQUEST_COMMAND_COUNT)
		return fault_set(why, REMEDY, "the request names no command");
	if (out->command == REQUEST_DEVICE && out->device[0] == '\0')
		return fault_set(why, "device NAME, IP or MAC", "no device was named");
	return 0;
}

static bool
next_word(struct span *line, char *buf, size_t size, bool *cut)
{
	size_t n = 0;
	uint8_t c, quote = 0;

	*cut = false;
	while (line->left > 0 && strchr(" \t\r", line->at[0]) != NULL)
		(void)span_skip(line, 1);
	if (line->left == 0)
		return false;
	if (line->at[0] == '"')
		(void)span_u8(line, &quote);
	while (line->left > 0) {
		(void)span_u8(line, &c);
		if (quote != 0 ? c == quote : strchr(" \t\r", c) != NULL)
			break;
		if (n + 1 < size)
			buf[n++] = (char)c;
		else
			*cut = true;
	}
	buf[n] = '\0';
	return true;
}

/* COMMAND, then pairs; what `device` is about may stand alone. */
static int
parse_words(struct span line, struct request *out, struct fault *why)
{
	char word[256], text[256];
	bool cut;

	if (!next_word(&line, word, sizeof(word), &cut))
		return 0;
	if (set_command(out, word, why) == -1)
		return -1;
	while (next_word(&line, word, sizeof(word), &cut)) {
		bool key = false;

		if (cut)
			return fault_set(why, REMEDY, "'%.40s...' is too long", word);
		for (unsigned k = 0; k < REQUEST_KEY_COUNT; k++)
			key = key || strcmp(word, key_word[k]) == 0;
		if (out->command == REQUEST_DEVICE && out->device[0] == '\0' && !key) {
			memcpy(out->device, word, sizeof(out->device));
			continue;
		}
		if (!next_word(&line, text, sizeof(text), &cut))
			return fault_set(why, REMEDY, key ? "nothing stands behind '%.60s'" :
			    "'%.60s' is no word of a filter", word);
		if (cut)
			return fault_set(why, REMEDY, "'%.40s...' is too long", text);
		if (set_key(out, word, text, why) == -1)
			return -1;
	}
	return 0;
}

static int
parse_object(const struct json_value *v, struct request *out, struct fault *why)
{
	struct span in = parse_inside(v);
	struct json_value key, value;
	char word[64], text[256];

	while (parse_member(&in, &key, &value)) {
		(void)parse_text(&key, word, sizeof(word));
		if (value.type == '0' && value.raw.left < sizeof(text)) {
			memcpy(text, value.raw.at, value.raw.left);
			text[value.raw.left] = '\0';
		} else if (value.type == '"' && value.raw.left < sizeof(text)) {
			(void)parse_text(&value, text, sizeof(text));
		} else {
			return fault_set(why, REMEDY,
			    "'%.60s' takes a short text or a number", word);
		}
		if (strcmp(word, "command") == 0) {
			if (set_command(out, text, why) == -1)
				return -1;
		} else if (set_key(out, word, text, why) == -1) {
			return -1;
		}
	}
	return 0;
}

static int
set_command(struct request *r, const char *word, struct fault *why)
{
	for (unsigned c = 0; c < REQUEST_COMMAND_COUNT; c++)
		if (strcmp(word, request_command_word[c]) == 0) {
			r->command = (enum request_command)c;
			return 0;
		}
	return fault_set(why, REMEDY, "'%.60s' is no command", word);
}

/* "1.5MB": a number, a fraction, a unit of a thousand. */
static bool
bytes_of(const char *text, uint64_t *out)
{
	static const struct {
		const char *unit;
		double n;
	} units[] = { { "", 1 }, { "B", 1 }, { "kB", 1e3 }, { "KB", 1e3 }, { "k", 1e3 },
		{ "MB", 1e6 }, { "M", 1e6 }, { "GB", 1e9 }, { "G", 1e9 }, { "TB", 1e12 } };
	struct span s = span_of(text, strspn(text, "0123456789."));
	struct json_value v;

	if (s.left == 0 || s.left > 15 || !parse_document(s, &v))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(text + s.left, units[i].unit) == 0) {
			double n = parse_number(&v) * units[i].n;

			if (n > 1e18)
				return false;
			*out = (uint64_t)n;
			return true;
		}
	return false;
}

static int
set_key(struct request *r, const char *key, const char *text, struct fault *why)
{
	unsigned k = 0;
	uint64_t n;

	while (k < REQUEST_KEY_COUNT && strcmp(key, key_word[k]) != 0)
		k++;
	switch ((enum request_key)k) {
	case REQUEST_KEY_DEVICE:
		(void)memccpy(r->device, text, '\0', sizeof(r->device) - 1);
		return 0;
	case REQUEST_KEY_DEST:
		(void)memccpy(r->dest, text, '\0', sizeof(r->dest) - 1);
		return 0;
	case REQUEST_KEY_APP:
		(void)memccpy(r->app, text, '\0', sizeof(r->app) - 1);
		return 0;
	case REQUEST_KEY_PROTO:
		for (unsigned w = 0; w < TRANSPORT_WORD_COUNT; w++)
			if (strcmp(text, vocabulary_word(VOCABULARY_TRANSPORT, w)) == 0) {
				r->proto = (int)w;
				return 0;
			}
		return fault_set(why, "tcp, udp, icmp or other", "'%.60s' is no protocol",
		    text);
	case REQUEST_KEY_MIN:
		if (bytes_of(text, &r->min))
			return 0;
		return fault_set(why, "500, 4kB, 1.5MB or 2GB",
		    "'%.60s' is no number of bytes", text);
	case REQUEST_KEY_INSIDE:
		r->has_inside = prefix_parse(text, strlen(text), &r->inside);
		if (r->has_inside)
			return 0;
		return fault_set(why, "10.1.0.17, 10.1.0.0/16 or fd00::/8",
		    "'%.60s' is no address and no network", text);
	case REQUEST_KEY_SORT:
		if (strcmp(text, "up") == 0 || strcmp(text, "down") == 0 ||
		    strcmp(text, "last") == 0) {
			r->sort = text[0];
			return 0;
		}
		return fault_set(why, "up, down or last", "flows are not sorted by '%.60s'",
		    text);
	case REQUEST_KEY_LIMIT:
		if (bytes_of(text, &n) && n >= 1 && n <= REQUEST_ROWS) {
			r->limit = (unsigned)n;
			return 0;
		}
		return fault_set(why, "1 to 1000", "'%.60s' is no number of rows", text);
	case REQUEST_KEY_COUNT:
		break;
	}
	return fault_set(why, REMEDY, "'%.60s' is no word of a filter", key);
}
