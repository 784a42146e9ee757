"""Spectral energy distributions: photometry in a few bands against stars, galaxies, quasars and quasars behind galaxies.

`bandfluxes` is what was measured; `stars`, `galaxies`, `quasars` are light without instrument, `grids` their fluxes in bands;
`fit` tries every model of the grids on every object, `pairs` every quasar with every galaxy; `optimum` and `sample` go on from
there for one object, with the physical parameters of `physical`. `backends` holds other people's codes behind one face.
"""
