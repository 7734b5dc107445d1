"""The claims people rely on, each as an experiment anyone can repeat: `make prove`."""
