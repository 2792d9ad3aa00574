"""Build an image without an engine: every step of the Dockerfile, run in trees of their own, then the result started offline.

    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm /tmp/base
    python -m eval.try_image /tmp/base serve

Debian's tree stands for the base image, whose Python may be another minor version. Needs root (chroot, overlay mounts) and iproute2.
Says what each step took and what the stages weigh; then starts the target's CMD as its USER, with a read-only root, in a network
namespace that holds nothing but itself, waits for the HEALTHCHECK, and asks for the first hit.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from eval.measuring import say

ROOT = Path(__file__).resolve().parents[1]
CACHE = Path(tempfile.gettempdir()) / "vibeshelf-image-cache"


@dataclass
class Stage:
    """A stage while it is built: its own layer over those of the stage it came from."""

    name: str
    layers: list[Path]
    root: Path
    env: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0:0"
    healthcheck: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", type=Path, help="a folder with a Debian that has python3 and its venv")
    parser.add_argument("target", help="the stage to build and start")
    parser.add_argument("--bind", type=Path, action="append", default=[], help="a folder of this machine that the steps may read")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vibeshelf-image-") as folder, ExitStack() as mounts:
        stages = build(parse(ROOT / "Dockerfile"), arguments.target, arguments.base, Path(folder), mounts, arguments.bind)
        say(f"{arguments.target}: {weigh(stages[arguments.target]) / 1e6:,.0f} MB over the base")
        start(stages[arguments.target], Path(folder))


def parse(path: Path) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile with their arguments, continued lines joined."""
    text = re.sub(r"\\\n\s*", " ", path.read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0].upper(), line.split(maxsplit=1)[1]) for line in lines]


def needed(steps: Sequence[tuple[str, str]], target: str) -> set[str]:
    """Return the stages that a target is made from."""
    froms: dict[str, set[str]] = {}
    name = ""
    for what, rest in steps:
        if what == "FROM":
            base, _, name = rest.split()
            froms[name] = {base}
        elif found := re.match(r"--from=(\S+)", rest):
            froms[name].add(found[1])
    wanted, open_ones = {target}, [target]
    while open_ones:
        for each in froms[open_ones.pop()] & froms.keys() - wanted:
            wanted.add(each)
            open_ones.append(each)
    return wanted


def build(
    steps: Sequence[tuple[str, str]], target: str, base: Path, folder: Path, mounts: ExitStack, binds: Sequence[Path]
) -> dict[str, Stage]:
    stages: dict[str, Stage] = {}
    wanted, current = needed(steps, target), None
    for what, rest in steps:
        if what == "FROM":
            parent, _, name = rest.split()
            current = begin(name, stages.get(parent), base, folder, mounts) if name in wanted else None
            if current:
                stages[name] = current
        elif current:
            started = time.perf_counter()
            step(current, what, rest, stages, binds)
            if what == "RUN":
                say(f"{current.name}: {time.perf_counter() - started:.1f} s  {rest}")
    return stages


def begin(name: str, parent: Stage | None, base: Path, folder: Path, mounts: ExitStack) -> Stage:
    upper, work, root = (folder / f"{name}-{part}" for part in ("layer", "work", "root"))
    for path in (upper, work, root):
        path.mkdir()
    below = parent.layers if parent else [base]
    options = f"lowerdir={':'.join(map(str, below))},upperdir={upper},workdir={work}"
    mounts.enter_context(mounted("-t", "overlay", "overlay", "-o", options, root))
    if parent is None:
        return Stage(name, [upper, base], root)
    inherited = (dict(parent.env), parent.workdir, parent.user, parent.healthcheck, parent.command)
    return Stage(name, [upper, *parent.layers], root, *inherited)


@contextmanager
def mounted(*arguments: str | Path) -> Iterator[None]:
    subprocess.run(["mount", *map(str, arguments)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(arguments[-1])], check=True)


def step(stage: Stage, what: str, rest: str, stages: dict[str, Stage], binds: Sequence[Path]) -> None:
    if what == "ENV":
        pairs = (pair.split("=", 1) for pair in shlex.split(rest))
        stage.env |= {key: value.replace("$PATH", "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin") for key, value in pairs}
    elif what == "WORKDIR":
        stage.workdir = rest
        (stage.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
    elif what == "USER":
        stage.user = rest
    elif what == "COPY":
        copy(stage, rest, stages)
    elif what == "RUN":
        caches = re.findall(r"--mount=type=cache,target=(\S+)", rest)
        execute(stage, re.sub(r"--mount=\S+\s+", "", rest), caches, binds)
    elif what == "HEALTHCHECK":
        stage.healthcheck = json.loads(rest[rest.index("CMD") + 3 :])
    elif what == "CMD":
        stage.command = json.loads(rest)


def copy(stage: Stage, rest: str, stages: dict[str, Stage]) -> None:
    source_root, words = ROOT, rest.split()
    if words[0].startswith("--from="):
        source_root = stages[words.pop(0).removeprefix("--from=")].root
    *sources, target = words
    for pattern in sources:
        for source in sorted(source_root.glob(pattern.removeprefix("./").lstrip("/"))):
            place = stage.root / (target.lstrip("/") if target.startswith("/") else f"{stage.workdir}/{target}".lstrip("/"))
            if source.is_dir():
                place.mkdir(parents=True, exist_ok=True)
                subprocess.run(["cp", "-a", f"{source}/.", str(place)], check=True)
            else:
                place = place / source.name if target.endswith("/") else place
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, place)


def execute(stage: Stage, command: str, caches: Sequence[str], binds: Sequence[Path]) -> None:
    with ExitStack() as mounts:
        for source, target in [*((CACHE, cache) for cache in caches), *((bind, str(bind)) for bind in binds)]:
            place = stage.root / target.lstrip("/")
            source.mkdir(parents=True, exist_ok=True)
            place.mkdir(parents=True, exist_ok=True)
            mounts.enter_context(mounted("--bind", source, place))
        for name in ("proc", "dev"):
            mounts.enter_context(mounted("--bind", f"/{name}", stage.root / name))
        resolver = stage.root / "etc/resolv.conf"
        shutil.copyfile("/etc/resolv.conf", resolver)
        passed = {key: value for key, value in os.environ.items() if key.startswith(("PIP_", "UV_", "SSL_", "HTTP", "http"))}
        inside(stage, ["/bin/sh", "-c", command], passed)


def inside(stage: Stage, command: Sequence[str], extra: dict[str, str]) -> None:
    subprocess.run(chrooted(stage, command), env={**extra, **stage.env}, check=True, stdout=subprocess.DEVNULL)


def chrooted(stage: Stage, command: Sequence[str]) -> list[str]:
    place = f'cd {shlex.quote(stage.workdir)} && exec "$@"'
    return ["chroot", f"--userspec={stage.user}", str(stage.root), "/bin/sh", "-c", place, "sh", *command]


def weigh(stage: Stage) -> int:
    """Return the bytes of a stage's files beyond those of the base."""
    files: dict[Path, int] = {}
    for layer in reversed(stage.layers[:-1]):
        files |= {path.relative_to(layer): path.lstat().st_size for path in layer.rglob("*") if path.is_file() and not path.is_symlink()}
    return sum(size for path, size in files.items() if (stage.root / path).is_file())


def start(stage: Stage, folder: Path) -> None:
    """Start the target as an engine would, read-only and without a network, until it is healthy; then ask for a hit."""
    script = folder / "start.sh"
    check, ask = (
        shlex.join(chrooted(stage, words)) for words in (stage.healthcheck, ["vibeshelf", "search", "an old man alone at sea", "-k1"])
    )
    script.write_text(
        f"""set -eu
ip link set lo up
mount -t tmpfs -o mode=1777 tmpfs {stage.root}/tmp
mount --bind /proc {stage.root}/proc
mount --bind /dev {stage.root}/dev
mkdir {folder}/volume
cp -a {stage.root}/data/. {folder}/volume
chown {stage.user} {folder}/volume
mount --bind {folder}/volume {stage.root}/data
mount -o remount,ro,bind {stage.root} {stage.root} 2>/dev/null || mount -o remount,ro {stage.root}
{shlex.join(chrooted(stage, stage.command))} &
app=$!
until {check} 2>/dev/null; do kill -0 $app; sleep .2; done
echo healthy >&2
{ask}
if touch {stage.root}/app/written 2>/dev/null; then echo "the root is not read-only" >&2; exit 1; fi
kill $app
""",
        encoding="utf-8",
    )
    started = time.perf_counter()
    subprocess.run(["unshare", "--net", "--mount", "/bin/sh", str(script)], env=stage.env, check=True)
    seconds = time.perf_counter() - started
    say(f"{stage.name}: offline and read-only, {seconds:.1f} s from its start to healthy and a first hit on the command line")


if __name__ == "__main__":
    main()
