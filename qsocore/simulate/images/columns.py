"""The catalogue columns of simulated images beyond the standard ones: the truth, and the conditions of each cutout."""

from __future__ import annotations

from qsocore.catalog import Column
from qsocore.simulate.images import photometry
from qsocore.simulate.images.noise import FWHM

COLUMNS = (
    Column("true_class", "string", "truth", "", "True class"),
    Column("true_subclass", "string", "truth", "", "Spectral type of a dwarf, images of a lens, what a blend is made of"),
    Column("true_z", "float64", "truth", "", "True redshift of the quasar or galaxy"),
    Column("true_type", "float32", "truth", "", "Spectral type of a dwarf as a number: M0 is 0, L0 10, T0 20"),
    Column("true_m_1450", "float32", "truth", "mag", "Absolute AB magnitude of a quasar at rest 1450 Angstrom, lensed or not"),
    Column("true_m_5500", "float32", "truth", "mag", "Absolute AB magnitude of a galaxy at rest 5500 Angstrom, without dust"),
    Column("true_ebv", "float32", "truth", "mag", "E(B-V) of dust at the source"),
    Column("true_r_e", "float32", "truth", "arcsec", "Half-light semi-major axis of a galaxy"),
    Column("true_sersic", "float32", "truth", "", "Sersic index of a galaxy"),
    Column("true_q", "float32", "truth", "", "Axis ratio: of the mass of a lens, of the light of a galaxy"),
    Column("true_pa", "float32", "truth", "deg", "Position angle of the major axis, north through east"),
    Column("true_bulge", "float32", "truth", "", "Share of light in the bulge"),
    Column("true_arms", "float32", "truth", "", "Number of spiral arms"),
    Column("true_arm_contrast", "float32", "truth", "", "Contrast of the spiral arms"),
    Column("true_difficulty", "float32", "truth", "", "How hard a galaxy is to tell, 0 to 1: small, faint, near another class"),
    Column("true_hard", "bool", "truth", "", "Its difficulty is above 0.7"),
    Column("true_z_lens", "float64", "truth", "", "Redshift of the deflector"),
    Column("true_theta_e", "float32", "truth", "arcsec", "Einstein radius of the deflector"),
    Column("true_sigma_v", "float32", "truth", "km s-1", "Velocity dispersion of the deflector"),
    Column("true_shear", "float32", "truth", "", "External shear"),
    Column("true_shear_pa", "float32", "truth", "deg", "Position angle along which the shear stretches, north through east"),
    Column("true_magnification", "float32", "truth", "", "Total magnification of a lensed quasar"),
    Column("true_n_images", "int16", "truth", "", "Images of a lensed quasar"),
    Column("true_separation", "float32", "truth", "arcsec", "Largest separation of its images, or of the members of a blend"),
    Column("true_mag_i_lens", "float32", "truth", "mag", "Total AB magnitude in i of the deflector"),
    Column("true_contrast", "float32", "truth", "mag", "Difference in z of the members of a blend"),
    *(Column(f"true_mag_{band}", "float32", "truth", "mag", f"Total AB magnitude in {band} of all the light")
      for band in photometry.BANDS),
    *(Column(f"psf_fwhm_{band}", "float32", "quality", "arcsec", f"Full width at half maximum of the PSF in {band}")
      for band in FWHM),
    *photometry.COLUMNS,
)
"""What every class has; of what a class has not, the values are missing."""
