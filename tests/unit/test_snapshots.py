import gzip
import json
from importlib import resources

import pytest

from tempmm_lab import SNAPSHOTS, Access, ModelError, UnknownWord, load, load_snapshot, run

DATA = resources.files("tempmm_lab").joinpath("data")


def packed(name):
    """Give the bytes of a recording as it is shipped."""
    return DATA.joinpath(f"pagetables-6.16.12-{name}.json.gz").read_bytes()


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_a_snapshot_has_the_recorded_registers(name):
    """Registers, vendor and MAXPHYADDR are those of the recording, whose CPU calls itself an AMD."""
    snapshot = load_snapshot(name)
    for register in ("cr0", "cr3", "cr4", "efer", "rflags", "cpl"):
        assert getattr(snapshot.registers, register) == int(snapshot.raw["registers"][register], 16)
    assert (snapshot.vendor, snapshot.maxphyaddr) == ("amd", snapshot.raw["maxphyaddr"])
    assert snapshot.registers.levels == (5 if name == "user-la57" else 4)


def test_a_snapshot_prints_in_one_line():
    """Its repr says which it is, of what moment, and where CR3 points."""
    text = repr(load_snapshot("text_poke"))
    assert text.startswith("Snapshot('text_poke': text_poke_mm, in the middle of a poke; 62 addresses, CR3 = 0x")
    assert "\n" not in text


@pytest.mark.parametrize(
    ("name", "address"), [("linux_banner", 0xFFFF_FFFF_8215_6560), ("spin: rodata", 0x47_B1A8), ("rodata", 0x47_B1A8)]
)
def test_an_address_is_found_by_symbol_or_label(name, address):
    """Kernel symbols, labels, and labels of the user program without their prefix name an address."""
    assert load_snapshot("user").find(name) == address


@pytest.mark.parametrize("text", ["0x401000", "401000"])
def test_a_number_in_text_is_an_address(text):
    """A hexadecimal number names itself, with or without 0x."""
    assert load_snapshot("user").find(text) == 0x40_1000


def test_an_unknown_name_is_answered_with_examples():
    """The error names the snapshot and some labels that it has."""
    with pytest.raises(ModelError, match=r"'user' has no address called 'nobody'.*for example"):
        load_snapshot("user").find("nobody")


def test_a_walk_takes_words_for_the_access():
    """ "write" and Access.WRITE ask the same."""  # noqa: D210  (the quote needs the space)
    snapshot = load_snapshot("user")
    assert snapshot.walk("heap", "write") == snapshot.walk("heap", Access.WRITE)


def test_changes_to_the_registers_last_for_one_walk():
    """A walk with other registers leaves the snapshot's own as recorded."""
    snapshot = load_snapshot("user")
    assert snapshot.walk("linux_banner", cpl=0).pa is not None
    assert snapshot.walk("linux_banner").fault is not None


def test_a_changed_word_is_changed_in_a_copy():
    """`with_word` gives another snapshot; the one it came from still walks as recorded."""
    snapshot = load_snapshot("user")
    leaf = snapshot.walk("heap").levels[-1]
    unmapped = snapshot.with_word(leaf.entry_pa, 0)
    assert unmapped.walk("heap").pa is None
    assert snapshot.walk("heap").pa is not None


def test_loading_twice_gives_equal_snapshots():
    """Nothing in a snapshot depends on when it was loaded."""
    assert load_snapshot("efi").memory == load_snapshot("efi").memory
    assert load_snapshot("efi").addresses == load_snapshot("efi").addresses


@pytest.mark.parametrize("suffix", [".json", ".json.gz"])
def test_a_recording_can_be_read_from_a_file(tmp_path, suffix):
    """A file, packed or not, gives the same tables as the recording that it is a copy of."""
    path = tmp_path / f"mine{suffix}"
    path.write_bytes(packed("efi") if suffix.endswith("gz") else gzip.decompress(packed("efi")))
    for given in (path, str(path)):
        snapshot = load_snapshot(given)
        assert snapshot.memory == load_snapshot("efi").memory
        assert snapshot.walk(0).pa == 0


def broken(change):
    """Give the text of a recording in which something has been changed."""
    raw = json.loads(gzip.decompress(packed("efi")))
    change(raw)
    return json.dumps(raw).encode()


BROKEN = {
    "empty": b"",
    "not JSON": b"hello",
    "a list": b"[]",
    "a number": b"5",
    "nothing in it": b"{}",
    "not text": b"\xff\xfe\x00",
    "no entries": broken(lambda raw: raw.pop("entries")),
    "no registers": broken(lambda raw: raw.pop("registers")),
    "a word of 65 bits": broken(lambda raw: raw["entries"].update({"0x1000": "0x1" + "0" * 16})),
    "an address that is no number": broken(lambda raw: raw["entries"].update({"here": "0x0"})),
    "an entry off its place": broken(lambda raw: raw["entries"].update({"0x1001": "0x0"})),
    "entries as a list": broken(lambda raw: raw.update(entries=[])),
    "a processor nobody makes": broken(lambda raw: raw.update(maxphyaddr=20)),
    "a register that is no number": broken(lambda raw: raw["registers"].update(cr3=None)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_clear_error(tmp_path, name):
    """A file that is no recording, or a damaged one, gives a ModelError of one line."""
    path = tmp_path / "broken.json"
    path.write_bytes(BROKEN[name])
    with pytest.raises(ModelError) as caught:
        load_snapshot(path)
    assert "\n" not in str(caught.value)


DAMAGED = packed("efi")[:500] + b"\xff" * 20 + packed("efi")[520:]


@pytest.mark.parametrize(
    "content", [b"plain", packed("efi")[:100], DAMAGED, b""], ids=["not packed", "cut off", "damaged", "empty"]
)
def test_a_broken_packed_file_is_one_clear_error(tmp_path, content):
    """A .gz that is not one, is cut off or damaged, gives a ModelError too."""
    path = tmp_path / "broken.json.gz"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="is not a page-table snapshot"):
        load_snapshot(path)


@pytest.mark.parametrize("name", ["nobody", "", "user.json", "."])
def test_an_unknown_snapshot_is_answered_with_the_names(name):
    """A name that is neither a recording's nor a file's gives an error that lists the recordings."""
    with pytest.raises(ModelError, match="user, text_poke, efi, user-kaslr, user-pti, user-la57"):
        load_snapshot(name)


def test_an_incomplete_page_is_unknown_where_nothing_was_saved():
    """Of a table that was saved in part, an entry that was not saved is unknown; of a whole one it is 0."""
    snapshot = load_snapshot("user")
    whole = {int(pa, 16): page["complete"] for pa, page in snapshot.raw["pages"].items()}
    unsaved = {
        table: next(pa for pa in range(table, table + 4096, 8) if hex(pa) not in snapshot.raw["entries"])
        for table in whole
    }
    assert set(whole.values()) == {True, False}
    for table, pa in unsaved.items():
        if whole[table]:
            assert snapshot.memory.read64(pa) == 0
        else:
            with pytest.raises(UnknownWord):
                snapshot.memory.read64(pa)


def test_a_machine_stands_in_the_recorded_moment():
    """It has one CPU with the recorded registers, an empty TLB, and the guest's memory."""
    snapshot = load_snapshot("user")
    machine = snapshot.machine()
    assert (len(machine.cpus), machine.cpu(0).registers, machine.memory) == (1, snapshot.registers, snapshot.memory)
    assert machine.cpu(0).tlb.entries == ()
    assert run(snapshot.machine(cpl=0, AC=1), 0, load, snapshot.find("bss_written"))[1] == 0x5000_0000_004A_B000
