# The loads.
