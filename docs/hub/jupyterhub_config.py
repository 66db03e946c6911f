"""A JupyterHub to look at: one teacher, a few students, a password each, on this computer only.

It is what `make hub` starts, and an example to read. It is no hub for a course: `docs/hub.md` says what that needs.
The environment gives two things: TEMPMM_HUB, the folder that `tests/hub/course.py` made, and TEMPMM_HUB_RUN, JSON with
this run's passwords by name and its ports.
"""
# ruff: noqa: INP001, F821  (a configuration file: JupyterHub runs it, and gives it get_config)

import hmac
import json
import os
import shutil
import sys
from pathlib import Path

from jupyterhub.auth import Authenticator
from jupyterhub.spawner import SimpleLocalProcessSpawner

c = get_config()
HERE = Path(os.environ["TEMPMM_HUB"])
RUN = json.loads(os.environ["TEMPMM_HUB_RUN"])
USERS = json.loads((HERE / "users.json").read_text(encoding="utf-8"))
"""Name -> uid of each student; the teacher is whoever started the hub."""
TEACHER = "teacher"
IS_ROOT = os.geteuid() == 0


# ---- who may log in -------------------------------------------------------------------------------------------------
# A course takes its institution's: OAuthenticator, LTIAuthenticator, LDAPAuthenticator, or PAM.
class OnePasswordEach(Authenticator):
    """Passwords that were made for this run."""

    async def authenticate(self, _: object, data: dict[str, str]) -> str | None:
        """Give the name if the password is right."""
        password = RUN["passwords"].get(data["username"], "")
        right = hmac.compare_digest(password.encode(), data["password"].encode())
        return data["username"] if password and right else None


c.JupyterHub.authenticator_class = OnePasswordEach
c.Authenticator.allowed_users = {TEACHER, *USERS}


# ---- what a log-in starts -------------------------------------------------------------------------------------------
# A course takes a container or an account of the system for each student, with limits on memory and processors.
def parents(path: Path) -> list[str]:
    """Give arguments that make the folders above a path; bubblewrap itself would close them to everybody but root."""
    return [word for one in reversed(path.parents[:-1]) for word in ("--perms", "0755", "--dir", str(one))]


def walls(student: str) -> list[str]:
    """Give the command that a student's server runs behind: it sees the system, Python, its home, and the exchange."""
    home, uid = f"/students/{student}", str(USERS[student])
    made = [shutil.which("bwrap"), "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--cap-drop", "ALL"]
    for path in map(Path, ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/usr", "/etc")):
        if path.is_symlink():
            made += ["--symlink", str(path.readlink()), str(path)]
        elif path.exists():
            made += ["--ro-bind", str(path), str(path)]
    made += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp"]  # noqa: S108  (its own)
    for path in map(Path, (sys.base_prefix, sys.prefix, HERE / "everybody", HERE / "students")):
        made += [*parents(path), "--ro-bind", str(path), str(path)]
    made += [*parents(HERE / "exchange"), "--bind", str(HERE / "exchange"), str(HERE / "exchange")]
    made += ["--ro-bind", str(HERE / "passwd"), "/etc/passwd", "--perms", "0755", "--dir", "/students"]
    made += ["--bind", str(HERE / "homes" / student), home, "--setenv", "HOME", home]
    begin = ["env", "--chdir", home]  # not bubblewrap's own --chdir: it may not enter a student's folder
    if not IS_ROOT:  # inside, the student's own number; outside, the same user for all
        return [*made, "--unshare-user", "--uid", uid, "--gid", uid, "--", *begin]
    made += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--"]
    made += ["setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", "--no-new-privs", "--inh-caps=-all"]
    return [*made, *begin]


def settings(student: str) -> str:
    """Give the folders with a student's settings, or the teacher's: everybody's, and for students what they lack."""
    folders = [HERE / "everybody"] if student == TEACHER else [HERE / "students", HERE / "everybody"]
    return os.pathsep.join(map(str, folders))


def prepare(spawner: SimpleLocalProcessSpawner) -> None:
    """Say how this user's server is started."""
    name = spawner.user.name
    spawner.environment = {"JUPYTER_CONFIG_PATH": settings(name)}
    spawner.cmd = ["jupyterhub-singleuser"] if name == TEACHER else [*walls(name), "jupyterhub-singleuser"]
    spawner.args = [
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--MappingKernelManager.cull_idle_timeout=1800",  # a kernel that nobody uses for half an hour ends
        *(["--allow-root"] if IS_ROOT and name == TEACHER else []),
        *RUN.get("options", []),
    ]


c.JupyterHub.spawner_class = SimpleLocalProcessSpawner
c.SimpleLocalProcessSpawner.home_dir_template = str(HERE / "homes" / "{username}")
c.Spawner.pre_spawn_hook = prepare
c.Spawner.default_url = "/lab"
c.Spawner.http_timeout = 120  # seconds for a server to come up, on a busy computer

# ---- where it listens, and what it keeps ----------------------------------------------------------------------------
# A course's hub listens on a public address, behind TLS. This one answers to this computer only.
c.JupyterHub.bind_url = f"http://127.0.0.1:{RUN['ports'][0]}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{RUN['ports'][1]}"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{RUN['ports'][2]}"
c.ConfigurableHTTPProxy.command = [os.environ["TEMPMM_HUB_PROXY"]]
c.ConfigurableHTTPProxy.pid_file = str(HERE / "hub" / "proxy.pid")
c.JupyterHub.db_url = f"sqlite:///{HERE / 'hub' / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(HERE / "hub" / "cookie-secret")
c.JupyterHub.cleanup_servers = True
