"""Read Dockerfiles and Compose files as the project's CI uses them."""
