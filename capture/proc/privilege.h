/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * privilege: from root to a user without rights, for good.
 *
 * User, groups and capabilities go together; CAP_NET_RAW alone can stay, for a process
 * that opens interfaces later. The drop is believed when taking each of them back was
 * refused. Children begin with what is left; sandbox.h takes that away too.
 */
#ifndef CAPTURE_PROC_PRIVILEGE_H
#define CAPTURE_PROC_PRIVILEGE_H

#include "capture/base/fault.h"

#include <stdbool.h>
#include <sys/types.h>

/* uid and gid of a user that is not root. */
int privilege_find(const char *user, uid_t *uid, gid_t *gid, struct fault *why);

/* Becomes that user. One that is not root can only become himself, which changes nothing
 * but that programs cannot give rights any more. */
int privilege_drop(const char *user, bool keep_net_raw, struct fault *why);

#endif
