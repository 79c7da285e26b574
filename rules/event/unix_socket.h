/* SPDX-License-Identifier: GPL-3.0-or-later */
/* unix_socket: a name in the file system that others may connect to. */
#ifndef RULES_EVENT_UNIX_SOCKET_H
#define RULES_EVENT_UNIX_SOCKET_H

/* A stream socket of this name and of mode 0660, not blocking, to be listened on; what a
 * run that was killed left there goes, and nothing else. -1 and errno: EADDRINUSE when
 * somebody answers there, EEXIST when it is the name of something else. */
int unix_socket_bind(const char *path);

#endif
