/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * certificate: for whom a server's certificate was made (X.509, RFC 5280), where TLS up to
 * 1.2 sends it in clear. Only names are read: the DNS names of the subject's alternatives,
 * else the subject's common name. Owns no trust: no signature, no date, no chain is looked
 * at, so a name here is the server's own word.
 *
 * DER in one direction, without recursion: every element is stepped into or over, within
 * the bytes of the one around it. A certificate that the head of the stream cuts gives the
 * names before the cut.
 */
#include "classify/content/parse.h"

#include <string.h>

enum { DER_BOOLEAN = 0x01, DER_OCTETS = 0x04, DER_OID = 0x06, DER_SEQUENCE = 0x30,
	DER_SET = 0x31, DER_VERSION = 0xa0, DER_EXTENSIONS = 0xa3, DER_DNS_NAME = 0x82 };
enum { SERVER_HELLO = 2, CERTIFICATE = 11 };

static const uint8_t common_name[] = { 0x55, 0x04, 0x03 };
static const uint8_t subject_alternatives[] = { 0x55, 0x1d, 0x11 };

/* One element. Of one that is cut *value is what is there, *cut is set, and s is empty. */
static bool
der(struct span *s, uint8_t *tag, struct span *value, bool *cut)
{
	uint8_t first, b;
	size_t n;

	if (!span_u8(s, tag) || !span_u8(s, &first)) {
		*cut = true;
		return false;
	}
	n = first;
	if (first & 0x80) {
		if ((first & 0x7f) == 0 || (first & 0x7f) > 3)
			return false;
		n = 0;
		for (int i = first & 0x7f; i > 0; i--) {
			if (!span_u8(s, &b)) {
				*cut = true;
				return false;
			}
			n = n << 8 | b;
		}
	}
	if (span_take(s, n, value))
		return true;
	*cut = true;
	*value = *s;
	(void)span_skip(s, s->left);
	return true;
}

static bool
is_oid(struct span v, const uint8_t *oid)
{
	return v.left == 3 && memcmp(v.at, oid, 3) == 0;
}

static bool
host_like(struct span v)
{
	if (v.left == 0 || v.left > 253 || memchr(v.at, '.', v.left) == NULL)
		return false;
	for (size_t i = 0; i < v.left; i++)
		if (v.at[i] <= ' ' || v.at[i] >= 0x7f)
			return false;
	return true;
}

/* A subject: sets of (what, text). */
static void
subject_name(struct span s, struct span *out, bool *cut)
{
	struct span set, pair, oid, text;
	uint8_t tag;

	while (s.left > 0 && der(&s, &tag, &set, cut) && tag == DER_SET) {
		if (der(&set, &tag, &pair, cut) && tag == DER_SEQUENCE &&
		    der(&pair, &tag, &oid, cut) && tag == DER_OID &&
		    is_oid(oid, common_name) && der(&pair, &tag, &text, cut) && !*cut &&
		    host_like(text))
			*out = text;
	}
}

static void
alternatives(struct span ext, struct tls_names *out, bool *cut)
{
	struct span value, all, name;
	uint8_t tag;

	if (!der(&ext, &tag, &value, cut))
		return;
	if (tag == DER_BOOLEAN && !der(&ext, &tag, &value, cut))	/* critical */
		return;
	if (tag != DER_OCTETS || !der(&value, &tag, &all, cut) || tag != DER_SEQUENCE)
		return;
	while (all.left > 0 && der(&all, &tag, &name, cut)) {
		/* the last one of a cut list may be half of another */
		if (tag != DER_DNS_NAME || !host_like(name) || (*cut && all.left == 0))
			continue;
		if (out->n == TLS_NAMES) {
			*cut = true;
			return;
		}
		out->name[out->n++] = name;
	}
}

static void
certificate_names(struct span s, struct tls_names *out)
{
	struct span cert, tbs, field, ext, one, oid, subject = { NULL, 0 };
	uint8_t tag;
	bool cut = false;

	if (!der(&s, &tag, &cert, &cut) || tag != DER_SEQUENCE ||
	    !der(&cert, &tag, &tbs, &cut) || tag != DER_SEQUENCE)
		return;
	if (!der(&tbs, &tag, &field, &cut))
		return;
	if (tag == DER_VERSION && !der(&tbs, &tag, &field, &cut))
		return;			/* now at the serial number */
	for (int i = 0; i < 4; i++)	/* algorithm, issuer, validity, subject */
		if (!der(&tbs, &tag, &field, &cut) || tag != DER_SEQUENCE)
			return;
	subject_name(field, &subject, &cut);
	while (tbs.left > 0 && der(&tbs, &tag, &field, &cut)) {
		if (tag != DER_EXTENSIONS || !der(&field, &tag, &ext, &cut))
			continue;
		while (ext.left > 0 && der(&ext, &tag, &one, &cut))
			if (tag == DER_SEQUENCE && der(&one, &tag, &oid, &cut) &&
			    tag == DER_OID && is_oid(oid, subject_alternatives))
				alternatives(one, out, &cut);
	}
	if (out->n == 0 && subject.left > 0)
		out->name[out->n++] = subject;
	out->whole = !cut;
}

enum parse
tls_certificate(struct span head, bool final, uint8_t scratch[HEAD_BYTES],
    struct tls_names *out)
{
	static const uint8_t start[2] = { 22, 3 };
	struct span s, body, cert;
	bool over, whole;
	uint8_t type;
	uint32_t len;

	out->n = 0;
	out->whole = false;
	if (memcmp(head.at, start, head.left < 2 ? head.left : 2) != 0 ||
	    (head.left > 5 && head.at[5] != SERVER_HELLO))
		return PARSE_NOT;
	s = span_of(scratch, tls_handshake(head, scratch, &over));
	while (span_u8(&s, &type) && span_u24(&s, &len)) {
		whole = span_take(&s, len, &body);
		if (!whole && type == CERTIFICATE)
			body = s;
		else if (!whole)
			break;
		if (type != CERTIFICATE)
			continue;
		/* a list of certificates; the first is the server's own */
		if (!span_skip(&body, 3) || !span_u24(&body, &len))
			break;
		whole = body.left >= len;
		if (!whole && !final && !over)
			return PARSE_MORE;
		cert = span_of(body.at, whole ? len : body.left);
		certificate_names(cert, out);
		return out->n > 0 ? PARSE_DONE : PARSE_NOT;
	}
	/* after a hello of TLS 1.3 all is encrypted */
	return over || final ? PARSE_NOT : PARSE_MORE;
}
