"""One folder a platform: its facts, its sandbox half, its documented examples."""
