"""The loops over points that everything on the map waits for, compiled; they let go of the interpreter lock.

Points are those of a `dashboard.plane.Plane`: sorted by the row of cells that they lie in, so that what a view shows is one
stretch of them per row of cells, and that points which follow each other fall on pixels that are near each other. A picture
is made in bands of pixel rows, each by one thread, so that no two write to the same place.

Shapes: x, y and whatever goes with them (n,); first, last (n_stretches,); bits are one per point, the lowest first in a
byte, or empty when all points count; pictures (height, width) with the lowest y first.
"""

from __future__ import annotations

import numpy as np

from qsocore.compiled import compiled


@compiled
def cell_sort(x, y, x0, x1, y0, y1, n_side):
    """Order of the points by cell, and where each cell begins, shape (n_side**2 + 1,); what is not finite is left out."""
    n = x.size
    cell = np.empty(n, np.int32)
    starts = np.zeros(n_side * n_side + 1, np.int64)
    across, upwards = n_side / (x1 - x0), n_side / (y1 - y0)
    for i in range(n):
        cell[i] = -1
        if np.isfinite(x[i]) and np.isfinite(y[i]):
            column = min(max(int((x[i] - x0) * across), 0), n_side - 1)
            row = min(max(int((y[i] - y0) * upwards), 0), n_side - 1)
            cell[i] = row * n_side + column
            starts[cell[i] + 1] += 1
    for k in range(1, starts.size):
        starts[k] += starts[k - 1]
    place = starts[:-1].copy()
    order = np.empty(starts[-1], np.uint32)
    for i in range(n):
        if cell[i] >= 0:
            order[place[cell[i]]] = i
            place[cell[i]] += 1
    return order, starts


@compiled
def has(bits, i):
    """Whether the bit of a point is set."""
    return (bits[i >> 3] >> (i & 7)) & 1


@compiled
def reorder_bits(bits, order, low, high, out):
    """Bits by row to bits by place in a plane, for the bytes low <= k < high."""
    for byte in range(low, high):
        value = 0
        for k in range(min(8, order.size - 8 * byte)):
            row = order[8 * byte + k]
            value |= ((bits[row >> 3] >> (row & 7)) & 1) << k
        out[byte] = value


@compiled
def _per_unit(n_pixels, start, end):
    """Pixels per unit of an axis, less a rounding error, so that what lies on the far border is in the last pixel."""
    return n_pixels / (end - start) * (1 - 1e-15)


@compiled
def count_band(x, y, first, last, bits, x0, x1, y0, y1, low, high, out):
    """Number of points of each pixel in the pixel rows low <= row < high."""
    height, width = out.shape
    across, upwards, some, flat = _per_unit(width, x0, x1), _per_unit(height, y0, y1), bits.size > 0, out.ravel()
    for s in range(first.size):
        start = first[s]
        xs, ys = x[start : last[s]], y[start : last[s]]
        for i in range(xs.size):
            column, row = (np.float64(xs[i]) - x0) * across, (np.float64(ys[i]) - y0) * upwards
            # one test without branches: half of the loop's time would otherwise be lost in guessing
            if (column >= 0) & (column < width) & (row >= low) & (row < high) and not (some and not has(bits, start + i)):
                flat[np.int32(row) * width + np.int32(column)] += np.uint32(1)


@compiled
def sum_band(x, y, value, first, last, bits, x0, x1, y0, y1, low, high, shift, out, known, total, square):
    """Count of all points, number of those with a value, and the sums of value - shift and of its square."""
    height, width = out.shape
    across, upwards, some, squares = _per_unit(width, x0, x1), _per_unit(height, y0, y1), bits.size > 0, square.size > 0
    for s in range(first.size):
        start = first[s]
        xs, ys, values = x[start : last[s]], y[start : last[s]], value[start : last[s]]
        for i in range(xs.size):
            column, row = (np.float64(xs[i]) - x0) * across, (np.float64(ys[i]) - y0) * upwards
            if (column >= 0) & (column < width) & (row >= low) & (row < high) and not (some and not has(bits, start + i)):
                r, c, v = np.int32(row), np.int32(column), np.float64(values[i])
                out[r, c] += np.uint32(1)
                if v == v:
                    known[r, c] += np.uint32(1)
                    total[r, c] += v - shift
                    if squares:
                        square[r, c] += (v - shift) * (v - shift)


@compiled
def extreme_band(x, y, value, first, last, bits, x0, x1, y0, y1, low, high, sign, out, best):
    """Count of all points, and the largest sign * value; -inf where no point has a value."""
    height, width = out.shape
    across, upwards, some = _per_unit(width, x0, x1), _per_unit(height, y0, y1), bits.size > 0
    for s in range(first.size):
        start = first[s]
        xs, ys, values = x[start : last[s]], y[start : last[s]], value[start : last[s]]
        for i in range(xs.size):
            column, row = (np.float64(xs[i]) - x0) * across, (np.float64(ys[i]) - y0) * upwards
            if (column >= 0) & (column < width) & (row >= low) & (row < high) and not (some and not has(bits, start + i)):
                r, c = np.int32(row), np.int32(column)
                out[r, c] += np.uint32(1)
                if sign * values[i] > best[r, c]:
                    best[r, c] = sign * values[i]


@compiled
def class_band(x, y, code, first, last, bits, x0, x1, y0, y1, low, high, out, best):
    """Count of all points, and the most frequent code of each pixel; of equally frequent ones the highest.

    The points are dealt into their pixels first, so that the number of classes costs nothing.
    """
    count_band(x, y, first, last, bits, x0, x1, y0, y1, low, high, out)
    height, width = out.shape
    across, upwards, some = _per_unit(width, x0, x1), _per_unit(height, y0, y1), bits.size > 0
    place = np.empty((high - low) * width + 1, np.int64)
    place[0] = 0
    for row in range(low, high):
        for column in range(width):
            k = (row - low) * width + column
            place[k + 1] = place[k] + out[row, column]
    dealt, ends = np.empty(place[-1], np.uint8), place[:-1].copy()
    for s in range(first.size):
        start = first[s]
        xs, ys, codes = x[start : last[s]], y[start : last[s]], code[start : last[s]]
        for i in range(xs.size):
            across_, up = (np.float64(xs[i]) - x0) * across, (np.float64(ys[i]) - y0) * upwards
            if (across_ >= 0) & (across_ < width) & (up >= low) & (up < high) and not (some and not has(bits, start + i)):
                k = (np.int32(up) - low) * width + np.int32(across_)
                dealt[ends[k]] = codes[i]
                ends[k] += 1
    _prevailing(dealt, place, low, high, best)


@compiled
def _prevailing(dealt, place, low, high, best):
    """The most frequent of the codes that were dealt to each pixel."""
    width = best.shape[1]
    tally = np.zeros(256, np.int64)
    for row in range(low, high):
        for column in range(width):
            k = (row - low) * width + column
            winner = 0
            for j in range(place[k], place[k + 1]):
                c = dealt[j]
                tally[c] += 1
                if tally[c] > tally[winner] or (tally[c] == tally[winner] and c > winner):
                    winner = c
            best[row, column] = winner
            for j in range(place[k], place[k + 1]):
                tally[dealt[j]] = 0


@compiled
def count_in(x, y, first, last, bits, x0, x1, y0, y1):
    """Number of points in a rectangle, borders included."""
    n, some = 0, bits.size > 0
    for s in range(first.size):
        for i in range(first[s], last[s]):
            if x0 <= x[i] <= x1 and y0 <= y[i] <= y1 and not (some and not has(bits, i)):
                n += 1
    return n


@compiled
def places_in(x, y, first, last, bits, x0, x1, y0, y1, out):
    """Places of the points in a rectangle, as many as `out` holds; returns their number."""
    n, some = 0, bits.size > 0
    for s in range(first.size):
        for i in range(first[s], last[s]):
            if x0 <= x[i] <= x1 and y0 <= y[i] <= y1 and not (some and not has(bits, i)):
                if n == out.size:
                    return n
                out[n] = i
                n += 1
    return n


@compiled
def first_of(ranked, x, y, bits, x0, x1, y0, y1, out):
    """The first of some rows, in their order, that lie in a rectangle, as many as `out` holds; x, y and bits go by row."""
    n, some = 0, bits.size > 0
    for k in range(ranked.size):
        row = ranked[k]
        if x0 <= x[row] <= x1 and y0 <= y[row] <= y1 and not (some and not has(bits, row)):
            out[n] = row
            n += 1
            if n == out.size:
                break
    return n


@compiled
def in_polygon(x, y, order, by_row, starts, box, room_x, room_y, left, right, low, high, corners, edges, edge_starts, slab_low,
               slab_step, out):
    """Mark in `out` (by row) the points inside a polygon by the even-odd rule, in the cells left..right of the rows low..high.

    A cell that no edge touches is inside or outside as a whole; only points of the others are asked. Cells on the border of
    the grid hold what lies beyond it, so theirs are asked always. Edges are listed by the slab of y that they touch
    (`edge_starts`, slabs of height `slab_step` from `slab_low` on), so that a point asks only few. The arithmetic is that of
    `qsocore.selection.inside`. `by_row` says that x and y go by row; what they may differ from the plane's own is `room`.
    """
    n_side = int(np.sqrt(starts.size - 1) + 0.5)
    x0, y0 = box[0], box[2]
    dx, dy = (box[1] - x0) / n_side, (box[3] - y0) / n_side
    touched = np.empty(n_side, np.bool_)
    for row in range(low, high):
        touched[:] = row == 0 or row == n_side - 1
        touched[0] = touched[n_side - 1] = True
        _touch(corners, y0 + row * dy - room_y, y0 + (row + 1) * dy + room_y, x0, dx, room_x, touched)
        asked, odd = False, False
        for column in range(left, right):
            first, last = starts[row * n_side + column], starts[row * n_side + column + 1]
            if touched[column]:
                asked = False
                for i in range(first, last):
                    k = order[i]
                    px, py = (np.float64(x[k]), np.float64(y[k])) if by_row else (np.float64(x[i]), np.float64(y[i]))
                    if _is_odd(px, py, corners, edges, edge_starts, slab_low, slab_step):
                        out[k] = True
                continue
            if not asked:
                odd = _is_odd(x0 + (column + 0.5) * dx, y0 + (row + 0.5) * dy, corners, edges, edge_starts, slab_low, slab_step)
                asked = True
            if odd:
                for i in range(first, last):
                    out[order[i]] = True


@compiled
def _touch(corners, bottom, top, x0, dx, room, touched):
    """Mark the columns of a row of cells, between bottom and top, that an edge of a polygon passes."""
    m, n_side = corners.shape[0], touched.size
    for a in range(m):
        b = a + 1 if a + 1 < m else 0
        xa, ya, xb, yb = corners[a, 0], corners[a, 1], corners[b, 0], corners[b, 1]
        if ya > yb:
            xa, ya, xb, yb = xb, yb, xa, ya
        if yb < bottom or ya > top:
            continue
        start, end = xa, xb
        if ya < bottom:
            start = xa + (bottom - ya) / (yb - ya) * (xb - xa)
        if yb > top:
            end = xa + (top - ya) / (yb - ya) * (xb - xa)
        if start > end:
            start, end = end, start
        first = int(min(max((start - room - x0) / dx, 0.0), n_side - 1.0))
        last = int(min(max((end + room - x0) / dx, 0.0), n_side - 1.0))
        touched[first : last + 1] = True


@compiled
def _is_odd(px, py, corners, edges, edge_starts, slab_low, slab_step):
    """Whether a ray to the right of a point crosses an odd number of edges."""
    slab = (py - slab_low) / slab_step
    if not 0 <= slab < edge_starts.size - 1:
        return False
    odd, m = False, corners.shape[0]
    for k in range(edge_starts[int(slab)], edge_starts[int(slab) + 1]):
        a = edges[k]
        b = a + 1 if a + 1 < m else 0
        y1, y2 = corners[a, 1], corners[b, 1]
        if min(y1, y2) <= py < max(y1, y2):
            x1 = corners[a, 0]
            if px < x1 + (py - y1) * (corners[b, 0] - x1) / (y2 - y1):
                odd = not odd
    return odd
