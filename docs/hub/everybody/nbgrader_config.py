"""For everybody on the hub: where assignments are exchanged. It lies in a folder that JUPYTER_CONFIG_PATH names."""
# ruff: noqa: INP001, F821  (a configuration file: nbgrader runs it, and gives it get_config)

from pathlib import Path

c = get_config()
c.CourseDirectory.course_id = "tempmm"
c.Exchange.root = str(Path(__file__).resolve().parents[1] / "exchange")
