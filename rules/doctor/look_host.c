/* SPDX-License-Identifier: GPL-3.0-or-later */
/* look_host: interfaces, rights, clock and disk, as the kernel tells them. */
#include "rules/doctor/look.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <unistd.h>

#define SNAPLEN 262144		/* of the live source, when nobody says another */

static void look_iface(struct iface_facts *i, int s);

void
look_ifaces(struct doctor_facts *facts, const char *names)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t n;

	for (; names != NULL && *names != '\0'; names += n + (names[n] == ',')) {
		struct iface_facts *i = &facts->iface[facts->ifaces];

		n = strcspn(names, ",");
		if (n == 0)
			continue;
		if (facts->ifaces == DOCTOR_IFACES)
			break;
		facts->ifaces++;
		(void)snprintf(i->name, sizeof(i->name), "%.*s", (int)n, names);
		i->snaplen = SNAPLEN;
		i->kernel_drops = i->iface_drops = UINT64_MAX;
		/* A name that was cut is another interface's. */
		if (n < sizeof(i->name) && s != -1)
			look_iface(i, s);
	}
	if (s != -1)
		(void)close(s);
}

/* 1, 0, or -1 when the driver does not say. */
static int
ethtool_value(int s, const char *name, uint32_t command, uint32_t *out)
{
	struct ethtool_value v = { .cmd = command };
	struct ifreq r = { 0 };

	memcpy(r.ifr_name, name, sizeof(r.ifr_name) - 1);
	r.ifr_data = (char *)&v;
	if (ioctl(s, SIOCETHTOOL, &r) == -1)
		return -1;
	*out = v.data;
	return 0;
}

static void
look_iface(struct iface_facts *i, int s)
{
	struct ifreq r = { 0 };
	uint32_t gro, flags;

	if (strcmp(i->name, "any") == 0) {
		i->exists = i->up = i->carrier = i->any = true;
		return;
	}
	memcpy(r.ifr_name, i->name, sizeof(r.ifr_name) - 1);
	if (ioctl(s, SIOCGIFFLAGS, &r) == -1)
		return;
	i->exists = true;
	i->up = (r.ifr_flags & IFF_UP) != 0;
	i->carrier = (r.ifr_flags & IFF_RUNNING) != 0;
	i->loopback = (r.ifr_flags & IFF_LOOPBACK) != 0;
	if (ioctl(s, SIOCGIFMTU, &r) != -1)
		i->mtu = (unsigned)r.ifr_mtu;
	if (ethtool_value(s, i->name, ETHTOOL_GGRO, &gro) == -1 ||
	    ethtool_value(s, i->name, ETHTOOL_GFLAGS, &flags) == -1)
		return;
	i->offloads_known = true;
	i->gro = gro != 0;
	i->lro = (flags & ETH_FLAG_LRO) != 0;
}

void
look_rights(struct doctor_facts *facts)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { 0 };
	ssize_t n = readlink("/proc/self/exe", facts->program,
	    sizeof(facts->program) - 1);

	facts->program[n > 0 ? n : 0] = '\0';
	if (syscall(SYS_capget, &h, d) == 0)
		facts->may_capture = (d[0].effective >> CAP_NET_RAW & 1) != 0;
}

void
look_clock(struct doctor_facts *facts)
{
	struct timex t = { 0 };
	int state = adjtimex(&t);

	if (state == -1)
		return;
	facts->clock_known = true;
	facts->clock_synchronised = state != TIME_ERROR && (t.status & STA_UNSYNC) == 0;
}

void
look_disk(struct doctor_facts *facts)
{
	char probe[DOCTOR_PATH + 32];
	struct statvfs v;
	char *slash;
	int fd;

	/* The sensor makes the folder; what counts is the nearest one that is there. */
	while (access(facts->state, F_OK) == -1 && errno == ENOENT &&
	    (slash = strrchr(facts->state, '/')) != NULL && slash != facts->state)
		*slash = '\0';
	if (access(facts->state, F_OK) == -1 && errno == ENOENT)
		(void)snprintf(facts->state, sizeof(facts->state), "/");
	if (statvfs(facts->state, &v) == 0)
		facts->state_free = (uint64_t)v.f_bavail * v.f_frsize;
	(void)snprintf(probe, sizeof(probe), "%s/.earshot-doctor-XXXXXX", facts->state);
	fd = mkstemp(probe);
	if (fd == -1) {
		facts->state_errno = errno;
		return;
	}
	/* A quota or a full disk may still refuse the first byte. */
	errno = 0;
	if (write(fd, "x", 1) != 1)
		facts->state_errno = errno != 0 ? errno : EIO;
	if (close(fd) == -1 && facts->state_errno == 0)
		facts->state_errno = errno;
	(void)unlink(probe);
}

static int
try_socket(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), rc = 0;

	if (strlen(path) >= sizeof(a.sun_path))
		rc = ENAMETOOLONG;
	else
		memcpy(a.sun_path, path, strlen(path) + 1);
	if (rc == 0 && (s == -1 || connect(s, (struct sockaddr *)&a, sizeof(a)) == -1))
		rc = errno;
	if (s != -1)
		(void)close(s);
	return rc;
}

/* One that is not there yet: could its folder take it? */
static int
try_file(const char *path)
{
	char folder[DOCTOR_PATH];
	char *slash;
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK);

	if (fd != -1) {
		(void)close(fd);
		return 0;
	}
	if (errno != ENOENT)
		return errno;
	(void)snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		(void)snprintf(folder, sizeof(folder), ".");
	else
		slash[slash == folder] = '\0';
	return access(folder, W_OK | X_OK) == 0 ? 0 : errno;
}

void
look_output(struct doctor_facts *facts, const char *name, const char *path,
    bool is_socket)
{
	unsigned i = facts->outputs;

	if (i == DOCTOR_SINKS)
		return;
	facts->outputs++;
	(void)snprintf(facts->output[i].name, sizeof(facts->output[i].name), "%s", name);
	facts->output[i].socket = is_socket;
	facts->output[i].error = is_socket ? try_socket(path) : try_file(path);
}
