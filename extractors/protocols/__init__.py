"""How families of vendors talk: signing, envelopes, error codes. A family never names a platform."""
