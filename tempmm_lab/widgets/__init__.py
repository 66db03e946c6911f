"""ipywidgets glue: controls, a pure function of them, and the picture it gives. Nothing else imports ipywidgets."""
