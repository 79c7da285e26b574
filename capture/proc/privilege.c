/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * privilege: order matters. Groups first, which only root may change; the user with
 * PR_SET_KEEPCAPS, so that the one capability outlives it; then the others go (sandbox.h
 * verifies that), then every way back is tried.
 */
#define _GNU_SOURCE	/* setresuid, setresgid */
#include "capture/proc/privilege.h"

#include "capture/proc/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int
privilege_find(const char *user, uid_t *uid, gid_t *gid, struct fault *why)
{
	struct passwd *pw;

	errno = 0;
	pw = getpwnam(user);
	if (pw == NULL)
		return fault_set(why, "useradd --system --no-create-home earshot",
		    "there is no user '%.64s'%s%s", user, errno == 0 ? "" : ": ",
		    errno == 0 ? "" : strerror(errno));
	if (pw->pw_uid == 0 || pw->pw_gid == 0)
		return fault_set(why, "name a user that has no rights",
		    "user '%.64s' is root, or of root's group", user);
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	return 0;
}

/* Whatever could be taken back was not given up. */
static int
verify(uid_t uid, gid_t gid, struct fault *why)
{
	uid_t u[3];
	gid_t g[3], none = 0;

	if (setresuid(0, 0, 0) == 0 || setuid(0) == 0 || seteuid(0) == 0)
		return fault_set(why, NULL, "root could be taken back");
	if (setresgid(0, 0, 0) == 0 || setgid(0) == 0 || setegid(0) == 0 ||
	    setgroups(1, &none) == 0)
		return fault_set(why, NULL, "root's group could be taken back");
	if (getresuid(&u[0], &u[1], &u[2]) == -1 || getresgid(&g[0], &g[1], &g[2]) == -1)
		return fault_set(why, NULL, "cannot ask who we are: %s", strerror(errno));
	for (int i = 0; i < 3; i++)
		if (u[i] != uid || g[i] != gid)
			return fault_set(why, NULL, "the change of user is not whole");
	return 0;
}

int
privilege_drop(const char *user, bool keep_net_raw, struct fault *why)
{
	uid_t uid;
	gid_t gid;

	if (privilege_find(user, &uid, &gid, why) == -1)
		return -1;
	if (geteuid() != 0 && geteuid() != uid)
		return fault_set(why, "start it as root, or leave --user out",
		    "only root can become '%.64s'", user);
	if (geteuid() == 0) {
		/* The bounding set while we still may; best effort, as in the sandbox. */
		for (int c = 0; c < 64; c++)
			if (!keep_net_raw || c != CAP_NET_RAW)
				(void)prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
		if (prctl(PR_SET_KEEPCAPS, keep_net_raw ? 1 : 0, 0, 0, 0) == -1 ||
		    initgroups(user, gid) == -1 || setresgid(gid, gid, gid) == -1 ||
		    setresuid(uid, uid, uid) == -1)
			return fault_set(why, NULL, "cannot become '%.64s': %s", user,
			    strerror(errno));
		(void)prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	}
	if (sandbox_drop_caps(keep_net_raw, why) == -1 || verify(uid, gid, why) == -1)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return fault_set(why, NULL, "cannot set no_new_privs: %s",
		    strerror(errno));
	return 0;
}
