"""attune from Python: train Attentive Collaborative Filtering and its relatives, and ask a model.

    import attune

    model = attune.train(user_items, dim=64, epochs=20)          # user_items: scipy.sparse CSR, users x items
    ids, scores = model.recommend(0, user_items[0], N=10)        # of a user; with arrays, of many
    ids, scores = model.recommend(None, basket, N=10)            # of somebody whom the model never saw
    ids, scores = model.similar_items(17)
    model = attune.load("MODEL")                                 # what `attune train --out MODEL` wrote

Settings have the names and defaults of the command line: docs/settings.md, or attune.settings().
Who knows the package `implicit` finds its shapes here: recommend, similar_items and ACF().fit().
"""

try:
    from attune import _native
except ImportError as error:
    import os

    raise ImportError(
        f"attune: its native module cannot be loaded from {os.path.dirname(__file__)}: {error}; "
        "in a build directory, build it first: cmake --build build/release --target attune_python"
    ) from error
from attune._model import Model, load
from attune._train import ACF, settings, train

__version__ = _native.version
__all__ = ["ACF", "Model", "load", "settings", "train"]
