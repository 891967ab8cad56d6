"""The version of sting, in one place."""

__version__ = '0.1.0'
