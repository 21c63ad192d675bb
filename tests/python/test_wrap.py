"""What datamon.wrap() returns is to the job what it was given."""

from running import TORCH, assert_same, both, job, run


def test_it_is_as_the_wrapped_object(tmp_path):
    recorded, plain = both(lambda **how: job("wrapped.py", **how), tmp_path)
    assert plain.code == 0, plain.stderr.decode()
    assert len(plain.stdout.splitlines()) > 800
    assert_same(recorded, plain)


LOOPS = """
import datamon, itertools

class Own:
    '''Its own iterator, with a loop after the other.'''
    def __iter__(self):
        self.left = 5
        return self
    def __next__(self):
        if not self.left:
            raise StopIteration
        self.left -= 1
        return self.left

own = datamon.wrap(Own(), name="own")
for epoch in range(2):
    assert list(own) == [4, 3, 2, 1, 0]
for _ in itertools.islice(own, 3):
    pass
with datamon.span("mark/inside the last step"):
    pass
del own
with datamon.span("mark/after"):
    pass

kept = datamon.wrap(iter(range(10)), name="kept")
assert next(kept) == 0 and list(itertools.islice(kept, 4)) == [1, 2, 3, 4] and sum(kept) == 35
"""


def test_iterators_are_recorded(tmp_path):
    done = run(TORCH, "-c", LOOPS, folder=tmp_path)
    assert done.code == 0, done.stderr.decode()
    events = done.recording.events()
    report = done.recording.report()
    assert report["monitor"]["mismatched_ends"] == 0
    assert [n["value"] for n in report["job"]["notes"] if n["key"].endswith(".name")] == ["own", "kept"]
    count = lambda name: sum(e["name"] == name for e in events)  # noqa: E731
    assert count("wait") == 2 * (5 + 1) + 3 + 10 + 1
    assert count("compute") == 2 * 5 + 3 + 10
    compute = [e for e in events if e["name"] == "compute"]
    mark = next(e for e in events if e["name"] == "mark/after")
    assert not any(c["ts"] <= mark["ts"] < c["ts"] + c["dur"] for c in compute)


BLANK = """
import datamon

blank = type(datamon.wrap([1])).__new__(type(datamon.wrap([1])))
for question in (lambda: blank.anything, lambda: blank._thing, lambda: len(blank), lambda: iter(blank)):
    try:
        question()
    except AttributeError:
        print("no attribute")
"""


def test_one_made_without_init_has_no_attributes(tmp_path):
    done = run(TORCH, "-c", BLANK, folder=tmp_path)
    assert done.stdout == b"no attribute\n" * 4, done.stderr.decode()


GIVING = """
import datamon, functools, pickle

class Data:
    def __init__(self):
        self.left = 6

    @datamon.wrap
    def get_batch(self, split="train"):
        with datamon.span("fetch/" + split):
            self.left -= 1
        return self.left if self.left >= 0 else None

data = Data()
taken = []
while (batch := data.get_batch()) is not None:
    with datamon.span("mark/in a step"):
        taken.append(batch)
with datamon.span("mark/after"):
    pass
assert taken == [5, 4, 3, 2, 1, 0] and Data.get_batch.__name__ == "get_batch"

@functools.partial(datamon.wrap, name="fails")
def fails(number):
    'What it says.'
    return 10 // number

assert [fails(1), fails(number=2)] == [10, 5] and fails.__doc__ == "What it says."
for wrong in (lambda: fails(0), lambda: fails("x"), lambda: fails()):
    try:
        wrong()
    except Exception as error:
        print(type(error).__name__, error)
assert pickle.loads(pickle.dumps(datamon.wrap(len))) is len

def generator():
    yield 1

assert datamon.wrap(generator) is generator and datamon.wrap(Data) is Data and datamon.wrap(3) == 3

class Odd:
    __slots__ = ()
    def __call__(self):
        return 1

assert datamon.wrap(Odd())() == 1
"""


def test_a_function_that_gives_batches(tmp_path):
    recorded, plain = both(lambda **how: run(TORCH, "-c", GIVING, **how), tmp_path)
    assert plain.code == 0, plain.stderr.decode()
    assert_same(recorded, plain)
    events, report = recorded.recording.events(), recorded.recording.report()
    assert report["monitor"]["mismatched_ends"] == 0
    names = [n["value"] for n in report["job"]["notes"] if n["key"].endswith(".name")]
    assert names[:2] == ["get_batch", "fails"]
    count = lambda name: sum(e["name"] == name for e in events)  # noqa: E731
    assert count("wait") == 7 + 5 and count("compute") == 6 + 2
    within = lambda inner, outer: any(  # noqa: E731
        e["ts"] <= inner["ts"] < e["ts"] + e["dur"] for e in events if e["name"] == outer)
    for event in events:
        if event["name"] == "fetch/train":
            assert within(event, "wait")
        if event["name"].startswith("mark/"):
            assert within(event, "compute") == (event["name"] == "mark/in a step")
