/* SPDX-License-Identifier: GPL-3.0-or-later */
/* machine: a digest, so that the id does not leave the machine. */
#include "rules/cli/machine.h"

#include "rules/event/sha1.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool
machine_id(char out[MACHINE_ID])
{
	static const char ours[] = "earshot, of this machine: ";
	char text[sizeof(ours) + 32] = "";
	uint8_t digest[20];
	int fd = open("/etc/machine-id", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd == -1 ? -1 : read(fd, text + sizeof(ours) - 1, 32);

	if (fd != -1)
		(void)close(fd);
	memcpy(text, ours, sizeof(ours) - 1);
	if (n != 32 || strspn(text + sizeof(ours) - 1, "0123456789abcdef") < 32)
		return false;
	sha1(text, sizeof(ours) - 1 + 32, digest);
	for (unsigned i = 0; i < 16; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", digest[i]);
	return true;
}
