"""Arguments, checked before anything is computed: errors name the argument, what it is and what was expected."""

import os

import numpy as np

_MAX_IDS = 2**31 - 1  # users, and items: what an int32 can name


def csr(matrix, name, rows=None, columns=None):
    """The (indptr int64, indices int32) of a SciPy CSR matrix or array whose non-zeros are interactions.

    Raises TypeError for another type, ValueError for another shape, values that are not finite, stored zeros,
    indices out of range, unsorted or twice in a row.
    """
    require_csr(matrix, name)
    _check_shape(matrix, name, rows, columns)
    indptr = _integers(matrix.indptr, f"{name}.indptr").astype(np.int64, order="C", copy=False)
    indices = _integers(matrix.indices, f"{name}.indices")
    _check_data(_vector(matrix.data, f"{name}.data"), len(indices), name)
    _check_structure(indptr, indices, matrix.shape, name)
    return indptr, np.ascontiguousarray(indices, dtype=np.int32)


def require_csr(matrix, name):
    """Raises TypeError for what is no SciPy CSR matrix, ValueError for one that has not two dimensions."""
    if getattr(matrix, "format", None) != "csr" or not hasattr(matrix, "indptr"):
        hint = "; call .tocsr()" if hasattr(matrix, "tocsr") else "; see scipy.sparse.csr_matrix"
        raise TypeError(f"{name}: expected a SciPy CSR matrix, not {type(matrix).__name__}{hint}")
    if len(matrix.shape) != 2:
        raise ValueError(f"{name}: {len(matrix.shape)} dimensions, expected 2")
    if max(matrix.shape) > _MAX_IDS:
        raise ValueError(f"{name}: shape {matrix.shape}; there may be {_MAX_IDS} users and items")


def _check_shape(matrix, name, rows, columns):
    if rows is not None and matrix.shape[0] != rows:
        raise ValueError(
            f"{name}: {matrix.shape[0]} rows for {rows} user{'s' if rows != 1 else ''}; pass the rows of these users:"
            " user_items[userid]"
        )
    if columns is not None and matrix.shape[1] != columns:
        raise ValueError(f"{name}: {matrix.shape[1]} columns, but the model has {columns} items")


def _vector(values, name):
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"{name}: {array.ndim} dimensions, expected 1")
    return array


def _integers(values, name):
    if np.asarray(values).dtype.kind not in "iu":
        raise TypeError(f"{name}: of dtype {np.asarray(values).dtype}, expected an array of integers")
    return _vector(values, name)


def _check_data(data, entries, name):
    if len(data) != entries:
        raise ValueError(f"{name}: {len(data)} values for {entries} indices; the matrix is damaged")
    if data.dtype.kind not in "buif":
        raise TypeError(f"{name}: values of dtype {data.dtype}, expected numbers")
    if data.dtype.kind == "f" and not np.isfinite(data).all():
        raise ValueError(f"{name}: {np.count_nonzero(~np.isfinite(data))} values are NaN or infinite")
    if data.size and not data.all():
        raise ValueError(f"{name}: {np.count_nonzero(data == 0)} stored zeros; call .eliminate_zeros()")
    if data.dtype.kind in "if" and data.size and data.min() < 0:
        raise ValueError(f"{name}: {np.count_nonzero(data < 0)} negative values; an interaction is there or not")


def _check_structure(indptr, indices, shape, name):
    if len(indptr) != shape[0] + 1 or indptr[0] != 0 or indptr[-1] != len(indices) or (np.diff(indptr) < 0).any():
        raise ValueError(f"{name}: its indptr does not divide {len(indices)} entries into {shape[0]} rows")
    if len(indices) == 0:
        return
    if indices.min() < 0 or indices.max() >= shape[1]:
        bad = indices.min() if indices.min() < 0 else indices.max()
        raise ValueError(f"{name}: column {bad} is not in 0..{shape[1] - 1}; the matrix is damaged")
    ascending = np.ones(len(indices), dtype=bool)
    np.greater(indices[1:], indices[:-1], out=ascending[1:])
    starts = indptr[:-1]
    ascending[starts[starts < len(indices)]] = True
    if ascending.all():
        return
    row = int(np.searchsorted(indptr, np.flatnonzero(~ascending)[0], side="right")) - 1
    columns = indices[indptr[row] : indptr[row + 1]]
    if len(np.unique(columns)) < len(columns):
        raise ValueError(f"{name}: row {row} has a column twice; call .sum_duplicates()")
    raise ValueError(f"{name}: the columns of row {row} are not sorted; call .sort_indices()")


def index(value, count, name, ids):
    """A row: from an int below count, or a str that `ids()` (id -> row) knows."""
    if isinstance(value, str):
        if value not in ids():
            raise ValueError(f"{name}: id {value!r} is unknown to the model")
        return ids()[value]
    if not _is_integer(value):
        raise TypeError(f"{name}: expected a row (int) or an id (str), not {type(value).__name__}")
    if not 0 <= value < count:
        raise ValueError(f"{name}: {value} is not in 0..{count - 1}")
    return int(value)


def indices(values, count, name, ids):
    """Rows as int64, from a sequence or array of ints or of strs."""
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(f"{name}: a masked array, of which it is not clear what masked rows mean; call .compressed()")
    array = _vector(values, name)
    if array.size == 0:
        return np.zeros(0, dtype=np.int64)
    if array.dtype.kind in "UO":
        # As they were given: NumPy makes strings of ints that stand beside strings.
        return np.array([index(value, count, name, ids) for value in values], dtype=np.int64)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name}: values of dtype {array.dtype}, expected integers (rows) or strings (ids)")
    if array.min() < 0 or array.max() >= count:
        bad = array[(array < 0) | (array >= count)][0]
        raise ValueError(f"{name}: {bad} is not in 0..{count - 1}")
    return array.astype(np.int64)


def integer(value, name, least, most):
    """An int of Python or NumPy in a range; True and False are none."""
    if not _is_integer(value):
        raise TypeError(f"{name}: expected an int, not {type(value).__name__}")
    if not least <= value <= most:
        raise ValueError(f"{name} = {value}: expected {least}..{most}")
    return int(value)


def _is_integer(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def path(value, name):
    """The absolute path as str; bytes that are no UTF-8 are surrogates in it, as everywhere in Python."""
    try:
        text = os.fsdecode(value)
        os.fsencode(text)
    except TypeError:
        raise TypeError(f"{name}: expected a path (str, bytes or os.PathLike), not {type(value).__name__}") from None
    except UnicodeEncodeError:
        raise ValueError(f"{name}: {text!r} cannot be the name of a file: it has a surrogate") from None
    if not text:
        raise ValueError(f"{name}: is empty, expected a path")
    if "\0" in text:
        raise ValueError(f"{name}: {text!r} has a NUL character (\\x00), which no path has")
    return os.path.join(os.getcwd(), text)
