"""Frozen graphs of TensorFlow 1 give what TensorFlow gives (see make_tensorflow_references.py)."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from amgs.errors import WeightsError
from amgs.images import read_image
from amgs.model import importing, verifying
from amgs.model.backbones.networks import Network
from amgs.model.backbones.preprocessing import resize_as_tensorflow1
from amgs.model.backbones.table import find_backbone, locate_backbone
from amgs.model.importing import import_model, read_labels
from amgs.model.tensorflow1.converting import Converted, convert
from amgs.model.tensorflow1.graph_def import MOST_VALUES, read_graph
from amgs.model.training.options import TrainingOptions
from amgs.model.training.sets import load_training_set
from amgs.model.training.train import train_model
from amgs.model.verifying import verify_model
from amgs.prediction.pain import PainReader
from amgs.provenance import git_id
from amgs.report.model_words import describe_model
from program import amgs
from published.inception_2015 import (
    FLOAT,
    GraphWriter,
    some_pictures,
    write_classifier,
    write_head,
    write_inception,
)
from published.random_weights import DATA

pytest.importorskip("onnx", reason="onnx comes with the extra `inception`")

EXPECTED = np.load(DATA / "tensorflow_inception_2015.npz")


def converted(folder: Path, writer: GraphWriter, output: str = "final_result") -> Converted:
    path = folder / "graph.pb"
    path.write_bytes(writer.bytes())
    return convert(read_graph(path), output)


def features(folder: Path, found: Converted) -> np.ndarray:
    path = folder / "network.onnx"
    path.write_bytes(found.network.SerializeToString())
    prepared = [found.preprocessing.apply(rgb) for rgb in some_pictures()]
    return Network(path).features(np.stack(prepared))


@pytest.mark.parametrize(("name", "scaled"), [("plain", False), ("scaled", True)])
def test_the_whole_network_says_what_tensorflow_says(
    tmp_path: Path, name: str, scaled: bool
) -> None:
    """P(pain) of five pictures of different sizes to 1e-4, features to 1e-3 of their size."""
    found = converted(tmp_path, write_inception(GraphWriter(scale_after_normalization=scaled)))
    assert found.preprocessing.resize_filter == "tensorflow1"
    assert (found.preprocessing.mean, found.preprocessing.scale) == (128.0, 128.0)
    values = features(tmp_path, found)
    assert values.shape == (5, 2048)
    expected = EXPECTED[f"{name}_features"]
    assert np.abs(expected).max() > 0.1
    scale = np.abs(expected).max()
    np.testing.assert_allclose(values[:, : expected.shape[1]], expected, atol=1e-4 * scale, rtol=0)
    logits = values.astype(np.float64) @ found.weights + found.bias
    p = 1 / (1 + np.exp(logits[:, :1] - logits[:, 1:]))
    result = EXPECTED[f"{name}_result"]
    assert np.ptp(result) > 0.05
    np.testing.assert_allclose(p[:, 0], result[:, 1], atol=1e-4)


def test_the_resizing_is_that_of_tensorflow_1() -> None:
    """Asymmetric, nothing averaged; larger, smaller, and of one pixel."""
    for rgb, expected in zip(some_pictures(), EXPECTED["resized"], strict=True):
        found = resize_as_tensorflow1(rgb, 299)
        np.testing.assert_allclose(found[::7, ::5], expected, atol=2e-3)


def test_the_body_alone(tmp_path: Path) -> None:
    """As from the file of the network that was not retrained."""
    found = converted(tmp_path, write_inception(GraphWriter(), labels=None), "pool_3/_reshape")
    assert found.weights is None
    expected = EXPECTED["plain_features"]
    scale = np.abs(expected).max()
    np.testing.assert_allclose(
        features(tmp_path, found)[:, : expected.shape[1]], expected, atol=1e-4 * scale, rtol=0
    )


class TestOneOperation:
    """Graphs of one operation against NumPy."""

    def run(self, tmp_path: Path, writer: GraphWriter, x: str, px: int) -> np.ndarray:
        """Pool to one value per channel and return it for a picture of the network's size."""
        channels = 3 if x in {"Mul", "p"} else 6
        size = {"Mul": px, "joined/join": px, "p": -(-px // 2), "u": px}[x]
        writer.pool(x, "pool_3", "AvgPool", 1, "VALID", size)
        writer.constant("pool_3/_reshape/shape", [1, channels], "<i4")
        writer.node("Reshape", "pool_3/_reshape", ["pool_3", "pool_3/_reshape/shape"], T=FLOAT)
        found = converted(tmp_path, writer, "pool_3/_reshape")
        path = tmp_path / "n.onnx"
        path.write_bytes(found.network.SerializeToString())
        return Network(path).features(found.preprocessing.apply(self.rgb(px))[None])[0]

    @staticmethod
    def rgb(px: int) -> np.ndarray:
        return np.random.default_rng(5).integers(0, 256, (px, px, 3)).astype(np.uint8)

    def picture(self, px: int) -> np.ndarray:
        return (self.rgb(px).astype(np.float64) - 128) / 128

    def test_channels_are_joined_in_order(self, tmp_path: Path) -> None:
        writer = GraphWriter()
        x = writer.picture(40)
        writer.constant("k", np.eye(3)[None, None] * [1.0, 2.0, 3.0])
        writer.node("Conv2D", "c", [x, "k"], T=FLOAT, strides=[1, 1, 1, 1], padding="SAME")
        writer.join("joined", [x, "c"])
        expected = self.picture(40).mean(axis=(0, 1))
        found = self.run(tmp_path, writer, "joined/join", 40)
        np.testing.assert_allclose(found, [*expected, *(expected * [1, 2, 3])], atol=1e-5)

    def test_padding_is_not_part_of_a_mean(self, tmp_path: Path) -> None:
        """At the border the mean is over what is there, with an odd pixel below."""
        writer = GraphWriter()
        writer.pool(writer.picture(40), "p", "AvgPool", 2, "SAME")
        values, half = self.picture(40), 20
        expected = np.zeros((half, half, 3))
        for row in range(half):
            for column in range(half):
                window = values[2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
                expected[row, column] = window.mean(axis=(0, 1))
        found = self.run(tmp_path, writer, "p", 40)
        np.testing.assert_allclose(found, expected.mean(axis=(0, 1)), atol=1e-5)

    @pytest.mark.parametrize("scaled", [True, False])
    def test_batch_normalisation(self, tmp_path: Path, scaled: bool) -> None:
        """(t - m) / sqrt(v + e), times gamma only if the attribute says so, plus beta."""
        writer = GraphWriter(scale_after_normalization=scaled)
        writer.unit(writer.picture(40), "u", (1, 1, 3, 6))
        constants = {n.name: n for n in writer.graph.node}

        def numbers(name: str) -> np.ndarray:
            content = constants[name].attr[1].value.tensor.tensor_content
            return np.frombuffer(content, "<f4").astype(float)

        t = self.picture(40) @ numbers("u/conv2d_params").reshape(3, 6)
        parts = ("moving_mean", "moving_variance", "beta", "gamma")
        mean, variance, beta, gamma = (numbers(f"u/batchnorm/{part}") for part in parts)
        normal = (t - mean) / np.sqrt(variance + 0.001) * (gamma if scaled else 1) + beta
        found = self.run(tmp_path, writer, "u", 40)
        np.testing.assert_allclose(found, np.maximum(normal, 0).mean(axis=(0, 1)), atol=1e-5)

    def test_softmax_of_one_and_two(self, tmp_path: Path) -> None:
        writer = GraphWriter()
        writer.pool(writer.picture(40), "pool_3", "AvgPool", 1, "VALID", 40)
        writer.constant("pool_3/_reshape/shape", [1, 3], "<i4")
        writer.node("Reshape", "pool_3/_reshape", ["pool_3", "pool_3/_reshape/shape"], T=FLOAT)
        write_head(writer, 3, 2)
        found = converted(tmp_path, writer)
        assert found.weights.shape == (3, 2)
        assert found.bias.shape == (2,)


def thin() -> GraphWriter:
    return write_inception(GraphWriter(), thin=16)


def node_of(writer: GraphWriter, name: str):
    return next(node for node in writer.graph.node if node.name == name)


def attribute(node, key: str):
    return next(entry.value for entry in node.attr if entry.key == key)


def tensor_of(writer: GraphWriter, name: str):
    return attribute(node_of(writer, name), "value").tensor


def another_operation(writer: GraphWriter) -> None:
    writer.node("Tanh", "more", ["conv"], T=FLOAT)
    node_of(writer, "conv_1/Conv2D").input[0] = "more"


def later_normalisation(writer: GraphWriter) -> None:
    node_of(writer, "conv/batchnorm").op = "FusedBatchNorm"


def later_resizing(writer: GraphWriter) -> None:
    writer.graph.node.remove(node_of(writer, "ResizeBilinear"))
    inputs = ["ExpandDims", "ResizeBilinear/size"]
    writer.node("ResizeBilinear", "ResizeBilinear", inputs, half_pixel_centers=True)


def joined_axis(writer: GraphWriter) -> None:
    tensor_of(writer, "mixed/join/concat_dim").int_val[0] = 1


def missing_node(writer: GraphWriter) -> None:
    writer.graph.node.remove(node_of(writer, "conv_2/conv2d_params"))


def two_of_a_name(writer: GraphWriter) -> None:
    writer.graph.node.add().CopyFrom(node_of(writer, "conv"))


def circle(writer: GraphWriter) -> None:
    node_of(writer, "conv/Conv2D").input[0] = "mixed/join"


def constant_circle(writer: GraphWriter) -> None:
    node = node_of(writer, "final_training_ops/biases/final_biases/read")
    node.input[0] = node.name


def cast_to_nothing(writer: GraphWriter) -> None:
    del node_of(writer, "Cast").attr[:]


def one_length(writer: GraphWriter) -> None:
    tensor = tensor_of(writer, "ResizeBilinear/size")
    tensor.tensor_content = tensor.tensor_content[:4]
    tensor.tensor_shape.dim[0].size = 1


def huge_constant(writer: GraphWriter) -> None:
    tensor_of(writer, "conv/conv2d_params").tensor_shape.dim[0].size = MOST_VALUES + 1


def cut_constant(writer: GraphWriter) -> None:
    tensor = tensor_of(writer, "conv/conv2d_params")
    tensor.tensor_content = tensor.tensor_content[:-4]


def not_a_number(writer: GraphWriter) -> None:
    tensor = tensor_of(writer, "conv/batchnorm/beta")
    tensor.tensor_content = np.full(2, np.nan, "<f4").tobytes()


def another_shape(writer: GraphWriter) -> None:
    dims = tensor_of(writer, "conv_1/conv2d_params").tensor_shape.dim
    dims[2].size, dims[3].size = dims[2].size * 2, 1


def no_input(writer: GraphWriter) -> None:
    del node_of(writer, "conv_4/Conv2D").input[:]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (another_operation, "found Tanh at 'more'. The graph is another network"),
        (later_normalisation, "found FusedBatchNorm at 'conv/batchnorm'"),
        (later_resizing, "Expected the resizing of TensorFlow 1"),
        (joined_axis, "Expected channels to be joined at 'mixed/join'"),
        (missing_node, "Expected a node 'conv_2/conv2d_params' in the graph, found none"),
        (two_of_a_name, "Expected one node 'conv'"),
        (circle, "goes round in a circle"),
        (constant_circle, "goes round in a circle"),
        (cast_to_nothing, "Expected the attribute 'DstT'"),
        (one_length, "Expected height and width"),
        (huge_constant, "Expected a shape of at most"),
        (cut_constant, "numbers in the constant 'conv/conv2d_params', found"),
        (not_a_number, "Expected finite numbers in the constant 'conv/batchnorm/beta'"),
        (another_shape, "Expected a kernel for 2 channels at 'conv_1/Conv2D'"),
        (no_input, "Expected 1 inputs of Conv2D 'conv_4/Conv2D', found 0"),
    ],
)
def test_what_is_not_known_is_refused_by_name(
    tmp_path: Path, change: Callable[[GraphWriter], None], said: str
) -> None:
    writer = thin()
    change(writer)
    with pytest.raises(WeightsError) as caught:
        converted(tmp_path, writer)
    assert said in str(caught.value)


def test_files_that_are_no_graphs(tmp_path: Path) -> None:
    path = tmp_path / "x.pb"
    with pytest.raises(WeightsError, match="found nothing"):
        read_graph(path)
    for content in (b"", b"not a graph at all", b"\x0a\xff\xff\xff\xff\x0fabc"):
        path.write_bytes(content)
        with pytest.raises(WeightsError):
            read_graph(path)


@pytest.mark.slow
def test_damaged_files_end_in_a_clear_error(tmp_path: Path) -> None:
    """500 times: bytes changed, cut off or put in; never another exception."""
    whole = thin().bytes()
    rng = np.random.default_rng(7)
    refused = 0
    for _ in range(500):
        damaged = bytearray(whole)
        kind = rng.integers(3)
        place = int(rng.integers(len(whole)))
        if kind == 0:
            for _ in range(int(rng.integers(1, 30))):
                damaged[int(rng.integers(len(whole)))] = int(rng.integers(256))
        elif kind == 1:
            del damaged[place:]
        else:
            damaged[place:place] = (
                rng.integers(0, 256, int(rng.integers(1, 60))).astype(np.uint8).tobytes()
            )
        path = tmp_path / "damaged.pb"
        path.write_bytes(bytes(damaged))
        try:
            convert(read_graph(path), "final_result")
        except WeightsError:
            refused += 1
    assert refused >= 150


class TestImport:
    """`amgs models import`: a model like any other."""

    def test_it_reads_images_as_tensorflow_does(self, tmp_path: Path) -> None:
        graph, labels = tmp_path / "model.pb", tmp_path / "labels.txt"
        graph.write_bytes(write_inception(GraphWriter()).bytes())
        for order, column in (("no pain\npain\n", 1), ("PAIN\r\nno  pain", 0)):
            labels.write_text(order, encoding="utf-8")
            card = import_model(graph, labels, tmp_path / "m", overwrite=True)
            reader = PainReader(tmp_path / "m")
            found = [reading.number("p_pain") for reading in reader.read(some_pictures())]
            np.testing.assert_allclose(found, EXPECTED["plain_result"][:, column], atol=2e-4)
            assert card["title"] == "pain / no pain, imported from model.pb"
            assert "what is said below may not hold" in reader.card()["card"]
            assert "trained elsewhere" in reader.notice

    def test_the_command_and_its_card(self, tmp_path: Path) -> None:
        graph, labels, out = tmp_path / "model.pb", tmp_path / "labels.txt", tmp_path / "m"
        graph.write_bytes(thin().bytes())
        labels.write_text("no pain\npain\n", encoding="utf-8")
        done = amgs("models", "import", graph, "--labels", labels, "--out", out)
        assert done.returncode == 0, done.stderr
        shown = amgs("models", out)
        assert "CD-1 albino mice" in shown.stdout
        again = amgs("models", "import", graph, "--labels", labels, "--out", out)
        assert again.returncode == 1
        assert "exists" in again.stderr

    @pytest.mark.parametrize(
        "text", ["pain\npain\n", "pain\n", "cat\ndog\n", "no pain\npain\nelse\n", ""]
    )
    def test_other_labels(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "labels.txt").write_text(text, encoding="utf-8")
        with pytest.raises(WeightsError, match="Expected the lines 'no pain' and 'pain'"):
            read_labels(tmp_path / "labels.txt")

    def test_the_authors_labels_the_wrong_way_round(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Of their own file the order is known: one that turns every call round is refused."""
        graph, labels = tmp_path / "model.pb", tmp_path / "labels.txt"
        graph.write_bytes(thin().bytes())
        labels.write_text("pain\nno pain\n", encoding="utf-8")
        monkeypatch.setattr(importing, "AUTHORS_GIT_ID", git_id(graph))
        with pytest.raises(WeightsError, match="every call would be turned round"):
            import_model(graph, labels, tmp_path / "m")
        assert not (tmp_path / "m").exists()
        labels.write_text("no pain\npain\n", encoding="utf-8")
        card = import_model(graph, labels, tmp_path / "m")
        assert card["title"] == "pain / no pain, the network of Tuttle et al. 2018"

    def test_git_names_a_file_by_its_content(self, tmp_path: Path) -> None:
        """As `git hash-object` does."""
        (tmp_path / "x").write_bytes(b"test content\n")
        assert git_id(tmp_path / "x") == "d670460b4b4aece5915caf5c68d12f560a9fe3e4"

    def test_the_report_names_where_it_comes_from(self) -> None:
        material = SimpleNamespace(
            card={"imported_from": {"file": "a.pb", "sha256": "0123456789abcdef"}, "title": "t"},
            model_check=None,
            trained_here=None,
        )
        assert "trained elsewhere (t, from a.pb, SHA-256 0123456789ab…)" in describe_model(material)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the archive, the retrained graph and its labels, as they are published."""
    folder = tmp_path_factory.mktemp("published")
    (folder / "labels.txt").write_text("no pain\npain\n", encoding="utf-8")
    (folder / "model.pb").write_bytes(write_inception(GraphWriter()).bytes())
    classifier = write_inception(GraphWriter(), labels=None)
    write_classifier(classifier, 2048, 1008)
    (folder / "classify_image_graph_def.pb").write_bytes(classifier.bytes())
    rgb = np.random.default_rng(3).integers(0, 256, (100, 100, 3)).astype(np.uint8)
    Image.fromarray(rgb).save(folder / "cropped_panda.jpg", quality=95)
    with tarfile.open(folder / "inception.tgz", "w:gz", compresslevel=1) as archive:
        for name in ("cropped_panda.jpg", "classify_image_graph_def.pb"):
            archive.add(folder / name, arcname=f"./{name}")
    import_model(folder / "model.pb", folder / "labels.txt", folder / "m")
    return folder


class TestVerify:
    """`amgs models verify`, and the body as a backbone: one full-size graph of random weights."""

    def test_the_body_is_the_same_from_every_file(self, published: Path) -> None:
        """Archive, graph and retrained graph give one backbone, byte for byte."""
        backbone = find_backbone("inception_2015")
        built = [
            locate_backbone(backbone, published / name).read_bytes()
            for name in ("inception.tgz", "classify_image_graph_def.pb", "model.pb")
        ]
        assert built[0] == built[1] == built[2]
        assert built[0] == (published / "m/backbone.onnx").read_bytes()

    def test_the_known_answers(self, published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The body, the panda and the log; what differs is said."""
        checks = verify_model(published / "m", published / "inception.tgz")
        assert [check.passed for check in checks] == [True, False, True, False]
        said = re.search(r"class (\d+) with ([0-9.]+); expected 169 with 0.88493", checks[3].found)
        assert said is not None
        monkeypatch.setattr(verifying, "PANDA_CLASS", int(said[1]))
        monkeypatch.setattr(verifying, "PANDA_P", float(said[2]))
        monkeypatch.setattr(verifying, "AUTHORS_GIT_ID", git_id(published / "model.pb"))
        beside = verify_model(published / "m", published / "classify_image_graph_def.pb")
        assert all(check.passed for check in beside)

    def test_the_log(self, published: Path, tmp_path: Path) -> None:
        """By class and name, or by name alone; another answer is told."""
        picture = published / "cropped_panda.jpg"
        (tmp_path / "pain").mkdir()
        shutil.copyfile(picture, tmp_path / "pain/a.jpg")
        p = PainReader(published / "m").read([read_image(picture)])[0].number("p_pain")
        for told, passed in ((p, True), (1 - p, False)):
            call, confidence = ("pain", told) if told >= 0.5 else ("no pain", 1 - told)
            log = tmp_path / "log.csv"
            log.write_text(
                f"pain/a.jpg, 0:0, {call}, {confidence:.5f}\npain/none.jpg, 0:0, pain, 0.9\n",
                encoding="utf-8",
            )
            done = amgs(
                *("models", "verify", published / "m"),
                *("--log", log, "--images", tmp_path, "--json"),
            )
            check = json.loads(done.stdout)[-1]
            assert check["passed"] is passed
            assert "1 images" in check["found"]
            assert done.returncode == 1, "the file is not the authors' own"
        half = amgs("models", "verify", published / "m", "--log", log)
        assert half.returncode == 2
        nothing = amgs("models", "verify", published / "m", "--log", log, "--images", published)
        assert nothing.returncode == 1
        assert "Expected images of the log" in nothing.stderr

    def test_the_recipe_of_the_paper_names_its_network(
        self, published: Path, cohort: Path, tmp_path: Path
    ) -> None:
        few = [image for k, image in enumerate(load_training_set(cohort)) if k % 3 == 0]
        options = TrainingOptions(
            backbone="inception_2015",
            recipe="paper",
            split="image",
            weights=published / "inception.tgz",
        )
        card = train_model(few, tmp_path / "m", options).card
        assert card["recipe"]["network"] == "the one that Tuttle et al. 2018 retrained"
        assert card["backbone"]["name"] == "inception_2015"

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"\x1f\x8b" + b"x" * 50, "found a damaged one"),
            (gzip.compress(b"x" * 2_000, mtime=0), "damaged one|no such file"),
        ],
        ids=["no gzip", "no archive"],
    )
    def test_archives_that_cannot_be_read(
        self, tmp_path: Path, content: bytes, message: str
    ) -> None:
        (tmp_path / "a.tgz").write_bytes(content)
        with pytest.raises(WeightsError, match=message):
            locate_backbone(find_backbone("inception_2015"), tmp_path / "a.tgz")

    def test_an_archive_without_the_graph_or_with_too_much(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_bytes(b"x")
        with tarfile.open(tmp_path / "a.tgz", "w:gz") as archive:
            archive.add(tmp_path / "x", arcname="x")
        with pytest.raises(WeightsError, match="found no such file"):
            locate_backbone(find_backbone("inception_2015"), tmp_path / "a.tgz")
        with tarfile.open(tmp_path / "b.tgz", "w:gz") as archive:
            for number in range(101):
                archive.add(tmp_path / "x", arcname=f"x{number}")
        with pytest.raises(WeightsError, match="Expected at most 100 files"):
            locate_backbone(find_backbone("inception_2015"), tmp_path / "b.tgz")

    def test_a_model_of_ones_own_has_nothing_to_verify(self, model_folder: Path) -> None:
        with pytest.raises(WeightsError, match="made by `amgs models import`"):
            verify_model(model_folder)
