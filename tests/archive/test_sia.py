"""Simple Image Access, asked of a real small service through pyvo."""

import io
from functools import partial

import numpy as np
import pytest
import requests
from astropy.io import fits

from qsocore.archive import SOURCES, Objects
from qsocore.archive.address import Guard, Refused
from qsocore.archive.client import Client
from qsocore.archive.local import ImageService
from qsocore.config import from_words
from qsocore.errors import ConfigError, ReadError
from tests.archive.server import Server, status
from tests.images import make_images

pytest.importorskip("pyvo")
SOURCE = SOURCES.get("sia")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_images(tmp_path_factory.mktemp("sia") / "images.store", n=12)


@pytest.fixture(scope="module")
def service(store):
    with ImageService(store) as service:
        yield service


@pytest.fixture
def client(service):
    with Client(Guard([service.url])) as client:
        yield client


def objects_in(store, rows):
    frame = store.frame(rows=rows)
    return Objects(store.path, frame["object_id"].tolist(), frame["ra"].to_numpy(), frame["dec"].to_numpy(), frame)


def config(service, *words):
    version = 2 if "version=2" in words else 1
    return from_words(SOURCE.Config, [f"url={service.sia if version == 1 else service.sia2}", *words])


@pytest.mark.parametrize("version", ["version=1", "version=2"])
def test_the_images_of_an_object_one_a_band(service, store, client, version):
    objects = objects_in(store, [3, 7])
    for row in range(2):
        found = SOURCE.find(objects, row, config(service, version), client)
        assert [one.file for one in found] == [f"{objects.native(row)}_{band}.fits" for band in "gri"]
        assert {one.object_id for one in found} == {objects.ids[row]}
        assert all(one.estimate > 0 and one.size is None for one in found)
    two = SOURCE.find(objects, 0, config(service, version, "bands=i,g,z"), client)
    assert [one.file[-6] for one in two] == ["i", "g"]


@pytest.mark.parametrize("version", ["version=1", "version=2"])
def test_nothing_there(service, store, client, version):
    objects = Objects(store.path, ["x"], np.array([store.column("ra")[0]]), np.array([89.9]), store.frame(rows=[0]))
    assert SOURCE.find(objects, 0, config(service, version), client) == []


@pytest.mark.parametrize("ra", [0.00001, 359.99999])
def test_around_the_end_of_right_ascension(tmp_path, ra):
    store = make_images(tmp_path / "wrap.store", n=3, n_shards=1, ids=["a:b:1", "a:b:2", "a:b:3"])
    object.__setattr__(store, "column", partial(_moved, store.column))
    with ImageService(store) as service, Client(Guard([service.url])) as client:
        objects = Objects(store.path, ["x"], np.array([ra]), np.array([0.0]), store.frame(rows=[0]))
        assert [one.object_id for one in SOURCE.find(objects, 0, config(service), client)] == ["x"] * 3


def _moved(column, name):
    return {"ra": np.array([359.99999, 90.0, 180.0]), "dec": np.zeros(3)}.get(name, column(name))


def test_the_cutout_holds_the_store_s_pixels(service, store):
    name = store.column("object_id")[5]
    content = requests.get(service.template.format(object_id=name, band="r")).content
    with fits.open(io.BytesIO(content)) as hdus:
        block = store.images([5])
        np.testing.assert_array_equal(hdus[0].data, block.flux[0, 1])
        np.testing.assert_array_equal(hdus["IVAR"].data, block.ivar[0, 1])
        head = hdus[0].header
        assert (head["FILTER"], head["OBJECT"], head["MAGZERO"]) == ("r", name, 30.0)
        assert head["CRVAL1"] == store.column("ra")[5]


def test_the_service_continues_and_says_what_it_has_not(service, store):
    url = service.template.format(object_id=store.column("object_id")[5], band="g")
    whole = requests.get(url)
    rest = requests.get(url, headers={"Range": "bytes=2880-", "If-Range": whole.headers["ETag"]})
    assert rest.status_code == 206 and whole.content[:2880] + rest.content == whole.content
    other = requests.get(url, headers={"Range": "bytes=2880-", "If-Range": '"other"'})
    assert other.status_code == 200 and other.content == whole.content
    head = requests.head(url)
    assert head.headers["Content-Length"] == str(len(whole.content)) and not head.content
    assert requests.get(f"{service.url}/cutout?id=none&band=g").status_code == 404
    assert requests.get(f"{service.url}/../../etc/passwd").status_code == 404
    for bad in ("/sia", "/sia?POS=1&SIZE=1", "/sia?POS=a,b&SIZE=1", "/sia2?POS=BOX 1 1 1", "/sia2"):
        assert requests.get(service.url + bad).status_code == 400


def test_only_images_whose_columns_say_so(service, store, client):
    objects = objects_in(store, [3])
    assert len(SOURCE.find(objects, 0, config(service, "only=band=g"), client)) == 1
    assert SOURCE.find(objects, 0, config(service, "only=prodtype=image"), client) == []


def test_a_service_that_cannot_be_asked(client, store):
    objects = objects_in(store, [3])
    for act in (partial(status, code=500), partial(status, code=404), partial(status, code=200, body=b"<html>hello")):
        with Server(acts={}) as server:
            server.files["/sia"] = b""
            server.act = lambda method, path, headers, act=act: act
            with Client(Guard([server.url])) as other, pytest.raises(ReadError, match="the service cannot be asked") as caught:
                SOURCE.find(objects, 0, from_words(SOURCE.Config, [f"url={server.url}/sia"]), other)
            assert caught.value.reason == "service"


def test_a_service_that_leads_into_this_machine_is_refused(service, store):
    """pyvo speaks through the same door as everything else."""
    with Client(Guard()) as client, pytest.raises(Refused):
        SOURCE.find(objects_in(store, [3]), 0, config(service), client)


@pytest.mark.parametrize(("words", "why"), [
    ([], "no service is named"), (["url=http://a.org", "version=3"], "version is 1 or 2"),
    (["url=http://a.org", "size=0"], "size is positive"), (["url=http://a.org", "only=x"], "column=value")])
def test_settings_that_do_not_fit(store, words, why):
    with pytest.raises(ConfigError, match=why):
        SOURCE.check(objects_in(store, [0]), from_words(SOURCE.Config, words))
