# SPDX-License-Identifier: Apache-2.0
"""Writes a pprof profile (github.com/google/pprof, proto/profile.proto) by hand, for tests that want any frames they like."""

from typing import NamedTuple


class Frame(NamedTuple):
    name: str
    module: str = ""
    kind: str = "native"
    file: str = ""
    line: int = 0


def _number(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _field(number, value):
    if isinstance(value, bytes):
        return _number(number << 3 | 2) + _number(len(value)) + value
    return _number(number << 3) + _number(value)


class _Table(dict):
    """Rows by what they are, numbered as they come."""

    def number(self, row, first):
        return self.setdefault(row, len(self) + first)


def _label(key, value, text):
    return _field(3, _field(1, key) + (_field(3, value) if isinstance(value, int) else _field(2, text(value))))


def encode(stacks, rate_hz=0):
    """`stacks`: [(frames, the root first, and ticks, and perhaps a dictionary of labels)]. A frame's kind is told as hearth's own writer tells it: model/pprof.h. With a rate, of a clock."""
    texts, mappings, functions, locations = _Table({"": 0}), _Table(), _Table(), _Table()
    text = lambda string: texts.number(string, 0)  # noqa: E731
    out = _field(1, _field(1, text("samples")) + _field(2, text("count")))
    for frames, ticks, *labels in stacks:
        ids = [_field(1, locations.number(frame, 1)) for frame in reversed(frames)]
        told = [_label(text(key), value, text) for key, value in (labels[0] if labels else {}).items()]
        out += _field(2, b"".join(ids) + _field(2, ticks) + b"".join(told))
    for frame, number in locations.items():
        mapping = mappings.number(f"[{frame.kind}] {frame.module}".rstrip(), 1)
        function = functions.number((frame.name, frame.file), 1)
        out += _field(4, _field(1, number) + _field(2, mapping) + _field(4, _field(1, function) + _field(2, frame.line)))
    for name, number in mappings.items():
        out += _field(3, _field(1, number) + _field(5, text(name)))
    for (name, file), number in functions.items():
        out += _field(5, _field(1, number) + _field(2, text(name)) + _field(4, text(file)))
    if rate_hz:
        out += _field(11, _field(1, text("cpu")) + _field(2, text("nanoseconds"))) + _field(12, 10**9 // rate_hz)
    return out + b"".join(_field(6, string.encode()) for string in texts)
