/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rulefiles: everything a program is made of is read here, once; the compiler asks for it
 * by name and never opens a file. */
#define _GNU_SOURCE	/* memfd_create, seals */
#include "rules/cli/rulefiles.h"
#include "rules/cli/settings_table.h"

#include "rules/cli/rulepack.h"
#include "rules/lang/lang.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef EARSHOT_SHARE
#define EARSHOT_SHARE "/usr/local/share/earshot"
#endif

#define FILE_MAX ((off_t)256 * 1024 * 1024)	/* a list of a million names is 35 MB; an
					 * inventory of 1.2 million devices 200 */

struct blob {
	enum pack_kind kind;
	char *name, *bytes;
	size_t len;
};

struct rule_files {
	struct source_file *file;
	unsigned files;
	struct blob *blob;		/* files and what they name; owns the bytes */
	unsigned blobs;
	size_t bytes;			/* of all of them; LANG_MEMORY at most */
	const struct rule_choice *choice;	/* while files are read */
	struct compile_options options;
	struct source_file asn, country;
	unsigned errors;
	bool guarded;			/* rule_choice */
	bool warnings, silent, checks;	/* checks: another compiles for good */
};

static int add_path(struct rule_files *f, const char *path, bool must, struct fault *why);
static int add_file(struct rule_files *f, const char *path, struct fault *why);
static int add_database(struct rule_files *f, enum pack_kind kind, const char *path,
    struct source_file *out, struct fault *why);
static int add_bytes(struct rule_files *f, enum pack_kind kind, const char *name,
    char *bytes, size_t len);
static int add_command_line(struct rule_files *f, const struct rule_choice *c,
    struct fault *why);
static char *read_all(const char *path, bool guarded, size_t *len, struct fault *why);
static bool trusted(const char *path, const struct stat *st, struct fault *why);
static bool folder_trusted(const char *path, struct fault *why);
static bool provide(void *arg, const char *from, const char *path, struct span *out,
    struct fault *why);
static void tell(void *arg, const struct diag *d);
static const char *shipped_folder(const char *in_tree, const char *in_share,
    const char *planned, char *buf, size_t size);

static const char command_line[] = "command line";

/* What a rule file cannot hold because a settings file does. */
static const char *const settings_words[] = {
#define X(id, word, letter, arg, form, initial, example, whose, needs, help) \
	((whose) & NO_FILE) != 0 ? "sensor" : word,
	SETTINGS(X)
#undef X
	NULL,
};

struct rule_files *
rule_files_read(const struct rule_choice *c, struct fault *why)
{
	struct rule_files *f = calloc(1, sizeof(*f));
	char std[4096], site[4200];

	if (f == NULL) {
		fault_set(why, NULL, "cannot read rule files: not enough memory");
		return NULL;
	}
	f->choice = c;
	f->guarded = c->guarded;
	if (c->replaces == 0) {
		if (rules_std_folder(std, sizeof(std)) == NULL) {
			fault_set(why, "give them with -S, or run 'make install'",
			    "cannot find the shipped rules");
			goto fail;
		}
		if (add_path(f, std, true, why) == -1)
			goto fail;
		(void)snprintf(site, sizeof(site), "%s/../site", std);
		if (add_path(f, site, false, why) == -1)
			goto fail;
	}
	for (unsigned i = 0; i < c->replaces; i++)
		if (add_path(f, c->replace[i], true, why) == -1)
			goto fail;
	for (unsigned i = 0; i < c->overs; i++)
		if (add_file(f, c->over[i], why) == -1)
			goto fail;
	for (unsigned i = 0; i < c->adds; i++)
		if (add_path(f, c->add[i], true, why) == -1)
			goto fail;
	if (add_command_line(f, c, why) == -1 ||
	    add_database(f, PACK_ASN, c->asn, &f->asn, why) == -1 ||
	    add_database(f, PACK_COUNTRY, c->country, &f->country, why) == -1)
		goto fail;
	return f;
fail:
	rule_files_free(f);
	return NULL;
}

void
rule_files_free(struct rule_files *f)
{
	if (f == NULL)
		return;
	for (unsigned i = 0; i < f->blobs; i++) {
		free(f->blob[i].name);
		free(f->blob[i].bytes);
	}
	free(f->blob);
	free(f->file);
	free(f);
}

const struct compile_options *
rule_files_options(struct rule_files *f)
{
	f->options = (struct compile_options){ .file = f->file, .files = f->files,
		.provide = provide, .provide_arg = f, .diag = tell, .diag_arg = f,
		.settings = settings_words, .vendors = vendor_files,
		.vendors_unread = f->checks, .asn = f->asn, .country = f->country };
	return &f->options;
}

struct program *
rule_files_compile(struct rule_files *f, bool warnings, unsigned *errors)
{
	struct program *p;

	f->errors = 0;
	f->warnings = warnings;
	p = program_compile(rule_files_options(f));
	if (errors != NULL)
		*errors = f->errors;
	return p;
}

struct program *
rule_files_check(struct rule_files *f, bool warnings, unsigned *errors)
{
	struct program *p;

	f->checks = true;
	p = rule_files_compile(f, warnings, errors);
	f->checks = false;
	return p;
}

void
rule_files_collect(struct rule_files *f)
{
	f->silent = true;
	program_destroy(rule_files_check(f, false, NULL));
	f->silent = false;
}

const char *
rules_std_folder(char *buf, size_t size)
{
	return shipped_folder("rules/std", "rules/std", EARSHOT_SHARE "/rules/std", buf,
	    size);
}

const char *
selftest_folder(char *buf, size_t size)
{
	return shipped_folder("contrib/selftest", "selftest", EARSHOT_SHARE "/selftest",
	    buf, size);
}

static bool
is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* build/earshot: in the tree above it. bin/earshot: in the share/earshot beside bin, so
 * that what was installed elsewhere than planned is whole. Else where it was planned. */
static const char *
shipped_folder(const char *in_tree, const char *in_share, const char *planned, char *buf,
    size_t size)
{
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n > 0) {
		char *at = exe;

		exe[n] = '\0';
		for (int up = 0; up < 2; up++) {
			at = dirname(at);
			(void)snprintf(buf, size, "%s/%s", at, in_tree);
			if (is_folder(buf))
				return buf;
		}
		(void)snprintf(buf, size, "%s/share/earshot/%s", at, in_share);
		if (is_folder(buf))
			return buf;
	}
	(void)snprintf(buf, size, "%s", planned);
	return is_folder(buf) ? buf : NULL;
}

static int
is_rules(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 6 && strcmp(d->d_name + n - 6, ".rules") == 0;
}

/* Stands another file in its place? */
static bool
has_namesake(const struct rule_choice *c, const char *name)
{
	for (unsigned i = 0; i < c->overs; i++) {
		const char *slash = strrchr(c->over[i], '/');

		if (strcmp(slash == NULL ? c->over[i] : slash + 1, name) == 0)
			return true;
	}
	return false;
}

static int
add_path(struct rule_files *f, const char *path, bool must, struct fault *why)
{
	struct dirent **entry = NULL;
	struct stat st;
	int n, rc = 0;

	if (stat(path, &st) == -1) {
		if (!must)
			return 0;
		return fault_set(why, "check the name given to -s or -S",
		    "cannot read rules '%s': %s", path, strerror(errno));
	}
	if (!S_ISDIR(st.st_mode))
		return add_file(f, path, why);
	if (f->guarded && !trusted(path, &st, why))
		return -1;
	n = scandir(path, &entry, is_rules, alphasort);
	if (n == -1)
		return fault_set(why, NULL, "cannot read rules '%s': %s", path,
		    strerror(errno));
	for (int i = 0; i < n; i++) {
		char full[4096 + 256];

		(void)snprintf(full, sizeof(full), "%s/%s", path, entry[i]->d_name);
		if (rc == 0 && !has_namesake(f->choice, entry[i]->d_name))
			rc = add_file(f, full, why);
		free(entry[i]);
	}
	free(entry);
	return rc;
}

static int
add_file(struct rule_files *f, const char *path, struct fault *why)
{
	struct source_file *grown;
	size_t len;
	char *bytes = read_all(path, f->guarded, &len, why);

	if (bytes == NULL)
		return -1;
	grown = realloc(f->file, (f->files + 1) * sizeof(*grown));
	if (grown == NULL || (f->file = grown, add_bytes(f, PACK_RULES, path, bytes,
	    len) == -1)) {
		free(bytes);
		return fault_set(why, NULL, "cannot read rules '%s': not enough memory",
		    path);
	}
	f->file[f->files++] = (struct source_file){ f->blob[f->blobs - 1].name, bytes,
	    len };
	return 0;
}

static int
add_database(struct rule_files *f, enum pack_kind kind, const char *path,
    struct source_file *out, struct fault *why)
{
	size_t len;
	char *bytes;

	if (path == NULL)
		return 0;
	bytes = read_all(path, f->guarded, &len, why);
	if (bytes == NULL)
		return -1;
	if (add_bytes(f, kind, path, bytes, len) == -1) {
		free(bytes);
		return fault_set(why, NULL, "cannot read '%s': not enough memory", path);
	}
	*out = (struct source_file){ f->blob[f->blobs - 1].name, bytes, len };
	return 0;
}

/* Takes bytes over. */
static int
add_bytes(struct rule_files *f, enum pack_kind kind, const char *name, char *bytes,
    size_t len)
{
	struct blob *grown;
	char *copy;

	if (len > LANG_MEMORY - f->bytes)	/* the compiler has no room for more */
		return -1;
	grown = realloc(f->blob, (f->blobs + 1) * sizeof(*grown));
	copy = strdup(name);

	if (grown != NULL)
		f->blob = grown;
	if (grown == NULL || copy == NULL) {
		free(copy);
		return -1;
	}
	f->blob[f->blobs++] = (struct blob){ kind, copy, bytes, len };
	f->bytes += len;
	return 0;
}

/* A path as a string of the rule language: quotes and backslashes are escaped. */
static void
put_quoted(FILE *out, const char *s)
{
	fputc('"', out);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', out);
		fputc(*s, out);
	}
	fputc('"', out);
}

static int
add_command_line(struct rule_files *f, const struct rule_choice *c, struct fault *why)
{
	struct source_file *grown;
	char *text = NULL;
	size_t len = 0;
	FILE *out;
	const char *colon;

	if (c->home == NULL && c->known == NULL && c->inventory == NULL)
		return 0;
	out = open_memstream(&text, &len);
	if (out == NULL)
		return fault_set(why, NULL,
		    "cannot take the command line: not enough memory");
	if (c->home != NULL)
		fprintf(out, "home { %s }\n", c->home);
	if (c->known != NULL) {
		fputs("list known = file ", out);
		put_quoted(out, c->known);
		fputc('\n', out);
	}
	if (c->inventory != NULL) {
		colon = strchr(c->inventory, ':');
		if (colon == NULL || inventory_format_by_name(c->inventory,
		    (size_t)(colon - c->inventory)) == -1) {
			fclose(out);
			free(text);
			return fault_set(why,
			    "write --inventory FORMAT:FILE; formats are "
			    INVENTORY_FORMAT_NAMES,
			    "cannot take inventory '%s': its format is not named",
			    c->inventory);
		}
		fprintf(out, "inventory devices = %.*s ", (int)(colon - c->inventory),
		    c->inventory);
		put_quoted(out, colon + 1);
		fputc('\n', out);
	}
	fclose(out);
	grown = realloc(f->file, (f->files + 1) * sizeof(*grown));
	if (grown == NULL ||
	    (f->file = grown, add_bytes(f, PACK_RULES, command_line, text,
	    len) == -1)) {
		free(text);
		return fault_set(why, NULL,
		    "cannot take the command line: not enough memory");
	}
	f->file[f->files++] = (struct source_file){ f->blob[f->blobs - 1].name, text,
	    len };
	return 0;
}

/* Owned by root, by us, or by the owner of the program; written by nobody else. */
static bool
trusted(const char *path, const struct stat *st, struct fault *why)
{
	struct stat self;
	bool ours = st->st_uid == 0 || st->st_uid == geteuid() ||
	    (stat("/proc/self/exe", &self) == 0 && st->st_uid == self.st_uid);

	if (ours && (st->st_mode & (S_IWOTH | (st->st_gid == 0 ? 0 : S_IWGRP))) == 0)
		return true;
	(void)fault_set(why, "chown root and chmod go-w: who may write it says what is not told",
	    "will not read '%s': %s", path, ours ? "others than its owner may write it" :
	    "it belongs to neither root nor the sensor's user");
	return false;
}

/* Who may write the folder puts another file into a file's place; not where the sticky bit
 * leaves everybody his own. */
static bool
folder_trusted(const char *path, struct fault *why)
{
	char name[RULE_PATH];
	struct stat st;
	const char *folder;

	(void)snprintf(name, sizeof(name), "%s", path);
	folder = dirname(name);
	if (stat(folder, &st) == -1)
		return fault_set(why, NULL, "cannot read '%s': %s", path,
		    strerror(errno)) == 0;
	if ((st.st_mode & S_ISVTX) != 0)
		st.st_mode &= ~(mode_t)(S_IWGRP | S_IWOTH);
	return trusted(folder, &st, why);
}

static char *
read_all(const char *path, bool guarded, size_t *len, struct fault *why)
{
	struct stat st;
	char *bytes = NULL;
	size_t have = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd == -1) {
		fault_set(why, NULL, "cannot read '%s': %s", path, strerror(errno));
		return NULL;
	}
	/* No fifo, no device: a rule file that never ends would hang the sensor. */
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX) {
		close(fd);
		fault_set(why, "name a regular file of at most 256 MiB",
		    "cannot read '%s': it is no plain file, or too large", path);
		return NULL;
	}
	if (guarded && (!trusted(path, &st, why) || !folder_trusted(path, why))) {
		close(fd);
		return NULL;
	}
	bytes = malloc((size_t)st.st_size + 1);
	while (bytes != NULL && have < (size_t)st.st_size) {
		ssize_t n = read(fd, bytes + have, (size_t)st.st_size - have);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	close(fd);
	if (bytes == NULL) {
		fault_set(why, NULL, "cannot read '%s': not enough memory", path);
		return NULL;
	}
	bytes[have] = '\0';
	*len = have;
	return bytes;
}

/* What could not be read is kept as well, with the reason: whoever compiles the pack says
 * the same as we do. */
static bool
provide(void *arg, const char *from, const char *path, struct span *out,
    struct fault *why)
{
	struct rule_files *f = arg;
	struct fault reason = { "", "" };
	char full[RULE_PATH], *bytes;
	enum pack_kind kind = PACK_NAMED;
	struct blob *b = NULL;
	size_t len;

	(void)rule_path(from, path, full);
	for (unsigned i = 0; i < f->blobs && b == NULL; i++)
		if ((f->blob[i].kind == PACK_NAMED || f->blob[i].kind == PACK_MISSING) &&
		    strcmp(f->blob[i].name, full) == 0)
			b = &f->blob[i];
	if (b == NULL) {
		bytes = read_all(full, f->guarded, &len, &reason);
		if (bytes == NULL) {
			int n = asprintf(&bytes, "%s\n%s", reason.what, reason.remedy);

			kind = PACK_MISSING;
			len = n < 0 ? 0 : (size_t)n;
			if (n < 0)
				bytes = NULL;
		}
		if (bytes == NULL || add_bytes(f, kind, full, bytes, len) == -1) {
			free(bytes);
			(void)fault_set(why, NULL, "cannot read '%s': not enough memory",
			    full);
			return false;
		}
		b = &f->blob[f->blobs - 1];
	}
	if (b->kind == PACK_MISSING) {
		int what = (int)strcspn(b->bytes, "\n");

		(void)fault_set(why, b->bytes + what + 1, "%.*s", what, b->bytes);
		return false;
	}
	*out = span_of(b->bytes, b->len);
	return true;
}

static int
write_all(void *arg, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = write(*(int *)arg, at, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int
rule_files_pack(const struct rule_files *f, struct fault *why)
{
	struct pack_entry *e = calloc(f->blobs + 1, sizeof(*e));
	int fd = memfd_create("earshot-rules", MFD_CLOEXEC | MFD_ALLOW_SEALING), rc = -1;

	if (e == NULL || fd == -1) {
		(void)fault_set(why, NULL, "cannot hand the rules over: %s",
		    strerror(e == NULL ? ENOMEM : errno));
		goto out;
	}
	for (unsigned i = 0; i < f->blobs; i++)
		e[i] = (struct pack_entry){ f->blob[i].kind, f->blob[i].name,
			span_of(f->blob[i].bytes, f->blob[i].len) };
	if (rule_pack_write(e, f->blobs, write_all, &fd, why) == -1)
		goto out;
	if (fcntl(fd, F_ADD_SEALS, RULE_SEALS) == -1)
		(void)fault_set(why, NULL, "cannot seal the rules: %s", strerror(errno));
	else
		rc = fd;
out:
	free(e);
	if (rc == -1 && fd != -1)
		close(fd);
	return rc;
}

static void
tell(void *arg, const struct diag *d)
{
	struct rule_files *f = arg;
	char text[4096];

	if (d->level == DIAG_ERROR)
		f->errors++;
	else if (!f->warnings)
		return;
	if (f->silent)
		return;
	(void)diag_print(d, text, sizeof(text));
	fputs(text, stderr);
}
