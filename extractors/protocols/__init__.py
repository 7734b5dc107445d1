"""Protocols shared by several vendors: signing, envelopes, error codes. None of them names a platform."""
