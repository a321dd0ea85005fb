"""The commands, one module each: `command` is what click runs, the first line of the module its summary."""
