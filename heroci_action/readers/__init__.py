"""Report files become records: bytes in, test cases, coverage and diagnostics out."""
