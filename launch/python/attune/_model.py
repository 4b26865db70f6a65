"""A trained model that answers."""

import functools
import os
import shutil
import tempfile

import numpy as np

from attune import _checks, _native

_CHUNK_USERS = 4096  # computed between two looks at Ctrl-C
_MAX_THREADS = 4096


def load(path, data=None, threads=0):
    """Opens a MODEL directory that `attune train` or Model.save wrote. Its rows are mapped, not read.

    path     MODEL
    data     DATA, if the model attends to content (its features), or for Model.user_items
    threads  of each call; 0 is one per available processor
    Raises ValueError for what is no model, is damaged, does not fit the data, or is of a kind that has no vectors.
    """
    return Model(path, data, threads)


class Model:
    """A model: its items are columns of matrices, its users rows. Methods may be called from several threads.

    Where a user or an item is asked for, a row (int) or an id (str) will do. Results name items by row:
    `model.items[ids]` are their ids. It stays the model that was opened, whatever becomes of its directory.
    """

    def __init__(self, path, data=None, threads=0, _temporary=None):
        threads = _checks.integer(threads, "threads", 0, _MAX_THREADS)
        self.path = _checks.path(path, "path")  # absolute, as it was when the model was opened
        self.summary = None  # of the training, after train()
        self._temporary = _temporary  # the directory, for as long as this object
        content = "" if data is None else _checks.path(data, "data")
        self._native = _native.Model(os.fsencode(self.path), os.fsencode(content), threads)

    def __repr__(self):
        return f"<attune.Model {self.path!r}: {len(self.users)} users, {len(self.items)} items, dim {self.dim}>"

    @functools.cached_property
    def users(self):
        """Ids of users by row: array of str."""
        return np.array(self._native.users(), dtype=object)

    @functools.cached_property
    def items(self):
        """Ids of items by row: array of str."""
        return np.array(self._native.items(), dtype=object)

    @property
    def dim(self):
        """D, the size of vectors."""
        return self._native.dim

    @functools.cached_property
    def item_factors(self):
        """f32 [items, D]: what users' vectors meet in scores: V, as it is mapped; where content adds to it, or
        vectors are scaled, what comes of that. Read-only."""
        return self._native.item_vectors()

    @functools.cached_property
    def user_items(self):
        """Training histories of the data that was given to load(), as CSR in rows and columns of the model."""
        from scipy.sparse import csr_matrix

        indptr, indices = self._native.histories()
        shape = (len(self.users), len(self.items))
        return csr_matrix((np.ones(len(indices), dtype=np.float32), indices, indptr), shape=shape)

    def recommend(
        self, userid, user_items=None, N=10, filter_already_liked_items=True, filter_items=None, items=None
    ):
        """The best items of a user, or of many.

        userid      a user; or a sequence of n; or None for strangers, one a row of user_items: their items alone
                    decide; a single row is one user
        user_items  CSR [1 or n, items]: what each of them has; the rows of these users, as in user_items[userid].
                    May be left out of models without history when nothing is to be left out.
        N           items of a list; as many as the model has if that is fewer
        filter_already_liked_items  whether lists leave out what is in user_items
        filter_items  items that no list has
        items         items that lists are made of; all others are neither scored nor listed
        Returns (ids int32, scores float32), [N] for one user, else [n, N]; best first. Where there are fewer, ids
        end with -1 and scores with -inf; of one user they are as short as they are. Of whom there is nothing to go
        by, a stranger without items, there is no list.
        Raises TypeError, ValueError.
        """
        count = self._length(N)
        rows, one = self._rows(userid, user_items)
        matrix = self._histories(rows, user_items, filter_already_liked_items)
        listed = self._listed(items, filter_items)
        blocks = [
            self._native.recommend(users, count, bool(filter_already_liked_items), listed)
            for users in self._chunks(rows, *matrix)
        ]
        return self._lists(blocks, count, one)

    def similar_items(self, itemid, N=10, by="cosine", filter_items=None, items=None):
        """The items most like one, or each of many.

        by  "cosine" of V; "inner_product" of V; "history_cosine": cosine of P; "influence": p·v, what the item in a
            history adds to the scores of others, before attention
        Returns (ids, scores) as recommend() does; never the item itself.
        """
        count = self._length(N)
        if not isinstance(by, str):
            raise TypeError(f"by: expected a str, not {type(by).__name__}")
        one = isinstance(itemid, str) or np.ndim(itemid) == 0
        asked = [itemid] if one else itemid
        rows = _checks.indices(asked, len(self.items), "itemid", self._item_rows)
        listed = self._listed(items, filter_items)
        blocks = [
            self._native.similar(rows[first : first + _CHUNK_USERS].astype(np.int32), count, by, listed)
            for first in range(0, max(1, len(rows)), _CHUNK_USERS)
        ]
        return self._lists(blocks, count, one)

    def score(self, userid, user_items=None, items=None):
        """Scores of `items` (default: all): float32 [items] for one user, else [n, items]. Other arguments as in
        recommend()."""
        rows, one = self._rows(userid, user_items)
        matrix = self._histories(rows, user_items, False)
        which = np.arange(len(self.items)) if items is None else self._item_indices(items, "items")
        blocks = [self._native.scores(users, which.astype(np.int32)) for users in self._chunks(rows, *matrix)]
        scores = np.concatenate(blocks)
        return scores[0] if one else scores

    def user_vectors(self, userid, user_items=None):
        """Effective vectors u', float32 [D] for one user, else [n, D]: `u' @ model.item_factors.T` are the scores.
        Arguments as in recommend()."""
        rows, one = self._rows(userid, user_items)
        matrix = self._histories(rows, user_items, False)
        vectors = np.concatenate([self._native.vectors(users) for users in self._chunks(rows, *matrix)])
        return vectors[0] if one else vectors

    def explain(self, userid, user_items=None, itemid=None):
        """Takes a score apart: score = own + sum(contributions), but for float32's rounding.

        itemid  whose score; default: the user's best item outside user_items, which a stranger without items has not
        Returns a dict: item (row), score, own (u·v), and of the history, most attended first: items (rows),
        attention (α, sums to 1), weights (of p in u'), contributions (weight times p·v). See docs/explain.md.
        """
        rows, one = self._rows(userid, user_items)
        if not one:
            raise TypeError("userid: explain() takes one user at a time")
        indptr, indices = self._histories(rows, user_items, False)
        item = -1
        if itemid is not None:
            item = _checks.index(itemid, len(self.items), "itemid", self._item_rows)
        return self._native.explain(_native.Users(rows, indptr, indices), item)

    def save(self, path):
        """Writes the model that was opened to a directory that does not exist yet; `attune` and load() open it.

        It appears under its name when it is complete. A process that is killed meanwhile leaves a directory
        `.attune-….tmp` beside it, which nobody needs. Raises FileExistsError, FileNotFoundError when there is no
        directory for it, and RuntimeError when the opened files were changed in place.
        """
        path = os.path.abspath(_checks.path(path, "path"))
        if os.path.lexists(path):
            raise FileExistsError(f"{path}: exists already")
        folder, name = os.path.split(path)
        if _is_within(folder, self.path):
            raise ValueError(f"{path}: is inside the model's own directory; choose another place")
        if not os.path.isdir(folder):
            raise FileNotFoundError(f"{path}: there is no directory {folder}; make it first")
        staging = tempfile.mkdtemp(prefix=".attune-", suffix=".tmp", dir=folder)
        try:
            complete = os.path.join(staging, name)
            os.mkdir(complete)  # with the rights that directories have here; the one around it is private
            self._native.write_to(os.fsencode(complete))
            os.rename(complete, path)
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    # What follows is not part of the interface.

    def _on_disk(self, directory):
        """A path where this model is: its own, or, if that has another by now, a new one below `directory`."""
        if self._native.is_on_disk():
            return self.path
        copy = os.path.join(directory, "opened_model")
        self.save(copy)
        return copy

    def _length(self, N):
        return min(_checks.integer(N, "N", 1, 1_000_000), len(self.items))

    @functools.cached_property
    def _rows_of_users(self):
        return {name: row for row, name in enumerate(self.users)}

    @functools.cached_property
    def _rows_of_items(self):
        return {name: row for row, name in enumerate(self.items)}

    def _user_rows(self):
        return self._rows_of_users

    def _item_rows(self):
        return self._rows_of_items

    def _item_indices(self, values, name):
        return _checks.indices(values, len(self.items), name, self._item_rows)

    def _rows(self, userid, user_items):
        """(rows of U as int64, -1 for strangers; whether one user was asked for)"""
        if userid is None:
            if user_items is None:
                raise TypeError("user_items: strangers have nothing but their items; pass a CSR matrix")
            if not self._native.has_history:
                raise ValueError(f"{self.path} makes nothing of a history (item_attention none): no strangers")
            _checks.require_csr(user_items, "user_items")
            rows = np.full(user_items.shape[0], -1, dtype=np.int64)
            return rows, len(rows) == 1
        one = isinstance(userid, str) or np.ndim(userid) == 0
        return _checks.indices([userid] if one else userid, len(self.users), "userid", self._user_rows), one

    def _histories(self, rows, user_items, filtering):
        """(indptr, indices) of the users' items."""
        if user_items is None:
            if self._native.has_history or filtering:
                why = "the model attends to them" if self._native.has_history else "they are to be left out"
                raise TypeError(f"user_items: the users' items are missing, but {why}; pass user_items[userid]")
            return np.zeros(len(rows) + 1, dtype=np.int64), np.zeros(0, dtype=np.int32)
        return _checks.csr(user_items, "user_items", len(rows), len(self.items))

    def _listed(self, items, filter_items):
        """Rows that lists are made of, or None for all."""
        if items is None and filter_items is None:
            return None
        listed = np.arange(len(self.items)) if items is None else self._item_indices(items, "items")
        if filter_items is not None:
            listed = np.setdiff1d(listed, self._item_indices(filter_items, "filter_items"))
        return listed.astype(np.int32)

    @staticmethod
    def _chunks(rows, indptr, indices):
        """Users for the native module, a part at a time: Python looks for Ctrl-C in between."""
        for first in range(0, max(1, len(rows)), _CHUNK_USERS):
            part = rows[first : first + _CHUNK_USERS]
            bounds = indptr[first : first + len(part) + 1]
            yield _native.Users(part, bounds - bounds[0], indices[bounds[0] : bounds[-1]])

    @staticmethod
    def _lists(blocks, count, one):
        ids = np.concatenate([block[0] for block in blocks])
        scores = np.concatenate([block[1] for block in blocks])
        if not one:
            return ids, scores
        there = ids[0] >= 0
        return ids[0][there], scores[0][there]


def _is_within(folder, directory):
    folder, directory = os.path.realpath(folder), os.path.realpath(directory)
    return os.path.commonpath([folder, directory]) == directory
