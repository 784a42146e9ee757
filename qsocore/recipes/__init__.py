"""Named recipes, one TOML file each; what they hold is told in `qsocore.cuts.recipe`."""
