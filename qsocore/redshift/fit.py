"""The compiled part: how well a template set fits a spectrum at a redshift, and the best redshift near a given one.

A model spectrum is the set's mean times (1 + a Legendre polynomial of the wavelength, which absorbs the flux calibration), plus
its components. With the inverse variances W, the columns P, and the prior of their coefficients N(0, a^2 S), what is compared
is minus twice the logarithm of the likelihood with the coefficients integrated out, but for a constant:

    chi2 + ln det(1 + a^2 S P^T W P) - sum ln W,    chi2 = f^T W f - b^T (P^T W P + 1 / (a^2 S))^-1 b,    b = P^T W f

The mean has a wide prior, and a is its amplitude. The prior is what keeps components that look like the derivative of a line
from moving the redshift: they may do so as often as lines are shifted in the simulator. Redshifts are counted in samples of
the templates, log10(1 + z) / step.
"""

from __future__ import annotations

import numpy as np

from qsocore.compiled import compiled

MEAN_WIDTH = 10.0  # of the mean's own prior, in amplitudes
MOST_OUTLIERS = 0.4  # of the good pixels
_NEAR = 2  # half steps on each side in the second scan
_STEPS = 6  # of the search for a minimum
_FLATTEST, _STEEPEST = 0.5, 100.0  # rise of the misfit at one step from which its curvature is taken
_NODES = 4  # of the cubic interpolation


@compiled(fastmath=True)
def place(rows, at, weight, out):
    """Put samples `at`, `at` + phases, ... of the rows (phases, m, n), times `weight` (n_pix,), into out (k, n_pix); k <= m.

    Cubic (Lagrange) between samples; 0 where the templates end.
    """
    phases, _, n = rows.shape
    k, n_pix = out.shape
    j = int(np.floor(at))
    t = at - j
    share = (np.float32(-t * (t - 1) * (t - 2) / 6), np.float32((t * t - 1) * (t - 2) / 2),
             np.float32(-t * (t + 1) * (t - 2) / 2), np.float32(t * (t * t - 1) / 6))
    first, last = 0, n_pix
    for d in range(_NODES):
        offset = (j + d - 1) // phases
        first, last = max(first, -offset), min(last, n - offset)
    last = max(last, first)
    p0, p1, p2, p3 = (j - 1) % phases, j % phases, (j + 1) % phases, (j + 2) % phases
    o0, o1, o2, o3 = (j - 1) // phases, j // phases, (j + 1) // phases, (j + 2) // phases
    for row in range(k):
        out[row, :min(first, n_pix)] = 0
        out[row, last:] = 0
        if first < last:
            size = last - first
            a, b = rows[p0, row, first + o0:first + o0 + size], rows[p1, row, first + o1:first + o1 + size]
            c, d = rows[p2, row, first + o2:first + o2 + size], rows[p3, row, first + o3:first + o3 + size]
            w, to = weight[first:last], out[row, first:last]
            for i in range(size):
                to[i] = (share[0] * a[i] + share[1] * b[i] + share[2] * c[i] + share[3] * d[i]) * w[i]


@compiled
def solve(normal, right, m, chol, x):
    """Solve for x by Cholesky's factor of normal (m, m), its right side (m,); returns ln det, NaN when it is not positive."""
    logdet = 0.0
    for i in range(m):
        for j in range(i + 1):
            total = normal[i, j]
            for k in range(j):
                total -= chol[i, k] * chol[j, k]
            if i == j:
                if not total > 0:
                    return np.nan
                chol[i, i] = np.sqrt(total)
                logdet += 2 * np.log(chol[i, i])
            else:
                chol[i, j] = total / chol[j, j]
    for i in range(m):
        total = right[i]
        for k in range(i):
            total -= chol[i, k] * x[k]
        x[i] = total / chol[i, i]
    for i in range(m - 1, -1, -1):
        total = x[i]
        for k in range(i + 1, m):
            total -= chol[k, i] * x[k]
        x[i] = total / chol[i, i]
    return logdet


@compiled
def misfit(rows, at, root, seen, seen2, bend, width, columns, chol, x):
    """Minus twice the log likelihood of one spectrum at one redshift, and its chi2, without the term of the weights.

    Parameters
    ----------
    rows, at
        As for `place`, the last row being the scatter.
    root, seen : ndarray, shape (n_pix,)
        Square root of the inverse variance, and the flux times it.
    seen2 : float
        Sum of seen^2.
    bend : ndarray, shape (q, n_pix)
        Legendre polynomials times the width of their prior.
    width : float
        Of the components' prior, 1 as learned.
    columns, chol, x : ndarray, shapes (m, n_pix), (m, m), (m,)
        Room to work in, m = components + q + 1; after the call, columns and x make the model.
    """
    k, q = rows.shape[1] - 1, len(bend)
    m = k + q
    place(rows, at, root, columns[:k])
    for j in range(q):
        for i in range(len(root)):
            columns[k + j, i] = columns[0, i] * bend[j, i]
    normal = np.dot(columns, columns.T).astype(np.float64)
    right = np.dot(columns, seen).astype(np.float64)
    if not normal[0, 0] > 0:
        return np.inf, seen2
    amplitude = max(right[0] / normal[0, 0], 1 / np.sqrt(normal[0, 0]))
    logs = 2 * np.log(MEAN_WIDTH * amplitude)
    normal[0, 0] += (MEAN_WIDTH * amplitude) ** -2
    for j in range(1, m):
        scale = amplitude * width if j < k else amplitude
        normal[j, j] += scale**-2
        logs += 2 * np.log(scale)
    logdet = solve(normal, right, m, chol, x)
    chi2 = seen2
    for j in range(m):
        chi2 -= right[j] * x[j]
    value = chi2 + logdet + logs
    return (value if np.isfinite(value) else np.inf), chi2


@compiled
def weigh(rows, at, flux, variance, level, floor, root, seen, pair):
    """Weights at a redshift: the noise, what the templates leave out, and `floor` times the flux's `level`.

    Pixels whose variance is not positive weigh nothing. Fills root and seen (n_pix,), with room for the mean and the scatter
    in pair (2, n_pix); returns the sums of seen^2 and of ln W.
    """
    last = rows.shape[1] - 1
    for i in range(len(root)):
        root[i] = 1
    place(rows, at, root, pair[:1])
    place(rows[:, last:], at, root, pair[1:])
    right, normal = 0.0, 1e-30
    for i in range(len(root)):
        if variance[i] > 0:
            w = 1 / (variance[i] + (level[i] * floor) ** 2)
            right += w * flux[i] * pair[0, i]
            normal += w * np.float64(pair[0, i]) ** 2
    amplitude = max(right / normal, 0.0)
    total, logs = 0.0, 0.0
    for i in range(len(root)):
        root[i] = seen[i] = 0
        if variance[i] > 0:
            w = 1 / (variance[i] + (level[i] * floor) ** 2 + (amplitude * pair[1, i]) ** 2)
            root[i] = np.sqrt(w)
            seen[i] = flux[i] * root[i]
            total += np.float64(seen[i]) ** 2
            logs += np.log(w)
    return total, logs


@compiled
def leave_out(root, seen, columns, x, below, above, most, beside):
    """Take the weight from pixels farther than `below` or `above` the model (in standard deviations), if at most `most` are.

    With them go `beside` neighbours on each side: a trough has wings.

    Returns
    -------
    float, float, int
        What seen^2 is less, the penalty, and how many pixels are so far off.
    """
    pull = seen - np.dot(x.astype(np.float32), columns)
    less, penalty, n = 0.0, 0.0, 0
    for i in range(len(root)):
        n += pull[i] < -below or pull[i] > above
    if n > most:
        return 0.0, 0.0, 0  # the model is wrong, not the pixels
    for i in range(len(root)):
        if pull[i] < -below or pull[i] > above:
            penalty += below**2 if pull[i] < 0 else above**2
            for j in range(max(i - beside, 0), min(i + beside + 1, len(root))):
                less += np.float64(seen[j]) ** 2
                root[j] = seen[j] = 0
    return less, penalty, n


@compiled
def scan(rows, zero, jobs, at, half, pitch, below, flux, variance, level, floor, bend, width, value, best):
    """The best of `2 half + 1` redshifts `pitch` samples apart around each job's, and again, more closely, without troughs.

    Parameters
    ----------
    rows : ndarray
        As for `misfit`.
    zero : float
        Sample of the first pixel at redshift 0.
    jobs : ndarray of int64, shape (p,)
        Which spectrum.
    at : ndarray, shape (p,)
        Around which log10(1 + z) / step.
    below : float
        As for `polish`.
    flux, variance, level : ndarray of float32, shape (n, n_pix)
        Spectra.
    value, best : ndarray, shape (p,)
        Take the misfit there and where it is.
    """
    k, n_pix = rows.shape[1] - 1, flux.shape[1]
    m = k + len(bend)
    columns, chol, x = np.zeros((m, n_pix), np.float32), np.zeros((m, m)), np.zeros(m)
    root, seen, pair = np.zeros(n_pix, np.float32), np.zeros(n_pix, np.float32), np.zeros((2, n_pix), np.float32)
    values = np.empty(2 * half + 1)
    for p in range(len(jobs)):
        i, middle = jobs[p], at[p]
        seen2, logs = weigh(rows, zero - middle, flux[i], variance[i], level[i], floor, root, seen, pair)
        for step in range(2 * half + 1):
            here = zero - middle - (step - half) * pitch
            values[step] = misfit(rows, here, root, seen, seen2, bend, width, columns, chol, x)[0]
        middle += (np.argmin(values) - half) * pitch
        seen2, logs = weigh(rows, zero - middle, flux[i], variance[i], level[i], floor, root, seen, pair)
        misfit(rows, zero - middle, root, seen, seen2, bend, width, columns, chol, x)
        less, penalty, _ = leave_out(root, seen, columns, x, below, np.inf, MOST_OUTLIERS * n_pix, 0)
        seen2 -= less
        near = np.empty(2 * _NEAR + 1)
        for step in range(2 * _NEAR + 1):
            here = zero - middle - (step - _NEAR) * pitch / 2
            near[step] = misfit(rows, here, root, seen, seen2, bend, width, columns, chol, x)[0]
        lowest = np.argmin(near)
        value[p] = near[lowest] + penalty - logs
        best[p] = middle + (lowest - _NEAR) * pitch / 2
        if 0 < lowest < 2 * _NEAR:
            best[p] += pitch / 2 * vertex(near[lowest - 1], near[lowest], near[lowest + 1])[0]


@compiled
def vertex(left, middle, right):
    """Vertex of the parabola through values at -1, 0, 1, at most 1 away, its height, and half its second derivative."""
    bow = 0.5 * (left + right) - middle
    if not bow > 0:
        return 0.0, middle, bow
    move = min(max(0.25 * (left - right) / bow, -1.0), 1.0)
    return move, middle - bow * move**2, bow


@compiled
def polish(rows, zero, jobs, at, reach, pitch, below, above, rounds, beside, flux, variance, level, floor, bend, width, out):
    """The minimum near each job's redshift, by parabolas of shrinking steps.

    Parameters
    ----------
    reach, pitch : float
        How far it may lie, and the first step, in samples.
    below, above : float
        Pixels that lie farther than this below or above the model at the start (in standard deviations) are left out, each
        for a penalty of its square: absorbers and cosmic rays are no reason to doubt a redshift, but not for free.
    rounds, beside : int
        How often that is done, and how many neighbours of such a pixel go with it.
    out : ndarray, shape (p, 7)
        Takes where, its standard error, misfit, chi2, number of pixels, share of pixels left out, amplitude of the mean; the
        error is NaN where there is no minimum within reach.
    """
    k, n_pix = rows.shape[1] - 1, flux.shape[1]
    m = k + len(bend)
    columns, chol, x = np.zeros((m, n_pix), np.float32), np.zeros((m, m)), np.zeros(m)
    root, seen, pair = np.zeros(n_pix, np.float32), np.zeros(n_pix, np.float32), np.zeros((2, n_pix), np.float32)
    for p in range(len(jobs)):
        i, here, step = jobs[p], at[p], pitch
        seen2, logs = weigh(rows, zero - here, flux[i], variance[i], level[i], floor, root, seen, pair)
        good = 0
        for pixel in range(n_pix):
            good += root[pixel] > 0
        dropped, penalty = 0, 0.0
        for _ in range(rounds):
            misfit(rows, zero - here, root, seen, seen2, bend, width, columns, chol, x)
            less, paid, n = leave_out(root, seen, columns, x, below, above, MOST_OUTLIERS * good - dropped, beside)
            seen2, penalty, dropped = seen2 - less, penalty + paid, dropped + n
        error = np.nan
        middle, chi2 = misfit(rows, zero - here, root, seen, seen2, bend, width, columns, chol, x)
        amplitude = x[0]
        for _ in range(_STEPS):
            left = misfit(rows, zero - here + step, root, seen, seen2, bend, width, columns, chol, x)[0]
            right = misfit(rows, zero - here - step, root, seen, seen2, bend, width, columns, chol, x)[0]
            move, height, bow = vertex(left, middle, right)
            if bow > 0 and left >= middle and middle <= right:
                here += move * step
                error = step / np.sqrt(bow)
                if abs(move) < 0.5 and _FLATTEST < bow < _STEEPEST:
                    middle = height
                    break
                step = min(max(1.5 * error, 0.1 * pitch), 5 * pitch)
                middle, chi2 = misfit(rows, zero - here, root, seen, seen2, bend, width, columns, chol, x)
            else:  # downhill, by a whole step
                here, middle = (here - step, left) if left < right else (here + step, right)
            if not abs(here - at[p]) <= reach:
                break
        if not abs(here - at[p]) <= reach or not np.isfinite(middle):
            error = np.nan
        out[p, 0], out[p, 1], out[p, 2], out[p, 3] = here, error, middle + penalty - logs, chi2
        out[p, 4], out[p, 5], out[p, 6] = good - dropped, dropped / max(good, 1), amplitude
