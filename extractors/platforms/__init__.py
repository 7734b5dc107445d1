"""A folder per platform: its PLATFORM, its part of the sandbox, the documented examples, a README."""
