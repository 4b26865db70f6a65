"""Tests of the Python package: run by python_test.sh."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import numpy as np
import scipy.sparse as sp

import attune

USERS, ITEMS = 60, 30


def random_log(seed=1, users=USERS, items=ITEMS):
    matrix = sp.random(users, items, density=0.2, format="csr", dtype=np.float32, random_state=seed)
    matrix.data[:] = 1
    matrix.sort_indices()
    return matrix


def program(*arguments):
    command = [attune._train.program(), *arguments, "--log-level", "error"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def contents(directory):
    """Bytes of all files by name."""
    found = {}
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, directory)] = file.read()
    return found


class TrainedOnce(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.log = random_log()
        cls.model = attune.train(cls.log, dim=8, epochs=3, threads=1)


class Answers(TrainedOnce):
    def test_one_user_and_many_get_the_same_lists(self):
        users = np.array([5, 0, 59])
        ids, scores = self.model.recommend(users, self.log[users], N=4)
        self.assertEqual((ids.shape, scores.shape), ((3, 4), (3, 4)))
        self.assertEqual((ids.dtype, scores.dtype), (np.int32, np.float32))
        for row, user in enumerate(users):
            one, one_scores = self.model.recommend(user, self.log[user], N=4)
            np.testing.assert_array_equal(one, ids[row])
            np.testing.assert_array_equal(one_scores, scores[row])
            self.assertFalse(set(one) & set(self.log[user].indices))

    def test_lists_are_the_best_scores(self):
        scores = self.model.score(7, self.log[7])
        ids, listed = self.model.recommend(7, self.log[7], N=ITEMS, filter_already_liked_items=False)
        np.testing.assert_array_equal(np.sort(ids), np.arange(ITEMS))
        np.testing.assert_array_equal(scores[ids], listed)
        self.assertTrue((np.diff(listed) <= 0).all())

    def test_scores_are_inner_products(self):
        users = np.arange(USERS)
        vectors = self.model.user_vectors(users, self.log)
        np.testing.assert_allclose(self.model.score(users, self.log), vectors @ self.model.item_factors.T, atol=1e-6)
        some = self.model.score(users, self.log, items=["3", "1"])
        np.testing.assert_array_equal(some, self.model.score(users, self.log)[:, [3, 1]])

    def test_the_program_says_the_same(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "model")
            self.model.save(path)
            items = ",".join(str(item) for item in self.log[4].indices)
            lists = program("recommend", "--model", path, "--history", items, "-k", "6", "--json")["users"]
            ids, scores = self.model.recommend(None, self.log[4], N=6)
            self.assertEqual([item["item"] for item in lists[0]["items"]], list(self.model.items[ids]))
            np.testing.assert_array_equal(np.float32([item["score"] for item in lists[0]["items"]]), scores)
            similar = program("similar", "--model", path, "--item", "9", "-k", "5", "--by", "influence", "--json")
            ids, _ = self.model.similar_items(9, N=5, by="influence")
            self.assertEqual([item["item"] for item in similar["lists"][0]["items"]], list(self.model.items[ids]))
            self.assertRaises(FileExistsError, self.model.save, path)

    def test_short_lists_end_with_nothing(self):
        users = [0, 1]
        ids, scores = self.model.recommend(users, self.log[users], N=5, items=[2, 3, 4], filter_items=[3])
        for row in range(2):
            there = ids[row] >= 0
            self.assertTrue(set(ids[row][there]) <= {2, 4})
            self.assertTrue((ids[row][~there] == -1).all() and np.isneginf(scores[row][~there]).all())
        ids, scores = self.model.recommend(0, self.log[0], N=50)
        self.assertEqual(len(ids), ITEMS - self.log[0].nnz)
        self.assertEqual(len(scores), len(ids))

    def test_lists_are_no_longer_than_there_are_items(self):
        ids, scores = self.model.recommend([0, 1], self.log[:2], N=1_000_000)
        self.assertEqual((ids.shape, scores.shape), ((2, ITEMS), (2, ITEMS)))
        ids, _ = self.model.similar_items([0, 1], N=1_000_000)
        self.assertEqual(ids.shape, (2, ITEMS))
        self.assertEqual(len(self.model.recommend(0, self.log[0], items=[])[0]), 0)
        self.assertEqual(len(self.model.similar_items(0, items=[0])[0]), 0)

    def test_strangers_without_items_get_no_list(self):
        baskets = sp.csr_matrix((np.ones(1, np.float32), [4], [0, 0, 1]), shape=(2, ITEMS))
        ids, scores = self.model.recommend(None, baskets, N=3)
        self.assertTrue((ids[0] == -1).all() and np.isneginf(scores[0]).all() and (ids[1] >= 0).all())
        self.assertEqual(len(self.model.recommend(None, baskets[0])[0]), 0)
        self.assertEqual(len(self.model.recommend(5, baskets[0], N=3)[0]), 3)  # the user's own vector is there

    def test_arrays_of_any_kind_name_the_same(self):
        expected = self.model.recommend([0, 5], self.log[[0, 5]], N=3)[0]
        strided = np.arange(10)[::5]
        for users in (strided, strided.astype(np.int8), strided.astype(np.uint64), ["0", "5"], [0, "5"], ("0", np.int16(5))):
            np.testing.assert_array_equal(self.model.recommend(users, self.log[[0, 5]], N=3)[0], expected)
        two = self.log[[0, 5]]
        every_other = np.zeros(2 * two.nnz, np.int32)
        every_other[::2] = two.indices
        for kind in (np.int8, np.bool_, np.float64):
            matrix = two.astype(kind)
            matrix.indices, matrix.indptr = every_other[::2], matrix.indptr.astype(np.int64)
            np.testing.assert_array_equal(self.model.recommend([0, 5], matrix, N=3)[0], expected)

    def test_nobody_gets_no_list(self):
        ids, scores = self.model.recommend([], self.log[:0], N=5)
        self.assertEqual((ids.shape, scores.shape), ((0, 5), (0, 5)))

    def test_more_users_than_are_computed_at_once(self):
        users = np.arange(10_000) % USERS
        ids, _ = self.model.recommend(users, self.log[users], N=3)
        np.testing.assert_array_equal(ids[:USERS], ids[USERS : 2 * USERS])
        np.testing.assert_array_equal(ids[4096 : 4096 + 64], ids[4096 + USERS : 4096 + USERS + 64])

    def test_similar_items_are_cosines(self):
        v = np.array(self.model.item_factors)
        v /= np.linalg.norm(v, axis=1, keepdims=True)
        ids, scores = self.model.similar_items(["3", "4"], N=ITEMS - 1)
        for row, item in enumerate((3, 4)):
            self.assertNotIn(item, ids[row])
            np.testing.assert_allclose(scores[row], (v @ v[item])[ids[row]], atol=1e-6)

    def test_an_explanation_adds_up(self):
        why = self.model.explain("11", self.log[11], itemid="2")
        self.assertEqual(why["item"], 2)
        self.assertEqual(set(why["items"]), set(self.log[11].indices))
        self.assertAlmostEqual(why["attention"].sum(), 1, places=5)
        self.assertAlmostEqual(why["score"], why["own"] + why["contributions"].sum(), places=5)
        self.assertAlmostEqual(why["score"], self.model.score(11, self.log[11])[2], places=6)
        best = self.model.recommend(11, self.log[11], N=1)[0][0]
        self.assertEqual(self.model.explain(11, self.log[11])["item"], best)

    def test_threads_may_ask_at_once(self):
        users = np.arange(USERS)
        expected = self.model.recommend(users, self.log, N=5)[0]
        found = [None] * 8

        def ask(n):
            self.model.similar_items(n)
            found[n] = self.model.recommend(users, self.log, N=5)[0]

        threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for ids in found:
            np.testing.assert_array_equal(ids, expected)


class BadArguments(TrainedOnce):
    def refuses(self, error, text, function, *arguments, **named):
        with self.assertRaisesRegex(error, text):
            function(*arguments, **named)

    def test_users_and_items(self):
        ask = self.model.recommend
        self.refuses(ValueError, "60 is not in 0..59", ask, 60, self.log[0])
        self.refuses(ValueError, "-1 is not in", ask, -1, self.log[0])
        self.refuses(ValueError, "'eve' is unknown", ask, "eve", self.log[0])
        self.refuses(TypeError, "float64", ask, 1.5, self.log[0])
        self.refuses(TypeError, "expected integers", ask, [1.0], self.log[0])
        self.refuses(TypeError, "expected integers", ask, [True], self.log[0])
        self.refuses(ValueError, "2 dimensions", ask, [[1]], self.log[0])
        self.refuses(ValueError, "N = 0", ask, 0, self.log[0], N=0)
        self.refuses(TypeError, "N: expected an int", ask, 0, self.log[0], N=2.5)
        self.refuses(ValueError, "items: 30 is not in 0..29", ask, 0, self.log[0], items=[30])
        self.refuses(TypeError, "strangers", ask, None)
        self.refuses(TypeError, "float64", ask, [np.nan], self.log[0])
        self.refuses(ValueError, "-1 is not in", ask, np.array([-1], np.int8), self.log[0])
        self.refuses(ValueError, "is not in 0..59", ask, [2**70], self.log[0])
        self.refuses(ValueError, "0 dimensions", ask, 0, self.log[0], items={1, 2})
        self.refuses(TypeError, "expected a SciPy CSR matrix", ask, None, np.float32(3))
        self.refuses(ValueError, "itemid: 30 is not in", self.model.similar_items, 30)
        self.refuses(TypeError, "by: expected a str", self.model.similar_items, 0, by=3)
        self.refuses(ValueError, "by = 'cosin'", self.model.similar_items, 0, by="cosin")
        self.refuses(TypeError, "one user at a time", self.model.explain, [1, 2], self.log[[1, 2]])
        masked = np.ma.array([1, 2], mask=[True, False])
        self.refuses(TypeError, "userid: a masked array", ask, masked, self.log[[1, 2]])
        self.refuses(TypeError, "filter_items: a masked array", ask, 0, self.log[0], filter_items=masked)

    def test_explanations_of_nothing(self):
        empty = sp.csr_matrix((1, ITEMS), dtype=np.float32)
        self.refuses(ValueError, "stranger without items: no list.*or itemid", self.model.explain, None, empty)
        self.assertEqual(self.model.explain(None, empty, itemid=3)["score"], 0)
        self.assertGreaterEqual(self.model.explain(5, empty)["item"], 0)  # the user's own vector is there

    def test_matrices(self):
        def ask(matrix):
            return self.model.recommend([0, 1], matrix)

        two = self.log[[0, 1]]
        self.refuses(TypeError, "users' items are missing", self.model.recommend, 0)
        self.refuses(TypeError, r"not csc_matrix; call .tocsr\(\)", ask, two.tocsc())
        self.refuses(TypeError, "not ndarray", ask, two.toarray())
        self.refuses(ValueError, "60 rows for 2 users", ask, self.log)
        self.refuses(ValueError, "29 columns, but the model has 30", ask, two[:, :29])
        for value, text in ((np.nan, "1 values are NaN"), (np.inf, "infinite"), (0, "1 stored zeros"), (-1, "negative")):
            bad = two.copy()
            bad.data[1] = value
            self.refuses(ValueError, text, ask, bad)
        self.refuses(TypeError, "dtype complex", ask, two.astype(complex))
        unsorted = two.copy()
        unsorted.indices[[0, 1]] = unsorted.indices[[1, 0]]
        self.refuses(ValueError, r"row 0 are not sorted; call .sort_indices", ask, unsorted)
        double = two.copy()
        at = double.indptr[1]
        double.indices[at + 1] = double.indices[at]
        self.refuses(ValueError, r"row 1 has a column twice; call .sum_duplicates", ask, double)
        damaged = two.copy()
        damaged.indices[-1] = 77
        self.refuses(ValueError, "column 77 is not in 0..29", ask, damaged)
        damaged.indices[-1] = -7
        self.refuses(ValueError, "column -7 is not in 0..29", ask, damaged)
        damaged.indices = damaged.indices.astype(np.float64)
        self.refuses(TypeError, "indices: of dtype float64", ask, damaged)
        damaged = two.copy()
        damaged.indptr[1] = 10_000
        self.refuses(ValueError, "indptr", ask, damaged)

    def test_parts_of_matrices(self):
        def with_part(name, value):
            matrix = self.log[[0, 1]]
            setattr(matrix, name, value)
            return matrix

        two = self.log[[0, 1]]
        entries = two.nnz
        for part, value, error, text in (
            ("indptr", None, TypeError, "indptr: of dtype object, expected an array of integers"),
            ("indptr", ["0", "1", "2"], TypeError, "indptr: of dtype <U1, expected"),
            ("indptr", two.indptr.astype(float), TypeError, "indptr: of dtype float64, expected"),
            ("indptr", two.indptr.astype(complex), TypeError, "indptr: of dtype complex128, expected"),
            ("indptr", two.indptr[None], ValueError, "indptr: 2 dimensions, expected 1"),
            ("indices", two.indices[None], ValueError, "indices: 2 dimensions, expected 1"),
            ("indices", None, TypeError, "indices: of dtype object, expected"),
            ("data", two.data[:-1], ValueError, f"{entries - 1} values for {entries} indices"),
            ("data", two.data[:, None], ValueError, "data: 2 dimensions, expected 1"),
        ):
            self.refuses(error, f"user_items.*{text}", self.model.recommend, [0, 1], with_part(part, value))

    def test_boundaries_between_rows_need_no_order(self):
        matrix = sp.csr_matrix((np.ones(2, np.float32), [29, 0], [0, 1, 2, 2]), shape=(3, 30))
        self.model.recommend([0, 1, 2], matrix)

    def test_what_is_no_model(self):
        with tempfile.TemporaryDirectory() as directory:
            self.refuses(ValueError, "not a directory", attune.load, os.path.join(directory, "nothing"))
            with open(os.path.join(directory, "manifest.json"), "w") as file:
                json.dump({"kind": "attune popularity", "format_version": 1, "files": {}}, file)
            self.refuses(ValueError, "attune model", attune.load, directory)
        self.refuses(ValueError, "threads = -1: expected 0..4096", attune.load, self.model.path, threads=-1)
        self.refuses(TypeError, "threads: expected an int, not bool", attune.load, self.model.path, threads=True)
        self.assertEqual(attune.load(self.model.path, threads=np.int64(1)).dim, 8)
        self.refuses(ValueError, "without data=", lambda: self.model.user_items)

    def test_paths(self):
        self.refuses(ValueError, r"path: 'a\\x00b' has a NUL", attune.load, "a\0b")
        self.refuses(ValueError, r"data: 'a\\x00b' has a NUL", attune.load, self.model.path, data="a\0b")
        self.refuses(ValueError, "path: is empty", attune.load, "")
        self.refuses(TypeError, "path: expected a path .* not int", attune.load, 5)
        self.refuses(ValueError, r"nothing.\\xff: not a directory", attune.load, "nothing/\udcff")
        self.refuses(ValueError, r"'\\ud800' cannot be the name of a file", attune.load, "\ud800")
        self.refuses(ValueError, "out: is empty", attune.train, self.log, out="")
        self.refuses(ValueError, "out: .* NUL", attune.train, self.log, out="a\0b")
        self.refuses(ValueError, r"run = 'a\\x00b': has a NUL", attune.train, self.log, run="a\0b")
        self.refuses(ValueError, r"run = '\\ud800': a surrogate", attune.train, self.log, run="\ud800")
        self.refuses(TypeError, "init_from: expected a path", attune.train, self.log, init_from=5)

    def test_training(self):
        train = attune.train
        self.refuses(ValueError, "did you mean 'epochs'", train, self.log, epoch=3)
        self.refuses(ValueError, "dim = 0: expected 1..4096", train, self.log, dim=0)
        self.refuses(TypeError, "lr: expected a number", train, self.log, lr=[0.1])
        self.refuses(ValueError, "lr = nan: expected a finite number", train, self.log, lr=np.nan)
        self.refuses(TypeError, "no setting 'data'", train, self.log, data="x")
        self.refuses(TypeError, "no setting 'factors'; here it is called 'dim'", train, self.log, factors=8)
        self.refuses(ValueError, "expected 'factorisation'", train, self.log, algorithm="item_knn")
        self.refuses(ValueError, "cannot take effect", train, self.log, item_attention="none", lr_theta=0.1)
        self.refuses(TypeError, "expected a SciPy CSR matrix", train, self.log.toarray())
        self.refuses(ValueError, "0 interactions", train, sp.csr_matrix((3, 4), dtype=np.float32))
        self.refuses(ValueError, "2 ids for 60 rows", train, self.log, user_ids=["a", "b"])
        self.refuses(ValueError, "59 ids are there twice", train, self.log, user_ids=["a"] * USERS)
        self.refuses(TypeError, "user_ids: expected a sequence of str, not int", train, self.log, user_ids=5)
        self.refuses(TypeError, "user_ids: expected a sequence of str, not str", train, self.log, user_ids="u" * USERS)
        ids = ["\ud800"] + [str(n) for n in range(1, ITEMS)]
        self.refuses(ValueError, r"item_ids: '\\ud800': a surrogate", train, self.log, item_ids=ids)
        self.refuses(TypeError, "log_level: expected a str", train, self.log, log_level=2)
        self.refuses(ValueError, "without TAB", train, self.log, item_ids=["a\tb"] * ITEMS)
        self.refuses(ValueError, "validation: shape", train, self.log, validation=random_log(2, users=9))
        self.refuses(ValueError, "of its interactions are in user_items", train, self.log, validation=self.log)
        self.refuses(RuntimeError, "Lower lr", train, self.log, lr=90, epochs=40, l2=0, item_attention="none")


class Training(unittest.TestCase):
    def test_settings_are_those_of_the_program(self):
        settings = attune.settings()
        self.assertEqual((settings["dim"], settings["item_attention"]), (64, "attention"))
        self.assertNotIn("data", settings)

    def test_ids_are_kept_and_rows_taken_over(self):
        log = random_log()
        names = [f"user {n}, \u00fc" for n in range(USERS)]
        with tempfile.TemporaryDirectory() as directory:
            out = os.path.join(directory, "model")
            first = attune.train(log, user_ids=names, dim=4, epochs=2, threads=1, out=out)
            self.assertEqual(list(first.users), names)
            self.assertRaisesRegex(ValueError, "exists already", attune.train, log, dim=4, out=out)
            grown = sp.vstack([random_log(3, users=2), log], format="csr")
            second = attune.train(
                grown, user_ids=["new", "newer"] + names, dim=4, epochs=0, init_from=first, threads=1
            )
            self.assertEqual(second.summary["init_from"]["users"], {"kept": USERS, "new": 2, "gone": 0})
            np.testing.assert_array_equal(second.item_factors, first.item_factors)
            ids = attune.load(out).recommend(names[3], log[3])[0]
            np.testing.assert_array_equal(ids, first.recommend(3, log[3])[0])

    def test_the_best_epoch_is_chosen_by_validation(self):
        log = random_log(5)
        held = sp.csr_matrix((np.ones(USERS, np.float32), log.indices[log.indptr[:-1]], np.arange(USERS + 1)),
                             shape=log.shape)  # fmt: skip
        rest = sp.csr_matrix(log - held)
        rest.eliminate_zeros()
        model = attune.train(rest, validation=held, dim=4, epochs=3, evaluate_every=1, threads=1)
        self.assertIn("validation", model.summary)

    def test_empty_rows_and_full_ones(self):
        rows = sp.csr_matrix((np.ones(6, np.float32), [0, 1, 2, 3, 1, 2], [0, 0, 4, 6]), shape=(3, 4))
        model = attune.train(rows, dim=4, epochs=2, threads=1)
        ids, _ = model.recommend([0, 1, 2], rows, N=4)
        self.assertTrue((np.sort(ids[0]) == np.arange(4)).all() and (ids[1] == -1).all())
        self.assertEqual(set(ids[2]), {0, 3, -1})
        self.assertRaisesRegex(ValueError, "has all 4 items.*with itemid", model.explain, 1, rows[1])

    def test_ids_may_be_no_utf8(self):
        names = [f"\udcff{n}, or so" for n in range(ITEMS)]
        model = attune.train(random_log(), item_ids=names, dim=4, epochs=0, threads=1)
        self.assertEqual(list(model.items), names)
        again = attune.train(random_log(), item_ids=model.items, init_from=model, dim=4, epochs=0, threads=1)
        self.assertEqual(again.summary["init_from"]["items"], {"kept": ITEMS, "new": 0, "gone": 0})

    def test_saving_replaces_nothing(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "model")
            model = attune.train(random_log(), dim=4, epochs=0)
            nowhere = os.path.join(directory, "nodir", "model")
            self.assertRaisesRegex(FileNotFoundError, f"{nowhere}: there is no directory", model.save, nowhere)
            os.mkdir(path)
            self.assertRaises(FileExistsError, model.save, path)
            self.assertEqual(os.listdir(directory), ["model"])
            os.rmdir(path)
            os.mkdir(path + ".tmp")  # somebody else's, or what a killed process left
            model.save(path)
            self.assertEqual(sorted(os.listdir(directory)), ["model", "model.tmp"])
            self.assertEqual(os.stat(path).st_mode, os.stat(path + ".tmp").st_mode)

    def test_a_model_is_not_saved_into_itself(self):
        model = attune.train(random_log(), dim=4, epochs=0)
        for inside in ("copy", "theta/copy", "theta/../copy"):
            path = os.path.join(model.path, inside)
            self.assertRaisesRegex(ValueError, "inside the model's own directory", model.save, path)
        self.assertNotIn("copy", os.listdir(model.path))

    def test_saving_a_copy_changes_nothing(self):
        with tempfile.TemporaryDirectory() as directory:
            for name, settings in {"acf": {}, "plain": {"item_attention": "none"}}.items():
                model = attune.train(random_log(), dim=4, epochs=1, threads=1, **settings)
                path = os.path.join(directory, name)
                model.save(path)
                self.assertEqual(contents(path), contents(model.path))

    def test_models_of_content_need_the_data(self):
        with tempfile.TemporaryDirectory() as directory:
            data, out = os.path.join(directory, "data"), os.path.join(directory, "model")
            program("synth", "--kind", "planted", "--users", "50", "--items", "30", "--components", "2", "--out", data, "--json")
            program("train", "--data", data, "--out", out, "--dim", "4", "--epochs", "1", "--item-attention", "average",
                    "--item-content", "average", "--json")  # fmt: skip
            self.assertRaisesRegex(ValueError, "pass data=", attune.load, out)
            model = attune.load(out, data=data)
            self.assertGreater(np.abs(model.item_factors - np.load(os.path.join(out, "V.npy"))).max(), 0)
            model.save(out + " copy")
            self.assertEqual(contents(out + " copy"), contents(out))
            vectors = model.user_vectors([0, 1], model.user_items[:2])
            np.testing.assert_allclose(model.score([0, 1], model.user_items[:2]), vectors @ model.item_factors.T, atol=1e-6)
            program("train", "--data", data, "--out", out, "--overwrite", "--algorithm", "content_mean", "--json")
            by_content = attune.load(out)
            by_content.save(out + " by content")
            self.assertEqual(contents(out + " by content"), contents(out))
            ids, scores = by_content.recommend("u1", model.user_items[[1]], N=3)
            lists = program("recommend", "--model", out, "--data", data, "--user", "u1", "-k", "3", "--json")
            self.assertEqual([item["item"] for item in lists["users"][0]["items"]], list(model.items[ids]))
            program("train", "--data", data, "--out", out, "--overwrite", "--algorithm", "item_knn", "--json")
            self.assertRaisesRegex(ValueError, "which the Python package needs", attune.load, out)

    def test_models_without_history(self):
        log = random_log()
        model = attune.train(log, dim=4, epochs=1, item_attention="none", threads=1)
        ids, _ = model.recommend([1, 2], filter_already_liked_items=False)
        self.assertEqual(ids.shape, (2, 10))
        self.assertRaisesRegex(ValueError, "no strangers", model.recommend, None, log[0])
        self.assertRaisesRegex(TypeError, "to be left out", model.recommend, 1)
        self.assertRaisesRegex(ValueError, "item_attention none", model.similar_items, 1, by="influence")

    def test_the_habits_of_implicit(self):
        log = random_log()
        trainer = attune.ACF(dim=4, epochs=1, threads=1)
        self.assertRaisesRegex(AttributeError, "not fitted yet", getattr, trainer, "recommend")
        ids, scores = trainer.fit(log, show_progress=False).recommend(0, log[0], N=3)
        self.assertEqual((len(ids), len(scores)), (3, 3))
        self.assertRaises(AttributeError, getattr, trainer, "nothing_like_it")

    def test_histories_come_with_the_data(self):
        log = random_log()
        with tempfile.TemporaryDirectory() as directory:
            lines = ["user\titem"] + [f"{user}\t{item}" for user, item in zip(*log.nonzero())]
            source = os.path.join(directory, "log.tsv")
            with open(source, "w") as file:
                file.write("\n".join(lines) + "\n")
            data, out = os.path.join(directory, "data"), os.path.join(directory, "model")
            program("prepare", source, "--split", "none", "--out", data, "--json")
            program("train", "--data", data, "--out", out, "--dim", "4", "--epochs", "1", "--json")
            model = attune.load(out, data=data)
            mine = model.user_items[[list(model.users).index("7")]]
            self.assertEqual(set(model.items[mine.indices]), {str(item) for item in log[7].indices})
            ids, scores = model.recommend("7", mine, N=4)
            lists = program("recommend", "--model", out, "--data", data, "--user", "7", "-k", "4", "--json")
            self.assertEqual([item["item"] for item in lists["users"][0]["items"]], list(model.items[ids]))

    def test_an_opened_model_stays_what_it_was(self):
        log, other = random_log(), random_log(9, users=USERS + 5)
        before = os.getcwd()
        with tempfile.TemporaryDirectory() as directory:
            try:
                os.chdir(directory)
                attune.train(log, dim=4, epochs=1, threads=1, out="model")
                expected = contents("model")
                model = attune.load("model")
                users, ids = np.arange(USERS), model.recommend(np.arange(USERS), log)[0]
                os.mkdir("elsewhere")
                os.chdir("elsewhere")
                model.save("copy")
                self.assertEqual(contents("copy"), expected)
                attune.train(other, dim=6, epochs=1, threads=1, out=model.path, overwrite=True)
                np.testing.assert_array_equal(model.recommend(users, log)[0], ids)
                vectors = model.user_vectors(users, log)
                np.testing.assert_allclose(vectors @ model.item_factors.T, model.score(users, log), atol=1e-6)
                model.save("again")
                self.assertEqual(contents("again"), expected)
                further = attune.train(log, dim=4, epochs=0, init_from=model, threads=1)
                np.testing.assert_array_equal(further.item_factors, model.item_factors)
                self.assertEqual(os.listdir(os.path.dirname(further.path)).count("inputs"), 0)
            finally:
                os.chdir(before)

    def test_vectors_are_mapped_and_read_only(self):
        model = attune.train(random_log(), dim=4, epochs=1, threads=1)
        vectors = model.item_factors
        np.testing.assert_array_equal(vectors, np.load(os.path.join(model.path, "V.npy")))
        self.assertRaises(ValueError, vectors.setflags, write=True)
        self.assertFalse(vectors.flags.owndata)
        kept = np.array(vectors)
        del model
        np.testing.assert_array_equal(vectors, kept)  # they keep what they are made of

    def test_files_that_were_changed_in_place_are_not_saved(self):
        model = attune.train(random_log(), dim=4, epochs=1, threads=1)
        with open(os.path.join(model.path, "V.npy"), "r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"\x01")
        with tempfile.TemporaryDirectory() as directory:
            self.assertRaisesRegex(RuntimeError, "V.npy: is not what its manifest says", model.save, directory + "/m")
            self.assertEqual(os.listdir(directory), [])

    def test_paths_may_be_no_utf8(self):
        with tempfile.TemporaryDirectory() as directory:
            out = os.path.join(directory, "\udcff model")
            trained = attune.train(random_log(), dim=4, epochs=1, threads=1, out=out)
            model = attune.load(os.fsencode(out))
            np.testing.assert_array_equal(model.item_factors, trained.item_factors)
            model.save(out + " copy")
            self.assertEqual(contents(out + " copy"), contents(out))
            attune.train(random_log(), dim=4, epochs=0, init_from=model, threads=1)

    def test_a_temporary_model_is_gone_with_its_object(self):
        model = attune.train(random_log(), dim=4, epochs=1, threads=1)
        path = model.path
        self.assertTrue(os.path.isdir(path))
        del model
        self.assertFalse(os.path.exists(path))


INTERRUPTED = """
import sys, numpy as np, scipy.sparse as sp, attune
log = sp.random(60, 30, density=0.2, format="csr", dtype=np.float32, random_state=1)
try:
    attune.train(log, dim=4, epochs=1000000, threads=1, out=sys.argv[1], run=sys.argv[2])
except KeyboardInterrupt:
    print("interrupted")
"""


class CtrlC(unittest.TestCase):
    def test_training_ends_and_keeps_what_it_reached(self):
        with tempfile.TemporaryDirectory() as directory:
            out, run = os.path.join(directory, "model"), os.path.join(directory, "run")
            python = subprocess.Popen([sys.executable, "-c", INTERRUPTED, out, run], stdout=subprocess.PIPE, text=True)
            deadline = time.monotonic() + 60
            metrics = os.path.join(run, "metrics.jsonl")
            while not (os.path.exists(metrics) and '"epoch"' in open(metrics).read()):
                self.assertLess(time.monotonic(), deadline)
                self.assertIsNone(python.poll())
                time.sleep(0.05)
            python.send_signal(signal.SIGINT)
            printed, _ = python.communicate(timeout=60)
            self.assertEqual((python.returncode, printed), (0, "interrupted\n"))
            with open(os.path.join(run, "result.json")) as file:
                self.assertEqual(json.load(file)["status"], "interrupted")
            self.assertEqual(attune.load(out).dim, 4)


if __name__ == "__main__":
    unittest.main()
