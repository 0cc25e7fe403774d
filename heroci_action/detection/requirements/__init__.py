"""Read what the project declares and installs."""
