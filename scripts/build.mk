# Set-up, demo, install.
