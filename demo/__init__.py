"""The demo: one shop, twelve thousand made-up people, one campaign from its file to its report."""
