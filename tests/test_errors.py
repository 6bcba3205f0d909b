import sys

import pytest

from sori.errors import (
    MissingDependencyError,
    ParameterError,
    SoriError,
    check_between,
    check_choice,
    check_count,
    check_installed,
    check_keys,
    missing,
    package_folder,
    reason,
    require,
)


def test_between_names_bounds_unit_and_value():
    check_between("snr_db", 3.0, -10, 10, "dB")
    with pytest.raises(ParameterError, match=r"^snr_db must be -10 to 10 dB\. Received snr_db=11\.$"):
        check_between("snr_db", 11, -10, 10, "dB")
    with pytest.raises(ParameterError, match="Received x=nan"):
        check_between("x", float("nan"), 0, 1)


@pytest.mark.parametrize("value", [0, -1, 2.0, True, "3"])
def test_count_refuses(value):
    with pytest.raises((ParameterError, TypeError), match="hop_length must be a whole number, at least 1"):
        check_count("hop_length", value)


def test_choice_and_keys_suggest_the_nearest():
    with pytest.raises(ParameterError, match="did you mean 'mfcc'"):
        check_choice("feature", "mfc", ("mel", "mfcc"))
    with pytest.raises(ParameterError, match="unknown key 'n_mells' in FrontEnd; did you mean 'n_mels'"):
        check_keys("FrontEnd", ["n_mells"], ["n_mels", "sr"])


def test_our_errors_are_also_the_standard_ones():
    assert issubclass(ParameterError, ValueError)
    assert issubclass(ParameterError, SoriError)
    assert issubclass(MissingDependencyError, ImportError)


def test_a_missing_library_says_which_extra_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "librosa", None)  # which makes importing it fail
    with pytest.raises(MissingDependencyError, match=r"this needs librosa, .* pip install 'sori\[beats\]'"):
        require("librosa")
    with pytest.raises(MissingDependencyError, match="pip install no_such_library"):
        require("no_such_library")
    with pytest.raises(MissingDependencyError, match=r"pip install '.\[train\]'"):
        raise missing("pyarrow.parquet")
    with pytest.raises(MissingDependencyError, match="no_such_library"):
        check_installed("numpy", "no_such_library")


def test_reason_is_one_line():
    assert reason(ValueError("first\nsecond")) == "first"
    assert reason(KeyError()) == "KeyError"
    assert reason(FileNotFoundError(2, "No such file or directory")) == "No such file or directory"


def test_the_folder_of_a_package_is_found_without_importing_it():
    assert (package_folder("sori", name="sori", how="") / "errors.py").is_file()
    with pytest.raises(MissingDependencyError, match="no-such is not installed: pip install it"):
        package_folder("no_such_package", name="no-such", how="pip install it")
