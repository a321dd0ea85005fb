"""Pure rules: no clock, no network, no AWS."""
