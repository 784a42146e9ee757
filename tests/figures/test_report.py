"""A run's report: whole, with its numbers and figures, and loading nothing."""

import re
from html.parser import HTMLParser

import pytest

from qsocore.cli import main
from qsocore.errors import StoreError
from qsocore.workflow import html
from qsocore.workflow.judge import judge
from qsocore.workflow.report import changed_settings, report

VOID = {"meta", "br", "img", "input", "hr", "link"}


class Balanced(HTMLParser):
    """Notes which elements there are, and fails where one is closed that is not open."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module", params=["classes", "redshifts", "latents"])
def written(request, trained):
    return request.param, report(request.param, trained.path)


def test_a_report_is_whole_and_loads_nothing(written):
    name, text = written
    parser = Balanced()
    parser.feed(text)
    assert parser.open == []
    assert not {"script", "link", "iframe", "object"} & set(parser.seen)
    assert "default-src 'none'" in text
    loaded = re.findall(r'(?:src|href)="([^"#][^"]{0,40})', text)
    assert all(address.startswith("data:image/png;base64,") for address in loaded)
    assert not re.search(r"url\((?!['\"]?#)", text)
    figures = {"classes": 6, "redshifts": 5, "latents": 6}[name]
    assert parser.seen.count("figure") == text.count("<b>Figure") == figures
    assert "prefers-color-scheme: dark" in text and "currentColor" in text


def test_a_report_says_what_the_run_is_and_how_well_it_does(written, trained):
    name, text = written
    judged = judge(name, trained.path)
    config = judged.run.config
    assert f"{len(judged):,} of 500 objects" in text
    assert config["data"]["sha256"] in text
    assert f"qso train {config['model']} {trained.store.path.name} --run {name}" in text
    assert f"qso evaluate {name} {trained.store.path.name} --split test" in text
    assert config["environment"]["torch"] in text and config["environment"]["python"] in text
    assert {"classes": "macro recall", "redshifts": "NMAD", "latents": "χ² per pixel"}[name] in text


def test_the_settings_that_were_changed_are_named(trained):
    words = changed_settings(trained.store.run("latents"))
    assert set(words) == {"batch=64", "test=0.4", "epochs=1", "latents=3"}
    assert "channels=8,16" in changed_settings(trained.store.run("classes"))


def test_without_a_store_the_page_tells_of_the_training_only(trained, tmp_path, monkeypatch):
    from qsocore.store.runs import copy_run

    alone = copy_run(trained.store.run("latents"), tmp_path)
    monkeypatch.chdir(tmp_path)
    text = report(str(alone.path))
    assert "not evaluated here" in text
    assert "Make it again" in text
    assert text.count("<b>Figure") == 1  # the journal goes with the run


def test_words_are_escaped():
    table = html.Table("<b>", ("", "&"), [("<script>", "1")], "a < b")
    text = html.table(table)
    assert "<script>" not in text and "&lt;script&gt;" in text and "a &lt; b" in text
    assert html.value({"x": [1, 0.123456], "y": None}) == "x (1, 0.1235), y None"
    assert html.value("") == "–"


def test_the_command_writes_the_file(trained, tmp_path, capsys, monkeypatch):
    from qsocore.store.runs import copy_run

    monkeypatch.chdir(tmp_path)
    alone = copy_run(trained.store.run("latents"), tmp_path)
    assert main(["report", str(alone.path)]) == 0
    out = f"{alone.path.name}.html"
    assert out in capsys.readouterr().out
    assert (tmp_path / out).read_text().startswith("<!doctype html>")
    assert main(["report", "nobody", "--store", trained.path]) == 1
    with pytest.raises(StoreError, match="no finished run"):
        report("nobody")
