"""DESI, ten three-arm spectrographs on the Mayall telescope with fibres of 1.5 arcsec (Abareshi et al. 2022, AJ 164, 207).

Noise between sky lines and resolution are as measured on a coadded tile (80693), pixels of 0.8 Angstrom. The part proportional
to the source is inferred: 70 % of the sky's part is taken to be photon noise of the sky (30 % at 3700 Angstrom), whose
brightness in the fibre is known. The OH lines are those measured at Apache Point.
"""

from qsocore.simulate.instruments import Instrument

INSTRUMENT = Instrument(
    survey="sim-desi",
    citation="Abareshi et al. 2022, AJ 164, 207; Guy et al. 2023, AJ 165, 144",
    coverage=(3599.6, 9824.4),
    pixel_width=((3500.0, 0.8), (10000.0, 0.8)),
    lsf=((3600, 0.68), (5750, 0.70), (5800, 0.62), (7500, 0.65), (7600, 0.73), (9824, 0.76)),
    sky_variance=((3600, 2.5), (3700, 1.14), (3900, 0.33), (4200, 0.11), (4500, 0.0625), (5500, 0.029), (5800, 0.018),
                  (6800, 0.0081), (8000, 0.0090), (9200, 0.010), (9600, 0.012), (9824, 0.018)),
    source_variance=((3600, 0.25), (3700, 0.13), (3900, 0.055), (4200, 0.030), (4500, 0.021), (5500, 0.0107), (6800, 0.0040),
                     (8000, 0.0050), (9600, 0.0053), (9824, 0.007)),
    fibre=0.56,
    excess=1.02,
)
