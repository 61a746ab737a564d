"""The version, kept alone so that packaging can read it without importing anything."""

__version__ = "0.2.0.dev0"
