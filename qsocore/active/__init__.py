"""Active learning: few verdicts and the latents of all objects say which objects are worth a look next."""
