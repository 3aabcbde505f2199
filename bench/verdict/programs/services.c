/* usage: services KIND SEED ROUNDS: as services.py, on the allocator of C alone. cc -O1 -pthread services.c -o services */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static unsigned long state;
static unsigned rnd(unsigned most) {
  state = state * 6364136223846793005ul + 1442695040888963407ul;
  return (unsigned)(state >> 33) % most;
}
static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}
static void done(FILE *marks, int round, double started) {
  long size, resident, shared;
  FILE *f = fopen("/proc/self/statm", "r");
  if (!f || fscanf(f, "%ld %ld %ld", &size, &resident, &shared) != 3) exit(1);
  fclose(f);
  long page = sysconf(_SC_PAGESIZE);
  char memory[200];
  snprintf(memory, sizeof memory, "{\"rssBytes\":%ld,\"rssAnonBytes\":%ld,\"rssFileBytes\":%ld,\"rssShmemBytes\":0}", resident * page,
           (resident - shared) * page, shared * page);
  fprintf(marks,
          "{\"mark\":\"round\",\"round\":%d,\"attempt\":0,\"role\":\"server\",\"pid\":%d,\"timeMs\":%.3f,\"startedMs\":%.3f,"
          "\"peakBytes\":null,\"work\":%s,\"end\":%s,\"cleanup\":null}\n",
          round, getpid(), now_ms(), started, memory, memory);
  fflush(marks);
}
static void *filled(size_t size) { return memset(malloc(size), 1, size); }
static void *work(void *size) {
  for (int i = 0; i < 4; i++) free(filled((size_t)size));
  return 0;
}
#define SLOTS 2000
int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const char *kind = argv[1], *path = getenv("TIDEMARK_MARKS");
  state = strtoul(argv[2], 0, 10) * 7919 + 17;
  FILE *marks = fopen(path ? path : "/dev/null", "a");
  static char *slot[SLOTS];
  char *buffer = 0;
  int at = 0, live = 0, table = 0;
  for (int round = 1; round <= atoi(argv[3]); round++) {
    double started = now_ms();
    if (!strcmp(kind, "c-realloc")) { /* one buffer as large as each message */
      for (int i = 0; i < 20; i++) {
        size_t size = 10000 + rnd(2000000);
        buffer = realloc(buffer, size);
        memset(buffer, 1, size);
      }
    } else if (!strcmp(kind, "c-slab")) { /* objects of one size whose number wanders between two bounds */
      int want = 400 + rnd(1200);
      while (live < want) slot[live++] = filled(2000);
      while (live > want) free(slot[--live]);
    } else if (!strcmp(kind, "c-threads")) { /* threads with arenas of their own */
      pthread_t each[4];
      for (int i = 0; i < 4; i++) pthread_create(&each[i], 0, work, (void *)(size_t)(20000 + rnd(100000)));
      for (int i = 0; i < 4; i++) pthread_join(each[i], 0);
    } else if (!strcmp(kind, "c-ring")) { /* the last messages */
      for (int i = 0; i < 150; i++, at = (at + 1) % SLOTS) {
        free(slot[at]);
        slot[at] = filled(200 + rnd(4000));
      }
    } else if (!strcmp(kind, "c-mmap")) { /* a mapping a round that is never unmapped */
      size_t size = 32768 + 4096 * rnd(16);
      memset(mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1, size);
    } else if (!strcmp(kind, "c-list")) { /* small nodes, of which one in ten is lost */
      for (int i = 0; i < 8000; i++) {
        void *node = filled(48 + rnd(64));
        if (i % 10) free(node);
      }
    } else if (!strcmp(kind, "c-table")) { /* an index that is made larger by half when it is full */
      static int size = 1000;
      static long *index;
      table += 15000 + rnd(5000);
      if (!index || table > size) {
        while (table > size) size += size / 2;
        index = realloc(index, size * sizeof *index);
      }
      memset(index, 1, table * sizeof *index);
    } else return 2;
    usleep(2000);
    done(marks, round, started);
  }
}
