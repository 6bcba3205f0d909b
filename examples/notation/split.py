"""Which pieces train the networks of sheet music, which validate them, and which test them.

Performances by people are split by composer, and so are the songs with piano, of which those by composers that validate
or test are not used at all; the pop songs are split by number.
"""

from __future__ import annotations

import zlib

VALID_COMPOSERS = {"bach", "scriabin"}
TEST_COMPOSERS = {"mozart", "liszt", "debussy", "ravel"}


def part_of(name: str, *, composer: str = "") -> str:
    """Return train, valid, test, or none for what is not used, of a piece by its file's name without ending.

    ``composer`` is the family name, if the name of the file does not tell it.

    >>> part_of("bach_fugue_bwv_848"), part_of("mozart_fantasie_475"), part_of("lied-liszt_lc1"), part_of("011")
    ('valid', 'test', 'none', 'train')
    """
    if name[:3].isdecimal():  # a pop song
        return {"0": "test", "5": "valid"}.get(name[2], "train")
    is_song = name.startswith(("lied-", "lc"))
    composer = composer.lower() or name.removeprefix("lied-").partition("_")[0]
    held_out = "valid" if composer in VALID_COMPOSERS else "test" if composer in TEST_COMPOSERS else ""
    if is_song:
        return "none" if held_out else {0: "test", 1: "valid"}.get(zlib.crc32(composer.encode()) % 10, "train")
    return held_out or "train"
