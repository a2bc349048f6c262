"""Move scheduled AI jobs between platforms, and keep them in step."""

__version__ = "0.1.0"
