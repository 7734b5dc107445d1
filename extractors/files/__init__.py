"""File drops: whatever people export, from data/inbox/<account>/ to landing (design §3, "Files").

sources → csvfile, workbook, parquetfile     what a file is, and its cells as text
catalogue ← mapping ← mappings/*.yml         which headers mean what
cells ← values                               clean values, quarantine, personal columns gone
inbox → partition                            the flow; warehouse/files.py takes it from landing to raw
"""
