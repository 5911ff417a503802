/* SPDX-License-Identifier: GPL-2.0 */
/* commands.h: the subcommands; each returns the exit status */
#ifndef TSCOPE_COMMANDS_H
#define TSCOPE_COMMANDS_H

enum status {
	STATUS_GOOD = 0,	/* nothing was found, or only findings of the kind info */
	STATUS_FOUND = 1,	/* a fault or a warning was found */
	STATUS_USAGE = 2,
	STATUS_NO_FIGURE = 4,	/* no figure was available */
};

/* argv[0] is "tscope NAME", for messages. */
int cmd_report(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_plot(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_events(int argc, char **argv);
int cmd_pairs(int argc, char **argv);
int cmd_hist(int argc, char **argv);
int cmd_stability(int argc, char **argv);
int cmd_wait(int argc, char **argv);
int cmd_metrics(int argc, char **argv);

#endif /* TSCOPE_COMMANDS_H */
