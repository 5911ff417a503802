// SPDX-License-Identifier: GPL-2.0
/* write.c: writes the files that doctor proposes, if a finding's advice calls for them */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "domain_xml.h"
#include "replace.h"
#include "write.h"

/* A proposal; no text: no finding calls for it. */
struct proposal {
	const char *name;
	char *text;
};

enum {
	CHRONY, MODULES_LOAD, UDEV, GRUB, LIBVIRT, PROPOSALS
};

static const struct finding *finding_of(const struct finding_list *list, const char *id)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (!strcmp(list->findings[i].id, id))
			return &list->findings[i];
	}
	return NULL;
}

/* Where @text begins in the advice of finding @id, or NULL. */
static const char *advice_of(const struct finding_list *list, const char *id, const char *text)
{
	const struct finding *f = finding_of(list, id);
	const char *found;
	size_t i;

	for (i = 0; f && i < f->advice.n; i++) {
		found = strstr(f->advice.lines[i], text);
		if (found)
			return found;
	}
	return NULL;
}

static char *chrony(const struct finding_list *list)
{
	if (!advice_of(list, "time-service", "refclock PHC"))
		return NULL;
	return strdup("# Proposed by tscope doctor: chronyd reads the host's clock.\n"
		      "# Only if /dev/ptp_kvm is there, and comes at each boot: chronyd does not start\n"
		      "# without it. modprobe ptp_kvm, and modules-load-ptp_kvm.conf, provide it.\n"
		      "# It goes to /etc/chrony/conf.d/ptp_kvm.conf; then: systemctl restart chrony\n"
		      "# Keep NTP servers too: the guest can't see how wrong the host is.\n"
		      "refclock PHC /dev/ptp_kvm poll 3 dpoll -2 offset 0\n");
}

static char *modules_load(const struct finding_list *list)
{
	if (!advice_of(list, "time-service", "modules-load.d"))
		return NULL;
	return strdup("# Proposed by tscope doctor: the host's clock is a device from boot on.\n"
		      "# It goes to /etc/modules-load.d/ptp_kvm.conf; for now: modprobe ptp_kvm\n"
		      "ptp_kvm\n");
}

static char *udev(const struct finding_list *list)
{
	if (!advice_of(list, "time-service", "refclock PHC"))
		return NULL;
	return strdup("# Proposed by tscope doctor: /dev/ptp_kvm is the host's clock, whatever its number.\n"
		      "# It goes to /etc/udev/rules.d/70-ptp_kvm.rules; then: udevadm trigger -s ptp\n"
		      "# udev of newer systemd versions has this rule already.\n"
		      "SUBSYSTEM==\"ptp\", ATTR{clock_name}==\"KVM virtual PTP\", SYMLINK+=\"ptp_kvm\"\n");
}

/* Whether a word needs no quotes in a shell and in sed. */
static bool is_plain(const char *word)
{
	for (; *word; word++) {
		if (!isalnum((unsigned char)*word) && !strchr("_=-", *word))
			return false;
	}
	return true;
}

static void print_removal(FILE *text, const char *pattern)
{
	fprintf(text, "GRUB_CMDLINE_LINUX=$(echo \" $GRUB_CMDLINE_LINUX \" | sed ':a; s/ %s / /; ta')\n"
		      "GRUB_CMDLINE_LINUX_DEFAULT=$(echo \" $GRUB_CMDLINE_LINUX_DEFAULT \" | sed ':a; s/ %s / /; ta')\n",
		pattern, pattern);
}

/* Write how to remove the parameters of advice such as "remove notsc from /etc/default/grub or". */
static void print_removals(FILE *text, const struct finding *f)
{
	char word[256];
	size_t i;

	for (i = 0; i < f->advice.n; i++) {
		if (sscanf(f->advice.lines[i], "remove %255s from /etc/default/grub", word) == 1 &&
		    is_plain(word))
			print_removal(text, word);
	}
}

/* The kernel uses the last value of a parameter, which GRUB_CMDLINE_LINUX_DEFAULT may have. */
static void print_addition(FILE *text, const char *parameter, int length)
{
	char pattern[64];

	snprintf(pattern, sizeof(pattern), "%.*s=[^ ]*", (int)strcspn(parameter, "="), parameter);
	print_removal(text, pattern);
	fprintf(text, "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX %.*s\"\n", length, parameter);
}

/* Parameters that replace a TSC that is not in step as the clocksource, and that set the kHz. */
static char *grub(const struct observation *o, const struct finding_list *list)
{
	const struct system_facts *s = &o->system;
	const char *khz = advice_of(list, "tsc-frequency", "tsc_early_khz=");
	/* not if the time page is off as well */
	bool apart = !strcmp(s->clocksource, "tsc") &&
		     (advice_of(list, "tsc-offset", ADVICE_TIME_PAGE) ||
		      advice_of(list, "tsc-moving", ADVICE_TIME_PAGE));
	size_t size, head;
	char *data = NULL;
	FILE *text = open_memstream(&data, &size);

	if (!text)
		return NULL;
	fprintf(text, "# Proposed by tscope doctor: kernel parameters that choose the clocksource.\n"
		      "# It goes to /etc/default/grub.d/tscope.cfg; then: update-grub, and reboot\n");
	fflush(text);
	head = size;
	if (finding_of(list, "clocksource"))
		print_removals(text, finding_of(list, "clocksource"));
	if (apart && system_has_word(s->clocksources, "kvm-clock"))
		print_addition(text, "clocksource=kvm-clock", 21);
	else if (apart)
		print_addition(text, "tsc=unstable", 12);
	if (khz)
		print_addition(text, khz, 14 + strspn(khz + 14, "0123456789"));
	fclose(text);
	if (size == head) {
		free(data);
		return NULL;
	}
	return data;
}

static char *libvirt(const struct finding_list *list)
{
	static const char head[] =
		"<!-- Proposed by tscope doctor: timers for a guest of %s.\n"
		"     On the host: virsh edit DOMAIN, and put these timers into its <clock>. Keep what\n"
		"     doctor does not name, such as the offset and a timer tsc. -->\n"
		"<clock offset='%s'>\n"
		"  <timer name='rtc' tickpolicy='catchup'/>\n"
		"  <timer name='pit' tickpolicy='delay'/>\n"
		"  <timer name='hpet' present='no'/>\n"
		"  <timer name='%s' present='yes'/>\n"
		"</clock>\n";
	const struct finding *f = finding_of(list, "timer-policy");
	char *text = NULL;
	bool windows;
	size_t len;

	if (!f && !advice_of(list, "clocksource", "<timer name='kvmclock'"))
		return NULL;
	/* the title also has the domain's name, which may be any */
	len = f ? strlen(f->title) : 0;
	windows = len > 15 && !strcmp(f->title + len - 15, "a Windows guest");
	if (asprintf(&text, head, windows ? "Windows" : "Linux", windows ? "localtime" : "utc",
		     windows ? "hypervclock" : "kvmclock") < 0)
		return NULL;
	return text;
}

static int fail(const char *dir, const char *name, int error)
{
	const char *kept = error == EEXIST ? ", and is not overwritten; nothing was written" : "";

	fprintf(stderr, "tscope doctor: %s%s%s: %s%s\n", dir, name ? "/" : "", name ? name : "",
		strerror(error), kept);
	return -error;
}

/* Return: 0, or a negative errno. */
static int write_one(int dir, const struct proposal *p)
{
	int fd = openat(dir, p->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	size_t done = 0, size = strlen(p->text);
	int error = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while (done < size && !error) {
		n = write(fd, p->text + done, size - done);
		if (n >= 0)
			done += n;
		else if (errno != EINTR)
			error = -errno;
	}
	if (close(fd) && !error)
		error = -errno;
	if (error)
		unlinkat(dir, p->name, 0);
	return error;
}

/* Return: how many were written, or a negative errno after a message. */
static int write_all(int dir, const char *path, const struct proposal *proposals, FILE *out)
{
	struct stat there;
	int i, n = 0, error;

	for (i = 0; i < PROPOSALS; i++) {
		if (proposals[i].text &&
		    !fstatat(dir, proposals[i].name, &there, AT_SYMLINK_NOFOLLOW))
			return fail(path, proposals[i].name, EEXIST);
	}
	for (i = 0; i < PROPOSALS; i++) {
		if (!proposals[i].text)
			continue;
		error = write_one(dir, &proposals[i]);
		if (error)
			return fail(path, proposals[i].name, -error);
		fprintf(out, "written: %s/%s\n", path, proposals[i].name);
		n++;
	}
	return n;
}

int write_check(const char *dir)
{
	struct stat st;
	int error;

	if (stat(dir, &st))
		error = errno == ENOENT ? -output_check(dir, true) : errno;
	else
		error = !S_ISDIR(st.st_mode) ? ENOTDIR : access(dir, W_OK | X_OK) ? errno : 0;
	return error ? fail(dir, NULL, error) : 0;
}

int write_proposals(const char *dir, const struct observation *o, const struct finding_list *list,
		    FILE *out)
{
	struct proposal proposals[PROPOSALS] = {
		[CHRONY] = { "chrony-ptp_kvm.conf", chrony(list) },
		[MODULES_LOAD] = { "modules-load-ptp_kvm.conf", modules_load(list) },
		[UDEV] = { "70-ptp_kvm.rules", udev(list) },
		[GRUB] = { "grub-tscope.cfg", grub(o, list) },
		[LIBVIRT] = { "libvirt-clock.xml", libvirt(list) },
	};
	int i, n = 0, fd;

	for (i = 0; i < PROPOSALS; i++)
		n += !!proposals[i].text;
	if (!n) {
		fprintf(out, "No finding calls for a file: nothing was written.\n");
		return 0;
	}
	if (mkdir(dir, 0755) && errno != EEXIST) {
		n = fail(dir, NULL, errno);
	} else {
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		n = fd < 0 ? fail(dir, NULL, errno) : write_all(fd, dir, proposals, out);
		if (fd >= 0)
			close(fd);
	}
	for (i = 0; i < PROPOSALS; i++)
		free(proposals[i].text);
	return n;
}
