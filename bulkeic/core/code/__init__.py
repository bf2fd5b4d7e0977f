"""Infrastructure code: what it declares, and which targets it owns."""
