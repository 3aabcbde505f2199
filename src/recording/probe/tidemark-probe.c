/*
 * The probe of `--probe`, preloaded into a program whose memory is judged. It reports what the
 * allocator holds and, on request, has the allocator return its free pages. The recorder itself
 * measures the effect in RSS.
 *
 * It must not be noticed. Its one thread sleeps in accept() with every signal blocked and never
 * allocates, because a block of its own would make an arena of its own. It prints nothing and leaves
 * no file: the socket has an abstract name. A forked child drops the socket and has no thread. The
 * library is removed from the environment of programs that the judged one starts.
 *
 * TIDEMARK_PROBE is `TOKEN:PID:PATH`: the name of the socket, the process to probe (dashes until the
 * first one has put its own pid there, which an exec keeps), and this library. With
 * TIDEMARK_PROBE_ROLE, an extended regular expression for the command line, the probe is in all
 * processes that match, anywhere in the tree; an empty one matches all.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Present with such an allocator; a missing one is null and not an error of the loader. */
extern int mallctl(const char *, void *, size_t *, void *, size_t) __attribute__((weak));
extern void mi_collect(_Bool) __attribute__((weak));
extern void MallocExtension_ReleaseFreeMemory(void) __attribute__((weak));
extern int malloc_trim(size_t) __attribute__((weak));
#ifdef __GLIBC__
extern struct mallinfo2 mallinfo2(void) __attribute__((weak));
#endif

enum { PID_WIDTH = 10, LONGEST_ANSWER = 512, STACK_BYTES = 128 * 1024, FIRST_DESCRIPTOR = 700, WAIT_S = 2 };

static int listener = -1;
static struct sockaddr_un own_name;

static const char *allocator(void) {
  if (mallctl) return "jemalloc";
  if (mi_collect) return "mimalloc";
  if (MallocExtension_ReleaseFreeMemory) return "tcmalloc";
  return malloc_trim ? "glibc" : "unknown";
}

static int facts(char *answer) {
#ifdef __GLIBC__
  if (mallinfo2 && strcmp(allocator(), "glibc") == 0) {
    struct mallinfo2 info = mallinfo2();
    return snprintf(answer, LONGEST_ANSWER,
      "{\"allocator\":\"glibc\",\"arenaBytes\":%zu,\"mappedBytes\":%zu,\"usedBytes\":%zu,\"freeBytes\":%zu}\n",
      info.arena, info.hblkhd, info.uordblks + info.hblkhd, info.fordblks);
  }
#endif
  return snprintf(answer, LONGEST_ANSWER, "{\"allocator\":\"%s\"}\n", allocator());
}

/* Only a thread itself can return its own caches; mimalloc has nothing else. */
static int purge(char *answer) {
  struct timespec from, to;
  int done = 1;
  clock_gettime(CLOCK_MONOTONIC, &from);
  if (mallctl) done = mallctl("arena.4096.purge", NULL, NULL, NULL, 0) == 0; /* MALLCTL_ARENAS_ALL */
  else if (mi_collect) done = 0;
  else if (MallocExtension_ReleaseFreeMemory) MallocExtension_ReleaseFreeMemory();
  else if (malloc_trim) malloc_trim(0);
  else done = 0;
  clock_gettime(CLOCK_MONOTONIC, &to);
  double ms = (to.tv_sec - from.tv_sec) * 1e3 + (to.tv_nsec - from.tv_nsec) / 1e6;
  long whole_us = (long)(ms * 1e3); /* no decimal point, because it depends on the locale */
  return snprintf(answer, LONGEST_ANSWER, "{\"allocator\":\"%s\",\"purged\":%s,\"purgeUs\":%ld}\n", allocator(),
    done ? "true" : "false", whole_us);
}

/* Checks that the peer is the recorder's user, or root. */
static int may_ask(int client) {
  struct ucred peer;
  socklen_t length = sizeof peer;
  if (getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return 0;
  return peer.uid == geteuid() || peer.uid == 0;
}

static void answer(int client) {
  struct timeval wait = { .tv_sec = WAIT_S };
  char asked[16] = "", answer[LONGEST_ANSWER];
  if (!may_ask(client)) return;
  setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  if (recv(client, asked, sizeof asked - 1, 0) <= 0) return;
  int length = 0;
  if (strcmp(asked, "facts\n") == 0) length = facts(answer);
  if (strcmp(asked, "purge\n") == 0) length = purge(answer);
  if (length > 0 && length < LONGEST_ANSWER) send(client, answer, length, MSG_NOSIGNAL);
}

/* A program that closes every descriptor may have opened its own file under our number. */
static int is_ours(int descriptor) {
  struct sockaddr_un name;
  socklen_t length = sizeof name;
  if (getsockname(descriptor, (struct sockaddr *)&name, &length) != 0) return 0;
  return length == sizeof own_name && memcmp(&name, &own_name, length) == 0;
}

static void *serve(void *unused) {
  (void)unused;
  int descriptor = listener;
  while (is_ours(descriptor)) {
    int client = accept4(descriptor, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0) continue;
    answer(client);
    close(client);
  }
  return NULL;
}

static void drop_in_child(void) {
  if (listener >= 0 && is_ours(listener)) close(listener);
  listener = -1;
}

static int open_listener(const char *token, int token_length) {
  own_name.sun_family = AF_UNIX;
  char name[sizeof own_name.sun_path];
  memset(own_name.sun_path + 1, '-', sizeof own_name.sun_path - 1); /* full length, as some pad names and some do not */
  int length = snprintf(name, sizeof name, "tidemark-probe/%.*s/%d/", token_length, token, (int)getpid());
  if (length >= (int)sizeof name) return -1;
  memcpy(own_name.sun_path + 1, name, (size_t)length);
  int low = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (low < 0) return -1;
  /* A high number, so that the program's own descriptors keep the numbers they have without us. */
  int high = fcntl(low, F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR);
  int descriptor = high < 0 ? low : high;
  if (high >= 0) close(low);
  if (bind(descriptor, (struct sockaddr *)&own_name, sizeof own_name) == 0 && listen(descriptor, 4) == 0) return descriptor;
  close(descriptor);
  return -1;
}

static void start(const char *token, int token_length) {
  sigset_t all, before;
  pthread_attr_t attributes;
  pthread_t thread;
  listener = open_listener(token, token_length);
  if (listener < 0) return;
  pthread_atfork(NULL, NULL, drop_in_child);
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  if (pthread_create(&thread, &attributes, serve, NULL) != 0) drop_in_child();
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
}

/* In place: a shell reads the strings that it was started with, not those that setenv makes. */
static void leave_environment(const char *path) {
  char *preload = getenv("LD_PRELOAD");
  size_t length = strlen(path);
  if (preload && strncmp(preload, path, length) == 0 && (preload[length] == ':' || preload[length] == '\0')) {
    if (preload[length] == ':') memmove(preload, preload + length + 1, strlen(preload + length + 1) + 1);
    else unsetenv("LD_PRELOAD");
  }
  unsetenv("TIDEMARK_PROBE");
}

static int fits(const char *pattern) {
  char line[4096];
  regex_t expression;
  if (*pattern == '\0') return 1;
  int file = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t length = read(file, line, sizeof line - 1);
  close(file);
  if (length <= 0) return 0;
  while (length > 0 && line[length - 1] == '\0') length--;
  for (ssize_t i = 0; i < length; i++) if (line[i] == '\0') line[i] = ' ';
  line[length] = '\0';
  if (regcomp(&expression, pattern, REG_EXTENDED | REG_NOSUB) != 0) return 1;
  int found = regexec(&expression, line, 0, NULL, 0) == 0;
  regfree(&expression);
  return found;
}

__attribute__((constructor)) static void begin(void) {
  char *order = getenv("TIDEMARK_PROBE"), own[PID_WIDTH + 1];
  char *pid = order ? strchr(order, ':') : NULL, *path = pid ? strchr(pid + 1, ':') : NULL;
  if (!path || path - pid - 1 != PID_WIDTH) return;
  int token_length = (int)(pid++ - order);
  path++;
  const char *role = getenv("TIDEMARK_PROBE_ROLE");
  if (role) {
    if (fits(role)) start(order, token_length);
    return;
  }
  snprintf(own, sizeof own, "%010d", (int)getpid());
  if (*pid == '-') memcpy(pid, own, PID_WIDTH);
  if (memcmp(pid, own, PID_WIDTH) == 0) start(order, token_length);
  else leave_environment(path);
}
