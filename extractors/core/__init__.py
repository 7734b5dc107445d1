"""The read loop and its nouns: Window, Stream, Page, Account, Platform."""
