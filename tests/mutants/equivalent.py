"""Mutants that nothing can tell from the original, and why."""

EQUIVALENT: dict[str, str] = {
    "virt_efi_get_variable: swap `await write_once('done', 'efi_rts_work', False)` and "
    "`await write_once('efi_rts_work', None, None)`": "both are written under efi_runtime_lock, and the worker reads "
    "neither before the next call is queued",
    "efi_crash_gracefully_on_page_fault: flip True (the 19th node)": "the worker is parked before it could return this",
}
