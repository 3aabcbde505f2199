"""usage: services.py KIND SEED ROUNDS: parts of services whose memory is known to grow or not; a mark after each round.

Kinds other than those of programs.py, written when the method stood. Their truth is in kinds-services.json."""
import collections, functools, gc, json, os, random, re, sqlite3, sys, threading, time, weakref

kind, seed, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rng = random.Random(seed)
page = os.sysconf('SC_PAGESIZE')
speed = rng.uniform(0.7, 1.4)
kept, table = [], {}


def done(number, started):
    with open('/proc/self/statm') as statm:
        _, resident, shared, *_ = [int(field) * page for field in statm.read().split()]
    memory = {'rssBytes': resident, 'rssAnonBytes': resident - shared, 'rssFileBytes': shared, 'rssShmemBytes': 0}
    mark = {'mark': 'round', 'round': number, 'attempt': 0, 'role': 'server', 'pid': os.getpid(), 'timeMs': time.time() * 1000,
            'startedMs': started * 1000, 'peakBytes': None, 'work': memory, 'end': memory, 'cleanup': None}
    with open(os.environ.get('TIDEMARK_MARKS', os.devnull), 'a') as marks:
        marks.write(json.dumps(mark) + '\n')


def text(size):
    return ''.join(rng.choices('abcdefghij', k=40)) * (size // 40)


def listeners(n):
    """Handlers that are added for each session and never removed."""
    for i in range(int(25 * speed)):
        state = {'session': f'{n}-{i}', 'buffer': bytearray(rng.randint(1000, 6000))}
        kept.append(lambda event, state=state: state['buffer'][event])


def exceptions(n):
    """Errors are kept for a report, and with them the frames and what those held."""
    def handle(request):
        body = bytearray(rng.randint(5_000, 40_000))
        return len(body) // request

    for i in range(int(5 * speed)):
        try:
            handle(0)
        except ZeroDivisionError as error:
            kept.append(error)


def logger(n):
    """A log in memory, of short lines."""
    for i in range(int(500 * speed)):
        kept.append(f'{time.time()} request {n}-{i} took {rng.random():.3f} s')


def memoized(n):
    """functools.lru_cache of 400 answers."""
    for _ in range(60):
        answer(rng.randrange(10_000))


@functools.lru_cache(maxsize=400)
def answer(key):
    return bytes(rng.randint(5_000, 40_000))


base = sqlite3.connect(':memory:')
base.execute('create table log (round integer, body blob)')


def rows_window(n):
    """A database in memory that keeps the rows of the last eight rounds."""
    base.executemany('insert into log values (?, ?)', ((n, os.urandom(2000)) for _ in range(150)))
    base.execute('delete from log where round <= ?', (n - 8,))
    base.commit()


def rows(n):
    """The same without the delete."""
    base.executemany('insert into log values (?, ?)', ((n, os.urandom(2000)) for _ in range(int(60 * speed))))
    base.commit()


def threads(n):
    """Six threads a round, each of which works in buffers of its own."""
    def work(size):
        for _ in range(5):
            bytearray(size)[::4096]

    each = [threading.Thread(target=work, args=(rng.randint(50_000, 900_000),)) for _ in range(6)]
    for thread in each:
        thread.start()
    for thread in each:
        thread.join()


ring = collections.deque(maxlen=500)


def ring_buffer(n):
    for _ in range(70):
        ring.append(bytes(rng.randint(2_000, 20_000)))


def patterns(n):
    """Regular expressions are compiled and used; re keeps 512 of them."""
    for i in range(40):
        re.compile(f'(a{n}|b{i})+c{rng.randrange(1000)}').match('a' * 50)


class Node:
    def __init__(self):
        self.me = self
        self.load = bytearray(rng.randint(2_000, 9_000))


def cycles(n):
    """Objects in cycles, which the collector frees by and by."""
    for _ in range(120):
        Node()


def cycles_kept(n):
    """The same with the collector off."""
    gc.disable()
    for _ in range(int(15 * speed)):
        Node()


weak = weakref.WeakValueDictionary()


def weak_cache(n):
    for i in range(300):
        node = Node()
        node.me = None
        weak[n * 300 + i] = node


def documents(n):
    """Documents are parsed, changed and written; none is kept."""
    for _ in range(8):
        document = json.loads(json.dumps([{'id': i, 'text': text(200)} for i in range(rng.randint(50, 300))]))
        document.sort(key=lambda row: row['text'])


def sessions_ttl(n):
    """Sessions end after six rounds; how many begin changes from round to round."""
    for i in range(rng.randint(50, 250)):
        table[(n, i)] = bytearray(rng.randint(500, 20_000))
    for key in [key for key in table if key[0] <= n - 6]:
        del table[key]


def history(n):
    """The state of each round is kept beside the last, and grows itself: growth that grows."""
    table.update({len(table) + i: i for i in range(int(60 * speed))})
    kept.append(dict(table))


def metrics(n):
    """A counter a label; each user brings new labels, most of them in bursts."""
    if rng.random() < 0.4:
        for i in range(int(1500 * speed)):
            table[f'requests_total{{user="{n}-{i}"}}'] = 0.0


def slow_cache(n):
    """A cache of 2,500 answers, asked at random: it still fills when the recording ends."""
    for _ in range(int(45 * speed)):
        table.setdefault(rng.randrange(2500), bytes(12_000))


KINDS = {
    'listeners': listeners, 'exceptions': exceptions, 'logger': logger, 'memoized': memoized, 'rows-window': rows_window, 'rows': rows,
    'threads': threads, 'ring': ring_buffer, 'patterns': patterns, 'cycles': cycles, 'cycles-kept': cycles_kept, 'weak-cache': weak_cache,
    'documents': documents, 'sessions-ttl': sessions_ttl, 'history': history, 'metrics': metrics, 'slow-cache': slow_cache,
}
for number in range(1, rounds + 1):
    started = time.time()
    KINDS[kind](number)
    time.sleep(0.002)
    done(number, started)
