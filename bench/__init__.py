"""What things cost, measured by one documented command: `make bench`."""
