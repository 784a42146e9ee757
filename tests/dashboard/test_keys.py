"""The table of keys: no clash, nothing without an action, and the sheet says what it says."""

import re
from pathlib import Path

import pytest

from dashboard import keys, theme
from dashboard.keys import KEYS
from dashboard.tour import STEPS
from dashboard.views import _desk
from dashboard.views._keys import ACTIONS, _number
from qsocore.inspection import vocabulary


def test_no_key_means_two_things():
    presses = [(key.desk, press) for key in KEYS for press in key.presses]  # a desk in force has its keys before the page
    assert len(set(presses)) == len(presses)


def test_everything_a_key_does_exists():
    done = {what for key in KEYS if key.how == "do" for _, what in key.acts}
    assert done == set(ACTIONS)
    spectrum = (Path(keys.__file__).parent / "views" / "spectrum.js").read_text()
    asked = [what for key in KEYS if key.how == "spectrum" for _, what in key.acts]
    assert len(asked) == 10 and [what for what in asked if f'"{what}":' not in spectrum] == []
    assert {key.how for key in KEYS} == {"do", "spectrum", "figure", "focus", "click", "desk"}


def test_a_desk_has_a_key_for_every_word_and_keeps_those_that_the_spectrum_needs():
    said = {desk: {what for key in KEYS if key.desk == desk for _, what in key.acts} for desk in ("lenses", "spectra")}
    words = {"grade": vocabulary.LENS_GRADES, "kind": vocabulary.CONTAMINANTS, "quality": vocabulary.QUALITIES,
             "flag": vocabulary.ISSUES, "type": vocabulary.TYPES}
    known = {f"{verb} {word.word}" for verb in words for word in words[verb]}
    assert known | {f"remark {one}" for one in vocabulary.COMMENTS} < said["lenses"] | said["spectra"]
    taken = {press for key in KEYS if key.desk == "spectra" for press in key.presses}
    assert taken.isdisjoint({"?", "r", "l", "s", "d", "t", "z", "[", "]"})


@pytest.mark.parametrize("desk", ["lenses", "spectra"])
def test_what_a_key_does_at_a_desk_its_script_knows(desk):
    script = _desk.script({"lenses": "lensdesk.js", "spectra": "spectradesk.js"}[desk])
    verbs = {what.split()[0] for key in KEYS if key.desk == desk for _, what in key.acts}
    assert [verb for verb in verbs if not re.search(rf'\b{verb}\b["]?[:,]|"{verb}"', script)] == []


@pytest.mark.parametrize(("press", "shown"), [("Ctrl+Shift+z", ["Ctrl", "Shift", "Z"]), ("Shift+ArrowLeft", ["Shift", "←"]),
                                              ("+", ["+"]), ("n", ["n"]), ("Escape", ["Esc"])])
def test_what_is_printed_on_the_keys(press, shown):
    assert keys.signs(press) == shown


def test_the_sheet_has_every_key_once():
    sheet = keys.sheet()
    assert sheet.count("<tr>") == len(KEYS) and all(key.does in sheet for key in KEYS)
    assert len(re.findall("<kbd>", sheet)) == sum(len(keys.signs(press)) for key in KEYS for press in key.presses)


def test_the_list_is_put_between_its_marks_and_only_there(tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{keys.BEGIN}\nold\n{keys.END}\nafter\n", encoding="utf-8")
    assert keys.main(["--write", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "old" not in text
    assert keys.main(["--write", str(page)]) == 0 and page.read_text(encoding="utf-8") == text
    with pytest.raises(ValueError, match="there is no"):
        keys.rewritten("nothing")
    keys.main([])
    assert capsys.readouterr().out.strip() == keys.markdown()


def test_readme_has_the_keys_that_there_are():
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    assert keys.rewritten(readme) == readme, "renew it by python -m dashboard.keys --write README.md"


def test_the_number_of_a_map_from_its_figures_name():
    assert [_number(name) for name in ("map", "map 2", "map 3", "sky", "")] == [0, 1, 2, 0, 0]


def test_five_steps_that_can_be_read_at_a_glance():
    assert len(STEPS) == 5 and all(len(step.text) < 180 and step.at for step in STEPS)


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_contrast_is_that_of_the_rules():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("name", theme.INK)
@pytest.mark.parametrize("text", ["text", "muted", "accent", "warn"])
@pytest.mark.parametrize("ground", ["page", "surface"])
def test_text_can_be_read(name, text, ground):
    assert contrast(theme.INK[name][text], theme.INK[name][ground]) >= 4.5


@pytest.mark.parametrize("name", theme.INK)
def test_words_on_buttons_and_lines_in_figures_can_be_seen(name):
    ink = theme.INK[name]
    assert contrast(ink["on_accent"], ink["accent"]) >= 4.5
    assert all(contrast(ink[line], ink["surface"]) >= 3 for line in ("flux", "model", "mark", "a", "b"))
