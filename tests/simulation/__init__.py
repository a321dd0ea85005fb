"""The pipeline's own code among faults, on a simulated clock; one seed is one run."""
