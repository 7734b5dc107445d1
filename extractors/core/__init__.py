"""The read loop and what it works with: Window, Stream, Page, Platform, Session."""
