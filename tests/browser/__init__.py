"""The book in a real browser: JupyterLab, Notebook 7 and Voilà, driven by Chromium."""
