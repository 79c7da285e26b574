/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls: one context of OpenSSL, and its faults as sentences. */
#include "rules/event/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct tls {
	SSL_CTX *ctx;
	const char *name;
};

/* What OpenSSL says last, without its numbers. */
static const char *
reason(void)
{
	unsigned long error = ERR_peek_last_error();
	const char *text = error == 0 ? NULL : ERR_reason_error_string(error);

	ERR_clear_error();
	return text != NULL ? text : "no reason given";
}

static int
key_is_ours_alone(const char *path, struct fault *why)
{
	struct stat st;

	if (stat(path, &st) == -1)
		return fault_set(why, NULL, "cannot read the key '%s': %s", path,
		    strerror(errno));
	if ((st.st_mode & 0077) != 0)
		return fault_set(why, "chmod 600 it", "cannot take the key '%s': its mode "
		    "%04o lets others have it", path, (unsigned)st.st_mode & 07777);
	return 0;
}

static int
read_files(struct tls *t, const struct tls_files *f, struct fault *why)
{
	if (f->ca == NULL && SSL_CTX_set_default_verify_paths(t->ctx) != 1)
		return fault_set(why, "name a file with --redis-ca",
		    "cannot read this system's certificates: %s", reason());
	if (f->ca != NULL && SSL_CTX_load_verify_locations(t->ctx, f->ca, NULL) != 1)
		return fault_set(why, "a file of certificates in PEM",
		    "cannot read the CA '%s': %s", f->ca, reason());
	if ((f->cert == NULL) != (f->key == NULL))
		return fault_set(why, "--redis-cert and --redis-key go together",
		    "a certificate without a key, or a key without a certificate");
	if (f->cert == NULL)
		return 0;
	if (SSL_CTX_use_certificate_chain_file(t->ctx, f->cert) != 1)
		return fault_set(why, "a certificate in PEM, and what it rests on",
		    "cannot read the certificate '%s': %s", f->cert, reason());
	if (key_is_ours_alone(f->key, why) == -1)
		return -1;
	if (SSL_CTX_use_PrivateKey_file(t->ctx, f->key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(t->ctx) != 1)
		return fault_set(why, "a key in PEM without a passphrase",
		    "cannot use the key '%s': %s", f->key, reason());
	return 0;
}

/* A key with a passphrase is refused, not asked for on a terminal. */
static int
no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return 0;
}

struct tls *
tls_create(const struct tls_files *f, struct fault *why)
{
	struct tls *t = calloc(1, sizeof(*t));

	if (t == NULL || (t->ctx = SSL_CTX_new(TLS_client_method())) == NULL) {
		tls_destroy(t);
		(void)fault_set(why, NULL, "no memory for TLS");
		return NULL;
	}
	t->name = f->name;
	(void)SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION);
	(void)SSL_CTX_set_options(t->ctx, SSL_OP_NO_RENEGOTIATION);
	(void)SSL_CTX_set_mode(t->ctx, SSL_MODE_RELEASE_BUFFERS);
	(void)SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_default_passwd_cb(t->ctx, no_passphrase);
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
	if (read_files(t, f, why) == 0)
		return t;
	tls_destroy(t);
	return NULL;
}

void
tls_destroy(struct tls *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->ctx);
	free(t);
}

/* OpenSSL copies it, and asks for a pointer that it may write through. */
static bool
say_host(SSL *ssl, const char *name)
{
	char copy[TLSEXT_MAXLEN_host_name + 1];

	return snprintf(copy, sizeof(copy), "%s", name) < (int)sizeof(copy) &&
	    SSL_set_tlsext_host_name(ssl, copy) == 1;
}

SSL *
tls_session(const struct tls *t, const char *host, struct fault *why)
{
	const char *name = t->name != NULL ? t->name : host;
	unsigned char a[sizeof(struct in6_addr)];
	bool literal = inet_pton(AF_INET, name, a) == 1 ||
	    inet_pton(AF_INET6, name, a) == 1;
	SSL *ssl = SSL_new(t->ctx);
	X509_VERIFY_PARAM *p = ssl == NULL ? NULL : SSL_get0_param(ssl);

	if (p == NULL)
		goto fail;
	X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if ((literal ? X509_VERIFY_PARAM_set1_ip_asc(p, name) :
	    X509_VERIFY_PARAM_set1_host(p, name, 0)) != 1 ||
	    (!literal && !say_host(ssl, name)))
		goto fail;
	return ssl;
fail:
	SSL_free(ssl);
	(void)fault_set(why, NULL, "cannot begin TLS with '%s': %s", name, reason());
	return NULL;
}

int
tls_fault(const SSL *ssl, unsigned long error, struct fault *why)
{
	long verdict = ssl == NULL ? X509_V_OK : SSL_get_verify_result(ssl);
	const char *text = error == 0 ? NULL : ERR_reason_error_string(error);

	ERR_clear_error();
	if (verdict == X509_V_ERR_HOSTNAME_MISMATCH ||
	    verdict == X509_V_ERR_IP_ADDRESS_MISMATCH)
		return fault_set(why, "--redis-tls-name says which name its certificate has",
		    "its certificate is another's: %s",
		    X509_verify_cert_error_string(verdict));
	if (verdict != X509_V_OK)
		return fault_set(why, "--redis-ca FILE names who signs its certificates",
		    "its certificate is not believed: %s",
		    X509_verify_cert_error_string(verdict));
	if (ERR_GET_REASON(error) == SSL_R_WRONG_VERSION_NUMBER)
		return fault_set(why, "redis:// is without TLS", "it does not speak TLS");
	if (text != NULL && strstr(text, "certificate") != NULL)
		return fault_set(why, "--redis-cert and --redis-key name ours",
		    "it wants another certificate of us: %s", text);
	return fault_set(why, NULL, "TLS broke: %s", text != NULL ? text :
	    errno != 0 ? strerror(errno) : "the other side closed the connection");
}
