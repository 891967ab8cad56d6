"""Where the threads of an engine spent their time, as it was sampled."""

import msgspec


class Stack(msgspec.Struct, frozen=True, gc=False):
    """A thread in the same functions, however often it was seen there.

    Attributes:
        thread: Its name.
        frames: `file:function`, the outermost first.
        samples: How often it was seen.
        cpu_s: Seconds of a processor that it used meanwhile.
    """

    thread: str
    frames: tuple[str, ...]
    samples: int
    cpu_s: float


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What the threads of a process did.

    Attributes:
        pid: The process.
        seconds: How long it was watched.
        rounds: How often all threads were looked at.
        cost_s: Seconds of a processor that the watching used.
        has_cpu: The system tells what each thread uses of a processor.
        stacks: What was seen, the most frequent first.
    """

    pid: int
    seconds: float
    rounds: int
    cost_s: float
    has_cpu: bool
    stacks: tuple[Stack, ...]


class FunctionRow(msgspec.Struct, frozen=True, gc=False):
    """What a thread spent in a function.

    Attributes:
        thread: The thread.
        function: `file:function`.
        self: Its own part, what it calls left out; seconds of a processor, or
            of time where waiting counts.
        total: With what it calls.
    """

    thread: str
    function: str
    self: float
    total: float


def functions(profile: Profile, *, waiting: bool) -> tuple[FunctionRow, ...]:
    """Sums a profile up by thread and function.

    Args:
        profile: What was seen.
        waiting: Whether time spent waiting counts too.

    Returns:
        The functions, those that spent most themselves first.
    """
    own: dict[tuple[str, str], float] = {}
    total: dict[tuple[str, str], float] = {}
    for stack in profile.stacks:
        weight = seconds(profile, stack, waiting=waiting)
        # Once, however deep a function is in itself.
        for name in dict.fromkeys(stack.frames):
            key = stack.thread, name
            total[key] = total.get(key, 0.0) + weight
        leaf = stack.thread, stack.frames[-1]
        own[leaf] = own.get(leaf, 0.0) + weight
    rows = (
        FunctionRow(*key, self=own.get(key, 0.0), total=spent)
        for key, spent in total.items()
    )
    return tuple(sorted(rows, key=lambda row: (-row.self, -row.total)))


def seconds(profile: Profile, stack: Stack, *, waiting: bool) -> float:
    """Gives the seconds that a stack stands for.

    Args:
        profile: It is of.
        stack: The stack.
        waiting: Whether time spent waiting counts too.
    """
    if not waiting:
        return stack.cpu_s
    return stack.samples * profile.seconds / max(profile.rounds, 1)


def folded(profile: Profile, *, waiting: bool) -> str:
    """Writes a profile as tools for flame graphs read it.

    Args:
        profile: What was seen.
        waiting: Whether time spent waiting counts too.

    Returns:
        A line a stack: names between semicolons, then microseconds.
    """
    lines = []
    for stack in profile.stacks:
        spent = round(seconds(profile, stack, waiting=waiting) * 1e6)
        if spent:
            names = (stack.thread, *stack.frames)
            path = ';'.join(name.replace(';', ',') for name in names)
            lines.append(f'{path} {spent}\n')
    return ''.join(lines)
