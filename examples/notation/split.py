"""Which pieces train the networks of sheet music, which validate them, and which test them.

Performances by people are never trained on: their composers are left out of everything, so that no piece of theirs is
known in another form either. The songs with piano are split by composer, the pop songs by number.
"""

from __future__ import annotations

import zlib

VALID_COMPOSERS = {"bach", "haydn", "scriabin", "prokofiev", "glinka", "balakirev"}
TEST_COMPOSERS = {"chopin", "liszt", "mozart", "debussy", "rachmaninoff", "ravel", "beethoven"}


def part_of(name: str, *, composer: str = "") -> str:
    """Return train, valid, test, or none for what is not used, of a piece by its file's name without ending.

    ``composer`` is the family name, if the name of the file does not tell it.

    >>> part_of("bach_fugue_bwv_848"), part_of("schubert_sonata"), part_of("010"), part_of("011")
    ('valid', 'none', 'test', 'train')
    """
    if name[:3].isdecimal():  # a pop song
        return {"0": "test", "5": "valid"}.get(name[2], "train")
    is_song = name.startswith(("lied-", "lc"))
    composer = composer.lower() or name.removeprefix("lied-").partition("_")[0]
    if composer in VALID_COMPOSERS | TEST_COMPOSERS and is_song:
        return "none"
    if is_song:
        return {0: "test", 1: "valid"}.get(zlib.crc32(composer.encode()) % 10, "train")
    return "valid" if composer in VALID_COMPOSERS else "test" if composer in TEST_COMPOSERS else "none"
