"""Every HTML page, on one page frame."""
