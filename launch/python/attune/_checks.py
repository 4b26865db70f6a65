"""Arguments, checked before anything is computed: errors name the argument, what it is and what was expected."""

import numpy as np

_MAX_IDS = 2**31 - 1  # users, and items: what an int32 can name


def csr(matrix, name, rows=None, columns=None):
    """The (indptr int64, indices int32) of a SciPy CSR matrix or array whose non-zeros are interactions.

    Raises TypeError for another type, ValueError for another shape, values that are not finite, stored zeros,
    indices out of range, unsorted or twice in a row.
    """
    require_csr(matrix, name)
    _check_shape(matrix, name, rows, columns)
    _check_data(np.asarray(matrix.data), name)
    indptr = np.ascontiguousarray(matrix.indptr, dtype=np.int64)
    indices = np.asarray(matrix.indices)
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


def _check_data(data, name):
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
    if indices.dtype.kind not in "iu":
        raise TypeError(f"{name}: indices of dtype {indices.dtype}, expected integers")
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
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name}: expected a row (int) or an id (str), not {type(value).__name__}")
    if not 0 <= value < count:
        raise ValueError(f"{name}: {value} is not in 0..{count - 1}")
    return int(value)


def indices(values, count, name, ids):
    """Rows as int64, from a sequence or array of ints or of strs."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"{name}: {array.ndim} dimensions, expected 1")
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


def length(value, name):
    """A number of items, 1 or more."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name}: expected an int, not {type(value).__name__}")
    if not 1 <= value <= 1_000_000:
        raise ValueError(f"{name} = {value}: expected 1..1000000")
    return int(value)
