"""Experiments: which data, which k, which thresholds, on which machine, and what they recorded."""
