"""A text model's unpatched signal as a stock sequence classifier of transformers, exact and without code of its own."""
