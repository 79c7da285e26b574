/* SPDX-License-Identifier: GPL-3.0-or-later */
/* settings_read: regular files of a sane size only; a fifo would hang the start. */
#include "rules/cli/settings_read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MOST 128
#define BYTES_MOST ((off_t)1 << 20)	/* a person wrote it */

struct files {
	struct source_file file[FILES_MOST];
	unsigned n, errors;
};

const char *
state_folder(char *buf, size_t size)
{
	const char *dir = getenv("STATE_DIRECTORY"), *home = getenv("HOME");

	if (dir != NULL)
		(void)snprintf(buf, size, "%s", dir);
	else if (geteuid() == 0)
		(void)snprintf(buf, size, "/var/lib/earshot");
	else
		(void)snprintf(buf, size, "%s/.local/state/earshot",
		    home == NULL ? "." : home);
	return buf;
}

static int
read_one(struct files *f, const char *path, struct fault *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	size_t have = 0;
	ssize_t n = 1;
	char *bytes;

	if (fd == -1)
		return fault_set(why, "'earshot settings' prints one to begin with",
		    "cannot read settings '%s': %s", path, strerror(errno));
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) || st.st_size > BYTES_MOST) {
		close(fd);
		return fault_set(why, "name a regular file of at most 1 MiB",
		    "cannot read settings '%s': it is no plain file, or too large", path);
	}
	bytes = f->n == FILES_MOST ? NULL : malloc((size_t)st.st_size + 1);
	while (bytes != NULL && have < (size_t)st.st_size && n > 0) {
		n = read(fd, bytes + have, (size_t)st.st_size - have);
		if (n > 0)
			have += (size_t)n;
		else if (n == -1 && errno == EINTR)
			n = 1;
	}
	close(fd);
	if (n == -1 || bytes == NULL) {
		free(bytes);
		return fault_set(why, NULL, "cannot read settings '%s': %s", path,
		    n == -1 ? strerror(errno) : "not enough memory, or too many files");
	}
	bytes[have] = '\0';
	f->file[f->n].name = strdup(path);
	f->file[f->n].bytes = bytes;
	f->file[f->n].len = have;
	f->n++;
	return f->file[f->n - 1].name == NULL ?
	    fault_set(why, NULL, "not enough memory") : 0;
}

static int
is_conf(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 5 && strcmp(d->d_name + n - 5, ".conf") == 0;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
read_drop_ins(struct files *f, const char *path, struct fault *why)
{
	struct dirent **entry = NULL;
	char full[8192];
	int n, rc = 0;

	(void)snprintf(full, sizeof(full), "%.4000s.d", path);
	n = scandir(full, &entry, is_conf, by_name);
	if (n == -1 && errno != ENOENT && errno != ENOTDIR)
		return fault_set(why, NULL, "cannot read settings in '%s': %s", full,
		    strerror(errno));
	for (int i = 0; i < n; i++) {
		(void)snprintf(full, sizeof(full), "%.4000s.d/%s", path,
		    entry[i]->d_name);
		if (rc == 0)
			rc = read_one(f, full, why);
		free(entry[i]);
	}
	free(entry);
	return rc;
}

static void
tell(void *arg, const struct diag *d)
{
	struct files *f = arg;
	char text[4096];

	f->errors++;
	(void)diag_print(d, text, sizeof(text));
	fputs(text, stderr);
}

int
settings_read(struct settings *s, const char *path, struct fault *why)
{
	struct files f = { .n = 0 };
	int rc = read_one(&f, path, why);

	if (rc == 0)
		rc = read_drop_ins(&f, path, why);
	if (rc == 0 && !settings_files(s, f.file, f.n, tell, &f))
		rc = fault_set(why, "'earshot run -T -c FILE' checks it again",
		    "cannot use the settings: %u error%s", f.errors,
		    f.errors == 1 ? "" : "s");
	for (unsigned i = 0; i < f.n; i++) {
		free((void *)(uintptr_t)f.file[i].name);
		free((void *)(uintptr_t)f.file[i].bytes);
	}
	return rc;
}
