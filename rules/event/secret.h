/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * secret: a password from a file that nobody else can read. It is shown nowhere, is in no
 * command line, and the sensor, which reads hostile packets, never has it.
 *
 * The file: --redis-password-file, else $CREDENTIALS_DIRECTORY/redis-password when that
 * is there (systemd's LoadCredential). Its first line is the password.
 */
#ifndef RULES_EVENT_SECRET_H
#define RULES_EVENT_SECRET_H

#include "capture/base/fault.h"

#define SECRET_MAX 512

struct secret {
	char text[SECRET_MAX + 1];	/* "": none */
};

/* file NULL: the credential, or none. Mode 0600 or less is asked of a file, and that it
 * is root's or ours. 0, or -1 and *why. */
int secret_read(const char *file, struct secret *out, struct fault *why);
void secret_forget(struct secret *s);

#endif
