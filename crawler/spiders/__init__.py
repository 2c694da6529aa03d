"""The spiders: which pages to request, and when to stop. The docstring of a spider's module is its help."""
