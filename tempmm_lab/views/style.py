"""The book's one visual language: colours, hatches and marks, in light and in dark.

Colour never speaks alone: what is set is filled, what is clear is an outline; what is wrong has a cross and a word;
what is stale has a dotted line under it and the word "stale"; every address space has a hatch besides its colour.
The colours are those of the Okabe-Ito palette, darkened or lightened until text on them is readable.
"""

from __future__ import annotations

LIGHT = {
    "bg": "#ffffff", "fg": "#1b1f24", "muted": "#57606a", "line": "#c4ccd4", "soft": "#f3f5f7", "on": "#1b1f24",
    "onfg": "#ffffff", "user": "#0067a3", "other": "#00704f", "temp": "#b84800", "efi": "#9c3d7c", "init": "#667080",
    "bad": "#b3261e", "badsoft": "#fdecea", "ok": "#1a7036", "hl": "#fff3c4",
}  # fmt: skip
DARK = {
    "bg": "#12161b", "fg": "#e6edf3", "muted": "#a3adb8", "line": "#3d4650", "soft": "#1b2129", "on": "#e6edf3",
    "onfg": "#12161b", "user": "#5bb4ee", "other": "#3fc39b", "temp": "#ff9a52", "efi": "#e59ac7", "init": "#9aa5b1",
    "bad": "#ff8a80", "badsoft": "#3a1c1c", "ok": "#5fd47a", "hl": "#4a3d0c",
}  # fmt: skip
MONO = "ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace"
SPACES = ("init", "user", "other", "temp", "efi")
"""The looks that an address space can have. A PCID n looks like SPACES[n], from 4 up like the last."""


def _variables(colours: dict[str, str]) -> str:
    return ";".join(f"--{name}:{value}" for name, value in colours.items())


CSS = (
    f"svg.tmm{{{_variables(LIGHT)};font-family:{MONO};font-size:13px;background:var(--bg)}}"
    f"@media (prefers-color-scheme:dark){{svg.tmm{{{_variables(DARK)}}}}}"
    f'body[data-jp-theme-light="true"] svg.tmm{{{_variables(LIGHT)}}}'
    f'body[data-jp-theme-light="false"] svg.tmm{{{_variables(DARK)}}}'
    ".tmm text{fill:var(--fg)}.tmm .m{fill:var(--muted)}.tmm .b{font-weight:700}.tmm .s{font-size:11px}"
    ".tmm .h{font-size:14px;font-weight:700}.tmm .bad{fill:var(--bad)}.tmm .ok{fill:var(--ok)}"
    ".tmm .on{fill:var(--onfg);font-weight:700}.tmm .mid{text-anchor:middle}.tmm .end{text-anchor:end}"
    ".tmm .card{fill:var(--bg);stroke:var(--line)}.tmm .soft{fill:var(--soft)}.tmm .wrong{fill:var(--badsoft)}"
    ".tmm .set{fill:var(--on);stroke:var(--on)}.tmm .clear{fill:none;stroke:var(--line)}"
    ".tmm .rule{stroke:var(--line)}.tmm .arrow{stroke:var(--muted);fill:none;stroke-width:1.5}"
    ".tmm .badline{stroke:var(--bad);stroke-width:2.5;fill:none}"
    ".tmm .dots{stroke:var(--bad);stroke-width:2;stroke-dasharray:2 3}"
    ".tmm .space-init{fill:var(--init)}.tmm .space-user{fill:var(--user)}.tmm .space-other{fill:var(--other)}"
    ".tmm .space-temp{fill:var(--temp)}.tmm .space-efi{fill:var(--efi)}.tmm .hatch{stroke:var(--bg);stroke-width:2}"
)
