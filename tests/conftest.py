"""What holds for every test."""

from hypothesis import settings

# How fast something is belongs into the benches: no test fails by the clock of a busy machine.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
