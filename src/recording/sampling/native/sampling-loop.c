/*
 * The sampler's inner loop: sleeps until a sample is due, reads RSS of every process, appends the
 * line, and sleeps again, as sampler-loop.ts does, for as long as there is nothing else to do. At
 * ten samples a second the processor's caches no longer hold a JavaScript engine; this loop needs
 * little of them.
 *
 * It takes only plain samples. It returns before a sample that is not plain, and the caller,
 * native-loop.ts, leaves that sample to JavaScript. A sample is not plain if a process was started
 * somewhere, one of ours cannot be read or has lost half of its memory, as by an exec, the bell was
 * rung, or rarer work is due. All values are doubles, so that both sides see one array; their order
 * is that of struct-layout.ts.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST_SMALL_FILE = 192, LONGEST_STATUS = 4096, LONGEST_TIME = 24, LONGEST_READING = 30 };

/* Input and output of a call. Times are Unix times in ms, as everywhere in the recording. */
struct plan {
  double clock_offset;               /* Unix time minus CLOCK_MONOTONIC */
  double start, interval, planned;   /* a sample is due at start + planned * interval */
  double until;                      /* the first sample due from then on is not ours */
  double bell;                       /* eventfd that ends the sleep */
  double loadavg, newest_pid;        /* descriptor of /proc/loadavg, -1: none is read; the last number in it */
  double log, flushed, delay;        /* descriptor of the samples, -1: none are written; when they were written; how long they may wait */
  double limit_pages;                /* a sample above it is the last one */
  double rising, moving, idle;       /* how far apart statuses are read, see StatusIntervals */
  double processes, capacity;        /* how many of each */
  double samples, written, pending;  /* taken; bytes in the file; bytes that wait in `lines` */
};

struct process {
  double pid, statm, status;         /* the last two are descriptors */
  double pages;                      /* of the newest sample */
  double status_time, status_pages;  /* when its status was read last, and RSS then */
  double peak_pages;                 /* the highest RSS that is known */
  double newest_length;              /* of the status that was read last */
  double highest_length, highest_pages, highest_time; /* of the one with the highest RSS since we were called */
  double top_pages, top_time;        /* the highest sample of all, and when it was taken */
};

static double now(const struct plan *plan) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6 + plan->clock_offset;
}

/* Returns true when the bell was rung. */
static int sleep_until(const struct plan *plan, double due) {
  struct pollfd bell = {.fd = (int)plan->bell, .events = POLLIN};
  for (double left = due - now(plan); left > 0; left = due - now(plan)) {
    struct timespec time = {.tv_sec = (time_t)(left / 1e3)};
    time.tv_nsec = (long)((left - time.tv_sec * 1e3) * 1e6);
    if (ppoll(&bell, 1, &time, NULL) <= 0) continue;
    uint64_t rings;
    if (read(bell.fd, &rings, sizeof rings) >= 0) return 1;
  }
  return 0;
}

static int is_digit(char byte) { return byte >= '0' && byte <= '9'; }

/* Returns whether the newest pid, last in `0.20 0.18 0.12 1/80 11206`, has changed. */
static int has_news(const struct plan *plan) {
  if (plan->loadavg < 0) return 0;
  char line[LONGEST_SMALL_FILE];
  ssize_t length = pread((int)plan->loadavg, line, sizeof line, 0);
  double pid = 0, place = 1;
  for (ssize_t at = length - 2; at >= 0 && is_digit(line[at]); at--, place *= 10) pid += (line[at] - '0') * place;
  return pid != plan->newest_pid;
}

/* Reads RSS from `size resident shared ...` in pages; 0 for a zombie or an unreadable file. */
static double read_pages(const struct process *process) {
  char line[LONGEST_SMALL_FILE];
  ssize_t length = pread((int)process->statm, line, sizeof line, 0);
  ssize_t at = 0;
  while (at < length && line[at] != ' ') at++;
  double pages = 0;
  for (at++; at < length && is_digit(line[at]); at++) pages = pages * 10 + (line[at] - '0');
  return pages;
}

/* Reads peak and parts as text, parsed only when needed. `texts` holds the newest and the highest. */
static void read_status(const struct plan *plan, struct process *process, char *texts, double time) {
  int is_rising = process->pages > process->peak_pages;
  double apart = is_rising ? plan->rising : process->pages == process->status_pages ? plan->idle : plan->moving;
  if (time - process->status_time < apart) return;
  process->status_time = time;
  process->status_pages = process->pages;
  ssize_t length = pread((int)process->status, texts, LONGEST_STATUS, 0);
  if (length <= 0) return;
  process->newest_length = length;
  if (is_rising) process->peak_pages = process->pages;
  if (process->pages <= process->highest_pages) return;
  memcpy(texts + LONGEST_STATUS, texts, length);
  process->highest_length = length;
  process->highest_pages = process->pages;
  process->highest_time = time;
}

static char *put_number(char *at, int64_t value) {
  char digits[20];
  int count = 0;
  do digits[count++] = '0' + value % 10;
  while ((value /= 10) > 0);
  while (count > 0) *at++ = digits[--count];
  return at;
}

/* Writes the lines. On a short write, returns false, seeks back and keeps all in `pending`. */
static int flush(struct plan *plan, const char *lines) {
  ssize_t written = write((int)plan->log, lines, (size_t)plan->pending);
  if (written != (ssize_t)plan->pending) {
    if (written > 0) lseek((int)plan->log, -written, SEEK_CUR);
    return 0;
  }
  plan->written += written;
  plan->pending = 0;
  return 1;
}

/*
 * Appends `[1795477241411.59,4127,104857600]` and a newline, in hundredths of a ms and bytes, as
 * sample-log.ts does.
 */
static int append(struct plan *plan, const struct process *processes, char *lines, double time, double page_bytes) {
  char *at = lines + (size_t)plan->pending;
  int64_t hundredths = (int64_t)(time * 100 + 0.5);
  *at++ = '[';
  at = put_number(at, hundredths / 100);
  *at++ = '.';
  *at++ = '0' + hundredths / 10 % 10;
  *at++ = '0' + hundredths % 10;
  for (int i = 0; i < plan->processes; i++) {
    *at++ = ',';
    at = put_number(at, (int64_t)processes[i].pid);
    *at++ = ',';
    at = put_number(at, (int64_t)(processes[i].pages * page_bytes));
  }
  *at++ = ']';
  *at++ = '\n';
  plan->pending = at - lines;
  if (time - plan->flushed < plan->delay) return 1;
  plan->flushed = time;
  return flush(plan, lines);
}

/*
 * Takes samples until there is something else to do. `times` and `sums` (of pages) get one value
 * each; `lines` has room for `room` bytes, `texts` for two files a process.
 */
void tidemark_sample(struct plan *plan, struct process *processes, char *texts, double *times, double *sums, char *lines,
                     int room, int page_bytes) {
  int count = (int)plan->processes;
  while (plan->samples < plan->capacity) {
    double due = plan->start + plan->planned * plan->interval;
    if (sleep_until(plan, due) || due >= plan->until || has_news(plan)) return;
    if (plan->log >= 0 && plan->pending + LONGEST_TIME + count * LONGEST_READING > room) return;
    double time = now(plan);
    double pages[count], sum = 0;
    for (int i = 0; i < count; i++) {
      pages[i] = read_pages(&processes[i]);
      if (pages[i] == 0 || pages[i] * 2 < processes[i].pages) return;
      sum += pages[i];
    }
    for (int i = 0; i < count; i++) {
      processes[i].pages = pages[i];
      if (pages[i] > processes[i].top_pages) {
        processes[i].top_pages = pages[i];
        processes[i].top_time = time;
      }
      read_status(plan, &processes[i], texts + 2 * i * LONGEST_STATUS, time);
    }
    int sample = (int)plan->samples++;
    times[sample] = time;
    sums[sample] = sum;
    double passed = (int64_t)((time - plan->start) / plan->interval) + 1;
    plan->planned = passed > plan->planned + 1 ? passed : plan->planned + 1;
    if (plan->log >= 0 && !append(plan, processes, lines, time, page_bytes)) return;
    if (sum > plan->limit_pages) return;
  }
}
