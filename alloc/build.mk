# The allocator.
