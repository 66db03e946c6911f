"""The notebooks: executed, normalised, and held to a gate that nbval does not have."""
