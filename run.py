"""QSO Atlas from nothing: ``python3 run.py demo`` shows it, ``test`` instead of ``demo`` tests it, ``venv`` only installs it.

Needs Python 3.11 to 3.13 and nothing beyond its standard library. The environment goes to ``.venv`` beside this file (or
to $QSO_ATLAS_VENV), with the versions of constraints.txt. torch is the CPU build unless an NVIDIA GPU is seen;
$QSO_ATLAS_TORCH=cpu or =cuda decides otherwise.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
OLDEST, NEWEST = (3, 11), (3, 13)
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
STAMP = "qso-atlas.json"  # in the environment: what it was made for, and whether it was finished


class Missing(Exception):
    """Something that this machine lacks; the message says what to do."""


def check_python(version: tuple[int, int], which=shutil.which) -> None:
    """Refuse a Python outside 3.11 to 3.13, naming one that fits where the machine has it."""
    if OLDEST <= version <= NEWEST:
        return
    fitting = [f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1) if which(f"python3.{minor}")]
    remedy = f"use {fitting[0]} run.py" if fitting else "install one of them"
    raise Missing(f"QSO Atlas needs Python 3.11 to 3.13, this is {version[0]}.{version[1]}; {remedy}")


def torch_variant(choice: str, system: str, has_gpu: bool) -> str:
    """Which torch to install: "cpu", "cuda" or, where there is but one build, "plain".

    Parameters
    ----------
    choice : str
        $QSO_ATLAS_TORCH: "cpu", "cuda" or "" to look for a GPU.
    system : str
        `platform.system()`.
    has_gpu : bool
        Whether nvidia-smi sees a GPU.
    """
    if choice not in ("", "cpu", "cuda"):
        raise Missing(f"QSO_ATLAS_TORCH={choice} is neither cpu nor cuda; set it to one of them or unset it")
    if system != "Linux":
        return "plain"
    return choice or ("cuda" if has_gpu else "cpu")


def torch_requirement(variant: str, constraints: str) -> str:
    """The requirement that pip gets; ``+cpu`` can never resolve to gigabytes of CUDA.

    >>> torch_requirement("cpu", "torch==2.13.0")
    'torch==2.13.0+cpu'
    """
    pinned = re.search(r"^torch==[\w.]+", constraints, re.MULTILINE).group()
    return f"{pinned}+cpu" if variant == "cpu" else pinned


def sees_gpu() -> bool:
    """Whether nvidia-smi works and lists a GPU."""
    try:
        listing = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return listing.returncode == 0 and "GPU" in listing.stdout


def wanted_stamp(variant: str) -> dict:
    """What an environment is made for: this Python, this torch, these dependencies."""
    text = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("pyproject.toml", "constraints.txt"))
    return {"python": "{}.{}".format(*sys.version_info), "torch": variant, "root": str(ROOT),
            "hash": hashlib.sha256(text.encode()).hexdigest()}


def read_stamp(venv: Path) -> dict | None:
    """What an environment says it was made for; None when there is none."""
    try:
        return json.loads((venv / STAMP).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        return {}


def python_of(venv: Path) -> Path:
    """The environment's interpreter."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def ensure_venv(venv: Path, extras: set[str]) -> Path:
    """Make the environment, or reuse the one that fits, and return its interpreter.

    An unfinished one, or one for another Python or torch, is made anew; one that was not made here is never touched.
    """
    variant = torch_variant(os.environ.get("QSO_ATLAS_TORCH", "").lower(), platform.system(), sees_gpu())
    wanted, found = wanted_stamp(variant), read_stamp(venv)
    if found is None and venv.is_dir() and any(venv.iterdir()):
        raise Missing(f"{venv} exists and was not made by run.py; remove it, or name another place in QSO_ATLAS_VENV")
    installed = installed_extras(venv, found or {}, wanted)
    if installed is not None and extras <= installed and found["hash"] == wanted["hash"]:
        return python_of(venv)

    start = time.monotonic()
    if installed is None:
        say(f"making {venv} with Python {platform.python_version()}")
        make_venv(venv, wanted)
    extras = extras | (installed or set())
    write_stamp(venv, wanted | {"finished": False})
    install(venv, variant, extras)
    write_stamp(venv, wanted | {"finished": True, "extras": sorted(extras)})
    say(f"the environment is ready after {time.monotonic() - start:.0f} s")
    return python_of(venv)


def installed_extras(venv: Path, found: dict, wanted: dict) -> set[str] | None:
    """The extras of a finished environment for this Python and torch; None when it has to be made anew."""
    same = all(found.get(key) == wanted[key] for key in ("python", "torch", "root"))
    return set(found["extras"]) if same and found.get("finished") and python_of(venv).exists() else None


def make_venv(venv: Path, wanted: dict) -> None:
    """An empty environment in place of whatever unfinished one is there."""
    try:
        import ensurepip  # noqa: F401  Debian splits it off
        from venv import EnvBuilder
    except ImportError:
        minor = sys.version_info.minor
        raise Missing("this Python lacks its venv module; on Debian and Ubuntu: "
                      f"apt install python3-venv (or python3.{minor}-venv)") from None
    shutil.rmtree(venv, ignore_errors=True)
    venv.mkdir(parents=True)
    write_stamp(venv, wanted | {"finished": False})
    EnvBuilder(with_pip=True, symlinks=os.name != "nt").create(venv)


def install(venv: Path, variant: str, extras: set[str]) -> None:
    """Install torch from the user's own indexes, else from PyTorch's public one; then the project and its extras."""
    requirement = torch_requirement(variant, (ROOT / "constraints.txt").read_text(encoding="utf-8"))
    say(f"installing {requirement}")
    whole = pip(venv, requirement)
    if not whole and variant == "cpu":
        say(f"the configured package indexes lack it; trying {TORCH_CPU_INDEX}")
        whole = pip(venv, requirement, "--extra-index-url", TORCH_CPU_INDEX)
    if whole:
        project = f"{ROOT}[{','.join(sorted(extras))}]" if extras else str(ROOT)
        say("installing QSO Atlas" + (f" with {', '.join(sorted(extras))}" if extras else ""))
        whole = pip(venv, "--editable", project)
    if not whole:
        raise Missing("pip could not install it all; its lines above say why (no network, a proxy, a full disk?)")


def pip(venv: Path, *words: str) -> bool:
    """``pip install`` under the constraints; what it says goes to standard error, beside our own progress."""
    command = [python_of(venv), "-m", "pip", "--disable-pip-version-check", "install", "-c", ROOT / "constraints.txt", *words]
    return subprocess.run(list(map(str, command)), stdout=sys.stderr).returncode == 0


def write_stamp(venv: Path, stamp: dict) -> None:
    """Note what the environment is made for."""
    (venv / STAMP).write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")


def say(text: str) -> None:
    """One line of progress."""
    print(f"run.py: {text}", file=sys.stderr, flush=True)


def hand_over(python: Path, words: list[str]) -> int:
    """Go on as another program, so that signals and exit status are its own."""
    command = [str(python), *words]
    sys.stdout.flush()
    if os.name == "posix":
        os.execv(command[0], command)
    return subprocess.call(command)


def main(words: list[str]) -> int:
    """Run one of the commands; returns an exit status."""
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["demo", "test", "venv"])
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="...",
                        help="for demo: options of qso demo; for test: options of pytest; for venv: extras to install")
    args = parser.parse_args(words)
    venv = Path(os.environ.get("QSO_ATLAS_VENV", ROOT / ".venv")).absolute()
    try:
        check_python(sys.version_info[:2])
        extras = {"demo": set(), "test": {"test"}, "venv": set(args.rest)}[args.command]
        python = ensure_venv(venv, extras)
    except Missing as missing:
        say(str(missing))
        return 1
    except KeyboardInterrupt:
        say("stopped; the same command makes the environment anew")
        return 130
    if args.command == "demo":
        return hand_over(python, ["-m", "qsocore.cli", "demo", *args.rest])
    if args.command == "test":
        os.chdir(ROOT)
        return hand_over(python, ["-m", "pytest", *args.rest])
    print(python)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
