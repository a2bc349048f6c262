/* Debian's crontab parser and daemon loop on a virtual clock.
 *
 * Build it beside the source of Debian's cron, with its patches applied:
 *   gcc -w -std=gnu89 -fcommon -Wl,--allow-multiple-definition -DDEBUGGING=0 -DPOSIX -DLINUX -DSYSV
 *       -DHAVE_SAVED_UIDS -I. debian.c entry.c env.c misc.c -o debian-cron
 * Run it: TZ=America/New_York debian-cron "30 2 * * *" FROM TO (seconds since 1970).
 * It prints the minutes at which the job runs, or "refused".
 */
#include <setjmp.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static long now, until;
static jmp_buf over;
static int queued;

static long virtual_time(long *to) {
  if (now >= until) longjmp(over, 1);
  if (to) *to = now;
  return now;
}

static unsigned virtual_sleep(unsigned seconds) {
  now += seconds;
  if (now >= until) longjmp(over, 1);
  return 0;
}

#define main daemon_main
#define time(to) virtual_time(to)
#define sleep(seconds) virtual_sleep(seconds)
#include "cron.c"
#undef main

static user owner;
static entry *job;

void load_database(cron_db *database) {
  owner.crontab = job;
  database->head = database->tail = &owner;
}

void job_add(entry *e, user *u) { queued = 1; }

int job_runqueue(void) {
  int ran = queued;
  if (ran) printf("%ld\n", now / 60 * 60);
  queued = 0;
  return ran;
}

void check_orphans(cron_db *database) {}
void acquire_daemonlock(int closing) {}
void set_cron_uid(void) {}
void set_cron_cwd(void) {}
void log_it(char *user, int pid, char *event, char *detail) {}
void log_close(void) {}

static void complain(const char *what) {}

int main(int count, char **arguments) {
  char *options[] = {"cron", "-f", NULL};
  struct passwd someone = {.pw_name = "someone", .pw_dir = "/"};
  FILE *file = tmpfile();
  fprintf(file, "%s true\n", arguments[1]);
  rewind(file);
  job = load_entry(file, complain, &someone, env_init());
  if (!job) {
    printf("refused\n");
    return 1;
  }
  if (count < 4) return 0;
  now = atol(arguments[2]);
  until = atol(arguments[3]);
  stay_foreground = 1;
  if (!setjmp(over)) daemon_main(2, options);
  return 0;
}
