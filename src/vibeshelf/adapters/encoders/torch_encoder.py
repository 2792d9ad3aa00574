"""The reference: sentence-transformers on torch."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vibeshelf.adapters.encoders.model_files import ModelFiles
from vibeshelf.core.errors import ModelUnavailable
from vibeshelf.core.records import EncoderSpec
from vibeshelf.core.vectors import Vectors, unit_rows

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PRECISIONS = ("fp32", "fp16", "bf16")


class TorchEncoder:
    """A sentence-transformers model. `encode` is serialised: a torch model is not safe to share while it runs."""

    backend = "torch"

    def __init__(self, model: SentenceTransformer, spec: EncoderSpec, device: str, precision: str) -> None:
        self.spec = spec
        self.device = device
        self.precision = precision
        self.model = model
        self._batch_size = 16 if device == "cpu" else 256
        self._lock = threading.Lock()

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts, self.spec.query_prompt)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts, self.spec.document_prompt)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return each text's tokens after truncation, special ones included."""
        with self._lock:
            rows = self.model.tokenizer(list(texts), truncation=True, max_length=self.spec.max_tokens)["input_ids"]
        return [len(row) for row in rows]

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        with self._lock:
            raw = self.model.encode(
                [prompt + text for text in texts],
                batch_size=self._batch_size,
                show_progress_bar=False,
                convert_to_numpy=False,
                convert_to_tensor=True,
            )
        rows: Any = raw.float().cpu().numpy() if len(texts) else raw.new_zeros((0, self.spec.dimension)).float().numpy()
        return unit_rows(rows, len(texts), self.spec.dimension, f"{self.spec.model} on torch")


def load_torch(files: ModelFiles, device: str, precision: str = "fp32") -> TorchEncoder:
    """Return the model on `device` (cpu, cuda, cuda:1, mps). Raises ModelUnavailable when torch or the device is missing."""
    try:
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging
    except ImportError as error:
        raise ModelUnavailable(f"backend 'torch' needs torch and sentence-transformers ({error}). Run: make setup") from None
    _check_device(device)
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        model = SentenceTransformer(str(files.folder), device=device, local_files_only=True)
    except Exception as error:  # noqa: BLE001
        # Each of the libraries behind it has errors of its own, safetensors' derives from Exception alone.
        raise ModelUnavailable(f"model '{files.name}' cannot be loaded ({str(error).splitlines()[0][:160]})") from None
    model.max_seq_length = files.spec.max_tokens
    if precision != "fp32":
        model = model.to({"fp16": torch.float16, "bf16": torch.bfloat16}[precision])
    return TorchEncoder(model, files.spec, device, precision)


def torch_devices() -> list[str]:
    """Return the devices that torch sees, best first."""
    import torch

    found = [f"cuda:{i}" if i else "cuda" for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    if torch.backends.mps.is_available():
        found.append("mps")
    return [*found, "cpu"]


def device_names() -> dict[str, str]:
    """Return device -> what it is called, of the accelerators that torch sees."""
    import torch

    return {
        device: torch.cuda.get_device_name(device) if device.startswith("cuda") else "Apple GPU"
        for device in torch_devices()
        if device != "cpu"
    }


def torch_threads() -> int:
    """Return the threads over which torch spreads one operation on the cpu."""
    import torch

    return torch.get_num_threads()


def settle(device: str) -> None:
    """Return once the device has done all that it was given: cuda and mps work on after the call that asked them."""
    if device == "cpu":
        return
    import torch

    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
    elif device == "mps":
        torch.mps.synchronize()


def _check_device(device: str) -> None:
    available = torch_devices()
    if device not in available:
        raise ModelUnavailable(f"device '{device}' is not on this machine; it has: {', '.join(available)}")
