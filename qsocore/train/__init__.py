"""Training: split by sky object, batches from a store, one loop for all models, checkpoints, journal."""
