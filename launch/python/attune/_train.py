"""Training: the program `attune train`, in a process of its own."""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import numpy as np

from attune import _checks, _native
from attune._model import Model
from attune._program import PROGRAM

# Settings that train() gives itself, or that make no sense for data in memory.
_OWN = {"data", "out", "overwrite", "init_from", "triples", "resume"}
_IMPLICIT = {  # what the package implicit calls our settings
    "factors": "dim",
    "iterations": "epochs",
    "learning_rate": "lr",
    "regularization": "l2",
    "num_threads": "threads",
    "random_state": "seed",
}
_PATIENCE = 120  # seconds that the program has to save what it reached, once it is told to end


def program():
    """Path of the program: the one that was built with this package, else the first in PATH."""
    found = PROGRAM if os.access(PROGRAM, os.X_OK) else shutil.which("attune")
    if found is None:
        raise RuntimeError(f"the program attune is neither at {PROGRAM} nor in PATH; training needs it")
    return found


def settings():
    """Every setting of train() with its default, as the program has it; unset ones are left out.

    Their meanings, ranges and units: `attune train --help`, docs/settings.md.
    """
    command = [program(), "settings-reference", "--json"]
    reference = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {name: value for name, value in reference["train"].items() if name not in _OWN}


def train(
    user_items,
    *,
    validation=None,
    user_ids=None,
    item_ids=None,
    out=None,
    overwrite=False,
    init_from=None,
    log_level="warning",
    **settings,
):
    """Trains a model on a SciPy CSR matrix, users x items, whose non-zeros are interactions. Values do not matter.

    validation  CSR of the same shape: interactions held out, by which the best epoch is chosen
    user_ids, item_ids  str of each row and column; default "0", "1", …
    out         where the model goes; default: a temporary directory, gone with the Model (Model.save keeps it)
    overwrite   whether `out` may replace a model
    init_from   Model or path to start from: rows of the same ids are taken over
    log_level   what the program says on standard error: "debug", "info", "warning", "error", "off"
    settings    of `attune train`, by name: dim=64, epochs=40, item_attention="attention", lr=0.05, …
    Returns a Model. What `result.json` says of the run is its `summary`.
    Raises TypeError and ValueError for arguments and settings, RuntimeError when training fails. Ctrl-C stops after
    the current batches, saves what was reached if there is an `out`, and raises KeyboardInterrupt.
    """
    for name in settings.keys() & _OWN:
        raise TypeError(f"train() takes no setting '{name}'")
    for name in settings.keys() & _IMPLICIT.keys():
        raise TypeError(f"train() takes no setting '{name}'; here it is called '{_IMPLICIT[name]}'")
    if settings.get("algorithm", "factorisation") != "factorisation":
        why = "a Model has vectors of users and items, and they are trained; for others there is `attune train`"
        raise ValueError(f"algorithm = {settings['algorithm']!r}: expected 'factorisation': {why}")
    if not isinstance(log_level, str):
        raise TypeError(f"log_level: expected a str, not {type(log_level).__name__}")
    matrix = _checks.csr(user_items, "user_items")
    shape = user_items.shape
    held = None if validation is None else _held_out(validation, user_items)
    names = [_names(user_ids, shape[0], "user_ids"), _names(item_ids, shape[1], "item_ids")]
    temporary = tempfile.TemporaryDirectory(prefix="attune-")
    try:
        directory = temporary.name
        inputs = os.path.join(directory, "inputs")
        data = os.path.join(inputs, "data")
        os.mkdir(inputs)
        model = os.path.join(directory, "model") if out is None else _checks.path(out, "out")
        if shape[0] == 0 or shape[1] == 0 or len(matrix[1]) == 0:
            raise ValueError(f"user_items: {shape[0]} users, {shape[1]} items, {len(matrix[1])} interactions")
        _native.write_dataset(os.fsencode(data), _native.Csr(*matrix), held, shape[0], shape[1], *names)
        given = dict(settings, data=data, out=model, overwrite=bool(overwrite))
        if init_from is not None:
            given["init_from"] = _starting_point(init_from, inputs)
        if held is None and "evaluate_every" not in settings:
            given["evaluate_every"] = 0
        summary = _run(directory, {name: _plain(name, value) for name, value in given.items()}, log_level)
        shutil.rmtree(inputs)
        trained = Model(model, _temporary=temporary if out is None else None)
        trained.summary = summary
        return trained
    except BaseException:
        temporary.cleanup()
        raise
    finally:
        if out is not None:
            temporary.cleanup()


class ACF:
    """A trainer with the habits of the package implicit: settings first, then fit(), then questions.

        model = attune.ACF(dim=64, epochs=20)
        model.fit(user_items)
        ids, scores = model.recommend(userid, user_items[userid])
    """

    def __init__(self, **settings):
        self.settings = settings
        self.model = None

    def fit(self, user_items, show_progress=True, **more):
        """Trains on a CSR matrix, users x items; `more` are arguments of attune.train(). Returns self."""
        more.setdefault("log_level", "info" if show_progress else "warning")
        self.model = train(user_items, **{**self.settings, **more})
        return self

    def __getattr__(self, name):
        model = self.__dict__.get("model")
        if model is None:
            raise AttributeError(f"{name}: not fitted yet; call fit(user_items)" if hasattr(Model, name) else name)
        return getattr(model, name)


def _starting_point(init_from, directory):
    return init_from._on_disk(directory) if isinstance(init_from, Model) else _checks.path(init_from, "init_from")


def _held_out(validation, user_items):
    held = _checks.csr(validation, "validation")
    if validation.shape != user_items.shape:
        raise ValueError(f"validation: shape {validation.shape}, but user_items has {user_items.shape}")
    both = (validation != 0).multiply(user_items != 0).nnz
    if both:
        raise ValueError(f"validation: {both} of its interactions are in user_items, too")
    return _native.Csr(*held)


def _names(ids, count, name):
    """Ids as bytes, or None for none given."""
    if ids is None:
        return None
    names = _listed(ids, name)
    if len(names) != count:
        raise ValueError(f"{name}: {len(names)} ids for {count} {'rows' if name == 'user_ids' else 'columns'}")
    for text in names:
        if not isinstance(text, str):
            raise TypeError(f"{name}: {text!r} is not a str")
        if not text or any(letter in text for letter in "\t\r\n\0"):
            raise ValueError(f"{name}: {text!r}: ids are not empty, and without TAB, CR, LF and NUL")
    if len(set(names)) != count:
        raise ValueError(f"{name}: {count - len(set(names))} ids are there twice")
    return [_id_bytes(text, name) for text in names]


def _listed(ids, name):
    try:
        if not isinstance(ids, (str, bytes)):
            return list(ids)
    except TypeError:  # nothing to go through
        pass
    raise TypeError(f"{name}: expected a sequence of str, not {type(ids).__name__}")


def _id_bytes(text, name):
    """An id as the program has it. Those that are no UTF-8 have surrogates for their bytes, as in Model.users."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise ValueError(f"{name}: {text!r}: a surrogate that stands for no byte cannot be written") from None


def _plain(name, value):
    """A setting as JSON has it: bool, int, float or str."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, os.PathLike):
        value = os.fsdecode(value)
    if not isinstance(value, (bool, int, float, str)):
        raise TypeError(f"{name}: expected a number, bool or str, not {type(value).__name__}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} = {value}: expected a finite number")
    if isinstance(value, str) and "\0" in value:
        raise ValueError(f"{name} = {value!r}: has a NUL character (\\x00)")
    return value


def _is_utf8(value):
    """Whether JSON has room for it."""
    try:
        str(value).encode()
    except UnicodeEncodeError:
        return False
    return True


def _as_flag(name, value):
    try:
        return os.fsencode(f"--{name.replace('_', '-')}={value}")
    except UnicodeEncodeError:
        raise ValueError(f"{name} = {value!r}: a surrogate that stands for no byte cannot be written") from None


def _run(directory, given, log_level):
    """Runs the program; returns its summary. Its errors become exceptions."""
    config = os.path.join(directory, "settings.json")
    flags = [_as_flag(name, value) for name, value in given.items() if not _is_utf8(value)]
    with open(config, "w", encoding="utf-8") as file:
        json.dump({name: value for name, value in given.items() if _is_utf8(value)}, file)
    command = [program(), "train", "--config", config, "--json", "--log-level", log_level, *flags]
    # It ends when this process does; and Ctrl-C in a terminal is for Python, which passes it on, once.
    ends_with_us = shutil.which("setpriv")
    if ends_with_us is not None:
        command = [ends_with_us, "--pdeathsig", "TERM"] + command
    with open(os.path.join(directory, "summary.json"), "w+", encoding="utf-8") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE, text=True,
            errors="replace", start_new_session=True,
        )  # fmt: skip
        error = _follow(process)
        output.seek(0)
        printed = output.read()
    if process.returncode != 0:
        text = error.replace(f"{config}: ", "") or f"attune ended with exit code {process.returncode}"
        raise (ValueError if process.returncode in (2, 3) else RuntimeError)(text)
    return json.loads(printed)


def _follow(process):
    """Passes on what the program says; returns its error. Ctrl-C ends it, and is raised when it has ended."""
    error = ""
    try:
        for line in process.stderr:
            if line.startswith("attune: error: "):
                error = line[len("attune: error: ") :].rstrip("\n")
            elif error:
                error += "\n" + line.rstrip("\n")
            else:
                sys.stderr.write(line)
        process.wait()
    except BaseException:
        _end(process)
        raise
    finally:
        process.stderr.close()
    return error


def _end(process):
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=_PATIENCE)
    except BaseException:  # it hangs, or Ctrl-C came again
        process.kill()
        process.wait()
