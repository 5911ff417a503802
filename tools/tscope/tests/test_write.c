// SPDX-License-Identifier: GPL-2.0
/* write.c: which files findings call for, what is in them, and that nothing else is changed */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "expect.h"
#include "write.h"

#define CHRONY_TEXT \
	"# Proposed by tscope doctor: chronyd reads the host's clock.\n" \
	"# Only if /dev/ptp_kvm is there, and comes at each boot: chronyd does not start\n" \
	"# without it. modprobe ptp_kvm, and modules-load-ptp_kvm.conf, provide it.\n" \
	"# It goes to /etc/chrony/conf.d/ptp_kvm.conf; then: systemctl restart chrony\n" \
	"# Keep NTP servers too: the guest can't see how wrong the host is.\n" \
	"refclock PHC /dev/ptp_kvm poll 3 dpoll -2 offset 0\n"
#define MODULES_TEXT \
	"# Proposed by tscope doctor: the host's clock is a device from boot on.\n" \
	"# It goes to /etc/modules-load.d/ptp_kvm.conf; for now: modprobe ptp_kvm\n" \
	"ptp_kvm\n"
#define UDEV_TEXT \
	"# Proposed by tscope doctor: /dev/ptp_kvm is the host's clock, whatever its number.\n" \
	"# It goes to /etc/udev/rules.d/70-ptp_kvm.rules; then: udevadm trigger -s ptp\n" \
	"# udev of newer systemd versions has this rule already.\n" \
	"SUBSYSTEM==\"ptp\", ATTR{clock_name}==\"KVM virtual PTP\", SYMLINK+=\"ptp_kvm\"\n"
/* The lines that remove a parameter with any value. */
#define REMOVED(key) \
	"GRUB_CMDLINE_LINUX=$(echo \" $GRUB_CMDLINE_LINUX \" | sed ':a; s/ " key "=[^ ]* / /; ta')\n" \
	"GRUB_CMDLINE_LINUX_DEFAULT=$(echo \" $GRUB_CMDLINE_LINUX_DEFAULT \" | sed ':a; s/ " key "=[^ ]* / /; ta')\n"

#define GRUB_HEAD \
	"# Proposed by tscope doctor: kernel parameters that choose the clocksource.\n" \
	"# It goes to /etc/default/grub.d/tscope.cfg; then: update-grub, and reboot\n"

static char dir[64], said[2048];
static struct observation o;
static struct finding findings[3];
static struct finding_list list = { findings, 0 };
static char *advice[3][2];

static void begin(void)
{
	set_text(dir, "/tmp/tscope-write.XXXXXX");
	EXPECT(mkdtemp(dir), "mkdtemp");
	strcat(dir, "/new");
	memset(&o, 0, sizeof(o));
	list.n = 0;
}

/* A finding with one or two lines of advice. */
static void found(const char *id, const char *title, const char *first, const char *second)
{
	struct finding *f = &findings[list.n];

	advice[list.n][0] = (char *)first;
	advice[list.n][1] = (char *)second;
	*f = (struct finding){ .id = id, .title = (char *)title };
	f->advice.lines = advice[list.n++];
	f->advice.n = !!first + !!second;
}

static int propose(void)
{
	FILE *out = fmemopen(said, sizeof(said), "w");
	int n;

	memset(said, 0, sizeof(said));
	n = write_proposals(dir, &o, &list, out);
	fclose(out);
	return n;
}

static void expect_file(const char *name, const char *want)
{
	char path[128], text[2048];
	struct stat st;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "r");
	if (!want) {
		EXPECT(!file, "%s is there", name);
		if (file)
			fclose(file);
		return;
	}
	EXPECT(file, "%s is not there", name);
	if (!file)
		return;
	text[fread(text, 1, sizeof(text) - 1, file)] = 0;
	EXPECT_TEXT(text, want);
	EXPECT(!fstat(fileno(file), &st), "fstat");
	EXPECT_EQ(st.st_mode & 0133, 0, "a plain file that only root may change");
	fclose(file);
}

static int count_files(void)
{
	DIR *d = opendir(dir);
	int n = 0;

	if (!d)
		return -1;
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void end(void)
{
	char command[128];

	*strrchr(dir, '/') = 0;
	snprintf(command, sizeof(command), "rm -r %s", dir);
	EXPECT(!system(command), "%s", command);
}

static void test_nothing(void)
{
	begin();
	found("clock-warped", "", "use another clocksource", NULL);
	EXPECT_EQ(propose(), 0, "files");
	EXPECT_TEXT(said, "No finding calls for a file: nothing was written.\n");
	EXPECT_EQ(count_files(), -1, "the directory was made");
	end();
}

static void test_chrony(void)
{
	char want[512];

	begin();
	found("time-service", "", "put \"refclock PHC /dev/ptp_kvm\" into ...",
	      "put the line \"ptp_kvm\" into /etc/modules-load.d/ptp_kvm.conf");
	EXPECT_EQ(propose(), 3, "files");
	snprintf(want, sizeof(want), "written: %s/chrony-ptp_kvm.conf\n"
		 "written: %s/modules-load-ptp_kvm.conf\nwritten: %s/70-ptp_kvm.rules\n",
		 dir, dir, dir);
	EXPECT_TEXT(said, want);
	EXPECT_EQ(count_files(), 3, "files");
	expect_file("chrony-ptp_kvm.conf", CHRONY_TEXT);
	expect_file("modules-load-ptp_kvm.conf", MODULES_TEXT);
	expect_file("70-ptp_kvm.rules", UDEV_TEXT);
	end();

	/* the driver is loaded already */
	begin();
	found("time-service", "", "put \"refclock PHC /dev/ptp_kvm\" into ...", NULL);
	EXPECT_EQ(propose(), 2, "files");
	expect_file("modules-load-ptp_kvm.conf", NULL);
	end();
}

/* A file that is there is not overwritten, and then nothing is written at all. */
static void test_overwrite(void)
{
	char path[128];
	FILE *mine;

	begin();
	EXPECT(!mkdir(dir, 0755), "mkdir");
	snprintf(path, sizeof(path), "%s/70-ptp_kvm.rules", dir);
	mine = fopen(path, "w");
	fputs("mine\n", mine);
	fclose(mine);
	found("time-service", "", "put \"refclock PHC /dev/ptp_kvm\" into ...", NULL);
	EXPECT_EQ(propose(), -EEXIST, "status");
	EXPECT_TEXT(said, "");
	EXPECT_EQ(count_files(), 1, "files");
	expect_file("70-ptp_kvm.rules", "mine\n");
	/* a link that leads nowhere is not followed */
	unlink(path);
	EXPECT(!symlink("/tmp/tscope-write-elsewhere", path), "symlink");
	EXPECT_EQ(propose(), -EEXIST, "link");
	EXPECT(access("/tmp/tscope-write-elsewhere", F_OK), "written through a link");
	unlink(path);
	/* twice */
	EXPECT_EQ(propose(), 2, "first");
	EXPECT_EQ(propose(), -EEXIST, "second");
	end();
}

static void test_no_directory(void)
{
	char name[64];

	begin();
	found("time-service", "", "put \"refclock PHC /dev/ptp_kvm\" into ...", NULL);
	set_text(name, dir);
	strcat(dir, "/below");
	EXPECT_EQ(propose(), -ENOENT, "its parent is not there");
	set_text(dir, "/proc/self/status");
	EXPECT_EQ(propose(), -ENOTDIR, "a file");
	set_text(dir, name);
	end();
}

/* Run the proposed file on parameters, as update-grub would, and compare the result. */
static void expect_grub(const char *before, const char *want)
{
	char command[512], got[512] = "";
	FILE *sh;

	snprintf(command, sizeof(command),
		 "GRUB_CMDLINE_LINUX='%s'; GRUB_CMDLINE_LINUX_DEFAULT='quiet %s'; . %s/grub-tscope.cfg; echo $GRUB_CMDLINE_LINUX / $GRUB_CMDLINE_LINUX_DEFAULT",
		 before, before, dir);
	sh = popen(command, "r");
	EXPECT(sh && fgets(got, sizeof(got), sh), "sh");
	EXPECT_EQ(pclose(sh), 0, "sh");
	EXPECT_TEXT(got, want);
}

static void test_grub_removal(void)
{
	begin();
	set_text(o.system.clocksource, "acpi_pm");
	set_text(o.system.cmdline, "ro clocksource=acpi_pm notsc tsc=nowatchdog");
	found("clocksource", "", "remove clocksource=acpi_pm from /etc/default/grub or",
	      "remove notsc from /etc/default/grub or");
	EXPECT_EQ(propose(), 1, "files");
	expect_file("grub-tscope.cfg", GRUB_HEAD
		    "GRUB_CMDLINE_LINUX=$(echo \" $GRUB_CMDLINE_LINUX \" | sed ':a; s/ clocksource=acpi_pm / /; ta')\n"
		    "GRUB_CMDLINE_LINUX_DEFAULT=$(echo \" $GRUB_CMDLINE_LINUX_DEFAULT \" | sed ':a; s/ clocksource=acpi_pm / /; ta')\n"
		    "GRUB_CMDLINE_LINUX=$(echo \" $GRUB_CMDLINE_LINUX \" | sed ':a; s/ notsc / /; ta')\n"
		    "GRUB_CMDLINE_LINUX_DEFAULT=$(echo \" $GRUB_CMDLINE_LINUX_DEFAULT \" | sed ':a; s/ notsc / /; ta')\n");
	expect_grub("clocksource=acpi_pm", "/ quiet\n");
	expect_grub("a notsc clocksource=acpi_pmx clocksource=acpi_pm clocksource=acpi_pm b",
		    "a clocksource=acpi_pmx b / quiet a clocksource=acpi_pmx b\n");
	end();
}

/* Words of the command line must not become commands in a script that root runs. */
static void test_grub_hostile(void)
{
	begin();
	found("clocksource", "", "remove clocksource=$(reboot) from /etc/default/grub or", NULL);
	EXPECT_EQ(propose(), 0, "files");
	end();
}

static void test_grub_addition(void)
{
	begin();
	set_text(o.system.clocksource, "tsc");
	set_text(o.system.clocksources, "tsc kvm-clock hpet");
	found("tsc-offset", "", "kvm-clock is off as well", NULL);
	EXPECT_EQ(propose(), 0, "files");
	list.n = 0;
	found("tsc-offset", "", ADVICE_TIME_PAGE, NULL);
	EXPECT_EQ(propose(), 1, "files");
	expect_grub("ro", "ro clocksource=kvm-clock / quiet ro\n");
	end();

	begin();
	set_text(o.system.clocksource, "tsc");
	set_text(o.system.clocksources, "tsc hpet");
	found("tsc-moving", "", ADVICE_TIME_PAGE, NULL);
	found("tsc-frequency", "", "boot with tsc_early_khz=2400204, or remove it", NULL);
	EXPECT_EQ(propose(), 1, "files");
	expect_file("grub-tscope.cfg", GRUB_HEAD
		    REMOVED("tsc") "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX tsc=unstable\"\n"
		    REMOVED("tsc_early_khz")
		    "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX tsc_early_khz=2400204\"\n");
	/* the kernel takes the last value, and DEFAULT comes last */
	expect_grub("tsc=reliable tsc_early_khz=2000000 ro",
		    "ro tsc=unstable tsc_early_khz=2400204 / quiet ro\n");
	end();

	/* programs do not use the TSC */
	begin();
	set_text(o.system.clocksource, "kvm-clock");
	found("tsc-offset", "", ADVICE_TIME_PAGE, NULL);
	EXPECT_EQ(propose(), 0, "files");
	end();
}

static const char linux_clock[] =
	"<!-- Proposed by tscope doctor: timers for a guest of Linux.\n"
	"     On the host: virsh edit DOMAIN, and put these timers into its <clock>. Keep what\n"
	"     doctor does not name, such as the offset and a timer tsc. -->\n"
	"<clock offset='utc'>\n"
	"  <timer name='rtc' tickpolicy='catchup'/>\n"
	"  <timer name='pit' tickpolicy='delay'/>\n"
	"  <timer name='hpet' present='no'/>\n"
	"  <timer name='kvmclock' present='yes'/>\n"
	"</clock>\n";

static void test_libvirt(void)
{
	begin();
	found("timer-policy", "Timers of domain a do not suit a Windows guest", NULL, NULL);
	EXPECT_EQ(propose(), 1, "files");
	expect_file("libvirt-clock.xml",
		    "<!-- Proposed by tscope doctor: timers for a guest of Windows.\n"
		    "     On the host: virsh edit DOMAIN, and put these timers into its <clock>. Keep what\n"
		    "     doctor does not name, such as the offset and a timer tsc. -->\n"
		    "<clock offset='localtime'>\n"
		    "  <timer name='rtc' tickpolicy='catchup'/>\n"
		    "  <timer name='pit' tickpolicy='delay'/>\n"
		    "  <timer name='hpet' present='no'/>\n"
		    "  <timer name='hypervclock' present='yes'/>\n"
		    "</clock>\n");
	end();
	/* Linux in a domain of another name */
	begin();
	found("timer-policy", "Timers of domain a Windows guest do not suit a Linux guest", NULL,
	      NULL);
	EXPECT_EQ(propose(), 1, "files");
	expect_file("libvirt-clock.xml", linux_clock);
	end();
	begin();
	found("clocksource", "", "in libvirt: <timer name='kvmclock' present='yes'/>", NULL);
	EXPECT_EQ(propose(), 1, "files");
	expect_file("libvirt-clock.xml", linux_clock);
	end();
}

/* The files are chosen by the advice of the rules: it must still have the texts looked for. */
static void test_with_rules(void)
{
	struct finding_list judged;
	FILE *out = fmemopen(said, sizeof(said), "w");

	begin();
	set_text(o.system.hypervisor, "KVM");
	set_text(o.system.clocksource, "acpi_pm");
	set_text(o.system.clocksources, "acpi_pm");
	set_text(o.system.cmdline, "clocksource=acpi_pm");
	findings_of(&o, &judged);
	EXPECT_EQ(write_proposals(dir, &o, &judged, out), 5, "files");
	fclose(out);
	expect_file("chrony-ptp_kvm.conf", CHRONY_TEXT);
	expect_file("modules-load-ptp_kvm.conf", MODULES_TEXT);
	expect_file("70-ptp_kvm.rules", UDEV_TEXT);
	EXPECT_EQ(count_files(), 5, "files");
	expect_grub("clocksource=acpi_pm ro", "ro / quiet ro\n");
	findings_free(&judged);
	end();
}

static const struct tap_test tests[] = {
	{ "write: nothing", test_nothing },
	{ "write: chrony, ptp_kvm", test_chrony },
	{ "write: nothing is overwritten", test_overwrite },
	{ "write: no directory", test_no_directory },
	{ "write: parameters that are removed", test_grub_removal },
	{ "write: a parameter that is no plain word", test_grub_hostile },
	{ "write: parameters that are added", test_grub_addition },
	{ "write: libvirt's clock", test_libvirt },
	{ "write: what the rules advise", test_with_rules },
};

TAP_MAIN(tests)
