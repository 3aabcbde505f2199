/* usage: programs KIND SEED ROUNDS: as programs.py, on the allocator of C alone. cc -O1 programs.c -o programs */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
#define SLOTS 20000
static char *slot[SLOTS];
static void *filled(size_t size) { return memset(malloc(size), 1, size); }
int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const char *kind = argv[1], *path = getenv("TIDEMARK_MARKS");
  state = strtoul(argv[2], 0, 10) * 7919 + 17;
  FILE *marks = fopen(path ? path : "/dev/null", "a");
  size_t used = 0, capacity = 0;
  char *vector = 0;
  for (int round = 1; round <= atoi(argv[3]); round++) {
    double started = now_ms();
    if (!strcmp(kind, "c-churn")) { /* a level number of blocks of mixed sizes */
      for (int i = 0; i < 3000; i++) {
        int s = rnd(4000);
        free(slot[s]);
        slot[s] = filled(16 + rnd(rnd(10) ? 2000 : 30000));
      }
    } else if (!strcmp(kind, "c-pool")) { /* a pool of buffers: as many as were ever needed at once */
      int need = 20 + rnd(60);
      for (int i = 0; i < need; i++)
        if (!slot[i]) slot[i] = filled(200000);
    } else if (!strcmp(kind, "c-leak")) {
      filled(40000 + rnd(20000));
    } else if (!strcmp(kind, "c-vector")) { /* a vector that doubles, and is never emptied */
      used += 150000 + rnd(20000);
      if (used > capacity) vector = realloc(vector, capacity = used * 2);
      memset(vector + used - 170000 * (used > 170000), 1, 170000 * (used > 170000));
    } else if (!strcmp(kind, "c-pinned")) { /* of each batch one block in fifty stays and pins its page */
      static char *batch[4000];
      for (int i = 0; i < 4000; i++) batch[i] = filled(500 + rnd(60) + 8 * round);
      for (int i = 0; i < 4000; i++)
        if (i % 50) free(batch[i]);
    } else if (!strcmp(kind, "c-steps")) { /* an arena of 4 MiB at a time, filled little by little, never left */
      used += 400000 + rnd(100000);
      if (used > capacity) {
        filled(1 << 22);
        capacity += 1 << 22;
      }
    } else return 2;
    usleep(2000);
    done(marks, round, started);
  }
}
