"""The catalogue columns of simulated stores beyond the standard ones: the truth, under DR16Q's names where it has them."""

from __future__ import annotations

from qsocore.catalog import Column

COLUMNS = (
    Column("true_z", "float64", "truth", "", "True redshift; z is this with the scatter of a pipeline"),
    Column("true_class", "string", "truth", "", "True class"),
    Column("true_subclass", "string", "truth", "", "True subclass, where those of the catalogue have errors"),
    Column("mag_g", "float32", "magnitude", "mag", "AB magnitude in SDSS g of the noiseless spectrum"),
    Column("mag_r", "float32", "magnitude", "mag", "AB magnitude in SDSS r of the noiseless spectrum"),
    Column("mag_i", "float32", "magnitude", "mag", "AB magnitude in SDSS i of the noiseless spectrum"),
    Column("ebv_galactic", "float32", "truth", "mag", "True E(B-V) of the Galaxy in front, not corrected"),
    Column("m_i", "float32", "truth", "mag", "True absolute i magnitude of a quasar, K-corrected to z = 2"),
    Column("alpha_nu", "float32", "truth", "", "True slope of f_nu between 1100 and 5700 Angstrom rest, before dust"),
    Column("ebv", "float32", "truth", "mag", "True E(B-V) of dust at the source"),
    Column("bi_civ", "float32", "truth", "km s-1", "Balnicity index of C IV, of the noiseless spectrum"),
    Column("ai_civ", "float32", "truth", "km s-1", "Absorption index of C IV, of the noiseless spectrum"),
    Column("bal_prob", "float32", "truth", "", "1 where the absorption index is above zero, 0 where it is not"),
    Column("n_hi_dla", "float32", "truth", "dex(cm-2)", "log10 column density of the strongest damped system"),
    Column("z_dla", "float64", "truth", "", "Redshift of the strongest damped system"),
    Column("ew_civ", "float32", "truth", "Angstrom", "Rest equivalent width of C IV before absorption"),
    Column("ew_mgii", "float32", "truth", "Angstrom", "Rest equivalent width of Mg II before absorption"),
    Column("host_fraction", "float32", "truth", "", "Share of starlight at rest 4500 Angstrom in a quasar"),
)
"""What quasars and every class have; the modules of stars and galaxies declare their own."""
