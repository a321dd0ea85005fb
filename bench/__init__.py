"""What dangol costs, measured: `make bench` runs every module here that has a `run`."""
