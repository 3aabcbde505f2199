"""usage: programs.py KIND SEED ROUNDS: a small program whose memory is known to grow or not; a mark after each round.

The kinds and their truth are in kinds.json."""
import collections, ctypes, json, os, random, sys, time

kind, seed, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rng = random.Random(seed)
page = os.sysconf('SC_PAGESIZE')
trim = ctypes.CDLL(None).malloc_trim


def block(size):
    return bytearray(b'x' * size)


def done(number, started):
    with open('/proc/self/statm') as statm:
        _, resident, shared, *_ = [int(field) * page for field in statm.read().split()]
    memory = {'rssBytes': resident, 'rssAnonBytes': resident - shared, 'rssFileBytes': shared, 'rssShmemBytes': 0}
    mark = {'mark': 'round', 'round': number, 'attempt': 0, 'role': 'server', 'pid': os.getpid(), 'timeMs': time.time() * 1000,
            'startedMs': started * 1000, 'peakBytes': None, 'work': memory, 'end': memory, 'cleanup': None}
    with open(os.environ.get('TIDEMARK_MARKS', os.devnull), 'a') as marks:
        marks.write(json.dumps(mark) + '\n')


keep = []
table = {}
base = [block(rng.randint(2000, 60000)) for _ in range(400)]
speed = rng.uniform(0.7, 1.4)


def scratch(most=200_000, count=20):
    """Work that leaves nothing but what the allocator makes of it."""
    return sum(len(block(rng.randint(1000, most))) for _ in range(count))


def level(n):
    scratch(20_000, 60)


def working_set(n):
    pieces = [block(rng.randint(10_000, 120_000)) for _ in range(rng.randint(60, 140))]
    del pieces
    trim(0)


def noisy(n):
    global base
    base = [block(rng.randint(2000, 60000)) for _ in range(rng.randint(300, 500))]


def lru(fill_by):
    cache = collections.OrderedDict()
    size = 1200

    def run(n):
        for _ in range(int(size / fill_by)):
            cache[rng.random()] = block(rng.randint(15_000, 25_000))
            if len(cache) > size:
                cache.popitem(last=False)
    return run


def coupons(tau):
    """A cache of 1500 keys that are asked for at random: it fills ever more slowly."""
    def run(n):
        for _ in range(int(1500 / tau * speed)):
            table.setdefault(rng.randrange(1500), block(16_000))
    return run


def high_water(n):
    """A buffer as large as the largest message so far; messages are of bounded size."""
    need = int(rng.betavariate(2, 4) * 40e6)
    if not keep or len(keep[0]) < need:
        keep[:] = [block(need)]


def population(grow):
    """Objects of mixed size and life; their number is level, or grows by so many a round."""
    def run(n):
        target = 4000 + grow * n
        while len(keep) < target:
            keep.append(block(int(rng.paretovariate(1.3) * 900) % 60_000 + 1))
        for _ in range(1200):
            keep[rng.randrange(len(keep))] = block(int(rng.paretovariate(1.3) * 900) % 60_000 + 1)
    return run


def teeth(period, left):
    """Flushed every so many rounds, of which a share stays."""
    def run(n):
        keep.extend(block(60_000) for _ in range(rng.randint(12, 20)))
        if n % period == 0:
            table[n] = [block(60_000) for _ in range(int(left * period))]
            keep.clear()
            trim(0)
    return run


def lazy(n):
    if n in (7, 18, 29):
        keep.append([block(30_000) for _ in range(rng.randint(200, 400))])
    scratch()


def falls(n):
    if n == 1:
        keep.extend([block(50_000) for _ in range(250)] for _ in range(4))
    if n % 15 == 0 and keep:
        keep.pop()
        trim(0)


def leak(per_round, noise=0):
    def run(n):
        keep.append(block(int(per_round * speed)))
        if noise:
            global base
            base = [block(rng.randint(2000, 60000)) for _ in range(rng.randint(400 - noise, 400 + noise))]
    return run


def hash_table(n):
    for i in range(int(6000 * speed)):
        table[(n, i)] = i


def quadratic(n):
    keep.append(block(int(9000 * speed * n)))


def exponential(n):
    keep.append(block(int(120_000 * speed * 1.06 ** n)))


def late(n):
    scratch()
    if n > 30:
        keep.append(block(int(350_000 * speed)))


def stairs(n):
    scratch(20_000, 30)
    if n % 8 == 3:
        keep.append([block(40_000) for _ in range(int(90 * speed))])


def zipf(n):
    for _ in range(300):
        table.setdefault(int(rng.paretovariate(0.7)), block(1500))


def bigger_answers(n):
    """Each answer is kept, a request in three is large: high-water noise on a leak."""
    for _ in range(12):
        answer = block(rng.choice([4_000, 30_000, 700_000]))
        keep.append(answer[:20_000])


def sessions(n):
    for i in range(int(220 * speed)):
        table[(n, i)] = {'user': f'{n}-{i}', 'log': ['x' * rng.randint(10, 400)] * 3, 'when': float(i)}
    for _ in range(60):
        table.pop(next(iter(table)), None)


KINDS = {
    'level': level, 'working-set': working_set, 'noisy': noisy, 'lru-early': lru(14), 'lru-late': lru(38),
    'coupons-fast': coupons(7), 'coupons-slow': coupons(50), 'high-water': high_water, 'population': population(0),
    'teeth': teeth(9, 0), 'lazy': lazy, 'falls': falls, 'leak-small': leak(60_000), 'leak-noisy': leak(250_000, 60),
    'hash-table': hash_table, 'quadratic': quadratic, 'exponential': exponential, 'late': late, 'stairs': stairs,
    'teeth-leak': teeth(9, 3), 'zipf': zipf, 'bigger-answers': bigger_answers, 'population-grows': population(60),
    'sessions': sessions,
}
for number in range(1, rounds + 1):
    started = time.time()
    KINDS[kind](number)
    time.sleep(0.002)
    done(number, started)
