"""A JupyterHub to look at: what makes its course, what starts it, and a browser that goes through it once."""
