"""Connected components of a graph, exact: one label for each node."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["clusters"]

Places = npt.NDArray[np.int64]


def clusters(left: Places, right: Places, n: int) -> tuple[int, npt.NDArray[np.int32]]:
    """Return how many components n nodes have, and int32[n], the component of each.

    Args:
        left: one end of each edge.
        right: its other end.
        n: nodes.
    """
    from scipy.sparse import coo_matrix  # a tenth of a second, which workers need not wait for
    from scipy.sparse.csgraph import connected_components

    graph = coo_matrix((np.ones(len(left), np.int8), (left, right)), shape=(n, n))
    found, component = connected_components(graph, directed=False)
    return int(found), component
