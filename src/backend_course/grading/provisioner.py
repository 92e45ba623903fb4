"""How Jupyter gets a kernel that is a fork of a warm process, behind walls.

`WalledProvisioner` is named by the entry point `jupyter_client.kernel_provisioners` and by the
kernelspec that `WalledKernelManager` hands out; nbclient and nbgrader drive its kernels unchanged,
through a client that speaks to them over one socket (channel.py, client.py).
"""

import asyncio
import atexit
import contextlib
import dataclasses
import os
import shutil
import signal
import stat
import threading
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.provisioning import KernelProvisionerBase, KernelProvisionerFactory
from traitlets import Bool, Bunch, Dict, Int, List, TraitError, Unicode, default, validate

from .channel import Channel
from .client import ChannelClient
from .walls.limits import Limits
from .warm import Borrowed, Warm, WarmError, of_the_system

KERNEL_NAME = "walled-python"
PROVISIONER_NAME = "walled-provisioner"
NO_WALLS = (
    "This host offers no wall between a notebook and the course's files. Grade on a host that does "
    "(`python -m backend_course.grading doctor` shows which walls hold), or say --trust-students."
)

_mine = threading.local()


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a warm process is to have ready; see `Warm`."""

    modules: list[str] = dataclasses.field(default_factory=list)
    calls: dict[str, list[Any]] = dataclasses.field(default_factory=dict)
    helpers: list[str] = dataclasses.field(default_factory=list)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Wanted":
        """What settings of `WalledProvisioner` ask for."""
        modules, helpers = (list(settings.get(name, ())) for name in ("modules", "helpers"))
        return cls(modules, dict(settings.get("warm_up", {})), helpers)

    def within(self, other: "Wanted") -> bool:
        """Whether `other` has all of this."""
        return (
            set(self.modules) <= set(other.modules)
            and self.calls.items() <= other.calls.items()
            and self.helpers == other.helpers
        )


def warm_process(wanted: Wanted | None = None) -> Borrowed:
    """This thread's warm process, ready with what is wanted; a new one if the last one died.

    Each thread has its own socket to it, because requests and answers take turns there.
    """
    warm: Borrowed | None = getattr(_mine, "warm", None)
    wanted = wanted or Wanted()
    if warm is not None and warm.alive and wanted.within(_mine.ready):
        return warm
    # Behind its walls it can import no more: a library may want to write somewhere.
    return use_warm_process(Warm(wanted.modules, wanted.calls, wanted.helpers), wanted)


def use_warm_process(warm: Warm, ready: Wanted) -> Warm:
    """Make `warm` this thread's warm process, in the place of the one that it has."""
    close_warm_process()
    _mine.warm, _mine.ready = warm, ready
    atexit.register(warm.close)
    return warm


def close_warm_process() -> None:
    """End this thread's warm process, if it has one; a borrowed one lives on."""
    warm: Borrowed | None = getattr(_mine, "warm", None)
    if warm is not None:
        atexit.unregister(warm.close)
        warm.close()
        _mine.warm = None


class SharedWarmProcess:
    """This thread's warm process, for a process that is about to be forked from this one.

    One warm process for all workers: each of its own would cost a second of CPU.
    """

    def __init__(self, wanted: Wanted) -> None:
        """Lend it, or nothing: then the worker starts its own and meets the reason itself."""
        self._wanted = wanted
        self._lent: Borrowed | None = None
        with contextlib.suppress(WarmError, OSError):
            warm = warm_process(wanted)
            assert isinstance(warm, Warm)
            self._lent = warm.lend()

    def take(self) -> None:
        """In the worker: use it from now on."""
        own: Borrowed | None = getattr(_mine, "warm", None)
        if own is not None:
            Borrowed.close(own)  # the parent's end; its warm process stays
        _mine.warm, _mine.ready = self._lent, self._wanted

    def let_go(self) -> None:
        """In the parent, once the worker has it."""
        if self._lent is not None:
            self._lent.close()


def warm_process_died() -> bool:
    """Whether this thread's warm process has ended by itself, and its kernels with it."""
    warm: Borrowed | None = getattr(_mine, "warm", None)
    return warm is not None and not warm.alive


def keeps_files(standing: list[str]) -> bool:
    """Whether the walls that stand keep a notebook from files that are not its own."""
    return bool({"root", "landlock"} & set(standing))


class WalledProvisioner(KernelProvisionerBase):
    """Forks kernels from this thread's warm process."""

    modules = List(Unicode(), help="modules to import once, in the warm process").tag(config=True)
    warm_up = Dict(
        List(),
        help="functions to call once, in the warm process, by 'module:function', with their "
        "arguments, where the reference imports that module: what they compute and remember, every "
        "notebook finds",
    ).tag(config=True)
    helpers = List(
        Unicode(),
        help="packages and modules whose functions tests call, and functions ('module:function') "
        "that name what else was changed: that a notebook changes any of it is flagged",
    ).tag(config=True)
    limits = Dict(Int(), help="what a kernel may use: see backend_course.grading.walls.limits").tag(
        config=True
    )
    environment = Dict(help="environment variables that notebooks see").tag(config=True)
    largest_folder = Int(256 << 20, help="bytes of support files that a kernel is given").tag(
        config=True
    )

    trust_students = Bool(
        False, help="run notebooks although the host offers no wall around their files"
    ).tag(config=True)

    @validate("limits")
    def _known_limits(self, proposal: Bunch) -> dict[str, int]:
        known = [field.name for field in dataclasses.fields(Limits)]
        for name in proposal.value:
            if name not in known:
                raise TraitError(
                    f"c.WalledProvisioner.limits knows no {name!r}, but {', '.join(known)}."
                )
        return proposal.value

    pid: int | None = None
    channel: Channel
    _warm: Borrowed | None = None
    _folder: Path | None = None

    @property
    def has_process(self) -> bool:
        """Whether there is a kernel."""
        return self.pid is not None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Choose the kernel's folder."""
        ready = Wanted(list(self.modules), dict(self.warm_up), list(self.helpers))
        self._warm = warm_process(ready)
        if not (self.trust_students or keeps_files(self._warm.standing)):
            raise WarmError(NO_WALLS)
        self._folder = self._warm.new_folder()
        kwargs["cmd"] = []
        return kwargs

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict[str, Any]:
        """Give the kernel the regular files of its working folder, and fork it."""
        assert self._warm is not None
        assert self._folder is not None
        if kwargs.get("cwd"):
            copy_regular_files(Path(kwargs["cwd"]), self._folder / "work", self.largest_folder)
        ours, theirs = Channel.pair()
        try:
            with theirs:
                answer = self._warm.ask(
                    "fork",
                    give=theirs,
                    kernel=self._folder.name,
                    arguments=kwargs.get("extra_arguments", []),
                    environment=_environment(dict(self.environment)),
                    limits=vars(Limits(**self.limits)),
                )
        except BaseException:
            ours.close()
            raise
        self.pid, self.channel = answer["pid"], Channel(ours)
        return {}

    def _ask(self, do: str) -> int | None:
        try:
            return self._warm.ask(do, pid=self.pid).get("status") if self._warm and self.pid else 0
        except WarmError:
            self.pid = None  # a kernel does not outlive its warm process
            return 1

    async def poll(self) -> int | None:
        """The kernel's exit status, None while it runs."""
        return self._ask("poll")

    async def wait(self) -> int | None:
        """Wait until the kernel is gone."""
        while (status := self._ask("poll")) is None:
            await asyncio.sleep(0.02)
        self.pid = None
        return status

    async def send_signal(self, signum: int) -> None:
        """Interrupt for SIGINT, kill for SIGKILL, terminate for all others."""
        self._ask({signal.SIGINT: "interrupt", signal.SIGKILL: "kill"}.get(signum, "terminate"))

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel and everything that it started."""
        self._ask("kill")

    async def terminate(self, restart: bool = False) -> None:
        """Ask the kernel to go."""
        self._ask("terminate")

    async def cleanup(self, restart: bool = False) -> None:
        """Kill what is left and remove the kernel's folder."""
        self._ask("kill")
        self.pid = None
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


def copy_regular_files(source: Path, target: Path, most: int) -> None:
    """Copy the regular files of a folder, no links, and of no more than `most` bytes together."""
    for folder, _, names in os.walk(source):
        for name in names:
            path = Path(folder, name)
            status = path.lstat()
            most -= status.st_size
            if stat.S_ISREG(status.st_mode) and most >= 0:
                copy = target / path.relative_to(source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
                copy.chmod(0o755 if status.st_mode & 0o100 else 0o644)


def _environment(more: dict[str, str]) -> dict[str, str]:
    kept = of_the_system()
    if "NBGRADER_EXECUTION" in os.environ:
        kept["NBGRADER_EXECUTION"] = os.environ["NBGRADER_EXECUTION"]
    return kept | {"USER": "student", "PYDEVD_DISABLE_FILE_VALIDATION": "1"} | more


class WalledKernelSpecs(KernelSpecManager):
    """Knows the walled kernel without its being installed anywhere, and all others besides."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """The kernelspec; the walled one names the provisioner above."""
        if kernel_name != KERNEL_NAME:
            return super().get_kernel_spec(kernel_name)
        return KernelSpec(
            argv=["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Python 3, walled",
            language="python",
            metadata={"kernel_provisioner": {"provisioner_name": PROVISIONER_NAME}},
        )


class WalledKernelManager(AsyncKernelManager):
    """Manages walled kernels; others too, without walls, if it is asked for them by name."""

    on_interrupt: Callable[[], None] | None = None  # told before a kernel is interrupted

    async def start_kernel(self, **kwargs: Any) -> None:
        """Start the kernel; for a walled one there is no file to say where its sockets are."""
        if self.kernel_name != KERNEL_NAME:
            await super().start_kernel(**kwargs)
            return
        factory = KernelProvisionerFactory.instance(parent=self.parent)
        self.provisioner = factory.create_provisioner_instance(
            str(uuid.uuid4()), self.kernel_spec, parent=self
        )
        kwargs = await self.provisioner.pre_launch(**kwargs)
        await self.provisioner.launch_kernel(**kwargs)

    async def shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:
        """End the kernel; a walled one at once, since it has nothing to put away."""
        await super().shutdown_kernel(now or self.kernel_name == KERNEL_NAME, restart)

    async def interrupt_kernel(self) -> None:
        """Interrupt the running cell."""
        if self.on_interrupt:
            self.on_interrupt()
        await super().interrupt_kernel()

    def client(self, **kwargs: Any) -> Any:
        """Return a client of the kernel's; `kwargs` are those of jupyter_client."""
        if self.kernel_name != KERNEL_NAME:
            return super().client(**kwargs)
        assert isinstance(self.provisioner, WalledProvisioner)
        return ChannelClient(self, self.provisioner.channel)

    @default("kernel_spec_manager")
    def _own_kernel_specs(self) -> KernelSpecManager:
        return WalledKernelSpecs(parent=self)
