"""BOSS, both spectrographs of the Sloan telescope with fibres of 2 arcsec (Smee et al. 2013, AJ 146, 32).

Noise, resolution and sky are as measured on quasars of plate 3655 (75 minutes): the variance of a pixel of 1e-4 dex is a part
of the sky and a part proportional to the source. One plate, so that plates of other depth differ by more than the scatter here.
"""

from qsocore.simulate.instruments import Instrument

_PIXEL = 1e-4 * 2.302585  # d lambda / lambda
_LSF_PIXELS = ((3600, 1.36), (3650, 1.34), (3800, 1.25), (4000, 1.16), (4250, 1.08), (4500, 1.01), (5000, 0.87), (5500, 0.82),
               (5900, 0.85), (6000, 0.94), (6300, 1.02), (6500, 0.97), (7000, 0.88), (7500, 0.86), (8000, 0.83), (8800, 0.82),
               (9400, 0.84), (9800, 0.86), (10100, 0.88), (10400, 0.90))

INSTRUMENT = Instrument(
    survey="sim-boss",
    citation="Smee et al. 2013, AJ 146, 32; Dawson et al. 2013, AJ 145, 10",
    coverage=(3595.0, 10400.0),
    pixel_width=((3500.0, 3500 * _PIXEL), (10500.0, 10500 * _PIXEL)),
    lsf=tuple((wave, pixels * wave * _PIXEL) for wave, pixels in _LSF_PIXELS),
    sky_variance=((3600, 5.5), (3650, 3.3), (3700, 1.55), (3800, 0.62), (3900, 0.37), (4000, 0.27), (4200, 0.107),
                  (4500, 0.085), (5000, 0.044), (5500, 0.040), (5850, 0.080), (6000, 0.090), (6250, 0.055), (6500, 0.038),
                  (6800, 0.024), (7500, 0.026), (8300, 0.028), (9000, 0.028), (9400, 0.040), (9800, 0.065), (10100, 0.25),
                  (10250, 0.9), (10400, 4.0)),
    source_variance=((3600, 0.22), (3650, 0.17), (3800, 0.095), (4000, 0.065), (4200, 0.0456), (4500, 0.033), (5000, 0.0251),
                     (5500, 0.022), (6000, 0.0185), (6500, 0.0150), (6800, 0.0136), (7500, 0.0130), (8300, 0.0135),
                     (9000, 0.0140), (9500, 0.018), (9800, 0.022), (10100, 0.045), (10400, 0.15)),
    excess=1.02,
)
