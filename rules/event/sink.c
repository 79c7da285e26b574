/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sink: one scheme after the other, then the parts between their marks. Every part has a
 * bound; what does not fit is refused, never cut. */
#include "rules/event/sink.h"

#include <stdio.h>
#include <string.h>

#define REDIS_PORT 6379
#define KEY_DEFAULT "earshot"
#define REMEDY "-, file:PATH, unix:PATH, redis://HOST:PORT, redis:unix:PATH, " \
	"redis-list://HOST:PORT/KEY, redis-pubsub://HOST:PORT/CHANNEL or " \
	"redis-xadd://HOST:PORT/KEY; rediss: with TLS"

static int parse_redis(const char *rest, struct sink_spec *out, struct fault *why);
static int take_host(const char *at, size_t n, const char *text, struct sink_address *out,
    struct fault *why);

struct scheme {
	const char *name;
	enum sink_kind kind;
};

static const struct scheme schemes[] = {
	{ "redis", SINK_REDIS },
	{ "redis-list", SINK_REDIS_LIST },
	{ "redis-pubsub", SINK_REDIS_PUBSUB },
	{ "redis-xadd", SINK_REDIS_XADD },
};

/* Behind this word the scheme goes on, with an s for TLS in between: rediss-list. */
#define REDIS 5

static int
no_output(const char *text, struct fault *why)
{
	return fault_set(why, REMEDY, "'%s' is no output", text);
}

/* A word of printable letters without spaces. */
static int
take_word(const char *at, size_t n, char out[SINK_WORD], const char *what,
    const char *text, struct fault *why)
{
	if (n == 0 || n >= SINK_WORD)
		return fault_set(why, NULL, n == 0 ? "there is no %s in '%s'" :
		    "the %s of '%s' has more than 128 letters", what, text);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)at[i] <= 0x20 || at[i] == 0x7f)
			return fault_set(why, NULL,
			    "there is a space or a control character in the %s of '%s'",
			    what, text);
	memcpy(out, at, n);
	out[n] = '\0';
	return 0;
}

static int
take_path(const char *at, size_t n, const char *text, struct sink_address *out,
    struct fault *why)
{
	if (n == 0)
		return no_output(text, why);
	if (n >= SINK_PATH)
		return fault_set(why, "sockets have paths of up to 107 letters",
		    "the path of '%s' is too long for a socket", text);
	memcpy(out->path, at, n);
	out->path[n] = '\0';
	return 0;
}

int
sink_parse(const char *text, struct sink_spec *out, struct fault *why)
{
	size_t n = strlen(text);
	const char *rest;

	*out = (struct sink_spec){ .kind = SINK_STDOUT_JSON, .target = text };
	if (strcmp(text, "-") == 0)
		return 0;
	if (n >= SINK_TEXT)
		return fault_set(why, NULL, "'%.40s...' is too long for an output", text);
	if (strncmp(text, "file:", 5) == 0 && text[5] != '\0') {
		out->kind = SINK_FILE;
		out->target = text + 5;
		return 0;
	}
	if (strncmp(text, "unix:", 5) == 0) {
		out->kind = SINK_UNIX;
		return take_path(text + 5, n - 5, text, &out->at, why);
	}
	if (strncmp(text, "redis", REDIS) != 0)
		return no_output(text, why);
	out->tls = text[REDIS] == 's';
	rest = text + REDIS + out->tls;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = strlen(schemes[i].name + REDIS);

		if (strncmp(rest, schemes[i].name + REDIS, len) != 0 || rest[len] != ':')
			continue;
		out->kind = schemes[i].kind;
		return parse_redis(rest + len + 1, out, why);
	}
	return no_output(text, why);
}

/* "unix:PATH[:KEY]", "tcp:HOST:PORT", "//[USER@]HOST[:PORT][/KEY]" */
static int
parse_redis(const char *rest, struct sink_spec *out, struct fault *why)
{
	const char *text = out->target, *user, *end, *key = NULL;
	bool keyed = out->kind != SINK_REDIS;

	(void)snprintf(out->key, sizeof(out->key), "%s", KEY_DEFAULT);
	if (strncmp(rest, "unix:", 5) == 0) {
		if (out->tls)
			return fault_set(why, "leave out the s: a socket is in this machine",
			    "'%s' asks for TLS over a unix socket", text);
		end = keyed ? rest + 5 + strcspn(rest + 5, ":") : rest + strlen(rest);
		key = *end == ':' ? end + 1 : NULL;
		if (take_path(rest + 5, (size_t)(end - rest - 5), text, &out->at, why) ==
		    -1)
			return -1;
		return key == NULL ? 0 :
		    take_word(key, strlen(key), out->key, "key", text, why);
	}
	if (strncmp(rest, "tcp:", 4) == 0 && !keyed)
		return take_host(rest + 4, strlen(rest + 4), text, &out->at, why);
	if (strncmp(rest, "//", 2) != 0)
		return no_output(text, why);
	rest += 2;
	end = rest + strcspn(rest, "/");
	for (user = end; user > rest && user[-1] != '@'; user--)
		continue;
	if (user > rest) {
		size_t n = (size_t)(user - rest) - 1;

		if (memchr(rest, ':', n) != NULL)
			return fault_set(why, "write the password to a file of mode 0600 "
			    "and name it with --redis-password-file",
			    "cannot take an output with a password in it: whoever "
			    "lists processes reads it");
		if (take_word(rest, n, out->user, "user", text, why) == -1)
			return -1;
	}
	if (take_host(user, (size_t)(end - user), text, &out->at, why) == -1)
		return -1;
	if (*end == '\0' || end[1] == '\0')
		return 0;
	if (!keyed)
		return strcmp(end, "/0") == 0 ? 0 : fault_set(why,
		    "leave it out; for one list redis-list://HOST:PORT/KEY",
		    "cannot use '%s' of '%s': the streams are in database 0", end, text);
	return take_word(end + 1, strlen(end + 1), out->key,
	    out->kind == SINK_REDIS_LIST ? "key" : "channel", text, why);
}

/* "name", "1.2.3.4", "[::1]", each with ":port" or without. */
static int
take_host(const char *at, size_t n, const char *text, struct sink_address *out,
    struct fault *why)
{
	const char *close = n > 0 && at[0] == '[' ? memchr(at, ']', n) : NULL;
	const char *host = at, *colon;
	size_t len;
	unsigned port = 0;

	if (close != NULL) {
		host = at + 1;
		len = (size_t)(close - host);
		colon = close + 1;
	} else {
		colon = memchr(at, ':', n);
		if (colon == NULL)
			colon = at + n;
		len = (size_t)(colon - at);
	}
	if (len == 0 || len >= SINK_HOST)
		return fault_set(why, REMEDY, "there is no host in '%s'", text);
	for (size_t i = 0; i < len; i++)
		if (strchr(close != NULL ? "0123456789abcdefABCDEF:." :
		    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_",
		    host[i]) == NULL || host[i] == '\0')
			return fault_set(why, "a name, an IPv4 address, or an IPv6 "
			    "address in brackets: redis://[fd00::1]:6379",
			    "'%.*s' in '%s' is no host", (int)len, host, text);
	memcpy(out->host, host, len);
	out->host[len] = '\0';
	out->port = REDIS_PORT;
	if (colon == at + n)
		return 0;
	for (const char *p = colon + 1; *colon == ':' && p < at + n; p++) {
		if (*p < '0' || *p > '9' || port > 65535) {
			port = 0;
			break;
		}
		port = port * 10 + (unsigned)(*p - '0');
	}
	if (port == 0 || port > 65535)
		return fault_set(why, "a port is a number from 1 to 65535; an IPv6 address "
		    "stands in brackets", "cannot find a port in '%s'", text);
	out->port = (uint16_t)port;
	return 0;
}

size_t
sink_path_at(const char *text)
{
	static const char *const before[] = { "file:", "unix:", "redis:unix:",
		"redis-list:unix:", "redis-pubsub:unix:", "redis-xadd:unix:" };

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
		if (strncmp(text, before[i], strlen(before[i])) == 0)
			return strlen(before[i]);
	return 0;
}

const char *
sink_name(const struct sink_spec *s, char *buf, unsigned size)
{
	static const char *const scheme[] = { [SINK_REDIS] = "redis",
		[SINK_REDIS_LIST] = "redis-list", [SINK_REDIS_PUBSUB] = "redis-pubsub",
		[SINK_REDIS_XADD] = "redis-xadd" };
	const char *mark = strchr(s->at.host, ':') != NULL ? "[" : "";
	bool keyed = s->kind != SINK_REDIS;

	if (s->kind == SINK_STDOUT_TEXT || s->kind == SINK_STDOUT_JSON)
		(void)snprintf(buf, size, "-");
	else if (s->kind == SINK_FILE)
		(void)snprintf(buf, size, "file:%s", s->target);
	else if (s->kind == SINK_UNIX)
		(void)snprintf(buf, size, "unix:%s", s->at.path);
	else if (s->at.host[0] == '\0')
		(void)snprintf(buf, size, "%s:unix:%s%s%s", scheme[s->kind], s->at.path,
		    keyed ? ":" : "", keyed ? s->key : "");
	else
		(void)snprintf(buf, size, "redis%s%s://%s%s%s:%u%s%s", s->tls ? "s" : "",
		    scheme[s->kind] + REDIS, mark,
		    s->at.host, mark[0] == '\0' ? "" : "]", s->at.port, keyed ? "/" : "",
		    keyed ? s->key : "");
	return buf;
}

bool
sink_is_near(const struct sink_address *a)
{
	unsigned b[4];
	char more;

	return a->host[0] == '\0' || strcmp(a->host, "localhost") == 0 ||
	    strcmp(a->host, "::1") == 0 ||
	    (sscanf(a->host, "%3u.%3u.%3u.%3u%c", &b[0], &b[1], &b[2], &b[3], &more) ==
	    4 && b[0] == 127);
}
