"""Simulated survey spectra: quasars, stars and galaxies drawn from priors and observed through a named instrument.

Everything is a pure function of its parameters and a `numpy.random.Generator`. The light's way is the order of the modules:
`luminosity` (redshift and magnitude), `continuum`, `emission`, `host`, `dust` make a nucleus in its galaxy; `bal`, `metals`,
`forest`, `absorbers` are what stands in front; `quasars` puts them together, as `stars` and `galaxies` do for theirs;
`population` mixes the classes and `observe` is what an instrument (`instruments`) makes of them. `block` is one reproducible
portion of a simulated survey; `qsocore.workflow.simulate` writes portions to a store.

`bands`, `igm`, `quasar_light` and `galaxy_light` are for photometry: fluxes through measured filter curves from the
ultraviolet to 5 um, at every redshift. The package `images` makes cutouts of them.
"""
