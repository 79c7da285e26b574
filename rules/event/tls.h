/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls: whom we believe to be a Redis at the other end, and who we say we are. Files are
 * read once, before the sandbox closes. The other side's certificate is always verified,
 * against a CA and against a name: the host that was dialled, or the one that was given.
 * TLS 1.2 or later.
 */
#ifndef RULES_EVENT_TLS_H
#define RULES_EVENT_TLS_H

#include "capture/base/fault.h"

typedef struct ssl_st SSL;		/* of OpenSSL, whose headers are tls.c's */

struct tls_files {
	const char *ca;			/* a file of certificates; NULL: the system's */
	const char *cert, *key;		/* our own, PEM; NULL: none. The key: mode 0600 */
	const char *name;		/* in the certificate; NULL: the host */
};

struct tls;

struct tls *tls_create(const struct tls_files *f, struct fault *why);
void tls_destroy(struct tls *t);

/* For one connection to host (a name or an address); the caller's. NULL and *why. */
SSL *tls_session(const struct tls *t, const char *host, struct fault *why);

/* Why a handshake failed: `error` from ERR_get_error, 0: the system's errno. Returns -1. */
int tls_fault(const SSL *ssl, unsigned long error, struct fault *why);

#endif
