"""One module for each verb of `daybook`; each has `command`."""
