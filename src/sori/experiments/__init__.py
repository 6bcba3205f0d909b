"""Questions answered by measuring."""
