"""Every HTML page and model card."""
