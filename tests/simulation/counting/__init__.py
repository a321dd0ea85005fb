"""What `record` counts, among faults: every number is that of the distinct events."""
