"""The shared library of the book *Large Language Models: Principles, Practice and Prospects*."""
