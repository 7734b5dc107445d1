"""File drops: reads files that people export, from data/inbox/<account>/ to landing.

sources → csvfile, workbook, parquetfile     recognise the kind of file and read its cells as text
catalogue ← mapping ← mappings/*.yml         find the mapping for the headers of a table
cells ← values                               clean values, quarantine bad rows, drop personal columns
inbox → partition                            control the flow; warehouse/files.py loads landing into raw
"""
