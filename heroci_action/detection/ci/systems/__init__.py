"""Read the files of each CI system as jobs."""
