"""Publish a result: report files, GitHub's runner, GitHub's API."""
