"""What a person wants done; the only place that wires the layers together."""
